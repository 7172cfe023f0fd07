//! What the plan would be over a record that is at hand, where neither side of the review could have written it.

use std::path::{Path, PathBuf};

use super::{Compared, Reviewing};
use crate::cli::Failure;
use crate::cli::context::remark;
use crate::cli::failure::CommandError;
use crate::model::{Finding, Severity};
use crate::plan::{self, Options};
use crate::render::RecordedPlan;
use crate::state::{SqliteStore, StateError, Store, same_identity};

/// The plan over the record; `Ok(Err(…))` says why a record that is there is not used.
///
/// # Errors
/// Where `given` names a file that is no record of this project, or that a commit under review holds.
pub(super) fn plan(
    own: &Compared,
    reviewing: &Reviewing<'_>,
    given: Option<&Path>,
) -> Result<Result<Option<RecordedPlan>, Finding>, Failure> {
    // Where the record is, is the base's to say: a change of that is one of the things under review.
    let written = own.base.as_ref().unwrap_or(&own.head);
    let path = given.map_or_else(|| reviewing.context.root().join(&written.settings.state), Path::to_owned);
    if let Some(holder) = holder(&path, reviewing)? {
        if given.is_some() {
            return Err(CommandError::CommittedState { path, holder: holder.to_owned() }.into());
        }
        return Ok(Err(remark(
            "state-committed",
            Severity::Warning,
            format!("`{}` is in git, so whoever wrote the change could have written it: it is not used", path.display()),
            Some("take the record out of git (`git rm --cached`, and .gitignore), or name another with --state".into()),
        )));
    }
    match (read(own, &path, &reviewing.options), given) {
        (Ok(None), Some(_)) => {
            let help =
                "name a file that labwright wrote; it is `state:` of labwright.yaml, or .labwright/state.db"
                    .into();
            Err(CommandError::NotFound { name: path.display().to_string(), help }.into())
        }
        (Ok(plan), _) => Ok(Ok(plan)),
        (Err(error), Some(_)) => Err(error.into()),
        (Err(error), None) => Ok(Err(remark(
            "state-not-used",
            Severity::Info,
            format!("the record in `{}` is not used: {error}", path.display()),
            None,
        ))),
    }
}

/// The commit of the two that holds the record, or a file that SQLite would read along with it.
fn holder<'s>(path: &Path, reviewing: &Reviewing<'s>) -> Result<Option<&'s str>, Failure> {
    let sides = reviewing.sides;
    let beside = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    for (commit, tree) in [(&sides.head, &sides.head_tree), (&sides.base, &sides.base_tree)] {
        for file in ["", "-wal", "-shm", "-journal"].map(beside) {
            let named = file.strip_prefix(reviewing.context.root()).ok().and_then(Path::to_str);
            if named.is_some_and(|named| tree.has(named)) || sides.repository.holds(commit, &file)? {
                return Ok(Some(commit.short()));
            }
        }
    }
    Ok(None)
}

fn read(own: &Compared, path: &Path, options: &Options) -> Result<Option<RecordedPlan>, StateError> {
    let Some(store) = SqliteStore::open_read_only(path)? else { return Ok(None) };
    let meta = store.meta()?;
    if meta.identity.is_none() {
        return Ok(None);
    }
    same_identity(meta.identity.as_ref(), &own.head.desired.identity)?;
    let options = Options { lineage: Some(meta.lineage), ..options.clone() };
    let recorded = store.recorded()?;
    // A circle was found already when both sides were compared.
    let Ok(plan) = plan::plan(&own.head.desired, &recorded, &options) else { return Ok(None) };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Some(RecordedPlan::new(&plan, &own.review.plan, &name)))
}
