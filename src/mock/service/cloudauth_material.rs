//! MaterialInfo of DescribeFaceVerify: JSON text inside the answer (source: cloudauth-2019-03-07.md §8).

use serde_json::{Map, Value, json};

use super::context::{Context, object};
use crate::mock::transaction::{Ended, Family, Transaction};

/// Seconds that picture and video links open, counted from the query (source: cloudauth-2019-03-07.md §11).
const LINK_SECONDS: i64 = 900;

const BUCKET: &str = "cn-shanghai-aliyun-cloudauth-idvet";

/// Returns MaterialInfo as text.
pub(super) fn text(context: &Context<'_>, certify_id: &str, transaction: &Transaction, ended: &Ended) -> String {
    let attack = if ended.outcome == "205" { "T" } else { "F" };
    let mut material = object(json!({ "faceAttack": attack, "faceOcclusion": "F", "faceAge": 35, "faceGender": "M" }));
    if !transaction.kept("FaceGuardOutput").is_empty() {
        let score = if transaction.risk_tags.is_empty() { 3.5 } else { 87.5 };
        material.insert("guardRiskScore".to_owned(), json!(score));
    }
    if !transaction.kept("ProcedurePriority").is_empty() {
        material.insert("ProcedurePriorityResult".to_owned(), "url".into());
    }
    material.insert("facialPictureFront".to_owned(), front(context, certify_id, transaction, ended).into());
    if transaction.kept("ProductCode") == "NFC_QY" {
        material.insert("passportInfo".to_owned(), passport(transaction));
        material.insert("passportPictureFront".to_owned(), passport_picture(context, certify_id));
    }
    Value::Object(material).to_string()
}

fn front(context: &Context<'_>, certify_id: &str, transaction: &Transaction, ended: &Ended) -> Map<String, Value> {
    let attack_score = if ended.outcome == "205" { 0.93 } else { 0.00008597839769208804 };
    let mut front = object(json!({
        "faceAttackScore": attack_score,
        "qualityScore": 88.3615493774414,
        "qualityBackground": "0",
        "qualityBlur": "0",
        "qualityIllu": "0",
        "qualityOccu": "0",
        "qualityWearHat": "F",
    }));
    let product = transaction.kept("ProductCode");
    let passed = Family::Cloudauth.passes(&ended.outcome);
    if matches!(product, "ID_PRO" | "ID_PLUS" | "PV_FV") {
        // Thresholds begin at 70 (source: cloudauth-2019-03-07.md §10.1).
        front.insert("verifyScore".to_owned(), json!(if passed { 91.28594166529785 } else { 21.5 }));
    }
    if product == "ID_PLUS" {
        let same = ended.outcome != "207";
        front.insert("idCardVerifyScore".to_owned(), json!(if same { 89.25 } else { 18.75 }));
    }
    let keeps = context.scene(transaction.kept("SceneId")).is_some_and(|scene| scene.keeps_material);
    if keeps {
        add_objects(context, certify_id, transaction, &mut front);
    }
    front
}

/// Adds what is kept in object storage, with links that open for a while.
fn add_objects(context: &Context<'_>, certify_id: &str, transaction: &Transaction, front: &mut Map<String, Value>) {
    let picture = format!("verify/{certify_id}/{certify_id}_0.jpeg");
    front.insert("ossBucketName".to_owned(), BUCKET.into());
    front.insert("ossObjectName".to_owned(), picture.into());
    let link = |file: &str| context.material_link(certify_id, file, LINK_SECONDS);
    front.insert("pictureUrl".to_owned(), link(&format!("{certify_id}_0.jpeg")).into());
    if transaction.kept("VideoEvidence") == "true" {
        let video = format!("verify/{certify_id}/{certify_id}.mp4");
        front.insert("ossVerifyVideoObjectName".to_owned(), video.into());
        front.insert("verifyVideoUrl".to_owned(), link(&format!("{certify_id}.mp4")).into());
    }
}

fn passport(transaction: &Transaction) -> Value {
    let identity = transaction.identity.clone().unwrap_or_default();
    let birth = transaction.kept("Birthday").replace('-', "");
    let birth = if birth.is_empty() { "19900101".to_owned() } else { birth };
    json!({
        "birthDate": birth,
        "countryCode": "CHN",
        "enName": "SHIZHEN ZHANG",
        "endTime": "20390610",
        "idNum": if identity.number.is_empty() { "E00000000".to_owned() } else { identity.number },
        "machineReadCode": "POCHNZHANG<<SHIZHEN<<<<<<<<<<<<<<<<<<<<<<<<<<<",
        "name": if identity.name.is_empty() { "张试真".to_owned() } else { identity.name },
        "nationality": "CHN",
        "otherIdNum": "",
        "otherName": "",
        "sex": "M",
        "signingTimes": "1",
    })
}

fn passport_picture(context: &Context<'_>, certify_id: &str) -> Value {
    json!({
        "ossBucketName": BUCKET,
        "ossPassportFaceObjectName": format!("verify/{certify_id}/passport.jpeg"),
        "ossPassportFaceUrl": context.material_link(certify_id, "passport.jpeg", LINK_SECONDS),
    })
}
