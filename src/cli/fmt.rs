//! `labwright fmt`: the project's files in one form, comments kept.

use super::arguments::Fmt;
use super::context::write_file;
use super::failure::CommandError;
use super::{Context, Exit, Failure, project};
use crate::config::{Folder, PROJECT_FILE, reformat};

/// Brings files into the one form and names them; exit 3 for files that cannot be brought into it, and 2 with `--check`
/// where one is not in it.
pub(super) fn run(arguments: &Fmt, context: &Context) -> Result<Exit, Failure> {
    let root = context.root();
    if !root.join(PROJECT_FILE).is_file() {
        return Err(CommandError::NoProject { folder: root.to_owned() }.into());
    }
    let (found, wrong) = reformat(&Folder::new(root));
    for file in &found {
        if !arguments.check {
            write_file(&root.join(&file.path), &file.text)?;
        }
        context.printer.result(&format!("{}\n", file.path));
    }
    match wrong {
        Some(wrong) => Err(project::failure(&wrong)),
        None if arguments.check && !found.is_empty() => Ok(Exit::Changes),
        None => Ok(Exit::Done),
    }
}
