//! What a report says, one thing at a time with its place: for pipelines, code scanning and test readers.

use super::review::said;
use super::words::clean;
use super::{ChangeView, DriftView, Heading, PlanView, ReviewView};
use crate::model::{Severity, Source};
use crate::plan::Verb;
use crate::render::json::FindingDocument;

/// One thing that is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// A rule's id, a guard's name, a diagnostic's code, or `change-replace` and the like.
    pub rule: String,
    /// Its weight.
    pub severity: Severity,
    /// What is the matter, in one line.
    pub message: String,
    /// The resource it speaks of.
    pub address: Option<String>,
    /// File, line and column, the file relative to the repository's root.
    pub place: Option<(String, u32, u32)>,
    /// What to do next.
    pub help: Option<String>,
    /// Whether somebody should look before it happens; what is not is left out where there is little room.
    pub is_important: bool,
}

/// Everything that a report says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notices {
    /// The command: `plan`.
    pub command: String,
    /// What it is about: `contoso-cs, prod`.
    pub title: String,
    /// The result in one line: `Plan: 3 to add, 1 to change, 0 to destroy.`
    pub summary: String,
    /// The notices, in the report's order.
    pub notices: Vec<Notice>,
}

impl Notices {
    /// Adds what a finding says; `folder` is the project's path in its repository, ended by `/`, or empty.
    pub fn finding(&mut self, finding: &FindingDocument, folder: &str) {
        let FindingDocument { rule, severity, message, address, source, help } = finding;
        self.notices.push(Notice {
            rule: clean(rule),
            severity: *severity,
            message: clean(message),
            address: address.as_deref().map(clean),
            place: source
                .as_ref()
                .map(|source| (format!("{folder}{}", clean(&source.file)), source.line, source.column)),
            help: help.as_deref().map(clean),
            is_important: *severity > Severity::Info,
        });
    }

    /// Adds what a change does; what cannot be undone is a warning.
    pub fn change(&mut self, change: &ChangeView<'_>, heading: Heading, folder: &str) {
        let is_important = heading == Heading::CannotBeUndone || change.verb == Verb::Delete;
        self.notices.push(Notice {
            rule: format!("change-{}", change.verb.as_str()),
            severity: if is_important { Severity::Warning } else { Severity::Info },
            message: told(change),
            address: Some(change.address.clone()),
            place: change.source.map(|source| placed(source, folder)),
            help: None,
            is_important,
        });
    }
}

fn placed(source: &Source, folder: &str) -> (String, u32, u32) {
    (format!("{folder}{}", clean(&source.file)), source.line, source.column)
}

/// `Lab/a is replaced: size Small → Medium; its VMs are deleted`.
fn told(change: &ChangeView<'_>) -> String {
    let mut parts: Vec<String> = match change.verb {
        Verb::Create | Verb::Invoke => change.summary.clone(),
        _ => change.attributes.iter().map(said).collect(),
    };
    parts.extend(change.notes.iter().cloned());
    let done = done(change);
    match parts.is_empty() {
        true => format!("{} {done}", change.address),
        false => format!("{} {done}: {}", change.address, parts.join("; ")),
    }
}

/// What a change does to its resource, in words.
pub(super) fn done(change: &ChangeView<'_>) -> &'static str {
    let is_again = change
        .attributes
        .iter()
        .any(|attribute| attribute.path == "revision" && attribute.before.is_some_and(|before| *before != 0));
    match change.verb {
        Verb::Keep => "is noted",
        Verb::Create => "is created",
        Verb::Update => "is changed",
        Verb::Replace => "is replaced",
        Verb::Delete => "is deleted",
        Verb::Import => "is imported",
        Verb::Move => "is moved",
        Verb::Forget => "is forgotten",
        Verb::Invoke if is_again => "is done again",
        Verb::Invoke => "is done",
    }
}

/// What a plan says.
pub(super) fn of_plan(command: &str, view: &PlanView<'_>, folder: &str) -> Notices {
    let summary = super::terminal::summary_line(view);
    let mut notices =
        Notices { command: command.into(), title: view.title.clone(), summary, notices: Vec::new() };
    let findings = view.remarks.iter().chain(view.findings.iter().copied());
    findings.for_each(|finding| notices.finding(&finding.into(), folder));
    for section in &view.sections {
        section.changes.iter().for_each(|change| notices.change(change, section.heading, folder));
    }
    notices
}

/// What drift says.
pub(super) fn of_drift(view: &DriftView<'_>, folder: &str) -> Notices {
    let mut notices = Notices {
        command: "drift".into(),
        title: view.title.clone(),
        summary: super::terminal::drift_line(view),
        notices: Vec::new(),
    };
    view.remarks.iter().chain(&view.unread).for_each(|finding| notices.finding(&finding.into(), folder));
    for change in &view.changes {
        let differs: Vec<_> = change.attributes.iter().map(said).collect();
        let message = match change.gone {
            true => format!("{} is gone from Azure", change.address),
            false => format!("{} is not as recorded: {}", change.address, differs.join("; ")),
        };
        notices.notices.push(Notice {
            rule: if change.gone { "drift-gone".into() } else { "drift-changed".into() },
            severity: Severity::Warning,
            message,
            address: Some(change.address.clone()),
            place: change.source.as_ref().map(|source| placed(source, folder)),
            help: None,
            is_important: true,
        });
    }
    notices
}

/// What a review says.
pub(super) fn of_review(view: &ReviewView<'_>, folder: &str) -> Notices {
    let counts: Vec<_> = view
        .environments
        .iter()
        .map(|own| match own.name() {
            Some(name) => format!("{name}: {}", own.counts()),
            None => own.counts(),
        })
        .collect();
    let summary = [view.headline(), counts.join("; ")].into_iter().filter(|text| !text.is_empty());
    let mut notices = Notices {
        command: "review".into(),
        title: view.subject.clone(),
        summary: summary.collect::<Vec<_>>().join(" "),
        notices: Vec::new(),
    };
    for setting in &view.settings {
        let (before, after) = setting.values();
        notices.notices.push(Notice {
            rule: "setting".into(),
            severity: Severity::Warning,
            message: format!("the setting {}: {before} → {after}; {}", setting.path, setting.why),
            address: None,
            place: Some(placed(setting.source, folder)),
            help: None,
            is_important: true,
        });
    }
    view.problems.iter().for_each(|problem| notices.finding(problem, folder));
    view.remarks.iter().for_each(|remark| notices.finding(&remark.into(), folder));
    for own in &view.environments {
        let findings = own.broken.iter().chain(&own.standing).copied();
        findings.for_each(|finding| notices.finding(&finding.into(), folder));
        for section in &own.plan.sections {
            section.changes.iter().for_each(|change| notices.change(change, section.heading, folder));
        }
        own.noted.iter().for_each(|change| notices.change(change, Heading::ToChange, folder));
    }
    notices
}
