//! `idvet list`: what there is, one a line.

use serde_json::{Value, json};

use super::args::{ListArgs, Listed};
use super::profile::read_profile;
use super::settings::{Loaded, load};
use super::{Failure, World, exit};
use crate::contract::Level;
use crate::load_profile::profile_names;
use crate::report::Lang;
use crate::suite::glob_matches;
use crate::target;

pub(super) fn run(args: &ListArgs, world: &mut World<'_>) -> Result<u8, Failure> {
    let loaded = load(&args.suites, world)?;
    let lines = match args.what {
        Listed::Cases => cases(&loaded, args.lang),
        Listed::Requirements => requirements(&loaded, args.lang),
        Listed::Codes => codes(&loaded, args.lang),
        Listed::Operations => operations(&loaded),
        Listed::Targets => targets(&loaded)?,
        Listed::Profiles => profiles(&loaded, args.lang)?,
    };
    let chosen: Vec<&Line> = lines.iter().filter(|line| fits(args.pattern.as_deref(), &line.id)).collect();
    if let (Some(pattern), true) = (&args.pattern, chosen.is_empty()) {
        return Err(Failure::usage(format!("find anything whose id `{pattern}` matches")));
    }
    let width = chosen.iter().map(|line| line.id.len()).max().unwrap_or_default().min(60);
    let text = chosen.iter().map(|line| match args.json {
        true => format!("{}\n", line.json),
        false => format!("{:width$}  {}\n", line.id, line.text),
    });
    world.print(&text.collect::<String>())?;
    Ok(exit::SATISFIED)
}

fn profiles(loaded: &Loaded, lang: Lang) -> Result<Vec<Line>, Failure> {
    let mut lines = Vec::new();
    for name in profile_names(&loaded.files) {
        let profile = read_profile(&name, &loaded.files, &loaded.contracts, &loaded.suites)?;
        let title = &profile.file.title;
        lines.push(Line {
            text: lang.pick(&title.en, &title.zh).to_owned(),
            json: json!({ "profile": name, "title_en": title.en, "title_zh": title.zh, "steps": profile.labels() }),
            id: name,
        });
    }
    Ok(lines)
}

/// One thing listed.
struct Line {
    id: String,
    text: String,
    json: Value,
}

fn fits(pattern: Option<&str>, id: &str) -> bool {
    pattern.is_none_or(|pattern| if pattern.contains('*') { glob_matches(pattern, id) } else { id.contains(pattern) })
}

fn cases(loaded: &Loaded, lang: Lang) -> Vec<Line> {
    let line = |case: &std::sync::Arc<crate::suite::Case>| Line {
        id: case.id.clone(),
        text: lang.pick(&case.title.en, &case.title.zh).to_owned(),
        json: json!({
            "case": case.id, "api": case.api, "title_en": case.title.en, "title_zh": case.title.zh,
            "requirements": case.requirements().collect::<Vec<_>>(), "place": case.place, "twin": case.twin,
        }),
    };
    loaded.suites.cases.values().map(line).collect()
}

fn requirements(loaded: &Loaded, lang: Lang) -> Vec<Line> {
    let lines = loaded.contracts.requirements.values().map(|requirement| {
        let level = level_name(requirement.level);
        let text = lang.pick(&requirement.text.en, &requirement.text.zh);
        Line {
            id: requirement.id.clone(),
            text: format!("{:6}  {text}", level.to_uppercase()),
            json: json!({
                "requirement": requirement.id, "level": level, "api": requirement.api,
                "operation": requirement.operation, "text_en": requirement.text.en, "text_zh": requirement.text.zh,
                "citations": requirement.citations,
            }),
        }
    });
    lines.collect()
}

pub(super) fn level_name(level: Level) -> &'static str {
    match level {
        Level::Must => "must",
        Level::Should => "should",
        Level::Info => "info",
    }
}

fn codes(loaded: &Loaded, lang: Lang) -> Vec<Line> {
    let mut lines = Vec::new();
    for (api, contract) in &loaded.contracts.by_api {
        let shared = contract.codes.iter().map(|code| (None, code));
        let own = contract
            .operations
            .iter()
            .flat_map(|operation| operation.codes.iter().map(move |code| (Some(operation.name.as_str()), code)));
        lines.extend(shared.chain(own).map(|(operation, code)| {
            let scope = operation.map_or_else(|| api.clone(), |operation| format!("{api}.{operation}"));
            Line {
                id: code.code.clone(),
                text: format!("{}  {scope}: {}", code.http_status, lang.pick(&code.meaning.en, &code.meaning.zh)),
                json: json!({
                    "code": code.code, "http_status": code.http_status, "api": api, "operation": operation,
                    "meaning_en": code.meaning.en, "meaning_zh": code.meaning.zh, "billed": code.billed,
                }),
            }
        }));
    }
    lines
}

fn operations(loaded: &Loaded) -> Vec<Line> {
    let mut lines = Vec::new();
    for (api, contract) in &loaded.contracts.by_api {
        lines.extend(contract.operations.iter().map(|operation| Line {
            id: format!("{api}.{}", operation.name),
            text: format!(
                "{} parameters, {} response fields, {} codes, {} sub-codes{}",
                operation.request.len(),
                operation.response.len(),
                operation.codes.len(),
                operation.sub_codes.len(),
                operation.qps.map(|qps| format!(", {qps} calls a second")).unwrap_or_default(),
            ),
            json: json!({
                "operation": format!("{api}.{}", operation.name), "api": api, "methods": operation.methods, "qps": operation.qps,
                "billable": operation.billable,
                "parameters": operation.request.iter().map(|row| &row.name).collect::<Vec<_>>(),
            }),
        }));
    }
    lines
}

fn targets(loaded: &Loaded) -> Result<Vec<Line>, Failure> {
    let names = loaded.files.files.keys().filter_map(|path| path.strip_prefix("targets/")?.strip_suffix(".yaml"));
    let mut lines = Vec::new();
    for name in names {
        let target = target::load(&loaded.files, name)?;
        let endpoints = target.endpoints.iter().map(|(api, address)| format!("{api} {address}")).collect::<Vec<_>>();
        lines.push(Line {
            id: name.to_owned(),
            text: endpoints.join(", "),
            json: json!({ "target": name, "endpoints": target.endpoints }),
        });
    }
    Ok(lines)
}
