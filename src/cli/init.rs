//! `labwright init`: a starter project that plans and applies on the emulator as it is.

use std::path::Path;

use super::arguments::Init;
use super::context::write_file;
use super::failure::CommandError;
use super::{Context, Exit, Failure};

/// What is written; the project's name stands for `PROJECT`.
const FILES: &[(&str, &str)] = &[
    ("labwright.yaml", include_str!("init/labwright.yaml")),
    (".gitignore", include_str!("init/gitignore")),
];

/// Writes the starter project; overwrites nothing.
pub(super) fn run(arguments: &Init, context: &Context) -> Result<Exit, Failure> {
    let folder = arguments.folder.as_deref().map_or_else(
        || context.root().to_owned(),
        |to| match context.root() == Path::new(".") {
            true => to.to_owned(),
            false => context.root().join(to),
        },
    );
    let present = FILES.iter().map(|(name, _)| folder.join(name)).find(|path| path.exists());
    if let Some(path) = present {
        return Err(CommandError::Exists { path }.into());
    }
    std::fs::create_dir_all(&folder).map_err(|source| CommandError::File {
        doing: "write",
        path: folder.clone(),
        source,
    })?;
    let name = project_name(&folder);
    for (file, text) in FILES {
        write_file(&folder.join(file), &text.replace("PROJECT", &name))?;
    }
    let at = match folder.as_path() == Path::new(".") {
        true => String::new(),
        false => format!(" -C {}", crate::render::quoted(folder.as_os_str())),
    };
    context.printer.note(&format!(
        "Wrote {}. It works on a small Azure inside labwright, without an account:\n  \
         labwright{at} plan\n  labwright{at} apply\n",
        folder.join("labwright.yaml").display()
    ));
    Ok(Exit::Done)
}

/// The folder's own name, in the letters that a project's name may have.
fn project_name(folder: &Path) -> String {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let name = absolute.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let fits = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = name.chars().map(fits).collect();
    let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    if name.is_empty() { "labs".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_called_like_its_folder() {
        assert_eq!(project_name(Path::new("/courses/CS 101")), "CS-101");
        assert_eq!(project_name(Path::new("/")), "labs");
    }
}
