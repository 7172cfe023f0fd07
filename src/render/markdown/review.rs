//! A review as a comment.

use super::sheet::Sheet;
use super::{LIMIT, code, escape, marker, prose};
use crate::model::{Finding, Severity};
use crate::plan::Verb;
use crate::render::graph;
use crate::render::view::rows;
use crate::render::words::{count, few, say_seconds, short};
use crate::render::{EnvironmentReview, Group, Heading, PlanView, ReviewView};

/// What may stand behind everything else.
const RESERVED: usize = 2000;
/// A graph of more actions is no help.
const SMALL_GRAPH: usize = 20;

/// The whole review.
#[must_use]
pub fn review(view: &ReviewView<'_>) -> String {
    let mut sheet = Sheet::new(LIMIT, RESERVED);
    sheet.line(&marker("review", &view.subject));
    let one = match &view.environments[..] {
        [own] => Some(own),
        _ => None,
    };
    let counts = one.map(|own| format!(": {}", own.counts())).unwrap_or_default();
    sheet.line(&format!("### labwright · {}{counts}", prose(&view.heading())));
    sheet.gap();
    let headline = view.headline();
    if !headline.is_empty() {
        sheet.line(&format!("**{}**", escape(&headline)));
        sheet.gap();
    }
    write_settings(&mut sheet, view);
    write_problems(&mut sheet, view);
    for own in &view.environments {
        if one.is_none() {
            let name = own.name().unwrap_or_default();
            sheet.line(&format!("#### {}: {}", prose(&name), own.counts()));
            sheet.gap();
        }
        write_environment(&mut sheet, own);
    }
    let remarks: Vec<_> = view.remarks.iter().map(finding_line).collect();
    sheet.block("", &remarks, "", |left| format!("- … and {left} more"));
    let (base, head) = (short(&view.range.base), short(&view.range.head));
    let below = match view.folder.trim_end_matches('/') {
        "" => String::new(),
        folder => format!(" Files are below {}.", code(folder)),
    };
    sheet.finish(&format!(
        "\n<sub>{base}..{head}, read from git. No credentials used, Azure not read.{below}</sub>\n"
    ))
}

fn write_settings(sheet: &mut Sheet, view: &ReviewView<'_>) {
    let row = |setting: &crate::render::SettingView<'_>| {
        let (before, after) = setting.values();
        format!(
            "| {} | {} → {} | {} | {} |",
            code(&setting.path),
            code(&before),
            code(&after),
            prose(setting.why),
            code(&setting.source.to_string())
        )
    };
    let rows: Vec<_> = view.settings.iter().map(row).collect();
    let open = "| ⚠️ setting of the project | | what follows | where |\n|---|---|---|---|";
    sheet.block(open, &rows, "", |left| format!("| … and {left} more | | | |"));
}

fn write_problems(sheet: &mut Sheet, view: &ReviewView<'_>) {
    let line = |problem: &crate::render::json::FindingDocument| {
        let place = problem
            .source
            .as_ref()
            .map(|place| format!(" {}", code(&format!("{}:{}", place.file, place.line))));
        let help = problem.help.as_ref().map(|help| format!(" → {}", prose(help))).unwrap_or_default();
        format!("- ❌{} {}{help}", place.unwrap_or_default(), prose(&problem.message))
    };
    let lines: Vec<_> = view.problems.iter().map(line).collect();
    sheet.block("", &lines, "", |left| format!("- … and {left} more"));
}

