//! What is shown of a review: which change stands first, what is said of many alike in one piece.

use std::collections::BTreeSet;

use serde_json::Value;
use similar::TextDiff;

use super::group::{self, MANY};
use super::view::AttributeView;
use super::words::{clean, count, cut, say_value};
use super::{Background, ChangeView, Group, Heading, PlanView, Section};
use crate::model::{Address, Finding, Source};
use crate::plan::{Affected, Change, Plan, Review, SettingChange};
use crate::render::json::FindingDocument;

/// A change of the files as it is shown.
#[derive(Debug)]
pub struct ReviewView<'r> {
    /// Project and, where one is asked for, environment: `contoso-cs/prod`. A comment is found again by it.
    pub subject: String,
    /// What is compared: `9f3c2ab017..41d07be3aa`.
    pub range: Range,
    /// The project's path in its repository, ended by `/`; empty at the top.
    pub folder: String,
    /// Why head does not load; nothing can be said of what it would do then.
    pub problems: Vec<FindingDocument>,
    /// What is to be known of the comparison itself.
    pub remarks: Vec<Finding>,
    /// Settings that differ, the gravest first.
    pub settings: Vec<SettingView<'r>>,
    /// The environments, alike ones as one.
    pub environments: Vec<EnvironmentReview<'r>>,
    /// Whether many alike are shown one by one.
    pub in_full: bool,
}

/// Two commits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Range {
    /// The full id of what is compared with.
    pub base: String,
    /// The full id of what is looked at.
    pub head: String,
}

/// A setting as it is shown.
#[derive(Debug)]
pub struct SettingView<'r> {
    /// Dotted path, without control characters.
    pub path: String,
    /// What it was.
    pub before: Option<&'r Value>,
    /// What it will be.
    pub after: Option<&'r Value>,
    /// What follows.
    pub why: &'static str,
    /// Where it is written.
    pub source: &'r Source,
}

/// What the change does in one environment, or in several alike.
#[derive(Debug)]
pub struct EnvironmentReview<'r> {
    /// Their names; none in a project without environments.
    pub names: Vec<String>,
    /// The comparison.
    pub review: &'r Review,
    /// The plan from base to head.
    pub plan: PlanView<'r>,
    /// What differs and is not carried out by itself.
    pub noted: Vec<ChangeView<'r>>,
    /// What rules say that they did not say before, errors first.
    pub broken: Vec<&'r Finding>,
    /// What they said before too, errors first.
    pub standing: Vec<&'r Finding>,
    /// What the plan would be over what is recorded; `None` without a record.
    pub recorded: Option<RecordedPlan>,
    /// The canonical YAML of what differs, before and after.
    pub yaml: Option<(String, String)>,
}

/// What the plan over what is recorded comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedPlan {
    /// Where the record is, as it may be shown.
    pub record: String,
    /// The plan's own last line.
    pub summary: String,
    /// How many of its findings stop it.
    pub errors: usize,
    /// What it changes beside what the review shows, sorted: somebody else's change that waits, or an apply that is due.
    pub besides: Vec<String>,
    /// What the review shows and the plan does not do, sorted.
    pub without: Vec<String>,
}

/// Texts of more lines are not compared: the time grows with the square of what differs.
const LONGEST: usize = 20_000;
/// A setting's value is shown up to here.
const LONG_VALUE: usize = 160;
/// In the headline up to here: what stands behind it must not be pushed away.
const IN_HEADLINE: usize = 80;

impl<'r> SettingView<'r> {
    /// How a setting's change is shown.
    #[must_use]
    pub fn new(change: &'r SettingChange) -> Self {
        let SettingChange { path, before, after, why, source } = change;
        Self { path: clean(path), before: before.as_ref(), after: after.as_ref(), why, source }
    }

    /// What it was and what it will be, in words of a bearable length.
    #[must_use]
    pub fn values(&self) -> (String, String) {
        let said = |value: Option<&Value>| value.map_or_else(|| "not set".to_owned(), say_value);
        (cut(&said(self.before), LONG_VALUE), cut(&said(self.after), LONG_VALUE))
    }
}

impl<'r> EnvironmentReview<'r> {
    /// How a review is shown.
    #[must_use]
    pub fn new(review: &'r Review, in_full: bool) -> Self {
        let Review { plan, noted, standing, mended: _, affected: _ } = review;
        let background = Background { in_full, ..Background::default() };
        let plan = PlanView::new(plan, background);
        let (old, new) = plan.findings.iter().copied().partition(|finding| standing.contains(*finding));
        Self {
            names: Vec::new(),
            review,
            noted: noted.iter().map(noted_view).collect(),
            broken: new,
            standing: old,
            plan,
            recorded: None,
            yaml: None,
        }
    }

