//! What runs have to themselves, as text.

use super::page::{BOLD, DIM, Line, Look, PLAIN, Page};
use crate::render::LeaseView;
use crate::render::words::{clean, count};

/// Who has what to itself, the oldest first; `in_full` with every address.
#[must_use]
pub fn leases(leases: &[LeaseView], in_full: bool, look: Look) -> String {
    let mut page = Page::new(look);
    if leases.is_empty() {
        page.line(Line::new().then(PLAIN, "Nothing is held: no run is under way."));
    }
    for LeaseView { holder, lease } in leases {
        let run = lease.run.map_or_else(|| "no run begun".to_owned(), |run| format!("run {run}"));
        page.paragraph(
            Line::new().then(BOLD, format!("{}  ", clean(&lease.id))),
            PLAIN,
            &format!("{run}, {}", clean(holder)),
        );
        for (what, addresses) in [("changes", &lease.changes), ("rests on", &lease.reads)] {
            if addresses.is_empty() {
                continue;
            }
            let text = match in_full {
                true => addresses.iter().map(|address| clean(address)).collect::<Vec<_>>().join(", "),
                false => count(addresses.len(), "resource"),
            };
            page.paragraph(Line::new().then(PLAIN, format!("    {what}  ")), DIM, &text);
        }
    }
    if !leases.is_empty() && !in_full {
        page.line(Line::new().then(DIM, "-v names them"));
    }
    page.finish()
}
