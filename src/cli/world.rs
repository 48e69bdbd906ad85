//! The outside world as commands see it: environment, folder, streams, clock. `main` makes the real one, tests theirs.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::failure::Failure;
use crate::clock::Clock;
use crate::diagnostic::Style;

/// All that a command may touch besides files and the network.
pub struct World<'a> {
    /// Looks up an environment variable.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// Relative paths start here; empty: the process's own folder.
    pub folder: PathBuf,
    pub stdin: &'a mut dyn Read,
    pub stdout: &'a mut dyn Write,
    pub stderr: &'a mut dyn Write,
    pub clock: Arc<dyn Clock>,
    pub stdout_is_terminal: bool,
    pub stderr_is_terminal: bool,
}

impl World<'_> {
    /// Returns an environment variable that is set and not empty.
    pub fn var(&self, name: &str) -> Option<String> {
        (self.env)(name).filter(|value| !value.is_empty())
    }

    /// Returns where a path as typed leads.
    pub fn path(&self, typed: &Path) -> PathBuf {
        self.folder.join(typed)
    }

    /// Says whether stdout is a terminal that wants colour.
    pub fn colours_stdout(&self) -> bool {
        self.stdout_is_terminal && self.wants_colour()
    }

    /// Returns how mistakes are drawn on stderr.
    pub fn stderr_style(&self) -> Style {
        if self.stderr_is_terminal && self.wants_colour() { Style::Coloured } else { Style::Plain }
    }

    fn wants_colour(&self) -> bool {
        self.var("NO_COLOR").is_none() && self.var("TERM").is_none_or(|term| term != "dumb")
    }

    /// Writes a product to stdout.
    pub fn print(&mut self, text: &str) -> Result<(), Failure> {
        self.stdout.write_all(text.as_bytes()).and_then(|()| self.stdout.flush()).map_err(Failure::stdout)
    }

    /// Tells the person at the terminal something; nothing depends on its arrival.
    pub fn tell(&mut self, text: &str) {
        let _ = writeln!(self.stderr, "{text}");
    }
}