fn write_environment(sheet: &mut Sheet, own: &EnvironmentReview<'_>) {
    let groups = own.groups();
    let first: Vec<_> = groups.iter().filter(|group| group.heading <= Heading::ToDestroy).collect();
    let lines: Vec<_> = first.iter().map(|group| row(group)).collect();
    let open = "| | Read these first | who is hit | where |\n|---|---|---|---|";
    sheet.block(open, &lines, "", |left| format!("| | … and {left} more | | |"));
    write_broken(sheet, own);
    write_consents(sheet, own);
    write_facts(sheet, own);
    for heading in [Heading::ToChange, Heading::ToAdd, Heading::ToDo, Heading::RecordOnly] {
        let groups: Vec<_> = groups.iter().filter(|group| group.heading == heading).collect();
        let number: usize = groups.iter().map(|group| group.changes.len()).sum();
        let lines: Vec<_> = groups.iter().map(|group| format!("- {}", line(group))).collect();
        collapsed(sheet, &format!("{}: {number}", heading.as_str()), &lines);
    }
    let noted: Vec<_> = own
        .noted
        .iter()
        .map(|change| {
            let said: Vec<_> = change.attributes.iter().map(crate::render::review::said).collect();
            format!("- {}: {}{}", code(&change.address), prose(&said.join("; ")), at(change.source))
        })
        .collect();
    collapsed(sheet, &format!("Noted, not carried out by itself: {}", noted.len()), &noted);
    let standing: Vec<_> = own.standing.iter().map(|finding| finding_line(finding)).collect();
    collapsed(sheet, &format!("Rules, as before: {}", standing.len()), &standing);
    write_graph(sheet, &own.plan);
    if let Some(diff) = own.unified() {
        write_diff(sheet, &diff);
    }
}

/// One line of the table of what to read first.
fn row(group: &Group<'_>) -> String {
    let who = group.who().map(|who| format!("**{}**", prose(&who))).unwrap_or_default();
    let notes = match group.changes.len() {
        1 => group.first().notes.join("; "),
        _ => few(&group.changes.iter().map(|change| change.address.clone()).collect::<Vec<_>>()),
    };
    let differences = group.differences().join("; ");
    let seconds = group.first().seconds;
    let time = if seconds >= 3600 { format!("about {}", say_seconds(seconds)) } else { String::new() };
    let details: Vec<_> = [differences, notes, time]
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(|text| prose(&text))
        .collect();
    let details = if details.is_empty() { String::new() } else { format!("<br>{}", details.join("<br>")) };
    format!(
        "| {} | **{} {}**{details} | {who} | {} |",
        sign(group.first().verb),
        code(&group.name()),
        group.done(),
        group.place().map(|place| code(&place.to_string())).unwrap_or_else(|| "in no file".into())
    )
}

/// One line of a list.
fn line(group: &Group<'_>) -> String {
    let mut told = group.differences();
    if group.changes.len() == 1 {
        told.extend(group.first().notes.iter().cloned());
    }
    let told = if told.is_empty() { String::new() } else { format!(": {}", prose(&told.join("; "))) };
    let is_lab = group.first().address.starts_with("Lab/") && group.changes.len() == 1;
    let who = group.who().filter(|_| !is_lab).map(|who| format!(" ({})", prose(&who))).unwrap_or_default();
    let keys: Vec<_> = group.changes.iter().map(|change| change.address.clone()).collect();
    let keys = if keys.len() > 1 { format!(": {}", prose(&few(&keys))) } else { String::new() };
    format!("{} {}{told}{who}{keys}{}", sign(group.first().verb), code(&group.name()), at(group.place()))
}

fn at(place: Option<&crate::model::Source>) -> String {
    place.map(|place| format!(" · {}", code(&place.to_string()))).unwrap_or_default()
}

/// The sign of a verb, where no colour tells.
fn sign(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "➕",
        Verb::Update | Verb::Keep => "✏️",
        Verb::Replace => "♻️",
        Verb::Delete => "🗑️",
        Verb::Import => "📥",
        Verb::Move => "➡️",
        Verb::Forget => "📤",
        Verb::Invoke => "▶️",
    }
}

fn write_broken(sheet: &mut Sheet, own: &EnvironmentReview<'_>) {
    let lines: Vec<_> = own.broken.iter().map(|finding| finding_line(finding)).collect();
    sheet.block("", &lines, "", |left| format!("- … and {left} more"));
    let mended: Vec<_> =
        own.review.mended.iter().map(|finding| format!("- ✅ mended: {}", told(finding))).collect();
    sheet.block("", &mended, "", |left| format!("- … and {left} more"));
}

/// One finding in a list.
pub(super) fn finding_line(finding: &Finding) -> String {
    let sign = match finding.severity {
        Severity::Error => "❌",
        Severity::Warning => "⚠️",
        Severity::Info => "ℹ️",
    };
    let end = if finding.message.ends_with(['?', '.']) { "" } else { "." };
    let help = finding.help.as_ref().map(|help| format!("{end} → {}", prose(help))).unwrap_or_default();
    format!("- {sign} {}{help}{}", told(finding), at(finding.source.as_ref()))
}

