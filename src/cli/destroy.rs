//! `labwright destroy`: an apply of nothing; its own consent to whatever is lost.

use super::arguments::Destroy;
use super::carry::{self, Asked};
use super::{Context, Exit, Failure};

/// Destroys everything that is recorded.
pub(super) fn run(arguments: &Destroy, context: &Context) -> Result<Exit, Failure> {
    let Destroy { scope, carry } = arguments;
    carry::run(&Asked { destroy: true, saved: None, scope, allow: &[], carry }, context)
}
