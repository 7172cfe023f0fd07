//! `labwright review`: what a change of the files would do, from git alone.
//!
//! Nothing of the change is run and nothing of this machine gets into the answer: no secret, no variable of the environment
//! but the one that names the environment, no cache. A record is read only where neither side could have written it.

mod record;
mod sides;

use std::collections::BTreeSet;
use std::mem::ManuallyDrop;

use super::arguments::Review as Arguments;
use super::failure::CommandError;
use super::{Context, Exit, Failure, day};
use crate::config::{self, Outline, Project, outline};
use crate::git::{Commit, CommitTree, GitError, Repository};
use crate::model::{Address, Desired, Finding, Severity};
use crate::plan::{self, Options, Review, SettingChange};
use crate::render::{EnvironmentReview, Format, Range, ReviewView, SettingView, count};

use sides::Problems;

/// More environments than anybody has: each of them takes the time of a whole review.
const MOST_ENVIRONMENTS: usize = 50;

/// Says what the change would do; exit 3 where head is wrong, 4 where it is refused.
pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let today = day::today()?;
    let (sides, mut remarks) = Sides::find(arguments, context)?;
    let reviewing = Reviewing { sides: &sides, options: Options { today, ..Options::default() }, context };
    let settings = reviewing.settings();
    let mut problems = Problems::default();
    // The process ends with this: nobody waits for thousands of resources to be taken apart first.
    let mut compared = ManuallyDrop::new(Vec::new());
    let environments = reviewing.environments(&mut remarks);
    if arguments.state.is_some() && environments.len() > 1 {
        let message = "a record is of one environment, and several are reviewed";
        return Err(CommandError::usage(message, "name that of --state with --env").into());
    }
    for name in environments {
        compared.extend(reviewing.compare(name, &mut remarks, &mut problems));
    }
    for report in &problems.reports {
        let text = super::failure::diagnostic_text(report.as_ref(), context.printer.other_look());
        context.printer.problem(&text);
    }
    let mut view = ReviewView {
        subject: reviewing.subject(),
        range: Range { base: sides.base.id().to_owned(), head: sides.head.id().to_owned() },
        folder: sides.repository.prefix().to_owned(),
        problems: problems.findings,
        remarks,
        settings: settings.iter().map(SettingView::new).collect(),
        environments: Vec::new(),
        in_full: context.printer.verbosity() > 0,
    };
    for own in compared.iter() {
        reviewing.add(own, arguments, &mut view)?;
    }
    let exit = match (view.problems.is_empty(), view.is_refused(), arguments.detailed_exitcode) {
        (false, ..) => Exit::Configuration,
        (true, true, _) => Exit::Refused,
        (true, false, true) if !view.is_same() => Exit::Changes,
        (true, false, _) => Exit::Done,
    };
    context.show(&view, exit, sides.repository.prefix())?;
    Ok(exit)
}

/// Both sides, found.
#[derive(Debug)]
struct Sides {
    repository: Repository,
    base: Commit,
    head: Commit,
    base_tree: CommitTree,
    head_tree: CommitTree,
    base_outline: Option<Outline>,
    head_outline: Option<Outline>,
}

impl Sides {
    /// Finds both sides: head, and where it left the base; what is to be said of that beside.
    fn find(arguments: &Arguments, context: &Context) -> Result<(Self, Vec<Finding>), Failure> {
        let repository = Repository::open(context.root())?;
        let named = repository.commit(&arguments.base)?;
        let head = repository.commit(&arguments.head)?;
        let parting = repository.parting(&named, &head)?;
        let remark = match &parting {
            None => Some(no_common_commit(&arguments.base)),
            Some(parting) if *parting == head && head != named => Some(nothing_of_its_own(arguments)),
            Some(_) => None,
        };
        let base = parting.unwrap_or(named);
        let (base_tree, head_tree) = rayon::join(|| repository.tree(&base), || repository.tree(&head));
        let (base_tree, head_tree) = (base_tree?, head_tree?);
        let (base_outline, head_outline) = (outline(&base_tree), outline(&head_tree));
        let sides = Self { repository, base, head, base_tree, head_tree, base_outline, head_outline };
        Ok((sides, remark.into_iter().collect()))
    }
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

/// A review under way.
struct Reviewing<'a> {
    sides: &'a Sides,
    options: Options,
    context: &'a Context,
}

