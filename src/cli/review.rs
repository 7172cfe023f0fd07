//! `labwright review`: what a change of the files would do, from git alone.
//!
//! Nothing of the change is run and nothing of this machine gets into the answer: no secret, no variable of the environment
//! but the one that names the environment, no cache. A record is read only where neither side could have written it.

mod record;
mod sides;

use super::arguments::Review as Arguments;
use super::{Context, Exit, Failure, cloud, day};
use crate::config::{self, Outline, Project, outline};
use crate::git::{Commit, CommitTree, GitError, Repository};
use crate::model::{Address, Desired, Finding, Severity};
use crate::plan::{self, Options, Review, SettingChange};
use crate::render::{EnvironmentReview, Format, Range, ReviewView};

use sides::Problems;

/// Both sides, found.
#[derive(Debug)]
struct Sides {
    repository: Repository,
    base: Commit,
    head: Commit,
    base_tree: CommitTree,
    head_tree: CommitTree,
}

/// What is compared in one environment.
#[derive(Debug)]
struct Compared {
    /// `None` in a project without environments.
    name: Option<String>,
    base: Option<Project>,
    head: Project,
    review: Review,
}

/// Says what the change would do; exit 3 where head is wrong, 4 where it is refused.
pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let repository = Repository::open(context.root())?;
    let named = repository.commit(&arguments.base)?;
    let head = repository.commit(&arguments.head)?;
    let parting = repository.parting(&named, &head)?;
    let mut remarks: Vec<_> =
        parting.is_none().then(|| no_common_commit(&arguments.base)).into_iter().collect();
    if parting.as_ref() == Some(&head) && head != named {
        remarks.push(nothing_of_its_own(&arguments.head, &arguments.base));
    }
    let base = parting.unwrap_or(named);
    let [base_tree, head_tree] = std::thread::scope(|scope| {
        let other = scope.spawn(|| repository.tree(&base));
        [repository.tree(&head), other.join().expect("reading a tree does not panic")]
    });
    let (head_tree, base_tree) = (base_tree?, head_tree?);
    let sides = Sides { repository, base, head, base_tree, head_tree };
    let outlines = (outline(&sides.base_tree), outline(&sides.head_tree));
    let settings = setting_changes(&outlines);
    let mut problems = Problems::default();
    let options = Options { today: day::today()?, ..Options::default() };
    let mut compared = Vec::new();
    for name in environments(&outlines, context) {
        compared.extend(compare(name, &sides, &outlines, &options, context, &mut remarks, &mut problems));
    }
    remarks.dedup();
    let wants_yaml = arguments.diff || context.format() == Format::Markdown;
    let mut view = ReviewView {
        subject: subject(&outlines, context),
        range: Range { base: sides.base.id().to_owned(), head: sides.head.id().to_owned() },
        folder: sides.repository.prefix().to_owned(),
        problems: problems.findings,
        remarks,
        settings: settings.iter().map(crate::render::SettingView::new).collect(),
        environments: Vec::new(),
        in_full: context.printer.verbosity() > 0,
    };
    let mut first: Vec<&Compared> = Vec::new();
    for own in &compared {
        let recorded = record::plan(own, &sides, arguments.state.as_deref(), &options, context)?;
        let recorded = recorded.unwrap_or_else(|remark| {
            view.remarks.push(remark);
            None
        });
        let alike = first.iter().position(|first| are_alike(&first.review, &own.review));
        if let (Some(alike), None) = (alike, &recorded) {
            view.environments[alike].names.extend(own.name.clone());
            continue;
        }
        first.push(own);
        let mut shown = EnvironmentReview::new(&own.review, cloud::title(&own.head), view.in_full);
        shown.names.extend(own.name.clone());
        shown.recorded = recorded;
        shown.yaml = wants_yaml.then(|| yaml(own));
        view.environments.push(shown);
    }
    problems.reports.iter().for_each(|report| {
        let look = context.printer.other_look();
        context.printer.problem(&super::failure::diagnostic_text(report.as_ref(), look));
    });
    let exit = match (view.problems.is_empty(), view.is_refused(), arguments.detailed_exitcode) {
        (false, ..) => Exit::Configuration,
        (true, true, _) => Exit::Refused,
        (true, false, true) if !view.is_same() => Exit::Changes,
        (true, false, _) => Exit::Done,
    };
    let folder = view.folder.clone();
    context.show(&view, exit, &folder)?;
    Ok(exit)
}

