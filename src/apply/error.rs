//! What stops a run, and what stops one action of it.

use miette::Diagnostic;
use thiserror::Error;

use crate::azure::ArmError;
use crate::model::SecretReference;
use crate::plan::Failure;
use crate::state::StateError;

/// Why a run could not be carried on. A failed action is no error: the report says so.
#[derive(Debug, Error, Diagnostic)]
pub enum ApplyError {
    /// The journal cannot be written: no more is started, and what was under way is looked up by the next run.
    #[error("the journal cannot be written, so nothing more was started")]
    #[diagnostic(
        code(labwright::apply::store),
        help(
            "once the cause is mended run the command again: what was under way is looked up, nothing is repeated"
        )
    )]
    Store(
        #[source]
        #[diagnostic_source]
        StateError,
    ),
    /// The run has steps whose end nobody knows.
    #[error("run {run} broke off with {count} actions under way")]
    #[diagnostic(
        code(labwright::apply::unsettled),
        help("`labwright apply` or `labwright resume` looks them up first")
    )]
    Unsettled {
        /// The run.
        run: u64,
        /// How many.
        count: usize,
    },
    /// Secrets that the plan sends cannot be opened.
    #[error("these secrets cannot be opened:\n{}", listed(.secrets))]
    #[diagnostic(
        code(labwright::apply::secrets),
        help(
            "set the variables, put the files in their place, or let the identity read the vault; nothing was sent"
        )
    )]
    Secrets {
        /// Each with the reason.
        secrets: Vec<(SecretReference, String)>,
    },
}

fn listed(secrets: &[(SecretReference, String)]) -> String {
    let lines: Vec<_> = secrets.iter().map(|(secret, why)| format!("  {secret}: {why}")).collect();
    lines.join("\n")
}

/// Why an action is refused or given up by us rather than by Azure.
///
/// It is written down as a [`Failure`]: the last part of its code, and its text with the help behind it.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
pub enum Refusal {
    /// Something is there already where the plan creates.
    #[error("`{id}` exists already, and is not recorded here{}", state_of(.state))]
    #[diagnostic(
        code(labwright::apply::exists),
        help(
            "to manage it from here, write `adopt: true` on it, or run `labwright import ADDR ID`; else choose another name, or delete it in Azure and plan again"
        )
    )]
    Exists {
        /// What is there.
        id: String,
        /// Its provisioning state, where that is not `Succeeded`.
        state: Option<String>,
    },
    /// A property that the plan sets has a value already.
    #[error("`{property}` of `{id}` is set already, and that is not recorded here: {value}")]
    #[diagnostic(
        code(labwright::apply::set),
        help(
            "to manage it from here, write `adopt: true` on what sets it; else take the value away in Azure and plan again"
        )
    )]
    Set {
        /// What has the property.
        id: String,
        /// The property.
        property: String,
        /// Its value.
        value: String,
    },
    /// It is not as it was recorded when the plan was made.
    #[error("changed in Azure since it was recorded: {}", .paths.join("; "))]
    #[diagnostic(
        code(labwright::apply::changed_since),
        help("look at it with `labwright drift`, then plan again with `--refresh`")
    )]
    ChangedSince {
        /// For each attribute `path: recorded, now live`.
        paths: Vec<String>,
    },
    /// What is to be adopted is not there.
    #[error("`{id}` is to be adopted and is not there")]
    #[diagnostic(
        code(labwright::apply::not_there),
        help(
            "take `adopt: true` away to have it made, or give it the `id:`, or the name, group and subscription, under which it exists"
        )
    )]
    NotThere {
        /// What is not there.
        id: String,
    },
    /// Something that labwright does not manage, and that an action builds on, is not there.
    #[error("`{id}` is not there, and this is built on it")]
    #[diagnostic(
        code(labwright::apply::missing),
        help(
            "check the id in the files; an image shows in a lab account or a lab plan only where its gallery is attached to it and a version reaches it"
        )
    )]
    Missing {
        /// What is not there.
        id: String,
    },
    /// What is to be adopted is broken.
    #[error("`{id}` is to be adopted, and its creation failed in Azure")]
    #[diagnostic(
        code(labwright::apply::broken),
        help(
            "delete it in Azure and take `adopt: true` away to have it made anew, or mend it there and apply again"
        )
    )]
    Broken {
        /// What is broken.
        id: String,
    },
    /// What is to be changed is not there.
    #[error("`{id}` is gone from Azure")]
    #[diagnostic(
        code(labwright::apply::gone),
        help("look at it with `labwright drift`, then plan again with `--refresh`")
    )]
    Gone {
        /// What is not there.
        id: String,
    },
    /// A container that is to be deleted holds what nobody recorded.
    #[error("{count} {noun} in `{container}` are not recorded here: {}", .some.join(", "))]
    #[diagnostic(
        code(labwright::apply::contents),
        help("they would be deleted along: move or delete them in Azure first, then run the command again")
    )]
    Contents {
        /// The container.
        container: String,
        /// What its contents are called.
        noun: String,
        /// How many.
        count: usize,
        /// Up to five of them.
        some: Vec<String>,
    },
    /// A request was sent twice, and neither time an answer or an effect showed.
    #[error("no answer to `{step}`, and nothing of it shows ({why})")]
    #[diagnostic(
        code(labwright::apply::no_answer),
        help("run the command again once Azure answers; nothing was recorded")
    )]
    NoAnswer {
        /// The step.
        step: String,
        /// What came instead of an answer.
        why: String,
    },
    /// Something did not happen in time.
    #[error("waited {minutes} minutes for {what}")]
    #[diagnostic(
        code(labwright::apply::still_waiting),
        help("look at it in the portal; the next run looks it up and goes on from there")
    )]
    StillWaiting {
        /// How long.
        minutes: u64,
        /// For what.
        what: String,
    },
    /// A list does not hold what should be switched on.
    #[error("`{list}` has no {}", .names.join(", no "))]
    #[diagnostic(
        code(labwright::apply::no_such_item),
        help("write the names as Azure lists them; a new image shows some time after its first version")
    )]
    NoSuchItem {
        /// The list.
        list: String,
        /// The names, each with the nearest there is.
        names: Vec<String>,
    },
    /// What a request needs of a list, or of what is there, cannot be found.
    #[error("`{id}` has no {what}")]
    #[diagnostic(
        code(labwright::apply::not_listed),
        help("nothing was sent; look at it in the portal, and mend the files or apply again")
    )]
    NotListed {
        /// What was read.
        id: String,
        /// What was looked for, with the nearest there is.
        what: String,
    },
    /// An answer is not shaped as documented, so that it cannot be compared.
    #[error("`{id}` cannot be compared: {what}")]
    #[diagnostic(
        code(labwright::apply::unreadable),
        help("nothing was changed; `labwright drift` shows what else cannot be read")
    )]
    Unreadable {
        /// What was read.
        id: String,
        /// What is the matter.
        what: String,
    },
    /// A secret of the request cannot be opened.
    #[error("the secret {reference} cannot be opened: {why}")]
    #[diagnostic(code(labwright::apply::secret), help("nothing was sent; set it and run the command again"))]
    Secret {
        /// Which.
        reference: SecretReference,
        /// Why.
        why: String,
    },
}

