//! Holds the import table, file heads and sizes of the sources.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use regex::Regex;

const LEAVES: &[&str] = &["exchange", "clock", "chance", "redact", "diagnostic", "files", "control", "event"];

/// Module to the modules it may name, besides itself.
fn import_table() -> BTreeMap<&'static str, Vec<&'static str>> {
    let rows: &[(&str, &[&str])] = &[
        ("exchange", &[]),
        ("clock", &[]),
        ("chance", &[]),
        ("control", &[]),
        ("event", &[]),
        ("files", &[]),
        ("diagnostic", &[]),
        ("redact", &["exchange", "event"]),
        ("signing", &["exchange", "clock", "redact"]),
        ("contract", &["diagnostic", "files", "exchange", "clock"]),
        ("check", &["exchange", "contract", "event", "clock"]),
        ("target", &["diagnostic", "files", "contract", "control"]),
        ("suite", &["diagnostic", "files", "contract", "target"]),
        ("load_profile", &["chance", "diagnostic", "files", "contract", "suite", "target"]),
        ("plan", &["suite", "target", "contract", "event", "diagnostic"]),
        ("request", &["exchange", "clock", "signing", "contract", "target", "suite", "plan"]),
        ("coverage", &["event", "contract", "diagnostic"]),
        ("transport", &["exchange", "clock"]),
        (
            "mock",
            &[
                "chance",
                "exchange",
                "clock",
                "redact",
                "diagnostic",
                "files",
                "control",
                "signing",
                "contract",
                "target",
                "event",
            ],
        ),
        (
            "runner",
            &[
                "exchange",
                "clock",
                "redact",
                "diagnostic",
                "files",
                "control",
                "event",
                "signing",
                "contract",
                "check",
                "target",
                "suite",
                "plan",
                "request",
                "transport",
            ],
        ),
        (
            "load",
            &[
                "chance",
                "exchange",
                "clock",
                "redact",
                "control",
                "event",
                "signing",
                "contract",
                "check",
                "target",
                "suite",
                "load_profile",
                "plan",
                "files",
                "request",
                "transport",
            ],
        ),
        (
            "mutants",
            &[
                "clock",
                "contract",
                "diagnostic",
                "event",
                "files",
                "mock",
                "plan",
                "redact",
                "runner",
                "suite",
                "target",
            ],
        ),
        (
            "judge",
            &[
                "exchange",
                "clock",
                "redact",
                "diagnostic",
                "files",
                "control",
                "event",
                "signing",
                "contract",
                "target",
                "transport",
                "mock",
            ],
        ),
        ("load_summary", &["chance", "event", "load_profile"]),
        ("report", &["event", "clock", "coverage", "load_summary", "load_profile", "redact", "diagnostic"]),
        (
            "untrusted",
            &[
                "exchange",
                "clock",
                "diagnostic",
                "files",
                "event",
                "signing",
                "contract",
                "target",
                "suite",
                "mock",
                "report",
                "load_profile",
                "load_summary",
                "transport",
            ],
        ),
    ];
    rows.iter().map(|(module, allowed)| (*module, allowed.to_vec())).collect()
}

fn source_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("readable source folder") {
        let path = entry.expect("readable entry").path();
        if path.is_dir() {
            source_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    source_files(&root, &mut files);
    files.sort();
    let relative = |path: &Path| path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
    files.iter().map(|path| (relative(path), std::fs::read_to_string(path).expect("source text"))).collect()
}

fn module_of(path: &str) -> &str {
    path.split('/').next().unwrap_or(path).trim_end_matches(".rs")
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let table = import_table();
    let named = Regex::new(r"\bcrate::(?:\{([^}]*)\}|([a-z_]+))").expect("pattern");
    let mut breaches = Vec::new();
    for (path, text) in sources() {
        let module = module_of(&path).to_owned();
        if ["lib", "main", "tests", "cli"].contains(&module.as_str()) {
            continue;
        }
        let Some(allowed) = table.get(module.as_str()) else {
            breaches.push(format!("{path}: module `{module}` is not in the table"));
            continue;
        };
        for found in named.captures_iter(&text) {
            let list = found.get(1).or(found.get(2)).map_or("", |names| names.as_str());
            for name in list.split(',').map(|name| name.trim().split("::").next().unwrap_or_default()) {
                if !name.is_empty() && name != module && !allowed.contains(&name) {
                    breaches.push(format!("{path}: names crate::{name}"));
                }
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn leaves_stand_first_in_the_table() {
    let table = import_table();
    for leaf in LEAVES {
        let beyond: Vec<_> = table[leaf].iter().filter(|name| !LEAVES.contains(name)).collect();
        assert!(beyond.is_empty(), "{leaf} imports {beyond:?}");
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<_> =
        sources().into_iter().filter(|(_, text)| !text.starts_with("//! ")).map(|(path, _)| path).collect();
    assert!(silent.is_empty(), "no head: {silent:?}");
}

#[test]
fn files_stay_readable() {
    let long: Vec<_> = sources()
        .into_iter()
        .map(|(path, text)| (path, text.split("#[cfg(test)]").next().unwrap_or_default().lines().count()))
        .filter(|(_, lines)| *lines > 500)
        .collect();
    assert!(long.is_empty(), "longer than 500 lines without tests: {long:?}");
}

#[test]
fn the_outside_world_is_touched_in_one_place() {
    let forbidden = Regex::new(r"std::env::(var|args|current_dir)|SystemTime::now|Utc::now").expect("pattern");
    let found: Vec<_> = sources()
        .into_iter()
        .filter(|(path, _)| !["cli", "main", "tests", "clock"].contains(&module_of(path)))
        .filter(|(_, text)| forbidden.is_match(text.split("#[cfg(test)]").next().unwrap_or_default()))
        .map(|(path, _)| path)
        .collect();
    assert!(found.is_empty(), "environment, arguments or system clock outside cli: {found:?}");
}
