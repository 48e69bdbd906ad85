//! From a command line to an exit code.

use clap::Parser;

use super::args::{Cli, Command};
use super::{Failure, World};
use super::{
    check, completions, doctor, exit, explain, lint, list, load, mock, mutants, plan, report, schema, sdk, sign,
};

/// Runs a command line, without the program's name. Returns the documented exit code.
pub fn run(arguments: &[String], world: &mut World<'_>) -> u8 {
    let line = std::iter::once("idvet".to_owned()).chain(arguments.iter().cloned());
    let result = match Cli::try_parse_from(line) {
        Ok(cli) => dispatch(cli.command, world),
        Err(error) => return say(&error, world),
    };
    result.unwrap_or_else(|failure| {
        if let Some(text) = failure.text(world.stderr_style()) {
            world.tell(&text);
        }
        failure.code()
    })
}

fn dispatch(command: Command, world: &mut World<'_>) -> Result<u8, Failure> {
    match command {
        Command::Check(args) => check::run(&args, world),
        Command::Sdk(args) => sdk::run(&args, world),
        Command::Driver(args) => sdk::drive(&args, world),
        Command::Load(args) => load::run(&args, world),
        Command::Plan(args) => plan::run(&args, world),
        Command::Mock(args) => mock::run_mock(&args, world),
        Command::Mutants(args) => mutants::run(&args, world),
        Command::Sign(args) => sign::run(&args, world),
        Command::Report(args) => report::run(&args, world),
        Command::List(args) => list::run(&args, world),
        Command::Explain(args) => explain::run(&args, world),
        Command::Lint(args) => lint::run(&args, world),
        Command::Schema(args) => schema::run(&args, world),
        Command::Doctor(args) => doctor::run(&args, world),
        Command::Completions(args) => completions::run(&args, world),
    }
}

/// Help and version are products and go to stdout; a slip goes to stderr.
fn say(error: &clap::Error, world: &mut World<'_>) -> u8 {
    let text = error.render();
    if error.use_stderr() {
        world.tell(text.to_string().trim_end());
        return exit::USAGE;
    }
    world.print(&text.to_string()).map_or_else(|failure| failure.code(), |()| exit::SATISFIED)
}
