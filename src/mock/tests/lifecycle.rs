//! Init, submission, query and refusal in every family.

use super::stand::Stand;

const META: &str = r#"{"zimVer":"3.0.0","appVersion":"1","bioMetaInfo":"4.1.0:2916352,0","appName":"idvet.example.com","deviceType":"h5","osVersion":"","apdidToken":"","deviceModel":"","ua":"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148","guardToken":"idvet-guard-token"}"#;

const INIT: &[(&str, &str)] = &[
    ("SceneId", "1000000007"),
    ("OuterOrderNo", "e0c34a77f5ac40a5aa5e6ed20c353888"),
    ("ProductCode", "ID_PRO"),
    ("CertType", "IDENTITY_CARD"),
    ("CertName", "张试真"),
    ("CertNo", "330103199001011230"),
    ("MetaInfo", META),
    ("CertifyUrlType", "H5"),
    ("ReturnUrl", "https://www.example.com/back"),
];

fn with<'a>(base: &[(&'a str, &'a str)], changed: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut pairs = base.to_vec();
    for (name, value) in changed {
        pairs.retain(|(key, _)| key != name);
        pairs.push((name, value));
    }
    pairs
}

#[test]
fn a_verification_runs_from_init_to_its_result() {
    let stand = Stand::new();
    let (status, init) = stand.call("ordinary", "InitFaceVerify", INIT);
    assert_eq!((status, &init["Code"]), (200, &"200".into()), "{init}");
    let id = init["ResultObject"]["CertifyId"].as_str().expect("id").to_owned();
    let url = init["ResultObject"]["CertifyUrl"].as_str().expect("url").to_owned();
    assert_eq!(stand.get(&url).status, 200);
    let query = [("SceneId", "1000000007"), ("CertifyId", id.as_str())];
    assert_eq!(stand.call("ordinary", "DescribeFaceVerify", &query).1["Code"], "424");
    assert_eq!(stand.call("other", "DescribeFaceVerify", &query).1["Code"], "406");
    assert_eq!(stand.submit("cloudauth", &id, None), Ok(()));
    assert_eq!(stand.submit("cloudauth", &id, None), Err("already submitted"));
    let (_, result) = stand.call("ordinary", "DescribeFaceVerify", &query);
    assert_eq!(result["ResultObject"]["Passed"], "T", "{result}");
    assert_eq!(result["ResultObject"]["SubCode"], "200");
    let material = result["ResultObject"]["MaterialInfo"].as_str().expect("text");
    let material: serde_json::Value = serde_json::from_str(material).expect("JSON text");
    let picture = material["facialPictureFront"]["pictureUrl"].as_str().expect("link").to_owned();
    assert_eq!(stand.get(&picture).status, 200);
    stand.advance(901);
    assert_eq!(stand.get(&picture).status, 403);
    assert_eq!(stand.get(&url).status, 302);
}

#[test]
fn init_refuses_each_cause_with_its_code() {
    let stand = Stand::new();
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("SceneId", "")], "400"),
        (&[("SceneId", "x")], "401"),
        (&[("SceneId", "1000009999")], "404"),
        (&[("CertName", "许幼童"), ("CertNo", "330103201806012337")], "405"),
        (&[("CertName", "孔无源"), ("CertNo", "330103199301023356")], "417"),
        (&[("CertName", "曹屡试"), ("CertNo", "330103199302034372")], "418"),
        (&[("EncryptType", "SM2"), ("CertName", "BAAA"), ("CertNo", "BAAA")], "401"),
        (&[("CallbackUrl", "https://cb.example.com/x")], "401"),
    ];
    for (changed, code) in cases {
        let (_, answer) = stand.call("ordinary", "InitFaceVerify", &with(INIT, changed));
        assert_eq!(answer["Code"], *code, "{changed:?}: {answer}");
    }
    for (role, code) in [("unconfigured", "402"), ("not-opened", "410"), ("ram-denied", "411"), ("arrears", "412")] {
        assert_eq!(stand.call(role, "InitFaceVerify", INIT).1["Code"], code, "{role}");
    }
}

#[test]
fn an_identity_that_was_not_found_is_refused_at_its_next_init() {
    let stand = Stand::new();
    let person = with(INIT, &[("CertName", "钱无录"), ("CertNo", "33010319910203217X")]);
    let (_, init) = stand.call("ordinary", "InitFaceVerify", &person);
    let id = init["ResultObject"]["CertifyId"].as_str().expect("id").to_owned();
    assert_eq!(stand.submit("cloudauth", &id, None), Ok(()));
    let again = stand.call("ordinary", "InitFaceVerify", &person).1;
    assert_eq!(again["Code"], "417", "{again}");
}

#[test]
fn a_submission_after_half_an_hour_is_not_taken() {
    let stand = Stand::new();
    let (_, init) = stand.call("ordinary", "InitFaceVerify", INIT);
    let id = init["ResultObject"]["CertifyId"].as_str().expect("id").to_owned();
    stand.advance(1_800);
    assert_eq!(stand.submit("cloudauth", &id, None), Err("expired"));
}

