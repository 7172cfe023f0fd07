//! `labwright show`: a saved plan, or the expanded configuration.

use super::arguments::Show;
use super::{Context, Exit, Failure, project, saved};
use crate::config;
use crate::render::json::{self, PlanDocument};
use crate::render::{Background, PlanView, terminal};

/// Shows it.
pub(super) fn run(arguments: &Show, context: &Context) -> Result<Exit, Failure> {
    let Some(path) = &arguments.plan else {
        let project = project::load(context)?;
        let (yaml, value) = (config::to_yaml(&project.desired), config::to_value(&project.desired));
        context.report(&yaml, &json::text(&value))?;
        return Ok(Exit::Done);
    };
    let plan = saved::read(path)?;
    let background = Background {
        in_full: context.printer.verbosity() > 0,
        compared: vec![format!("Saved by labwright {} on {}.", plan.made_by, plan.today)],
        apply_command: format!("{} {}", context.typed("apply"), crate::render::quoted(path.as_os_str())),
        ..Background::default()
    };
    let view = PlanView::new(&plan, background);
    let text = terminal::plan(&view, context.printer.result_look());
    context.report(&text, &json::text(&PlanDocument::new("show", Exit::Done.code(), &view)))?;
    Ok(Exit::Done)
}
