//! `labwright graph`: the plan's actions and what each waits for.

use super::arguments::{Graph, GraphFormat};
use super::{Context, Exit, Failure, plan};
use crate::render::graph;

/// Draws the graph.
pub(super) fn run(arguments: &Graph, context: &Context) -> Result<Exit, Failure> {
    let made = plan::make(&arguments.scope, false, context)?;
    context.printer.result(&match arguments.format {
        GraphFormat::Dot => graph::dot(&made.plan),
        GraphFormat::Mermaid => graph::mermaid(&made.plan),
    });
    Ok(Exit::Done)
}
