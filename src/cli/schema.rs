//! `labwright schema`: of the configuration, or of a command's JSON.

use super::arguments::Schema;
use super::failure::CommandError;
use super::{Context, Exit, Failure};
use crate::config;
use crate::render::json;

/// Prints a schema.
pub(super) fn run(arguments: &Schema, context: &Context) -> Result<Exit, Failure> {
    let name = arguments.name.as_str();
    if name == "labwright" {
        context.printer.result(&json::text(&config::schema()));
        return Ok(Exit::Done);
    }
    let schemas = json::schemas();
    let Some((_, schema)) = schemas.iter().find(|(known, _)| *known == name) else {
        let names: Vec<_> = schemas.iter().map(|(name, _)| *name).collect();
        let help = format!("there are: labwright, {}", names.join(", "));
        return Err(CommandError::NotFound { name: name.to_owned(), help }.into());
    };
    context.printer.result(&json::text(schema));
    Ok(Exit::Done)
}