impl Reviewing<'_> {
    /// The environments that are looked at: the one that is named, else all of head's, those of the base first.
    fn environments(&self, remarks: &mut Vec<Finding>) -> Vec<Option<String>> {
        if let Some(named) = &self.context.global.env {
            return vec![Some(named.clone())];
        }
        let of = |outline: &Option<Outline>| {
            outline.as_ref().map(|outline| outline.environments.clone()).unwrap_or_default()
        };
        let (known, mut names) = (of(&self.sides.base_outline), of(&self.sides.head_outline));
        names.sort_by_key(|name| !known.contains(name));
        let left_out = names.len().saturating_sub(MOST_ENVIRONMENTS);
        if left_out > 0 {
            names.truncate(MOST_ENVIRONMENTS);
            remarks.push(left_out_environments(left_out));
        }
        if names.is_empty() { vec![None] } else { names.into_iter().map(Some).collect() }
    }

    /// The settings that differ, whatever the environment; none where one side has no settings to compare.
    fn settings(&self) -> Vec<SettingChange> {
        match (&self.sides.base_outline, &self.sides.head_outline) {
            (Some(base), Some(head)) => plan::setting_changes(&base.settings, &head.settings),
            _ => Vec::new(),
        }
    }

    /// What a comment is found again by: the name on the base, which no change of the files can choose.
    fn subject(&self) -> String {
        let outlines = [&self.sides.base_outline, &self.sides.head_outline];
        let project = outlines.into_iter().flatten().find_map(|outline| outline.project.clone());
        let project = project.unwrap_or_else(|| "project".into());
        match &self.context.global.env {
            Some(environment) => format!("{project}/{environment}"),
            None => project,
        }
    }

    /// Compares both sides in one environment; `None` where head cannot be told there.
    fn compare(
        &self,
        name: Option<String>,
        remarks: &mut Vec<Finding>,
        problems: &mut Problems,
    ) -> Option<Compared> {
        // Variables of the environment are those of whoever runs this, and no part of the change.
        let asked = |environment: Option<String>| config::Options {
            environment,
            variables: self.context.global.variables.iter().cloned().collect(),
        };
        // A base without environments is what each of them starts from.
        let known = self.sides.base_outline.as_ref().map(|base| &base.environments);
        let known = known.filter(|known| !known.is_empty());
        let new = name.as_ref().filter(|name| known.is_some_and(|known| !known.contains(name)));
        let of_base = asked(name.clone().filter(|_| known.is_some()));
        let of_head = asked(name.clone());
        let (before, after) = rayon::join(
            || match new {
                Some(name) => (None, Some(sides::new_environment(name))),
                None => sides::base(&self.sides.base_tree, &of_base),
            },
            || config::load(&self.sides.head_tree, &of_head),
        );
        let (base, remark) = before;
        remark.into_iter().for_each(|remark| add_once(remarks, remark));
        let head = after.map_err(|diagnostics| problems.add(super::project::failure(&diagnostics))).ok()?;
        let base_desired = base.as_ref().map(|base| &base.desired);
        let review = plan::review(base_desired, &head.desired, &self.options);
        let review = review.map_err(|error| problems.add(error.into())).ok()?;
        Some(Compared { name, base, head, review })
    }

    /// Adds an environment to what is shown; one that is like another only lends it its name.
    fn add<'r>(
        &self,
        own: &'r Compared,
        arguments: &Arguments,
        view: &mut ReviewView<'r>,
    ) -> Result<(), Failure> {
        let recorded = match record::plan(own, self, arguments.state.as_deref())? {
            Ok(recorded) => recorded,
            Err(remark) => {
                add_once(&mut view.remarks, remark);
                None
            }
        };
        let alike = view.environments.iter_mut().find(|known| are_alike(known.review, &own.review));
        if let (Some(known), None) = (alike, &recorded) {
            known.names.extend(own.name.clone());
            return Ok(());
        }
        let mut shown = EnvironmentReview::new(&own.review, view.in_full);
        shown.names.extend(own.name.clone());
        shown.recorded = recorded;
        let wants_yaml = arguments.diff || self.context.format() == Format::Markdown;
        shown.yaml = wants_yaml.then(|| yaml(own));
        view.environments.push(shown);
        Ok(())
    }
}

fn add_once(remarks: &mut Vec<Finding>, remark: Finding) {
    if !remarks.contains(&remark) {
        remarks.push(remark);
    }
}

/// Whether two environments have the same said of them; where in Azure it would happen is not said.
fn are_alike(one: &Review, other: &Review) -> bool {
    let plans = (&one.plan, &other.plan);
    plans.0.changes == plans.1.changes
        && plans.0.findings == plans.1.findings
        && plans.0.consents == plans.1.consents
        && plans.0.estimate_seconds == plans.1.estimate_seconds
        && (&one.noted, &one.standing, &one.mended) == (&other.noted, &other.standing, &other.mended)
        && one.affected == other.affected
}

/// The canonical YAML of everything that differs, before and after.
fn yaml(own: &Compared) -> (String, String) {
    let whole = |address: &Address| address.key().split('/').next().unwrap_or_default().to_owned();
    let changes = own.review.plan.changes.iter().chain(&own.review.noted);
    let mut keys: BTreeSet<_> = changes.map(|change| whole(&change.address)).collect();
    keys.extend(own.head.desired.moved.iter().map(|moved| whole(&moved.from)));
    let text = |desired: &Desired| {
        let mut narrow = desired.clone();
        narrow.resources.retain(|address, _| keys.contains(&whole(address)));
        config::to_yaml(&narrow)
    };
    (own.base.as_ref().map(|base| text(&base.desired)).unwrap_or_default(), text(&own.head.desired))
}

fn left_out_environments(number: usize) -> Finding {
    super::context::remark(
        "environments",
        Severity::Warning,
        format!(
            "{} beyond the first {MOST_ENVIRONMENTS}: nothing is said of them",
            count(number, "environment")
        ),
        Some("name one with --env".into()),
    )
}

fn nothing_of_its_own(Arguments { head, base, .. }: &Arguments) -> Finding {
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
            "where head left `{base}` is not known here, so head is compared with `{base}` as it is now: what was changed there since looks as if it were undone"
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
