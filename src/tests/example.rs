//! The committed example report is what the check that it names writes today.

use std::path::Path;
use std::sync::Arc;

use crate::cli::{World, exit, run};
use crate::clock::{FixedClock, Timestamp};

/// How the example was made, but for the clock.
const LINE: &[&str] = &["check", "saf/", "--quiet", "--out", "example"];
const FILES: &[&str] = &["report.md", "junit.xml"];

fn run_into(folder: &Path) {
    let arguments: Vec<String> = LINE.iter().map(|word| (*word).to_owned()).collect();
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut world = World {
        env: &|_| None,
        folder: folder.to_owned(),
        stdin: &mut std::io::empty(),
        stdout: &mut stdout,
        stderr: &mut stderr,
        clock: Arc::new(FixedClock(Timestamp::parse_iso("2026-11-27T00:00:00Z").expect("a time"))),
        stdout_is_terminal: false,
        stderr_is_terminal: false,
    };
    let code = run(&arguments, &mut world);
    assert_eq!(code, exit::SATISFIED, "{}", String::from_utf8_lossy(&stderr));
}

/// `IDVET_WRITE_EXAMPLE=1 cargo test example` writes it again.
#[expect(clippy::disallowed_methods, reason = "a test has nobody who hands it the environment")]
fn is_to_be_written() -> bool {
    std::env::var("IDVET_WRITE_EXAMPLE").is_ok()
}

#[test]
fn the_example_report_is_up_to_date() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/example");
    let folder = tempfile::tempdir().expect("folder");
    run_into(folder.path());
    for name in FILES {
        // Times are volatile, and the clock stands still here; only what JUnit measures differs from run to run.
        let made = without_times(&std::fs::read_to_string(folder.path().join("example").join(name)).expect("made"));
        if is_to_be_written() {
            std::fs::create_dir_all(&committed).expect("a folder");
            std::fs::write(committed.join(name), &made).expect("written");
        }
        let kept = std::fs::read_to_string(committed.join(name)).unwrap_or_default();
        assert!(made == kept, "reports/example/{name} is stale: IDVET_WRITE_EXAMPLE=1 cargo test example");
    }
}

fn without_times(text: &str) -> String {
    let times = regex::Regex::new(r#"time="[0-9.]+""#).expect("a pattern");
    times.replace_all(text, r#"time="0.000""#).into_owned()
}
