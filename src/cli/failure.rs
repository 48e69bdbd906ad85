//! Why a command could not do its work, and what the process then ends with.

use std::fmt::Display;

use super::exit;
use super::report::ReportError;
use super::sign::SignCommandError;
use crate::diagnostic::{Diagnostic, Style, render};
use crate::files::ReadError;
use crate::plan::PlanError;
use crate::report::WriteError;

/// A command's end before its end.
#[derive(Debug)]
pub enum Failure {
    /// Mistakes in files that people write.
    Mistakes(Vec<Diagnostic>),
    /// A fragment that reads on after "failed to".
    Told { code: u8, fragment: String },
    /// Whoever read stdout has gone: nothing to say, nobody to say it to.
    Closed,
}

impl Failure {
    /// A mistake of the command line or the configuration.
    pub fn usage(fragment: impl Display) -> Self {
        Self::Told { code: exit::USAGE, fragment: fragment.to_string() }
    }

    /// Something is not there that judging needs.
    pub fn no_basis(fragment: impl Display) -> Self {
        Self::Told { code: exit::COULD_NOT_JUDGE, fragment: fragment.to_string() }
    }

    /// Stdout takes nothing more.
    pub fn stdout(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::usage(format!("write to stdout: {error}")),
        }
    }

    /// Returns the documented exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::Mistakes(_) => exit::USAGE,
            Self::Told { code, .. } => *code,
            Self::Closed => exit::SATISFIED,
        }
    }

    /// Returns what goes to stderr.
    pub fn text(&self, style: Style) -> Option<String> {
        match self {
            Self::Mistakes(mistakes) => Some(render(mistakes, style)),
            Self::Told { fragment, .. } => Some(format!("error: failed to {fragment}")),
            Self::Closed => None,
        }
    }
}

impl From<Vec<Diagnostic>> for Failure {
    fn from(mistakes: Vec<Diagnostic>) -> Self {
        Self::Mistakes(mistakes)
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self::usage(error)
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::NothingSelected => Self::no_basis(error),
            PlanError::NoMatch { .. } => Self::usage(error),
        }
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        let code = if error.is_bug() { exit::BUG } else { exit::USAGE };
        Self::Told { code, fragment: error.to_string() }
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Stdout(error) => Self::stdout(error),
            other => Self::Told { code: other.exit_code(), fragment: other.to_string() },
        }
    }
}

impl From<SignCommandError> for Failure {
    fn from(error: SignCommandError) -> Self {
        match error {
            SignCommandError::Output(error) => Self::stdout(error),
            other => Self::usage(other),
        }
    }
}
