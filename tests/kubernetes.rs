//! The example of a Kubernetes job, held against the schema of Kubernetes by a validator of others' making.
//!
//! The validator (kubernetes-validate, which carries the schemas) is installed with pip into a folder of the build. Where
//! Python or the package cannot be had, the test says so and has not run; IDVET_KUBERNETES=required makes that a failure.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const VALIDATOR: &str = "kubernetes-validate==1.37.0";
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/load/kubernetes-job.yaml");

/// Installs the validator, or says why it cannot be had.
fn validator() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kubernetes");
    let program = folder.join("bin/kubernetes-validate");
    if !program.is_file() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        let pip = folder.join("bin/python");
        run(Command::new(pip).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", VALIDATOR]))?;
    }
    Ok(program)
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    let last = stderr.lines().last().unwrap_or_default();
    if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {}: {last}", output.status)) }
}

#[expect(clippy::disallowed_methods, reason = "a test has nobody who hands it the environment")]
fn is_required() -> bool {
    std::env::var("IDVET_KUBERNETES").is_ok_and(|text| text == "required")
}

#[test]
fn the_job_of_the_example_is_what_kubernetes_takes() {
    let program = match validator() {
        Ok(program) => program,
        Err(reason) => {
            // Written past what a test's output is kept in: whoever runs the tests reads it.
            let _ = writeln!(std::io::stderr(), "NOT RUN: {reason}");
            assert!(!is_required(), "{reason}");
            return;
        }
    };
    let validated = |path: &Path| -> Output {
        Command::new(&program).arg("--strict").arg(path).output().expect("the validator runs")
    };
    let text =
        |output: &Output| String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned();
    let good = validated(Path::new(EXAMPLE));
    assert!(good.status.success() && text(&good).contains("job/idvet-load"), "{}", text(&good));
    // It can fail: a name or a type that Kubernetes does not know.
    let example = std::fs::read_to_string(EXAMPLE).expect("the example");
    let folder = tempfile::tempdir().expect("a folder");
    for (from, to) in [("completionMode", "completionMod"), ("completions: 4", "completions: four")] {
        assert!(example.contains(from));
        let path = folder.path().join("job.yaml");
        std::fs::write(&path, example.replace(from, to)).expect("writes");
        let bad = validated(&path);
        assert!(!bad.status.success() && text(&bad).contains("did not validate"), "{to}: {}", text(&bad));
    }
}
