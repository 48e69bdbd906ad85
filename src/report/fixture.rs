//! A run with everything in it, hostile text included; `fixtures/events/` holds it as a file.

use indexmap::IndexMap;

use crate::event::*;

/// Markup, table and code marks, an escape sequence, a line break, a change of writing direction.
pub(super) const HOSTILE: &str = "<script>alert(1)</script> | `x` *y* \u{1b}[31mred\u{1b}[0m\nnext \u{202e}txt 张三";

/// Returns the run, complete.
pub(super) fn mixed() -> Vec<Event> {
    let mut events = vec![Event::RunStarted(RunStarted {
        schema_version: SCHEMA_VERSION,
        tool: "idvet 0.1.0".to_owned(),
        command: "check".to_owned(),
        subject: format!("mock {HOSTILE}"),
        seed: 7,
        arguments: vec!["cloudauth/*".to_owned(), HOSTILE.to_owned()],
        strict: false,
        would_catch: Some(WouldCatch { defects: 40, caught: 37, excused: 2, open: 1 }),
        started_at: "2026-11-22T04:41:16Z".to_owned(),
    })];
    events.extend(requirements());
    events.extend([
        known("saf.rule.known", "actual 200", "2027-01-01"),
        known("saf.rule.fixed", "actual 200", "2027-01-01"),
    ]);
    let cases = cases();
    events.extend(cases.iter().map(|(planned, _)| Event::CasePlanned(planned.clone())));
    for (planned, finished) in cases {
        if finished.verdict != Verdict::NotExercised {
            events.push(exchange(&planned.case, finished.verdict));
        }
        events.push(Event::CaseFinished(finished));
    }
    events.push(Event::RunFinished(RunFinished {
        partial: false,
        cause: None,
        reason: None,
        calls: IndexMap::from([("cloudauth".to_owned(), 6), ("saf".to_owned(), 3)]),
        billable_calls: 2,
        elapsed_micros: 1_234_567,
    }));
    events
}

/// Returns the run, interrupted after its first finished cases.
pub(super) fn interrupted() -> Vec<Event> {
    let mut events = mixed();
    let last = events.iter().rposition(|event| matches!(event, Event::CaseFinished(_))).expect("a finished case");
    events.truncate(last);
    events.push(Event::RunFinished(RunFinished {
        partial: true,
        cause: Some(StopCause::Interrupted),
        reason: Some(format!("Ctrl-C {HOSTILE}")),
        calls: IndexMap::new(),
        billable_calls: 0,
        elapsed_micros: 5,
    }));
    events
}

fn requirements() -> Vec<Event> {
    let rows = [
        ("cloudauth.InitFaceVerify.code.401", "must", "cloudauth"),
        ("cloudauth.InitFaceVerify.response.Message.presence", "should", "cloudauth"),
        ("cloudauth.rule.info|odd", "info", "cloudauth"),
        ("cloudauth.rule.camera", "must", "cloudauth"),
        ("saf.rule.isolation", "must", "saf"),
        ("saf.rule.known", "must", "saf"),
        ("saf.rule.fixed", "should", "saf"),
        ("saf.rule.unnamed", "must", "saf"),
    ];
    let declared = rows.map(|(id, level, api)| {
        let stated = (id == "cloudauth.rule.camera").then(|| HOSTILE.to_owned());
        Event::Requirement(RequirementDeclared {
            id: id.to_owned(),
            level: level.to_owned(),
            api: api.to_owned(),
            operation: None,
            text_en: format!("Fact {id} {HOSTILE}"),
            text_zh: format!("事实 {id} {HOSTILE}"),
            citations: vec!["https://help.example.com/doc?a=1|2".to_owned(), HOSTILE.to_owned()],
            unexercised_en: stated.clone(),
            unexercised_zh: stated,
        })
    });
    declared.into()
}

fn known(requirement: &str, cause: &str, expires: &str) -> Event {
    Event::KnownFailure(KnownFailureDeclared {
        requirement: requirement.to_owned(),
        case: None,
        cause: cause.to_owned(),
        reason: format!("ticket 12 {HOSTILE}"),
        owner: format!("team {HOSTILE}"),
        expires: expires.to_owned(),
    })
}