/// Compares both sides in one environment; `None` where head cannot be told there.
fn compare(
    name: Option<String>,
    sides: &Sides,
    outlines: &(Option<Outline>, Option<Outline>),
    options: &Options,
    context: &Context,
    remarks: &mut Vec<Finding>,
    problems: &mut Problems,
) -> Option<Compared> {
    // Variables of the environment are those of whoever runs this, and no part of the change.
    let asked = |environment: Option<String>| config::Options {
        environment,
        variables: context.global.variables.iter().cloned().collect(),
    };
    let known = outlines.0.as_ref().map(|base| &base.environments);
    let is_new = name
        .as_ref()
        .is_some_and(|name| known.is_some_and(|known| !known.is_empty() && !known.contains(name)));
    // Without environments, the files are what each of them is to start from.
    let of_base = name.clone().filter(|_| known.is_some_and(|known| !known.is_empty()));
    let (before, after) = std::thread::scope(|scope| {
        let before = scope.spawn(|| match is_new {
            true => (None, Some(sides::new_environment(name.as_deref().unwrap_or_default()))),
            false => sides::base(&sides.base_tree, &asked(of_base)),
        });
        let after = config::load(&sides.head_tree, &asked(name.clone()));
        (before.join().expect("loading does not panic"), after)
    });
    let (base, remark) = before;
    remarks.extend(remark);
    let head = match after {
        Ok(head) => head,
        Err(diagnostics) => {
            problems.add(super::project::failure(&diagnostics));
            return None;
        }
    };
    match plan::review(base.as_ref().map(|base| &base.desired), &head.desired, options) {
        Ok(review) => Some(Compared { name, base, head, review }),
        Err(error) => {
            problems.add(error.into());
            None
        }
    }
}

/// The environments that are looked at: the one that is named, else all of head's.
fn environments((_, head): &(Option<Outline>, Option<Outline>), context: &Context) -> Vec<Option<String>> {
    if let Some(named) = &context.global.env {
        return vec![Some(named.clone())];
    }
    match head {
        Some(head) if !head.environments.is_empty() => head.environments.iter().cloned().map(Some).collect(),
        _ => vec![None],
    }
}

fn setting_changes((base, head): &(Option<Outline>, Option<Outline>)) -> Vec<SettingChange> {
    match (base, head) {
        (Some(base), Some(head)) => plan::setting_changes(&base.settings, &head.settings),
        _ => Vec::new(),
    }
}

/// What a comment is found again by: the name on the base, which no change of the files can choose.
fn subject((base, head): &(Option<Outline>, Option<Outline>), context: &Context) -> String {
    let project = [base, head].into_iter().flatten().find_map(|outline| outline.project.clone());
    let project = project.unwrap_or_else(|| "project".into());
    match &context.global.env {
        Some(environment) => format!("{project}/{environment}"),
        None => project,
    }
}

/// Whether two environments have the same said of them.
fn are_alike(one: &Review, other: &Review) -> bool {
    let said = |review: &Review| {
        let plan = &review.plan;
        (plan.changes.clone(), plan.findings.clone(), plan.consents.clone(), plan.estimate_seconds)
    };
    said(one) == said(other)
        && one.noted == other.noted
        && one.standing == other.standing
        && one.mended == other.mended
        && one.affected == other.affected
}

/// The canonical YAML of everything that differs, before and after.
fn yaml(own: &Compared) -> (String, String) {
    let whole = |address: &Address| address.key().split('/').next().unwrap_or_default().to_owned();
    let plan = &own.review.plan;
    let mut keys: std::collections::BTreeSet<_> =
        plan.changes.iter().chain(&own.review.noted).map(|change| whole(&change.address)).collect();
    keys.extend(own.head.desired.moved.iter().map(|moved| whole(&moved.from)));
    let text = |desired: &Desired| {
        let mut narrow = desired.clone();
        narrow.resources.retain(|address, _| keys.contains(&whole(address)));
        config::to_yaml(&narrow)
    };
    (own.base.as_ref().map(|base| text(&base.desired)).unwrap_or_default(), text(&own.head.desired))
}

fn nothing_of_its_own(head: &str, base: &str) -> Finding {
    super::context::remark(
        "nothing-to-review",
        Severity::Warning,
        format!("`{head}` is part of `{base}` already, so it changes nothing there"),
        Some(format!("for what `{base}` has beyond it, exchange the two")),
    )
}

fn no_common_commit(base: &str) -> Finding {
    super::context::remark(
        "no-common-commit",
        Severity::Warning,
        format!(
            "where head left `{base}` is not known here, so head is compared with {base} as it is now: what was changed there since looks as if it were undone"
        ),
        Some("fetch the history (`fetch-depth: 0` in a pipeline)".into()),
    )
}

impl From<GitError> for Failure {
    fn from(error: GitError) -> Self {
        let exit = match error {
            GitError::NoRepository { .. } | GitError::UnknownCommit { .. } => Exit::Usage,
            GitError::Missing
            | GitError::NotStarted(_)
            | GitError::TooManyFiles { .. }
            | GitError::Failed { .. } => Exit::Unforeseen,
        };
        Self::of(exit, error)
    }
}