#[test]
fn the_older_flow_gives_a_verdict_at_once_or_after_submission() {
    let stand = Stand::new();
    let person = [("Name", "张试真"), ("IdCardNumber", "330103199001011230")];
    let task = [("BizType", "idvet-RPH5BioOnly"), ("BizId", "task-1")];
    let (status, token) = stand.call("ordinary", "DescribeVerifyToken", &[&task[..], &person[..]].concat());
    assert_eq!(status, 200, "{token}");
    assert_eq!(stand.call("ordinary", "DescribeVerifyResult", &task).1["VerifyStatus"], -1);
    let page = token["VerifyPageUrl"].as_str().expect("page").to_owned();
    assert_eq!(stand.submit("verify-token", token["VerifyToken"].as_str().expect("token"), None), Ok(()));
    assert_eq!(stand.call("ordinary", "DescribeVerifyResult", &task).1["VerifyStatus"], 1);
    let gone = stand.get(&format!("{page}&successRedirect=https%3A%2F%2Fa.example.com%2Fok%3Fx%3D1"));
    assert!(gone.headers.contains(&("location", "https://a.example.com/ok?x=1".to_owned())), "{:?}", gone.headers);
    stand.advance(181 * 86_400);
    let (status, gone) = stand.call("ordinary", "DescribeVerifyResult", &task);
    assert_eq!((status, &gone["Code"]), (410, &"DataExpired".into()));
    let material =
        [("BizType", "idvet-RPMin"), ("BizId", "b"), ("FaceImageUrl", "https://pictures.example.com/good.png")];
    let (_, verdict) = stand.call("ordinary", "VerifyMaterial", &[&material[..], &person[..]].concat());
    assert_eq!(verdict["VerifyStatus"], 1, "{verdict}");
}

#[test]
fn saf_reads_json_inside_a_parameter() {
    let stand = Stand::new();
    let init = serde_json::json!({
        "method": "init", "sceneId": "1000000106", "outerOrderNo": "a1", "bizCode": "FACE", "identityType": "CERT_INFO",
        "certType": "IDENTITY_CARD", "certNo": "330103199104054110", "certName": "周异貌", "returnUrl": "",
    });
    let call = |body: &serde_json::Value| {
        let text = body.to_string();
        stand.call("ordinary", "ExecuteRequest", &[("Service", "fin_face_verify"), ("ServiceParameters", &text)]).1
    };
    let begun = call(&init);
    assert_eq!(begun["Code"], 200, "{begun}");
    let id = begun["Data"]["certifyId"].as_str().expect("id").to_owned();
    let query = serde_json::json!({ "method": "query", "certifyId": id, "sceneId": "1000000106" });
    assert_ne!(call(&query)["Code"], 200);
    assert_eq!(stand.submit("saf", &id, None), Ok(()));
    assert_eq!(call(&query)["Data"]["passed"], "F");
    let other = stand.call("ordinary", "ExecuteRequest", &[("Service", "x"), ("ServiceParameters", "{}")]).1;
    assert_eq!(other["Code"], 404);
}

#[test]
fn the_international_flow_gives_images_on_request_only() {
    let stand = Stand::new();
    let init = [
        ("ProductCode", "FACE_LIVENESS"),
        ("MerchantBizId", "a1"),
        ("MetaInfo", META),
        ("SecurityLevel", "02"),
        ("DocVideo", "Y"),
    ];
    let (status, begun) = stand.call("ordinary", "Initialize", &init);
    assert_eq!((status, &begun["Code"]), (200, &"Success".into()), "{begun}");
    let id = begun["Result"]["TransactionId"].as_str().expect("id").to_owned();
    let query = [("MerchantBizId", "a1"), ("TransactionId", id.as_str())];
    let (status, pending) = stand.call("ordinary", "CheckResult", &query);
    assert_eq!((status, &pending["Code"]), (404, &"ProcessNotCompleted".into()));
    assert_eq!(stand.submit("intl", &id, None), Ok(()));
    let face = |parameters: &[(&str, &str)]| -> serde_json::Value {
        let answer = stand.call("ordinary", "CheckResult", parameters).1;
        serde_json::from_str(answer["Result"]["ExtFaceInfo"].as_str().expect("text")).expect("JSON text")
    };
    assert!(face(&query)["faceImg"].is_null());
    assert!(face(&[&query[..], &[("IsReturnImage", "Y")]].concat())["faceImg"].is_string());
    assert!(face(&query)["docVideoUrl"].is_string());
    let (status, missing) = stand.call("ordinary", "Initialize", &init[1..]);
    assert_eq!((status, &missing["Code"]), (400, &"MissingParameter".into()));
}

#[test]
fn limits_hold_for_an_account_and_product() {
    let stand = Stand::new();
    let codes: Vec<_> = (0..60).map(|_| stand.call("ordinary", "InitFaceVerify", INIT).1["Code"].clone()).collect();
    assert_eq!(codes.iter().filter(|code| **code == "200").count(), 50);
    assert_eq!(codes.iter().filter(|code| **code == "Throttling.User").count(), 10);
    assert_eq!(stand.call("other", "InitFaceVerify", INIT).1["Code"], "200");
    stand.advance(1);
    assert_eq!(stand.call("ordinary", "InitFaceVerify", INIT).1["Code"], "200");
}
