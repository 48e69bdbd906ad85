//! What fuzzing has seen is read again in every test run, through the same functions.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::untrusted::ENTRANCES;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn every_entrance_takes_its_corpus() {
    for (name, take) in ENTRANCES {
        let folder = root().join("fixtures/corpus").join(name);
        let files = names(&folder);
        assert!(files.len() >= 4, "{name}: {} files", files.len());
        for file in files {
            let bytes = std::fs::read(folder.join(&file)).expect("a corpus file");
            println!("{name}/{file}");
            take(&bytes);
        }
    }
}

#[test]
fn every_entrance_has_a_corpus_and_a_fuzz_target() {
    let known: BTreeSet<String> = ENTRANCES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&root().join("fixtures/corpus")), known);
    let targets = names(&root().join("fuzz/fuzz_targets"));
    assert_eq!(targets, known.iter().map(|name| format!("{name}.rs")).collect());
    let manifest = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).expect("the fuzz manifest");
    for name in known {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is in fuzz/Cargo.toml");
    }
}
