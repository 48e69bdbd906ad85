//! Readings of the content of an answer: fields, their order and types, codes and texts of refusals.

use serde_json::{Map, Value};

use super::{Variant, Variants};
use crate::contract::{Aspect, Confidence, Field, FieldType, Presence};
use crate::mock::gateway::Refusal;

/// Field that no document names.
const UNLISTED: &str = "UnlistedField";

/// Changes a refusal to what variants answer.
pub(in crate::mock) fn redress(variants: Variants, refusal: &mut Refusal) {
    let code = refusal.code.as_ref();
    let other = match code {
        "Throttling.User" if variants.has(Variant::ThrottlingApi) => Some("Throttling.Api"),
        "Throttling.User" if variants.has(Variant::ThrottlingPlain) => Some("Throttling"),
        "MissingAction" | "MissingVersion" if variants.has(Variant::MissingOlder) => Some("InvalidParameter"),
        _ => None,
    };
    if variants.has(Variant::MessageWords) && code != "SignatureDoesNotMatch" {
        refusal.message = format!("Sorry, {code} - please read the documentation.");
    }
    if let Some(other) = other {
        refusal.code = other.into();
    }
    if variants.has(Variant::RetryAfterAbsent) {
        refusal.retry_after_ms = None;
    }
}

/// Changes the content of an answer; `rows` are the response rows of the operations behind the action, `action` is
/// what was called, and `denied` says that permission was refused.
pub(in crate::mock) fn dress<'a>(
    variants: Variants,
    action: &str,
    rows: impl Iterator<Item = &'a Field>,
    denied: bool,
    body: &mut Map<String, Value>,
) {
    if body.contains_key("HostId") {
        dress_error(variants, denied, body);
    } else if action == "ExecuteRequest" {
        dress_saf(variants, body);
    }
    rows.for_each(|row| dress_row(variants, row, body));
    if variants.has(Variant::RiskCarrier) {
        at_parent(body, "Result.ExtRiskInfo", &mut move_tags);
    }
    let mut whole = Value::Object(std::mem::take(body));
    change(variants, &mut whole);
    if let Value::Object(changed) = whole {
        *body = changed;
    }
}

fn dress_error(variants: Variants, denied: bool, body: &mut Map<String, Value>) {
    if variants.has(Variant::RecommendAbsent) {
        body.remove("Recommend");
    }
    if variants.has(Variant::RecommendOlder) {
        let code = body.get("Code").and_then(Value::as_str).unwrap_or_default();
        let address = format!("https://error-center.aliyun.com/status/search?Keyword={code}&source=PopGw");
        body.insert("Recommend".to_owned(), address.into());
    }
    if variants.has(Variant::AccessDeniedDetail) && denied {
        let detail = serde_json::json!({
            "AuthAction": "yundun-cloudauth:Call", "AuthPrincipalType": "SubUser", "AuthPrincipalOwnerId": "1000000000000001",
            "AuthPrincipalDisplayName": "200000000000000002", "PolicyType": "AccountLevelIdentityBasedPolicy",
            "NoPermissionType": "ImplicitDeny",
        });
        body.insert("AccessDeniedDetail".to_owned(), detail);
    }
}

fn dress_saf(variants: Variants, body: &mut Map<String, Value>) {
    if variants.has(Variant::SafEmptyData) && !body.contains_key("Data") {
        body.insert("Data".to_owned(), Value::Object(Map::new()));
    }
    if variants.has(Variant::SafCodeText)
        && let Some(code) = body.get_mut("Code")
    {
        *code = Value::from(code.as_i64().map_or_else(|| code.to_string(), |code| code.to_string()));
    }
}

fn dress_row(variants: Variants, row: &Field, body: &mut Map<String, Value>) {
    let uncertain = matches!(row.confidence, Confidence::Uncertain | Confidence::Inferred)
        || row.inferred.contains(&Aspect::Presence);
    let optional = row.presence == Presence::Optional;
    // Material holds what is required in it, and tags have to be somewhere: `risk-carrier` moves them.
    let kept = ["Code", "HostId", "Material", "Result.ExtRiskInfo"];
    if row.path.contains("[]") || kept.contains(&row.path.as_str()) {
        return;
    }
    if variants.has(Variant::OptionalAbsent) && optional || variants.has(Variant::InferredAbsent) && uncertain {
        at_parent(body, &row.path, &mut |parent, name| {
            parent.shift_remove(name);
        });
    }
    let free_text = row.kind == FieldType::String && row.values.is_empty() && row.pattern.is_none();
    if variants.has(Variant::OptionalEmpty) && optional && free_text {
        at_parent(body, &row.path, &mut |parent, name| {
            parent.entry(name).or_insert_with(|| "".into());
        });
    }
}

