//! Stands a person in front of the camera.

use crate::control::{SubmitRequest, SubmittedPerson};
use crate::event::Mismatch;
use crate::runner::case::CaseRun;
use crate::runner::verdict::Stop;
use crate::suite::{Submit, SubmitDifference};

pub(in crate::runner) async fn run(case: &mut CaseRun<'_>, submit: &Submit) -> Result<(), Stop> {
    if matches!(submit.differs, Some(SubmitDifference::Skip(true))) {
        return Ok(());
    }
    let Some(control) = &case.shared.control else {
        return Err(Stop::Harness(
            "the target takes submissions by a control API, but names no address of one".to_owned(),
        ));
    };
    let body = body(case, submit)?;
    let answer = control.submit(&case.shared.transport, &body).await.map_err(Stop::Indeterminate)?;
    let wanted = submit.accepted.unwrap_or(true);
    let word = |taken: bool| if taken { "taken" } else { "refused" };
    let mismatch = (answer.accepted != wanted).then(|| Mismatch {
        place: "submission".to_owned(),
        expected: word(wanted).to_owned(),
        actual: match &answer.reason {
            Some(reason) => format!("{}: {reason}", word(answer.accepted)),
            None => word(answer.accepted).to_owned(),
        },
    });
    case.judge("submission", mismatch)
}

fn body(case: &CaseRun<'_>, submit: &Submit) -> Result<SubmitRequest, Stop> {
    let sandbox = &case.shared.input.target.sandbox;
    let (mut person, mut sub_code, mut abandon) = (submit.person.clone(), submit.sub_code.clone(), submit.abandon);
    match &submit.differs {
        Some(SubmitDifference::Person(role)) => person = Some(role.clone()),
        Some(SubmitDifference::SubCode(code)) => sub_code = Some(code.clone()),
        Some(SubmitDifference::Abandon(leaves)) => abandon = *leaves,
        Some(SubmitDifference::Skip(_)) | None => {}
    }
    let role = submit.account.as_deref().unwrap_or_else(|| first_role(case));
    let missing = |kind: &str, role: &str| Stop::Harness(format!("the sandbox has no {kind} `{role}`"));
    let account = sandbox.account(role).ok_or_else(|| missing("account", role))?;
    let key = account.key_id(case.state.account_number(role)).ok_or_else(|| missing("account", role))?;
    let person = person.map(|role| {
        let found = sandbox.person(&role).ok_or_else(|| missing("person", &role))?;
        Ok(SubmittedPerson { name: found.name.clone(), id_number: found.id_number.clone() })
    });
    Ok(SubmitRequest {
        api: submit.api.clone().unwrap_or_else(|| case.planned.case.api.clone()),
        access_key_id: key,
        transaction: case.text(&submit.transaction)?,
        person: person.transpose()?,
        sub_code: sub_code.map(|code| case.text(&code)).transpose()?,
        abandon,
    })
}

/// The account of the case: that of its first call, or `ordinary`.
fn first_role<'a>(case: &'a CaseRun<'_>) -> &'a str {
    let roles: Vec<&String> = case.state.account_roles().collect();
    match roles.iter().any(|role| *role == "ordinary") {
        true => "ordinary",
        false => roles.first().map_or("ordinary", |role| role.as_str()),
    }
}
