//! Every SDK there is a driver for, one after another, and what they come to side by side.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use super::{SdkArgs, install, run_one};
use crate::cli::{Failure, World, exit};
use crate::coverage::{RequirementVerdict, Summary};
use crate::report::events::read_events;

/// One SDK of the table.
struct Column {
    name: String,
    /// What the run came to, or why there was none.
    result: Result<Summary, String>,
}

pub(super) fn run(args: &SdkArgs, world: &mut World<'_>) -> Result<u8, Failure> {
    let mut columns = Vec::new();
    let mut worst = exit::SATISFIED;
    for name in install::names(args, world) {
        let mut one = args.clone();
        one.all = false;
        one.driver.clone_from(&name);
        one.output.out = args.output.out.join(&name);
        one.output.quiet = true;
        let code = match run_one(&one, world) {
            Ok(code) => code,
            Err(failure) => {
                let text = failure.text(world.stderr_style()).unwrap_or_default();
                world.tell(&text);
                let code = failure.code();
                columns.push(Column { name: name.clone(), result: Err(text) });
                worst = worst.max(code);
                continue;
            }
        };
        worst = worst.max(code);
        world.tell(&format!("{name}: exit code {code}"));
        let result = summary(&world.path(&one.output.out)).map_err(|error| error.to_string());
        columns.push(Column { name, result });
    }
    let table = table(&columns);
    let path = world.path(&args.output.out).join("sdks.md");
    std::fs::write(&path, &table).map_err(|error| Failure::usage(format!("write {}: {error}", path.display())))?;
    world.print(&table)?;
    Ok(worst)
}

fn summary(folder: &Path) -> std::io::Result<Summary> {
    let file = File::open(folder.join("events.jsonl"))?;
    let stream = read_events(BufReader::new(file)).map_err(std::io::Error::other)?;
    Ok(Summary::from_events(&stream.events))
}

/// Requirement by SDK: what is wrong, known or excused there, as Markdown.
fn table(columns: &[Column]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let mut text =
        format!("| requirement | level | {} |\n|---|---|{}\n", names.join(" | "), "---|".repeat(columns.len()));
    let first = columns.iter().find_map(|column| column.result.as_ref().ok());
    for requirement in first.map(|summary| summary.requirements.as_slice()).unwrap_or_default() {
        let cells = columns.iter().map(|column| match &column.result {
            Err(_) => "not run",
            Ok(summary) => {
                let found = summary.requirements.iter().find(|other| other.id == requirement.id);
                found.map_or("-", |found| mark(found.verdict))
            }
        });
        let cells: Vec<&str> = cells.collect();
        text.push_str(&format!("| {} | {} | {} |\n", requirement.id, requirement.level, cells.join(" | ")));
    }
    let line = |title: &str, cell: &dyn Fn(&Summary) -> String| {
        let cells = columns.iter().map(|column| column.result.as_ref().map_or_else(|_| "not run".to_owned(), cell));
        format!("| {title} | | {} |\n", cells.collect::<Vec<_>>().join(" | "))
    };
    text.push_str(&line("**wrong MUST**", &|summary| summary.figures.wrong_must.to_string()));
    text.push_str(&line("**known failures**", &|summary| summary.figures.known_failures.to_string()));
    text.push_str(&line("**covered**", &|summary| {
        format!("{}/{}", summary.figures.covered, summary.figures.requirements)
    }));
    text
}

fn mark(verdict: RequirementVerdict) -> &'static str {
    match verdict {
        RequirementVerdict::Failed => "WRONG",
        RequirementVerdict::KnownFailure => "known",
        RequirementVerdict::Passed => "ok",
        RequirementVerdict::Differs => "differs",
        RequirementVerdict::Holds => "holds",
        RequirementVerdict::Indeterminate => "?",
        RequirementVerdict::NotExercised => "cannot be asked",
        RequirementVerdict::Unexercised | RequirementVerdict::NeverNamed => "-",
    }
}
