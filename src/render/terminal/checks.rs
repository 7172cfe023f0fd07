//! What was looked at, as text.

use super::page::{BOLD, DIM, GREEN, Line, Look, PLAIN, Page, RED, YELLOW};
use crate::model::{Advice, Check, Verdict};
use crate::render::words::{clean, quoted, width};

/// Checks one below the other, each with what mends it; commands stand whole, to be pasted.
#[must_use]
pub fn checks(checks: &[Check], look: Look) -> String {
    let mut page = Page::new(look);
    let column = checks.iter().map(|check| width(&clean(&check.subject))).max().unwrap_or_default();
    for Check { subject, verdict, detail, advice } in checks {
        let (sign, style) = match verdict {
            Verdict::Good => ("✓", GREEN),
            Verdict::Unknown => ("?", YELLOW),
            Verdict::Doubtful => ("!", YELLOW),
            Verdict::Bad => ("✗", RED),
        };
        let subject = clean(subject);
        let blanks = " ".repeat(column - width(&subject) + 2);
        let head = Line::new().then(style, format!("{sign} ")).then(BOLD, subject).then(PLAIN, blanks);
        page.paragraph(head, PLAIN, &clean(detail));
        let Some(Advice { who, commands }) = advice else { continue };
        let colon = if commands.is_empty() { "" } else { ":" };
        page.paragraph(Line::new().then(PLAIN, "    "), DIM, &format!("{}{colon}", clean(who)));
        for command in commands {
            page.line(Line::new().then(PLAIN, format!("      {}", pasted(command))));
        }
    }
    page.finish()
}

/// A command as it is pasted into a shell.
pub(in crate::render) fn pasted(command: &[String]) -> String {
    command.iter().map(|word| quoted(clean(word).as_ref())).collect::<Vec<_>>().join(" ")
}