/// Moves safe-mode tags from ExtRiskInfo into a list in ExtInfo.
fn move_tags(result: &mut Map<String, Value>, name: &str) {
    let Some(Value::String(text)) = result.shift_remove(name) else { return };
    let risk: Value = serde_json::from_str(&text).unwrap_or_default();
    let tags: Vec<&str> = risk["riskTags"].as_str().unwrap_or_default().split(',').collect();
    result.insert("ExtInfo".to_owned(), serde_json::json!({ "riskTags": tags }).to_string().into());
}

/// Calls `act` with the object that holds the last part of a path, where there is one; `#` enters JSON text.
fn at_parent(map: &mut Map<String, Value>, path: &str, act: &mut dyn FnMut(&mut Map<String, Value>, &str)) {
    let Some(at) = path.find(['.', '#']) else { return act(map, path) };
    let (head, rest) = (&path[..at], &path[at + 1..]);
    match map.get_mut(head) {
        Some(Value::Object(child)) => at_parent(child, rest, act),
        Some(Value::String(text)) if path[at..].starts_with('#') => {
            if let Ok(mut inner) = serde_json::from_str::<Map<String, Value>>(text) {
                at_parent(&mut inner, rest, act);
                *text = Value::Object(inner).to_string();
            }
        }
        _ => {}
    }
}

/// Changes a value and all below it, JSON texts included.
fn change(variants: Variants, value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(|child| change(variants, child));
            change_object(variants, map);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| change(variants, item)),
        Value::String(text) if text.starts_with('{') => {
            if let Ok(mut inner @ Value::Object(_)) = serde_json::from_str::<Value>(text) {
                change(variants, &mut inner);
                *text = inner.to_string();
            }
        }
        Value::Number(number) if variants.has(Variant::ScoresWhole) && number.is_f64() => {
            *value = Value::from(number.as_f64().unwrap_or_default().round() as i64);
        }
        _ => {}
    }
}

fn change_object(variants: Variants, map: &mut Map<String, Value>) {
    if variants.has(Variant::FaceMaskSwapped)
        && let Some(mask) = map.get_mut("FaceMask")
    {
        *mask = if mask.is_boolean() { mask.to_string().into() } else { Value::Bool(mask == "true") };
    }
    if variants.has(Variant::ExtraFields) {
        map.insert(UNLISTED.to_owned(), "of a later release".into());
    }
    if variants.has(Variant::KeysSorted) {
        map.sort_keys();
    }
    if variants.has(Variant::KeysReversed) {
        let reversed: Vec<_> = std::mem::take(map).into_iter().collect();
        map.extend(reversed.into_iter().rev());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variant: Variant, rows: &str, before: Value, after: &str) {
        let rows: Vec<Field> = serde_saphyr::from_str(rows).expect("rows");
        let Value::Object(mut body) = before else { panic!("an object") };
        let variants = Variants::of(&[variant]).expect("a variant");
        dress(variants, "DescribeFaceVerify", rows.iter(), true, &mut body);
        assert_eq!(Value::Object(body).to_string(), after, "{variant:?}");
    }

    #[test]
    fn each_reading_changes_what_it_says() {
        let body = || serde_json::json!({ "Code": "200", "R": { "a": 1.6, "M": r#"{"x":2.5,"y":"z"}"# } });
        let rows = "[{ path: 'R.M#y', type: string, presence: optional, sources: [] }, \
                     { path: 'R.n', type: string, presence: optional, sources: [] }, \
                     { path: 'R.a', type: number, presence: required, confidence: inferred, sources: [] }]";
        check(Variant::OptionalAbsent, rows, body(), r#"{"Code":"200","R":{"a":1.6,"M":"{\"x\":2.5}"}}"#);
        check(
            Variant::OptionalEmpty,
            rows,
            body(),
            r#"{"Code":"200","R":{"a":1.6,"M":"{\"x\":2.5,\"y\":\"z\"}","n":""}}"#,
        );
        check(Variant::InferredAbsent, rows, body(), r#"{"Code":"200","R":{"M":"{\"x\":2.5,\"y\":\"z\"}"}}"#);
        check(Variant::ScoresWhole, "[]", body(), r#"{"Code":"200","R":{"a":2,"M":"{\"x\":3,\"y\":\"z\"}"}}"#);
        check(Variant::KeysReversed, "[]", body(), r#"{"R":{"M":"{\"y\":\"z\",\"x\":2.5}","a":1.6},"Code":"200"}"#);
        check(Variant::KeysSorted, "[]", body(), r#"{"Code":"200","R":{"M":"{\"x\":2.5,\"y\":\"z\"}","a":1.6}}"#);
        let error = serde_json::json!({ "HostId": "h", "Code": "NoPermission", "Recommend": "r" });
        check(Variant::RecommendAbsent, "[]", error, r#"{"HostId":"h","Code":"NoPermission"}"#);
    }
}
