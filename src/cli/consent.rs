//! Who agrees to a plan: consents given beside `--yes`, and the typed yes.

use std::io::BufRead;

use super::failure::CommandError;
use super::{Context, Failure};
use crate::render::PlanView;

/// Whether everything that takes a consent of its own has it.
///
/// # Errors
/// Exit 4 with the line to paste.
pub(super) fn given(view: &PlanView<'_>) -> Result<(), Failure> {
    if view.missing.is_empty() {
        return Ok(());
    }
    let said = |missing: &crate::render::MissingConsent| {
        format!("{} of {}", missing.what.as_str(), missing.addresses.join(", "))
    };
    let what = view.missing.iter().map(said).collect::<Vec<_>>().join("; ");
    Err(CommandError::MissingConsent { what, command: view.apply_command.clone() }.into())
}

/// Whether somebody can be asked; `help` is what to do instead.
///
/// # Errors
/// Exit 4 where nobody can.
pub(super) fn somebody_there(help: &'static str, context: &Context) -> Result<(), Failure> {
    if context.is_unattended() { Err(CommandError::NobodyToAsk { help }.into()) } else { Ok(()) }
}

/// Asks whether to carry a plan out; only `yes` is one.
///
/// # Errors
/// Exit 4 where the answer is another.
pub(super) async fn ask(view: &PlanView<'_>, context: &Context) -> Result<(), Failure> {
    let (project, _) = view.title.split_once(':').unwrap_or((&view.title, ""));
    let doing = if view.plan.destroy { "Destroy all this of" } else { "Carry this out on" };
    // Read beside: whoever asks the command to end is not kept by the question.
    let (heard, answer) = tokio::sync::oneshot::channel();
    put(&format!("\n{doing} {project}?"), context);
    std::thread::spawn(move || heard.send(is_yes()));
    if answer.await.unwrap_or(false) { Ok(()) } else { Err(CommandError::NotConfirmed.into()) }
}

/// Asks a question that is to be answered; only `yes` is one.
///
/// # Errors
/// Exit 4 where the answer is another.
pub(super) fn yes(question: &str, context: &Context) -> Result<(), Failure> {
    put(question, context);
    if is_yes() { Ok(()) } else { Err(CommandError::NotConfirmed.into()) }
}

fn put(question: &str, context: &Context) {
    context.printer.problem(&format!("{question} Only `yes` is accepted: "));
}

fn is_yes() -> bool {
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok() && answer.trim() == "yes"
}
