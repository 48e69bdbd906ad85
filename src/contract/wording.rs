//! The sentences of derived requirements, in English and Chinese.

use super::{
    Aspect, Code, Condition, Field, FieldType, Parameter, ParameterType, Presence, Product, Refusals, SubCode, Text,
};

fn text(en: String, zh: String) -> Text {
    Text { en, zh }
}

pub(super) fn product(row: &Product) -> Text {
    text(format!("{} is served: {}.", row.code, row.title.en), format!("支持 {}：{}。", row.code, row.title.zh))
}

pub(super) fn product_qps(code: &str, qps: u32) -> Text {
    text(
        format!("An account has {qps} calls a second for {code}, per operation."),
        format!("每个账号在 {code} 的每个接口上每秒可调用 {qps} 次。"),
    )
}

pub(super) fn operation_qps(name: &str, qps: u32) -> Text {
    text(format!("An account has {qps} calls of {name} a second."), format!("每个账号每秒可调用 {name} {qps} 次。"))
}

pub(super) fn method(name: &str, method: &str) -> Text {
    text(format!("{name} is served by {method}."), format!("{name} 支持 {method}。"))
}

pub(super) fn parameter(row: &Parameter, refusals: &Refusals, aspect: Aspect) -> Text {
    let name = &row.name;
    let missing = refusals.missing.replace("{name}", name);
    let invalid = refusals.invalid.replace("{name}", name);
    let refused = |en: String, zh: String| {
        text(
            format!("{name} {en}; another value is refused with {invalid}."),
            format!("{name} {zh}，否则返回 {invalid}。"),
        )
    };
    match aspect {
        Aspect::Type => {
            let (en, zh) = parameter_type(row.kind);
            refused(format!("is {en}"), format!("为{zh}"))
        }
        Aspect::Length => {
            let max = row.max_length.unwrap_or_default();
            refused(format!("has at most {max} characters"), format!("最多 {max} 个字符"))
        }
        Aspect::Pattern => {
            let pattern = row.pattern.as_deref().unwrap_or_default();
            refused(format!("matches {pattern}"), format!("须匹配 {pattern}"))
        }
        Aspect::Values => {
            let values = quoted(&row.values);
            refused(format!("is one of {values}"), format!("取值为 {values}"))
        }
        Aspect::Schema => refused("holds JSON of the documented shape".to_owned(), "的 JSON 须符合文档结构".to_owned()),
        _ => presence(row, &missing),
    }
}

fn presence(row: &Parameter, missing: &str) -> Text {
    let name = &row.name;
    match row.presence {
        Presence::Required => text(
            format!("{name} is required; a request without it is refused with {missing}."),
            format!("{name} 必填，缺少时返回 {missing}。"),
        ),
        Presence::Conditional if !row.required_when.is_empty() => {
            let (en, zh) = conditions(&row.required_when);
            text(
                format!("{name} is required when {en}; a request without it is then refused with {missing}."),
                format!("当{zh}时 {name} 必填，缺少则返回 {missing}。"),
            )
        }
        Presence::Conditional => {
            text(format!("{name} is required in some cases."), format!("{name} 在部分情形下必填。"))
        }
        Presence::Optional => text(
            format!("{name} is optional: a request is served with it and without it."),
            format!("{name} 可选：传与不传均可受理。"),
        ),
    }
}

pub(super) fn field(row: &Field, aspect: Aspect) -> Text {
    let path = &row.path;
    match aspect {
        Aspect::Type => {
            let zh = field_type_zh(row.kind);
            text(format!("{path} is {}.", row.kind.name()), format!("{path} 为{zh}。"))
        }
        Aspect::Values => {
            let values = quoted(&row.values);
            text(format!("{path} is one of {values}."), format!("{path} 取值为 {values}。"))
        }
        Aspect::Pattern => {
            let pattern = row.pattern.as_deref().unwrap_or_default();
            text(format!("{path} matches {pattern}."), format!("{path} 匹配 {pattern}。"))
        }
        Aspect::Length => {
            let max = row.max_length.unwrap_or_default();
            text(format!("{path} has at most {max} characters."), format!("{path} 最多 {max} 个字符。"))
        }
        _ => field_presence(row),
    }
}

