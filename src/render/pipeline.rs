//! Notices as commands of pipelines: GitHub's workflow commands, Azure Pipelines' logging commands.
//!
//! Only what somebody should look at becomes an annotation; the rest is in the report's last line.

use super::{Notice, Notices};
use crate::model::Severity;

/// GitHub's workflow commands. Source: docs.github.com, "Workflow commands"; the runner's own escapes.
#[must_use]
pub(super) fn github(notices: &Notices) -> String {
    let mut lines: Vec<String> = important(notices).map(github_line).collect();
    let title = github_property(&format!("labwright {}", notices.command));
    lines.push(format!("::notice title={title}::{}", github_data(&said(notices))));
    lines.join("\n") + "\n"
}

fn github_line(notice: &Notice) -> String {
    let word = match notice.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let mut properties = Vec::new();
    if let Some((file, line, column)) = &notice.place {
        properties.push(format!("file={},line={line},col={column}", github_property(file)));
    }
    properties.push(format!("title={}", github_property(&notice.rule)));
    format!("::{word} {}::{}", properties.join(","), github_data(&whole(notice)))
}

/// Azure Pipelines' logging commands. Source: learn.microsoft.com, "Logging commands"; the agent's own escapes.
#[must_use]
pub(super) fn azure_devops(notices: &Notices) -> String {
    let mut lines: Vec<String> = important(notices).map(azure_line).collect();
    lines.push(format!("##[section]{}", azure_data(&said(notices))));
    lines.join("\n") + "\n"
}

fn azure_line(notice: &Notice) -> String {
    let word = if notice.severity == Severity::Error { "error" } else { "warning" };
    let mut properties = format!("type={word};");
    if let Some((file, line, column)) = &notice.place {
        let file = azure_property(file);
        properties = format!("{properties}sourcepath={file};linenumber={line};columnnumber={column};");
    }
    properties = format!("{properties}code={};", azure_property(&notice.rule));
    format!("##vso[task.logissue {properties}]{}", azure_data(&whole(notice)))
}

fn important(notices: &Notices) -> impl Iterator<Item = &Notice> {
    notices.notices.iter().filter(|notice| notice.is_important)
}

fn said(notices: &Notices) -> String {
    format!("{}: {}", notices.title, notices.summary)
}

fn whole(notice: &Notice) -> String {
    match &notice.help {
        Some(help) => format!("{}\nhelp: {help}", notice.message),
        None => notice.message.clone(),
    }
}

/// Escapes a message of GitHub's; `##[` would begin a command of the old sort.
fn github_data(text: &str) -> String {
    apart(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn github_property(text: &str) -> String {
    github_data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Escapes a message of Azure Pipelines'.
fn azure_data(text: &str) -> String {
    apart(text).replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A")
}

fn azure_property(text: &str) -> String {
    azure_data(text).replace(';', "%3B").replace(']', "%5D")
}

/// Keeps two number signs apart: `##vso[` and `##[` begin commands wherever they stand in a line.
fn apart(text: &str) -> String {
    let mut apart = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '#' && apart.ends_with('#') {
            apart.push(' ');
        }
        apart.push(c);
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evil() -> Notices {
        let notice = Notice {
            rule: format!("{}::{}", "a", "b"),
            severity: Severity::Error,
            message: "x\n::set-output name=a::b ##vso[task.setvariable variable=a]b %0A".into(),
            address: None,
            place: Some(("a,b;c]:d.yaml".into(), 2, 3)),
            help: None,
            is_important: true,
        };
        let (command, title, summary) = ("plan".into(), "t".into(), "Plan: x.\n##[error]y".into());
        Notices { command, title, summary, notices: vec![notice] }
    }

    #[test]
    fn a_name_begins_no_command_of_github() {
        let expected = "::error file=a%2Cb;c]%3Ad.yaml,line=2,col=3,title=a%3A%3Ab::x%0A::set-output name=a::b # #vso[task.setvariable variable=a]b %250A\n::notice title=labwright plan::t: Plan: x.%0A# #[error]y\n";
        assert_eq!(github(&evil()), expected);
    }

    #[test]
    fn a_name_begins_no_command_of_azure_pipelines() {
        let expected = "##vso[task.logissue type=error;sourcepath=a,b%3Bc%5D:d.yaml;linenumber=2;columnnumber=3;code=a::b;]x%0A::set-output name=a::b # #vso[task.setvariable variable=a]b %AZP250A\n##[section]t: Plan: x.%0A# #[error]y\n";
        assert_eq!(azure_devops(&evil()), expected);
    }
}