    /// What it is called: `dev, prod`; `None` without environments.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        let names: Vec<_> = self.names.iter().map(|name| clean(name)).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// Whether nothing differs in meaning.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.plan.plan.is_empty() && self.noted.is_empty()
    }

    /// `1 to add, 2 to change`: what there is none of is left out; `no changes`.
    #[must_use]
    pub fn counts(&self) -> String {
        let summary = self.plan.summary;
        let parts = [
            (summary.import, "to import"),
            (summary.create + summary.replace, "to add"),
            (summary.update, "to change"),
            (summary.delete + summary.replace, "to destroy"),
            (summary.invoke, "to invoke"),
            (summary.moved, "moved"),
            (summary.forget, "to forget"),
            (self.noted.len(), "noted"),
        ];
        let said: Vec<_> = parts
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, what)| format!("{number} {what}"))
            .collect();
        if said.is_empty() { "no changes".into() } else { said.join(", ") }
    }

    /// The changes, what cannot be undone first and by how many it hits; alike ones as one.
    #[must_use]
    pub fn groups(&self) -> Vec<Group<'_>> {
        self.plan.sections.iter().flat_map(|section| self.groups_of(section)).collect()
    }

    /// What cannot be undone, what weighs most first.
    fn lost(&self) -> Vec<Group<'_>> {
        let sections = self.plan.sections.iter();
        let lost = sections.filter(|section| section.heading == Heading::CannotBeUndone);
        lost.flat_map(|section| self.groups_of(section)).collect()
    }

    fn groups_of<'v>(&'v self, section: &'v Section<'v>) -> Vec<Group<'v>> {
        let group = |changes: Vec<&'v ChangeView<'v>>| Group {
            heading: section.heading,
            affected: self.affected_by(&changes),
            changes,
        };
        let mut groups: Vec<_> = group::alike(&section.changes).into_iter().map(group).collect();
        if section.heading == Heading::CannotBeUndone {
            groups.sort_by_key(|group| std::cmp::Reverse(group.weight()));
        }
        groups
    }

    /// The labs that rest on a change.
    #[must_use]
    pub fn affected(&self, address: &str) -> Option<Affected> {
        self.review.affected.get(address).copied()
    }

    /// Of several at once it is known for labs alone: what else they have in common would be counted twice.
    fn affected_by(&self, changes: &[&ChangeView<'_>]) -> Option<Affected> {
        let of = |change: &&ChangeView<'_>| self.affected(&change.address);
        if let [change] = changes {
            return of(change);
        }
        let are_labs = changes.iter().all(|change| change.address.starts_with("Lab/"));
        let sum = |mut sum: Affected, own: Affected| {
            sum.labs += own.labs;
            sum.seats += own.seats;
            sum.published += own.published;
            sum
        };
        are_labs.then(|| changes.iter().filter_map(of).fold(Affected::default(), sum))
    }

    /// The consents that are missing, as lines for `policy.allow`.
    #[must_use]
    pub fn allowances(&self) -> Vec<String> {
        let line = |what: &str, address: &str| {
            format!("- {{ {what}: {address}, because: \"…\", until: YYYY-MM-DD }}")
        };
        let missing = self.plan.missing.iter();
        missing
            .flat_map(|consent| {
                let kinds: BTreeSet<_> = consent
                    .addresses
                    .iter()
                    .map(|address| address.split('/').next().unwrap_or_default())
                    .collect();
                let what = consent.what.as_str();
                match consent.addresses.len() < MANY {
                    true => consent.addresses.iter().map(|address| line(what, address)).collect::<Vec<_>>(),
                    false => kinds
                        .into_iter()
                        .map(|kind| {
                            let own =
                                consent.addresses.iter().filter(|own| own.starts_with(&format!("{kind}/")));
                            line(what, &format!("{kind}, atMost: {}", own.count()))
                        })
                        .collect(),
                }
            })
            .collect()
    }

    /// The lines in which the canonical YAML differs, as a unified diff; `None` where it does not, is not asked for, or is
    /// longer than anybody reads.
    #[must_use]
    pub fn unified(&self) -> Option<String> {
        let (before, after) = self.yaml.as_ref()?;
        if before.lines().count() + after.lines().count() > LONGEST {
            return None;
        }
        let diff = TextDiff::from_lines(before.as_str(), after.as_str());
        let text = diff.unified_diff().context_radius(3).header("before", "after").to_string();
        let lines: Vec<_> = text.lines().map(clean).collect();
        (!lines.is_empty()).then(|| lines.join("\n") + "\n")
    }
}

impl RecordedPlan {
    /// What a plan over the record comes to, beside what the review's own plan says.
    #[must_use]
    pub fn new(plan: &Plan, review: &Plan, record: &str) -> Self {
        let view = PlanView::new(plan, Background::default());
        let addresses = |plan: &Plan| -> BTreeSet<Address> {
            plan.changes.iter().map(|change| change.address.clone()).collect()
        };
        let (own, others) = (addresses(plan), addresses(review));
        let said = |set: std::collections::btree_set::Difference<'_, Address>| {
            set.map(|address| clean(address.as_str())).collect()
        };
        Self {
            record: clean(record),
            summary: super::terminal::summary_line(&view),
            errors: view.errors(),
            besides: said(own.difference(&others)),
            without: said(others.difference(&own)),
        }
    }
}

