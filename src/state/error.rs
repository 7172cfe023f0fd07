//! What can be wrong with a state: whose move it is, and what to do next.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

use super::Holder;

/// What can be wrong with a state. All of it is exit code 6.
#[derive(Debug, Error, Diagnostic)]
pub enum StateError {
    /// Another run has some of it to itself.
    #[error("{what} {} {holder}", if *several { "are" } else { "is" })]
    #[diagnostic(
        code(labwright::state::locked),
        help(
            "wait for that run, or let labwright wait: `--lock-timeout 10m`; what it holds ends with its process, and `labwright state lock list` shows it"
        )
    )]
    Locked {
        /// Which addresses.
        what: String,
        /// Whether they are several.
        several: bool,
        /// Who holds them.
        holder: Holder,
    },
    /// What is claimed is part of a run that broke off.
    #[error("run {run} broke off, and what it was about is not settled yet")]
    #[diagnostic(
        code(labwright::state::unsettled),
        help(
            "`labwright apply` looks up what became of it, then plans afresh; `labwright resume` finishes it as it was planned"
        )
    )]
    BrokenOff {
        /// The run.
        run: u64,
    },
    /// Somebody ended this process's leases, or took its run over.
    #[error("this run is not this process's any more: its lease was broken, and nothing more is written")]
    #[diagnostic(
        code(labwright::state::lease_lost),
        help("what it had under way is looked up by the next run; `labwright history` tells who goes on")
    )]
    LeaseLost,
    /// What is stored does not fit together.
    #[error("the state `{}` is damaged: {what}", path.display())]
    #[diagnostic(
        code(labwright::state::damaged),
        help("put back a copy of the file and run the command again; nothing was changed, in Azure or here")
    )]
    Damaged {
        /// The state.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// The file is a database, but of something else.
    #[error("`{}` is not a state of labwright", path.display())]
    #[diagnostic(code(labwright::state::foreign), help("let `state:` in labwright.yaml name another file"))]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer labwright wrote it.
    #[error("the state `{}` has format {found}, this labwright knows {known}", path.display())]
    #[diagnostic(
        code(labwright::state::too_new),
        help("use the version of labwright that wrote it, or a newer one")
    )]
    TooNew {
        /// The state.
        path: PathBuf,
        /// Its format version.
        found: u32,
        /// The newest that is known here.
        known: u32,
    },
    /// Its serial is below the highest one seen.
    #[error("the state `{}` went back to serial {found}; serial {seen} was here before", path.display())]
    #[diagnostic(
        code(labwright::state::older),
        help(
            "an old copy was put in its place: put the newest one back. Where that is lost, keep this copy under another name and let `state:` in labwright.yaml name it: `labwright drift` then tells what has changed since, and `labwright import ADDRESS ID` records what it does not know"
        )
    )]
    Older {
        /// The state.
        path: PathBuf,
        /// Its serial.
        found: u64,
        /// The highest serial seen of its lineage.
        seen: u64,
    },
    /// It was here and is gone.
    #[error("the state `{}` is gone; it was at serial {serial} (lineage {lineage})", path.display())]
    #[diagnostic(
        code(labwright::state::vanished),
        help(
            "put a copy back at that path and run the command again; where none is left, `labwright import --from SCOPE --out DIR`, with the `--endpoint` of `cloud:` if it names one, records what exists anew, in a folder of its own"
        )
    )]
    Vanished {
        /// Where it was.
        path: PathBuf,
        /// Its lineage.
        lineage: String,
        /// Its highest serial seen.
        serial: u64,
    },
    /// Another state stands in its place.
    #[error("`{}` is another state (lineage {found}) than the one seen here before ({seen})", path.display())]
    #[diagnostic(
        code(labwright::state::replaced),
        help("put back the state that belongs here, or let `state:` in labwright.yaml name another file")
    )]
    Replaced {
        /// Where it stands.
        path: PathBuf,
        /// Its lineage.
        found: String,
        /// The lineage seen here before.
        seen: String,
    },
    /// It belongs to another project, environment or cloud.
    #[error("the state belongs to {recorded}, not to {asked}")]
    #[diagnostic(
        code(labwright::state::mismatch),
        help(
            "name the right environment with --env; if the project was renamed, write its old name in `project:` again, or let `state:` name another file"
        )
    )]
    Mismatch {
        /// What differs, as recorded.
        recorded: String,
        /// What differs, as asked for.
        asked: String,
    },
    /// A run that is not recorded.
    #[error("there is no run {run} in this state")]
    #[diagnostic(code(labwright::state::no_such_run), help("`labwright history` lists the runs"))]
    NoSuchRun {
        /// The number asked for.
        run: u64,
    },
    /// No room is left.
    #[error("no room is left on the disk of `{}`", path.display())]
    #[diagnostic(
        code(labwright::state::disk_full),
        help(
            "free some space on that disk, then `labwright apply`: what was recorded until now is kept, and what was under way is looked up first"
        )
    )]
    DiskFull {
        /// The state.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {doing} `{}`", path.display())]
    #[diagnostic(code(labwright::state::io), help("what was recorded until now is kept"))]
    Io {
        /// What was being done: `create`, `write`.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The operating system refused what is remembered apart from the state.
    #[error("cannot {doing} `{}`, where the highest serial seen of the state is kept", path.display())]
    #[diagnostic(
        code(labwright::state::remembered),
        help(
            "see that this folder is there and yours to write, or name another with XDG_STATE_HOME; without it nobody would notice a state that went back in time"
        )
    )]
    Remembered {
        /// What was being done: `read`, `write`.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process is in the middle of a write and does not end it.
    #[error("cannot {doing} the state `{}`: another process has been writing to it for a while", path.display())]
    #[diagnostic(
        code(labwright::state::busy),
        help(
            "it was stopped perhaps: `labwright state lock list` names who is at it; let it go on, or end it. What was recorded until now is kept"
        )
    )]
    Busy {
        /// What was being done: `open`, `read`, `write`.
        doing: &'static str,
        /// The state.
        path: PathBuf,
    },
    /// The database refused.
    #[error("cannot {doing} the state `{}`", path.display())]
    #[diagnostic(code(labwright::state::database), help("what was recorded until now is kept"))]
    Database {
        /// What was being done: `open`, `read`, `write`.
        doing: &'static str,
        /// The state.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}
