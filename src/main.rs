//! Hands the outside world to [`idvet::cli`]: arguments, environment, streams, clock.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use idvet::cli::{World, exit, run};
use idvet::clock::SystemClock;

#[expect(clippy::disallowed_methods, reason = "the one place where arguments and environment are read")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args_os().skip(1).map(|text| text.to_string_lossy().into_owned()).collect();
    let world = || {
        let mut world = World {
            env: &|name| std::env::var(name).ok(),
            folder: PathBuf::new(),
            stdin: &mut std::io::stdin(),
            stdout: &mut std::io::stdout(),
            stderr: &mut std::io::stderr(),
            clock: Arc::new(SystemClock),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
        };
        run(&arguments, &mut world)
    };
    // A panic has told its place on stderr by itself; what is left is to end with the code that says "bug".
    std::panic::catch_unwind(world).unwrap_or(exit::BUG).into()
}