fn told(finding: &Finding) -> String {
    format!("{} {}", code(&finding.rule), prose(&finding.message))
}

fn write_consents(sheet: &mut Sheet, own: &EnvironmentReview<'_>) {
    let words: Vec<_> = own.plan.missing.iter().map(|consent| consent.what.as_str()).collect();
    if words.is_empty() {
        return;
    }
    // Keys of the language hold nothing that ends a fence.
    let lines: Vec<_> = own.allowances().iter().map(|line| format!("    {line}")).collect();
    let words = words.join(", ");
    let open = format!("❌ **Consent missing: {words}.** If it is meant:\n\n```yaml\npolicy:\n  allow:");
    sheet.block(&open, &lines, "```\n", |left| format!("    # … and {left} more"));
}

/// Time, and what the plan would be over the record.
fn write_facts(sheet: &mut Sheet, own: &EnvironmentReview<'_>) {
    let plan = &own.plan;
    if plan.plan.estimate_seconds >= 60 {
        let path: Vec<_> = plan.critical_path.iter().map(|part| part.what.clone()).collect();
        let path = if path.is_empty() { String::new() } else { format!(": {}", path.join(" → ")) };
        sheet.line(&format!("⏱ about {}{}", say_seconds(plan.plan.estimate_seconds), prose(&path)));
        sheet.gap();
    }
    if let Some(recorded) = &own.recorded {
        let refused = if recorded.errors > 0 { " It is refused." } else { "" };
        let besides = match recorded.besides.is_empty() {
            true => String::new(),
            false => format!(" Also waits there, not of this change: {}.", few(&recorded.besides)),
        };
        let text =
            format!("Over what is recorded in {}: {}{refused}{besides}", recorded.record, recorded.summary);
        sheet.line(&prose(&text));
        sheet.gap();
    }
}

/// Lines behind a summary that opens them; nothing where there are none.
pub(super) fn collapsed(sheet: &mut Sheet, summary: &str, lines: &[String]) {
    let open = format!("<details><summary>{}</summary>\n", prose(summary));
    sheet.block(&open, lines, "\n</details>\n", |left| format!("- … and {left} more"));
}

/// The graph of a plan's actions where it is small enough to be read.
pub(super) fn write_graph(sheet: &mut Sheet, view: &PlanView<'_>) {
    let actions = view.plan.actions.len();
    let has_edges = view.plan.actions.iter().any(|action| !action.needs.is_empty());
    if actions > SMALL_GRAPH || !has_edges {
        return;
    }
    let graph = graph::mermaid(view.plan);
    let whole = format!(
        "<details><summary>What waits for what: {}</summary>\n\n```mermaid\n{graph}```\n\n</details>\n",
        count(actions, "action")
    );
    sheet.line(&whole);
}

/// A difference of texts. Its fence is longer than any within it.
fn write_diff(sheet: &mut Sheet, diff: &str) {
    let runs = diff.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((runs + 1).max(3));
    let lines: Vec<_> = diff.lines().map(str::to_owned).collect();
    let open = format!("<details><summary>The configuration, before and after</summary>\n\n{fence}diff");
    let close = format!("{fence}\n\n</details>\n");
    sheet.block(&open, &lines, &close, |left| format!("… {left} more lines"));
}

/// Attributes in one line each, entries of maps together.
pub(super) fn attribute_lines(attributes: &[crate::render::AttributeView<'_>]) -> Vec<String> {
    use crate::render::Difference;
    let said = |(path, difference, attribute): (String, Difference, &crate::render::AttributeView<'_>)| {
        match difference {
            Difference::Items { items, .. } => {
                let items: Vec<_> =
                    items.iter().map(|item| format!("{} {}", item.sign.as_str(), item.text)).collect();
                format!("{path} {}", items.join(", "))
            }
            _ => crate::render::review::said(attribute),
        }
    };
    rows(attributes).into_iter().map(said).collect()
}
