//! `idvet completions`: what a shell needs to complete command lines.

use clap::CommandFactory;

use super::args::{Cli, CompletionsArgs};
use super::{Failure, World, exit};

pub(super) fn run(args: &CompletionsArgs, world: &mut World<'_>) -> Result<u8, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "idvet", &mut text);
    world.print(&String::from_utf8_lossy(&text))?;
    Ok(exit::SATISFIED)
}
