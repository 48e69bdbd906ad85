//! The command line as people and CI jobs meet it: arguments in, exit code and streams out.

mod answers;
mod check;
mod commands;
mod credentials;
mod leaks;
mod load;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{World, run};
use crate::clock::SystemClock;

/// What a command line came to.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: u8,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Runs a command line in a folder, with an environment.
pub(super) fn idvet_with(folder: &Path, environment: &[(&str, &str)], line: &[&str]) -> Ran {
    let environment: Vec<(String, String)> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let env = move |name: &str| environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let arguments: Vec<String> = line.iter().map(|word| (*word).to_owned()).collect();
    let mut world = World {
        env: &env,
        folder: folder.to_owned(),
        stdin: &mut std::io::empty(),
        stdout: &mut stdout,
        stderr: &mut stderr,
        clock: Arc::new(SystemClock),
        stdout_is_terminal: false,
        stderr_is_terminal: false,
    };
    let code = run(&arguments, &mut world);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { code, stdout: text(stdout), stderr: text(stderr) }
}

/// Runs a command line in a folder.
pub(super) fn idvet(folder: &Path, line: &[&str]) -> Ran {
    idvet_with(folder, &[], line)
}

/// A folder for one test.
pub(super) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("temporary folder")
}

/// Returns a file of the project.
pub(super) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