const CODE: &str = "cloudauth.InitFaceVerify.code.401";
const MESSAGE: &str = "cloudauth.InitFaceVerify.response.Message.presence";

fn cases() -> Vec<(CasePlanned, CaseFinished)> {
    use Verdict::*;
    vec![
        case("cloudauth/request/passes", None, Passed, &[(CODE, None), ("cloudauth.rule.info|odd", Some("4"))]),
        case("cloudauth/request/refused", Some("cloudauth/request/passes"), Passed, &[(CODE, None)]),
        case("cloudauth/request/fails", None, Failed, &[(CODE, Some("200")), (MESSAGE, Some("absent"))]),
        case("cloudauth/request/warns", None, Failed, &[(MESSAGE, Some(HOSTILE))]),
        case("cloudauth/codes/no-role", None, NotExercised, &[(CODE, None)]),
        case("cloudauth/codes/silent", None, Indeterminate, &[(CODE, None)]),
        case("saf/lifecycle/known", None, Failed, &[("saf.rule.known", Some("200"))]),
        case("saf/lifecycle/fixed", None, Passed, &[("saf.rule.fixed", None)]),
        case("saf/lifecycle/unproven", Some("cloudauth/request/fails"), Passed, &[("saf.rule.isolation", None)]),
        case("saf/lifecycle/broken", None, HarnessError, &[("saf.rule.isolation", None)]),
    ]
}

fn case(
    id: &str,
    twin: Option<&str>,
    verdict: Verdict,
    checks: &[(&str, Option<&str>)],
) -> (CasePlanned, CaseFinished) {
    let planned = CasePlanned {
        case: id.to_owned(),
        api: id.split('/').next().expect("an api").to_owned(),
        title_en: format!("Title {HOSTILE}"),
        title_zh: format!("标题 {HOSTILE}"),
        requirements: checks.iter().map(|(requirement, _)| (*requirement).to_owned()).collect(),
        place: "suites/cloudauth/request.yaml:12".to_owned(),
        twin: twin.map(str::to_owned),
        reproduce: format!("idvet check {id} --seed 7"),
    };
    let is_definite = matches!(verdict, Verdict::Passed | Verdict::Failed);
    let checks = checks.iter().filter(|_| is_definite).map(|(requirement, actual)| CheckRecorded {
        requirement: (*requirement).to_owned(),
        check: "code".to_owned(),
        step: 0,
        mismatch: actual.map(|actual| Mismatch {
            place: format!("response body, Code {HOSTILE}"),
            expected: "401".to_owned(),
            actual: actual.to_owned(),
        }),
    });
    let finished = CaseFinished {
        case: id.to_owned(),
        verdict,
        reason: (!is_definite).then(|| format!("the target lacks a role {HOSTILE}")),
        checks: checks.collect(),
        elapsed_micros: 1500,
    };
    (planned, finished)
}

fn exchange(case: &str, verdict: Verdict) -> Event {
    let message = |start: &str, body: String| RecordedMessage {
        start: start.to_owned(),
        headers: vec![("Host".to_owned(), "<Host>".to_owned()), ("X-Odd".to_owned(), HOSTILE.to_owned())],
        parameters: IndexMap::new(),
        body_bytes: body.len() as u64,
        body,
        volatile: IndexMap::from([("Host".to_owned(), "cloudauth.example.com".to_owned())]),
    };
    let answered = verdict != Verdict::Indeterminate;
    Event::Exchange(ExchangeRecorded {
        case: case.to_owned(),
        step: 0,
        operation: "InitFaceVerify".to_owned(),
        request: message("POST /?Action=InitFaceVerify HTTP/1.1", "SceneId=1&CertName=<redacted CertName>".to_owned()),
        response: answered.then(|| message("HTTP/1.1 200", format!("{{\"Code\":\"200\",\"x\":\"``` {HOSTILE}\"}}"))),
        no_response: (!answered).then(|| format!("no answer within 100 ms {HOSTILE}")),
        elapsed_micros: 900,
    })
}
