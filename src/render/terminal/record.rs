//! What is recorded, as text.

use serde_json::Value;

use super::page::{BOLD, DIM, Line, Look, PLAIN, Page};
use crate::model::{Address, Recorded, Row, Unfinished};
use crate::render::words::{clean, say_value, width};

/// Every recorded resource: address, what protects it, and its id in Azure.
#[must_use]
pub fn records(recorded: &Recorded, look: Look) -> String {
    let mut page = Page::new(look);
    for (address, row) in &recorded.rows {
        let line = Line::new().then(PLAIN, clean(address.as_str()));
        page.line(if row.protect { line.then(DIM, "  protected") } else { line });
    }
    page.finish()
}

/// One recorded resource with everything that is known of it.
#[must_use]
pub fn record(address: &Address, row: &Row, look: Look) -> String {
    let Row { arm_id, attributes, outputs, depends_on, protect, ignored, unfinished } = row;
    let mut page = Page::new(look);
    let line = Line::new().then(BOLD, clean(address.as_str()));
    page.line(if *protect { line.then(DIM, "  protected") } else { line });
    page.paragraph(Line::new().then(PLAIN, "  "), DIM, &clean(arm_id.as_str()));
    section(&mut page, "Managed", attributes);
    section(&mut page, "Set by Azure", outputs);
    if !depends_on.is_empty() {
        page.gap();
        page.line(Line::new().then(BOLD, "Depends on"));
        depends_on
            .iter()
            .for_each(|address| page.line(Line::new().then(PLAIN, format!("  {}", clean(address.as_str())))));
    }
    if !ignored.is_empty() {
        page.gap();
        page.line(Line::new().then(BOLD, "Not compared"));
        ignored.iter().for_each(|path| page.line(Line::new().then(PLAIN, format!("  {}", clean(path)))));
    }
    if let Some(unfinished) = unfinished {
        let text = match unfinished {
            Unfinished::Creation => "its creation failed".to_owned(),
            Unfinished::Steps(left) => left.join(", "),
        };
        page.gap();
        page.line(Line::new().then(BOLD, "Unfinished"));
        page.paragraph(Line::new().then(PLAIN, "  "), PLAIN, &clean(&text));
    }
    page.finish()
}

fn section(page: &mut Page, heading: &str, values: &serde_json::Map<String, Value>) {
    if values.is_empty() {
        return;
    }
    page.gap();
    page.line(Line::new().then(BOLD, heading));
    let column = values.keys().map(|name| width(name)).max().unwrap_or(0);
    for (name, value) in values {
        let head = Line::new().then(PLAIN, format!("  {:column$}  ", clean(name)));
        page.paragraph(head, PLAIN, &say_value(value));
    }
}
