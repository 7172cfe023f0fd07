//! The exit codes, sorted by whose move it is.

use std::process::ExitCode;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// A bug, or a failure that nobody foresaw.
    Unforeseen = 1,
    /// There are changes (`plan --detailed-exitcode`, `fmt --check`) or drift (`drift`, always).
    Changes = 2,
    /// The configuration is wrong: a file, a reference, a type. Wins over [`Exit::Refused`].
    Configuration = 3,
    /// Refused: a rule of severity error, a guard, a stale plan, a missing consent.
    Refused = 4,
    /// An action failed, or its live precondition; the rest went on and is recorded.
    Incomplete = 5,
    /// The state: locked, damaged, too new, older than known.
    State = 6,
    /// Interrupted; the next `apply` goes on.
    Interrupted = 7,
    /// The command line is wrong.
    Usage = 64,
}

impl Exit {
    /// Every code with what it means, for the help.
    pub const ALL: [(Self, &'static str); 9] = [
        (Self::Done, "done; nothing to do"),
        (Self::Unforeseen, "a bug or an unforeseen failure"),
        (Self::Changes, "changes (plan --detailed-exitcode, fmt --check) or drift (drift, always)"),
        (Self::Configuration, "the configuration is wrong: file, reference, type"),
        (Self::Refused, "refused: a rule, a guard, a stale plan, a missing consent"),
        (Self::Incomplete, "an action failed; the rest went on and is recorded"),
        (Self::State, "the state is locked, damaged, too new or older than known"),
        (Self::Interrupted, "interrupted; the next apply goes on"),
        (Self::Usage, "usage"),
    ];

    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
