//! `idvet explain`: what an id means, in full.

use super::args::ExplainArgs;
use super::list::level_name;
use super::settings::{Loaded, load};
use super::{Failure, World, exit};
use crate::contract::{Code, Requirement, Retry};
use crate::diagnostic::nearest;
use crate::judge::suite::{PlannedSdkCase, load_sdk};
use crate::report::Lang;
use crate::report::explain::{Explained, explain};
use crate::suite::Case;

pub(super) fn run(args: &ExplainArgs, world: &mut World<'_>) -> Result<u8, Failure> {
    let loaded = load(&args.suites, world)?;
    let found = match args.id.starts_with("sdk") {
        true => look_up_sdk(&loaded, &args.id, args.lang)?,
        false => look_up(&loaded, &args.id, args.lang),
    };
    if found.is_empty() {
        return Err(unknown(&loaded, &args.id));
    }
    let texts: Vec<String> = found.iter().map(|explained| explain(explained, args.lang)).collect();
    world.print(&texts.join("\n"))?;
    Ok(exit::SATISFIED)
}

fn look_up(loaded: &Loaded, id: &str, lang: Lang) -> Vec<Explained> {
    if let Some(requirement) = loaded.contracts.requirements.get(id) {
        return vec![of_requirement(loaded, requirement, lang)];
    }
    if let Some(case) = loaded.suites.cases.get(id) {
        return vec![of_case(case, lang)];
    }
    let requirements = loaded.contracts.requirements.values();
    let speaks = |requirement: &&Requirement| {
        [".code.", ".sub-code."].iter().any(|part| requirement.id.split_once(part).is_some_and(|(_, code)| code == id))
    };
    requirements.filter(speaks).map(|requirement| of_requirement(loaded, requirement, lang)).collect()
}

/// Requirements and cases of SDKs: `sdk.<area>.<number>` and `sdk/<file>/<id>`.
fn look_up_sdk(loaded: &Loaded, id: &str, lang: Lang) -> Result<Vec<Explained>, Failure> {
    let suites = load_sdk(&loaded.files, &loaded.contracts)?;
    if let Some(requirement) = suites.requirements.get(id) {
        let speaks = |planned: &&PlannedSdkCase| planned.case.requirements.contains(&requirement.id);
        return Ok(vec![Explained {
            id: id.to_owned(),
            kind: lang.pick("requirement", "要求").to_owned(),
            level: Some(requirement.level.name().to_owned()),
            text_en: requirement.text.en.clone(),
            text_zh: requirement.text.zh.clone(),
            citations: vec!["sdk-requirements.md".to_owned()],
            related: suites.cases.iter().filter(speaks).map(|planned| planned.id.clone()).collect(),
            ..Explained::default()
        }]);
    }
    let cases = suites.cases.iter().filter(|planned| planned.id == id);
    let explained = cases.map(|planned| Explained {
        id: id.to_owned(),
        kind: lang.pick("case", "用例").to_owned(),
        text_en: planned.case.title.en.clone(),
        text_zh: planned.case.title.zh.clone(),
        facts: vec![(lang.pick("place", "位置").to_owned(), planned.place.clone())],
        related: planned.case.requirements.clone(),
        ..Explained::default()
    });
    Ok(explained.collect())
}

fn of_requirement(loaded: &Loaded, requirement: &Requirement, lang: Lang) -> Explained {
    let cases = loaded.suites.cases.values().filter(|case| case.requirements().any(|id| *id == requirement.id));
    Explained {
        id: requirement.id.clone(),
        kind: lang.pick("requirement", "要求").to_owned(),
        level: Some(level_name(requirement.level).to_owned()),
        text_en: requirement.text.en.clone(),
        text_zh: requirement.text.zh.clone(),
        facts: code_of(loaded, requirement).map(|code| facts(code, lang)).unwrap_or_default(),
        citations: requirement.citations.clone(),
        related: cases.map(|case| case.id.clone()).collect(),
        unexercised_en: requirement.unexercised.as_ref().map(|text| text.en.clone()),
        unexercised_zh: requirement.unexercised.as_ref().map(|text| text.zh.clone()),
    }
}

/// Returns the row of the code that a requirement speaks of.
fn code_of<'a>(loaded: &'a Loaded, requirement: &Requirement) -> Option<&'a Code> {
    let (_, code) = requirement.id.split_once(".code.")?;
    let contract = loaded.contracts.by_api.get(&requirement.api)?;
    let codes = match &requirement.operation {
        None => &contract.codes,
        Some(name) => &contract.operations.iter().find(|operation| operation.name == *name)?.codes,
    };
    codes.iter().find(|row| row.code == code)
}

fn facts(code: &Code, lang: Lang) -> Vec<(String, String)> {
    let label = |en: &str, zh: &str| lang.pick(en, zh).to_owned();
    let statuses: Vec<String> =
        std::iter::once(&code.http_status).chain(&code.http_status_also).map(u16::to_string).collect();
    let retry = match code.retry {
        Retry::Never => label("never", "不重试"),
        Retry::Later => label("later, with back-off", "稍后退避重试"),
        Retry::Poll => label("ask again until the person has finished", "轮询直至用户完成"),
        Retry::NextDay => label("the next day", "次日"),
    };
    let mut facts = vec![(label("HTTP status", "HTTP 状态码"), statuses.join(" / "))];
    facts.push((label("try again", "重试"), retry));
    if let Some(billed) = code.billed {
        let text = if billed { label("yes", "是") } else { label("no", "否") };
        facts.push((label("billed", "计费"), text));
    }
    if let Some(message) = &code.message {
        facts.push((label("message", "消息"), label(&message.en, &message.zh)));
    }
    facts
}

fn of_case(case: &Case, lang: Lang) -> Explained {
    let mut facts = vec![(lang.pick("place", "位置").to_owned(), case.place.clone())];
    facts.extend(case.twin.iter().map(|twin| (lang.pick("positive twin", "正例").to_owned(), twin.clone())));
    Explained {
        id: case.id.clone(),
        kind: lang.pick("case", "用例").to_owned(),
        text_en: case.title.en.clone(),
        text_zh: case.title.zh.clone(),
        facts,
        related: case.requirements().cloned().collect(),
        ..Explained::default()
    }
}

fn unknown(loaded: &Loaded, id: &str) -> Failure {
    let requirements = loaded.contracts.requirements.keys();
    let codes = requirements.clone().filter_map(|known| known.split_once(".code.").map(|(_, code)| code));
    let names = requirements.map(String::as_str).chain(loaded.suites.cases.keys().map(String::as_str)).chain(codes);
    let hint = match nearest(id, names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "see `idvet list requirements`, `idvet list cases` and `idvet list codes`".to_owned(),
    };
    Failure::usage(format!("find a requirement, case or code called `{id}`; {hint}"))
}
