//! Result of CheckResult: verdict, and details as JSON texts (source: cloudauth-intl-2022-08-09.md §5.3).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::context::{Context, object};
use super::link::PICTURE;
use crate::mock::defect::Behaviour;
use crate::mock::transaction::{Ended, Family, Identity, Transaction};

/// Seconds that the link to a video opens (source: cloudauth-intl-2022-08-09.md §8).
const LINK_SECONDS: i64 = 900;

/// Products with a face step, those that compare faces, and those that read a document.
const FACE: &[&str] = &[
    "eKYC",
    "eKYC_PRO",
    "eKYC_NDI",
    "FACE_LIVENESS",
    "FACE_LIVENESS_PRO",
    "FACE_IDU",
    "FACE_VERIFY",
    "KYC_GLOBAL",
    "FV_GLOBAL",
    "FL_GLOBAL",
];
const COMPARING: &[&str] = &["eKYC", "eKYC_PRO", "eKYC_NDI", "FACE_VERIFY", "FACE_IDU", "KYC_GLOBAL", "FV_GLOBAL"];
const DOCUMENT: &[&str] =
    &["eKYC", "eKYC_PRO", "ID_OCR", "ID_OCR_PRO", "ID_NFC", "KYC_GLOBAL", "OCR_GLOBAL", "IDR_GLOBAL"];

/// Returns Result.
pub(super) fn result(context: &Context<'_>, id: &str, transaction: &Transaction, ended: &Ended) -> Map<String, Value> {
    let passed = Family::Intl.passes(&ended.outcome);
    let product = transaction.kept("ProductCode");
    let mut result = object(json!({ "Passed": yes(passed), "SubCode": ended.outcome }));
    let mut put = |name: &str, value: Value| result.insert(name.to_owned(), Value::from(value.to_string()));
    put("ExtBasicInfo", json!({}));
    if FACE.contains(&product) {
        put("ExtFaceInfo", face(context, id, transaction, ended).into());
    }
    if DOCUMENT.contains(&product) {
        put("ExtIdInfo", document(transaction, ended).into());
    }
    if transaction.kept("SecurityLevel") == "02" {
        put("ExtRiskInfo", json!({ "riskTags": transaction.risk_tags.join(",") }));
    }
    if matches!(transaction.kept("Authorize"), "T" | "Y") {
        put("ExtSourceInfo", source(passed));
    }
    put("ExtInfo", json!({}));
    if product.ends_with("_GLOBAL") {
        result.insert("EkycResult".to_owned(), yes(passed).into());
    }
    result
}

fn yes(holds: bool) -> &'static str {
    if holds { "Y" } else { "N" }
}

/// Images come on request and after a successful face step, videos when they were switched on (source:
/// cloudauth-intl-2022-08-09.md §5.3).
fn face(context: &Context<'_>, id: &str, transaction: &Transaction, ended: &Ended) -> Map<String, Value> {
    let passed = Family::Intl.passes(&ended.outcome);
    let product = transaction.kept("ProductCode");
    let mut face = object(json!({
        "faceAttack": yes(ended.outcome == "205"),
        "faceQuality": 88.5,
        "faceOcclusion": "N",
    }));
    if COMPARING.contains(&product) {
        face.insert("faceComparisonScore".to_owned(), json!(if passed { 93.75 } else { 31.25 }));
        face.insert("facePassed".to_owned(), yes(passed).into());
    }
    if transaction.kept("FaceAttributeCheck") == "Y" {
        face.insert("faceAge".to_owned(), json!(35));
        face.insert("faceGender".to_owned(), "M".into());
    }
    if context.parameters.is("ReturnFiveCategorySpoofResult", "Y") {
        let kind = if ended.outcome == "205" { "SCREEN_REMARK" } else { "NONE" };
        face.insert("fiveCategorySpoofResult".to_owned(), kind.into());
    }
    let wants_image = context.parameters.is("IsReturnImage", "Y") || context.mock.breaks(Behaviour::ImageUnasked);
    if wants_image && (passed || context.mock.breaks(Behaviour::ImageOfFailed)) {
        face.insert("faceImg".to_owned(), STANDARD.encode(PICTURE).into());
        if product == "KYC_GLOBAL" {
            face.insert("extraFaceImg".to_owned(), json!([STANDARD.encode(PICTURE)]));
        }
    }
    let wants_video = transaction.kept("DocVideo") == "Y" || context.mock.breaks(Behaviour::VideoUnasked);
    if wants_video && passed {
        let link = context.material_link(id, &format!("{id}.mp4"), LINK_SECONDS);
        face.insert("docVideoUrl".to_owned(), link.into());
    }
    face
}

fn document(transaction: &Transaction, ended: &Ended) -> Map<String, Value> {
    let present = ended.person.clone().or_else(|| transaction.identity.clone());
    let person =
        present.unwrap_or_else(|| Identity { name: "张试真".to_owned(), number: "330103199001011230".to_owned() });
    let mut fields = object(json!({
        "name": person.name,
        "englishName": "ZHANG SHIZHEN",
        "idNumber": person.number,
        "sex": "M",
        "birthDate": "1990-01-01",
        "issueDate": "2020-11-01",
        "expiryDate": "2040-11-01",
        "originOfIssue": "Hangzhou",
    }));
    if transaction.kept("ProductCode").ends_with("_GLOBAL") {
        let older = json!({
            "firstName": "SHIZHEN", "lastName": "ZHANG", "countryCode": "CHN",
            "docType": transaction.kept("DocType"), "dateOfBirth": "1990-01-01",
        });
        fields.extend(object(older));
    }
    let passed = Family::Intl.passes(&ended.outcome);
    let mut document = object(json!({ "ocrIdInfo": fields, "ocrIdPassed": yes(passed) }));
    if transaction.kept("IdSpoof") == "Y" {
        let copied = ended.outcome == "206";
        let kinds = if copied { json!(["SCREEN_REMARK"]) } else { json!([]) };
        document.insert("spoofInfo".to_owned(), json!({ "spoofResult": yes(copied), "spoofType": kinds }));
    }
    document
}

/// Scores of the Indonesian data source (source: cloudauth-intl-2022-08-09.md §5.3).
fn source(passed: bool) -> Value {
    let (exact, photo) = if passed { (1.0, 0.93) } else { (0.4, 0.35) };
    json!({
        "govId": exact, "fullName": exact, "dob": exact, "selfiePhoto": photo, "liveness": 0.05, "imgManipulationScore": 0.02,
    })
}
