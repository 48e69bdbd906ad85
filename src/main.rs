//! Hands the outside world to [`idvet::cli`]: arguments, environment, folder, streams, clock.

#[expect(clippy::disallowed_methods, reason = "the one place where arguments are read")]
fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match idvet::cli::minimal::run(&arguments, &mut std::io::stdout().lock()) {
        Ok(code) => code.into(),
        Err(_) => std::process::ExitCode::from(70),
    }
}