fn field_presence(row: &Field) -> Text {
    let path = &row.path;
    let mut en = match row.presence {
        Presence::Required if row.path.contains(['.', '#']) => format!("{path} is there whenever its parent is"),
        Presence::Required => format!("{path} is in every answer"),
        _ if row.required_when.is_empty() => format!("{path} may be absent"),
        _ => format!("{path} is there when {}", conditions(&row.required_when).0),
    };
    let mut zh = match row.presence {
        Presence::Required if row.path.contains(['.', '#']) => format!("上级存在时必有 {path}"),
        Presence::Required => format!("每个应答都有 {path}"),
        _ if row.required_when.is_empty() => format!("{path} 可以没有"),
        _ => format!("当{}时有 {path}", conditions(&row.required_when).1),
    };
    if !row.absent_when.is_empty() {
        let (when_en, when_zh) = conditions(&row.absent_when);
        en.push_str(&format!(", and is absent when {when_en}"));
        zh.push_str(&format!("；当{when_zh}时没有"));
    }
    text(en + ".", zh + "。")
}

pub(super) fn code(row: &Code) -> Text {
    text(format!("Code {}: {}.", row.code, row.meaning.en), format!("返回码 {}：{}。", row.code, row.meaning.zh))
}

pub(super) fn http_status(row: &Code) -> Text {
    let mut statuses = row.http_status.to_string();
    for status in &row.http_status_also {
        statuses.push_str(&format!(" / {status}"));
    }
    text(
        format!("Code {} comes with HTTP status {statuses}.", row.code),
        format!("返回码 {} 的 HTTP 状态为 {statuses}。", row.code),
    )
}

pub(super) fn sub_code(name: &str, row: &SubCode) -> Text {
    text(format!("{name} {}: {}.", row.code, row.meaning.en), format!("{name} 为 {}：{}。", row.code, row.meaning.zh))
}

pub(super) fn passed(name: &str, code: &str, field: &str, passed: &str) -> Text {
    text(format!("{name} {code} comes with {field} {passed}."), format!("{name} 为 {code} 时 {field} 为 {passed}。"))
}

pub(super) fn billing(name: &str, code: &str, billed: bool) -> Text {
    let (en, zh) = if billed { ("is billed", "计费") } else { ("is not billed", "不计费") };
    text(format!("A verification that ends in {name} {code} {en}."), format!("{name} 为 {code} 的认证{zh}。"))
}

fn parameter_type(kind: ParameterType) -> (&'static str, &'static str) {
    match kind {
        ParameterType::String => ("text", "文本"),
        ParameterType::Long => ("a decimal 64-bit integer", "十进制 64 位整数"),
        ParameterType::Boolean => ("true or false", " true 或 false"),
        ParameterType::Json => ("JSON text", " JSON 文本"),
    }
}

fn field_type_zh(kind: FieldType) -> &'static str {
    match kind {
        FieldType::String => "字符串",
        FieldType::Integer => "整数",
        FieldType::Number => "数值",
        FieldType::Boolean => "布尔值",
        FieldType::Object => "对象",
        FieldType::Array => "数组",
        FieldType::JsonText => "含 JSON 的字符串",
    }
}

fn conditions(conditions: &[Condition]) -> (String, String) {
    let parts: Vec<(String, String)> = conditions.iter().map(condition).collect();
    let en: Vec<&str> = parts.iter().map(|(en, _)| en.as_str()).collect();
    let zh: Vec<&str> = parts.iter().map(|(_, zh)| zh.as_str()).collect();
    (en.join(", or when "), zh.join("，或"))
}

fn condition(condition: &Condition) -> (String, String) {
    let parts: Vec<(String, String)> = condition
        .iter()
        .map(|(name, values)| match values.as_slice() {
            [] => (format!("{name} is absent"), format!("没有 {name} ")),
            [any] if any == "*" => (format!("{name} is given"), format!("有 {name} ")),
            [one] => (format!("{name} is {one}"), format!(" {name} 为 {one} ")),
            many => (format!("{name} is one of {}", many.join(", ")), format!(" {name} 为 {} 之一", many.join("、"))),
        })
        .collect();
    let en: Vec<&str> = parts.iter().map(|(en, _)| en.as_str()).collect();
    let zh: Vec<&str> = parts.iter().map(|(_, zh)| zh.as_str()).collect();
    (en.join(" and "), zh.join("且"))
}

fn quoted(values: &[String]) -> String {
    let values: Vec<&str> = values.iter().map(|value| if value.is_empty() { "(empty)" } else { value }).collect();
    values.join(", ")
}