fn state_of(state: &Option<String>) -> String {
    state.as_ref().map(|state| format!(" (it is {state})")).unwrap_or_default()
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let code = refusal.code().map(|code| code.to_string()).unwrap_or_default();
        let code = code.rsplit("::").next().unwrap_or_default().to_owned();
        let message = match refusal.help() {
            Some(help) => format!("{refusal}; {help}"),
            None => refusal.to_string(),
        };
        Self { code, message }
    }
}

/// How an action ends before its last step is done.
#[derive(Debug)]
pub(super) enum End {
    /// It failed, and that is known.
    Failed(Failure),
    /// Nobody knows: its step stays under way in the journal, and the next run looks it up.
    Unknown(Failure),
    /// The journal cannot be written; nothing more is done.
    Halted,
}

impl From<Refusal> for End {
    fn from(refusal: Refusal) -> Self {
        Self::Failed(refusal.into())
    }
}

/// What Azure said, as a journal holds it.
pub(super) fn told(error: &ArmError) -> Failure {
    let (code, message) = error.told();
    Failure { code, message }
}

/// The end that an error makes while nothing has left yet.
pub(super) fn before(error: ArmError) -> End {
    End::Failed(told(&error))
}

/// The end that an error makes once the request has left: only Azure's own verdict is one.
pub(super) fn after(error: ArmError) -> End {
    match error {
        ArmError::OperationFailed { .. } => End::Failed(told(&error)),
        error => End::Unknown(told(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_written_down_with_what_to_do_next() {
        let failure = Failure::from(Refusal::Exists { id: "/subscriptions/s/x".into(), state: None });
        assert_eq!(failure.code, "exists");
        assert!(failure.message.starts_with("`/subscriptions/s/x` exists already"));
        assert!(failure.message.contains("adopt: true"), "{}", failure.message);
    }
}