impl ReviewView<'_> {
    /// Project and environment for a heading: the environments stand in it where what is said is of them together.
    #[must_use]
    pub fn heading(&self) -> String {
        let project = self.subject.split('/').next().unwrap_or_default();
        let names = match &self.environments[..] {
            [own] => own.name(),
            _ => None,
        };
        match names {
            Some(names) => format!("{project}, {names}"),
            None => self.subject.clone(),
        }
    }

    /// Whether a finding stops what head asks for.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.environments.iter().any(|own| own.plan.is_refused())
    }

    /// Whether nothing differs in meaning, settings included.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.problems.is_empty()
            && self.settings.is_empty()
            && self.environments.iter().all(EnvironmentReview::is_same)
    }

    /// The one thing that a reader should know first.
    #[must_use]
    pub fn headline(&self) -> String {
        if !self.problems.is_empty() {
            let problems = count(self.problems.len(), "problem");
            return format!("Head does not load: {problems}. What it would do cannot be told.");
        }
        let mut said = Vec::new();
        if let Some(first) = self.settings.first() {
            let (before, after) = first.values();
            let (before, after) = (cut(&before, IN_HEADLINE), cut(&after, IN_HEADLINE));
            let others = match self.settings.len() - 1 {
                0 => String::new(),
                others => format!(", and {}", count(others, "more setting")),
            };
            said.push(format!(
                "A setting differs: {} {before} → {after}{others}.",
                cut(&first.path, IN_HEADLINE)
            ));
        }
        let errors: usize = self.environments.iter().map(|own| own.plan.errors()).sum();
        if errors > 0 {
            let verb = if errors == 1 { "stops" } else { "stop" };
            said.push(format!("Refused: {} {verb} it.", count(errors, "error")));
        }
        said.extend(self.worst());
        said.extend(self.lacking());
        if said.is_empty() && self.is_same() {
            said.push("No changes. What differs in the files means the same.".into());
        }
        said.join(" ")
    }

    /// That an apply would refuse it, for want of consents.
    fn lacking(&self) -> Option<String> {
        let missing = self.environments.iter().flat_map(|own| &own.plan.missing);
        let words: BTreeSet<_> = missing.map(|consent| consent.what.as_str()).collect();
        let words: Vec<_> = words.into_iter().collect();
        (!words.is_empty())
            .then(|| format!("An apply refuses it: consent is missing to {}.", words.join(", ")))
    }

    /// The change that hits most and cannot be undone, and how many such there are beside it.
    fn worst(&self) -> Option<String> {
        let lost: Vec<_> = self.environments.iter().flat_map(EnvironmentReview::lost).collect();
        let worst = lost.iter().rev().max_by_key(|group| group.weight())?;
        let others: usize = lost.iter().map(|group| group.changes.len()).sum::<usize>() - worst.changes.len();
        // What is lost for certain comes first; what hits more stands beside it.
        let seats = |group: &Group<'_>| group.affected.map_or(0, |affected| affected.seats);
        let widest =
            lost.iter().rev().max_by_key(|group| seats(group)).filter(|own| seats(own) > seats(worst));
        let widest = widest.and_then(|own| Some(format!(", {} among them ({})", own.name(), own.who()?)));
        let others = match others {
            0 => String::new(),
            others => format!(", and {others} more{}", widest.unwrap_or_default()),
        };
        let who = worst.who().map(|who| format!(" ({who})")).unwrap_or_default();
        Some(format!("Cannot be undone: {} {}{who}{others}.", worst.name(), worst.done()))
    }
}

/// `capacity 30 → 34 (why)`.
pub(super) fn said(attribute: &AttributeView<'_>) -> String {
    let value = |value: Option<&Value>| match value {
        _ if attribute.sensitive => "(sensitive)".to_owned(),
        Some(value) => say_value(value),
        None => "not set".to_owned(),
    };
    let values = match attribute.sensitive {
        true => "another one".to_owned(),
        false => format!("{} → {}", value(attribute.before), value(attribute.after)),
    };
    let why = attribute.why.map(|why| format!(" ({})", clean(why))).unwrap_or_default();
    format!("{} {values}{why}", attribute.path)
}

fn noted_view(change: &Change) -> ChangeView<'_> {
    ChangeView {
        address: clean(change.address.as_str()),
        verb: change.verb,
        source: change.source.as_ref(),
        attributes: change.attributes.iter().map(AttributeView::new).collect(),
        summary: Vec::new(),
        waits_for: Vec::new(),
        seconds: 0,
        notes: Vec::new(),
        within: Vec::new(),
    }
}
