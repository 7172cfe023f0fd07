//! One view, many formats; the format never decides what is said.

use super::json::{self, DriftDocument, FindingDocument, PlanDocument, ReviewDocument};
use super::terminal::{self, Look};
use super::{DriftView, Notices, PlanView, ReviewView, junit, markdown, notice, pipeline, sarif};

/// The formats of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// For people at a terminal.
    #[default]
    Text,
    /// For machines.
    Json,
    /// For a comment.
    Markdown,
    /// For code scanning.
    Sarif,
    /// For readers of test results.
    Junit,
    /// GitHub's workflow commands.
    Github,
    /// Azure Pipelines' logging commands.
    AzureDevops,
}

/// Something that is reported.
pub trait Report {
    /// For people at a terminal.
    fn text(&self, look: Look) -> String;
    /// One JSON document.
    fn json(&self, exit_code: u8) -> String;
    /// One comment.
    fn markdown(&self) -> String;
    /// Each thing by itself, with its place below `folder`: the project's path in its repository.
    fn notices(&self, folder: &str) -> Notices;
}

/// What a report is written with.
pub struct Writing<'w> {
    /// How text looks.
    pub look: Look,
    /// The process's exit code.
    pub exit_code: u8,
    /// The project's path in its repository, ended by `/`, or empty.
    pub folder: &'w str,
    /// What a rule means, where that is known.
    pub explain: &'w dyn Fn(&str) -> Option<String>,
}

/// A report in one format.
#[must_use]
pub fn written(report: &dyn Report, format: Format, writing: &Writing<'_>) -> String {
    let notices = || report.notices(writing.folder);
    match format {
        Format::Text => report.text(writing.look),
        Format::Json => report.json(writing.exit_code),
        Format::Markdown => report.markdown(),
        Format::Sarif => sarif::sarif(&notices(), writing.folder, writing.explain),
        Format::Junit => junit::junit(&notices()),
        Format::Github => pipeline::github(&notices()),
        Format::AzureDevops => pipeline::azure_devops(&notices()),
    }
}

impl Report for PlanView<'_> {
    fn text(&self, look: Look) -> String {
        terminal::plan(self, look)
    }

    fn json(&self, exit_code: u8) -> String {
        json::text(&PlanDocument::new("plan", exit_code, self))
    }

    fn markdown(&self) -> String {
        markdown::plan(self)
    }

    fn notices(&self, folder: &str) -> Notices {
        notice::of_plan("plan", self, folder)
    }
}

impl Report for DriftView<'_> {
    fn text(&self, look: Look) -> String {
        terminal::drift(self, look)
    }

    fn json(&self, exit_code: u8) -> String {
        json::text(&DriftDocument::new(exit_code, self))
    }

    fn markdown(&self) -> String {
        markdown::drift(self)
    }

    fn notices(&self, folder: &str) -> Notices {
        notice::of_drift(self, folder)
    }
}

impl Report for ReviewView<'_> {
    fn text(&self, look: Look) -> String {
        terminal::review(self, look)
    }

    fn json(&self, exit_code: u8) -> String {
        json::text(&ReviewDocument::new(exit_code, self))
    }

    fn markdown(&self) -> String {
        markdown::review(self)
    }

    fn notices(&self, folder: &str) -> Notices {
        notice::of_review(self, folder)
    }
}

/// Findings and nothing else: what `validate` says, and every command that fails.
#[derive(Debug)]
pub struct FindingsReport {
    /// The command.
    pub command: String,
    /// What a comment is found again by: `contoso-cs/prod`; empty where the project's name is not known.
    pub subject: String,
    /// The result in one line.
    pub verdict: String,
    /// What is found.
    pub findings: Vec<FindingDocument>,
    /// As text; empty where people were told already.
    pub text: String,
    /// As JSON, in the shape of the command.
    pub json: String,
}

impl Report for FindingsReport {
    fn text(&self, _look: Look) -> String {
        self.text.clone()
    }

    fn json(&self, _exit_code: u8) -> String {
        self.json.clone()
    }

    fn markdown(&self) -> String {
        markdown::findings(&self.command, &self.subject, &self.verdict, &self.findings)
    }

    fn notices(&self, folder: &str) -> Notices {
        let title = if self.subject.is_empty() { "labwright".to_owned() } else { self.subject.clone() };
        let mut notices = Notices {
            command: self.command.clone(),
            title,
            summary: self.verdict.clone(),
            notices: Vec::new(),
        };
        self.findings.iter().for_each(|finding| notices.finding(finding, folder));
        notices
    }
}
