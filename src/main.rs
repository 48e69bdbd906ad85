//! Hands the outside world to [`idvet::cli`]: arguments, environment, folder, streams, clock.

fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
