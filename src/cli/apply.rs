//! `labwright apply`: plans, asks, carries out; or carries out a saved plan exactly.

use super::arguments::Apply;
use super::carry::{self, Asked};
use super::{Context, Exit, Failure};

/// Brings Azure to what the files say.
pub(super) fn run(arguments: &Apply, context: &Context) -> Result<Exit, Failure> {
    let Apply { plan, allow, scope, carry } = arguments;
    carry::run(&Asked { destroy: false, saved: plan.as_deref(), scope, allow, carry }, context)
}
