//! Everything that is known of one resource, as text.

use super::page::{BOLD, DIM, Line, Look, PLAIN, Page, YELLOW};
use crate::model::{Address, DefaultsLayer, Resource, Severity, Source};
use crate::plan::{Explained, ExplainedAttribute, Verb};
use crate::render::words::{clean, say_value, width};

/// The resource, its values with their layers, its rules, and what it rests on. `environment` is the project's.
#[must_use]
pub fn explained(explained: &Explained<'_>, environment: Option<&str>, look: Look) -> String {
    let mut page = Page::new(look);
    let Explained {
        address,
        resource,
        row,
        next,
        summary,
        attributes,
        unmanaged,
        rules,
        depends_on,
        needed_by,
        section,
    } = explained;
    let head = Line::new().then(BOLD, clean(address.as_str()));
    page.line_at(head, resource.map(|own| &own.source));
    if !summary.is_empty() {
        page.paragraph(Line::new().then(PLAIN, "  "), PLAIN, &clean(&summary.join(", ")));
    }
    let stands = match (resource, row) {
        (Some(_), Some(row)) => clean(row.arm_id.as_str()),
        (Some(_), None) => format!("Not recorded: {}.", happens(*next)),
        (None, Some(row)) => format!("{}, recorded and no longer in the files", clean(row.arm_id.as_str())),
        (None, None) => String::new(),
    };
    page.paragraph(Line::new().then(PLAIN, "  "), DIM, &stands);
    page.gap();
    page.line(Line::new().then(BOLD, "Values"));
    let column = attributes.iter().map(|own| width(&indented(&own.path))).max().unwrap_or(0);
    let layers = Layers { section, environment };
    let mut above = "";
    for own in attributes {
        let map = own.path.rsplit_once('.').map_or("", |(map, _)| map);
        if map != above && !map.is_empty() {
            page.line(Line::new().then(PLAIN, format!("  {}", clean(&indented(map)))));
        }
        above = map;
        value(&mut page, own, column, row.is_some(), layers);
    }
    words(&mut page, "Not managed: no layer says anything of these", unmanaged.iter().copied());
    if let Some(own) = resource {
        says(&mut page, own, layers);
    }
    page.gap();
    page.line(Line::new().then(BOLD, "Rules"));
    if rules.is_empty() {
        page.line(Line::new().then(PLAIN, "  none looks at a resource of this kind"));
    }
    let (silent, speaking): (Vec<_>, Vec<_>) = rules.iter().partition(|(_, findings)| findings.is_empty());
    if !silent.is_empty() {
        let silent: Vec<_> = silent.iter().map(|(rule, _)| clean(rule)).collect();
        let text = format!("{} looked and have nothing to say", silent.join(", "));
        page.paragraph(Line::new().then(PLAIN, "  "), PLAIN, &text);
    }
    for (rule, findings) in speaking {
        for finding in findings {
            let style = if finding.severity == Severity::Info { PLAIN } else { YELLOW };
            let head = Line::new().then(PLAIN, format!("  {:7} ", clean(rule)));
            page.paragraph_at(head, style, &clean(&finding.message), finding.source.as_ref());
        }
    }
    words(&mut page, "Rests on", depends_on.iter().map(Address::as_str));
    words(&mut page, "Needed by", needed_by.iter().map(Address::as_str));
    page.finish()
}

/// What becomes of a resource of which nothing is recorded.
fn happens(next: Option<Verb>) -> &'static str {
    match next {
        Some(Verb::Import) => "the next apply reads and records what exists",
        Some(Verb::Invoke) => "the next apply does it",
        Some(_) => "the next apply makes it",
        None => "nothing is to be done about it yet",
    }
}

/// What the files say of a resource that no request carries.
fn says(page: &mut Page, own: &Resource, layers: Layers<'_>) {
    let ignored = || format!("{}: sent when it is made, not compared", own.ignore_changes.join(", "));
    let said = [
        ("protect", own.protect.map(|protect| protect.to_string())),
        ("adopt", own.adopt.then(|| own.adopt.to_string())),
        ("ignoreChanges", (!own.ignore_changes.is_empty()).then(ignored)),
    ];
    let said: Vec<_> = said.into_iter().filter_map(|(key, text)| Some((key, text?))).collect();
    if said.is_empty() {
        return;
    }
    page.gap();
    page.line(Line::new().then(BOLD, "Says as well"));
    let column = said.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    for (key, text) in said {
        let head = Line::new().then(PLAIN, format!("  {key:column$}  "));
        let layer = own.defaulted.get(key).copied();
        let place = own.sources.get(key).map(|source| layers.said(source, layer));
        page.paragraph_with(head, PLAIN, &clean(&text), place.as_deref());
    }
}

/// The last part of a path, as far to the right as it is deep.
fn indented(path: &str) -> String {
    let last = path.rsplit('.').next().unwrap_or(path);
    "  ".repeat(path.matches('.').count()) + last
}

/// What layers of defaults are called after.
#[derive(Debug, Clone, Copy)]
struct Layers<'a> {
    section: &'a str,
    environment: Option<&'a str>,
}

impl Layers<'_> {
    /// `defaults.labs, labwright.yaml:19:5`; a place alone is the resource's own.
    fn said(self, source: &Source, layer: Option<DefaultsLayer>) -> String {
        let place = clean(&source.to_string());
        let Some(DefaultsLayer { of_environment, of_section }) = layer else { return place };
        let owner = match self.environment.filter(|_| of_environment) {
            Some(environment) => format!("environments.{}.", clean(environment)),
            None => String::new(),
        };
        let part = if of_section { self.section } else { "all" };
        format!("{owner}defaults.{part}, {place}")
    }
}

fn value(
    page: &mut Page,
    own: &ExplainedAttribute<'_>,
    column: usize,
    is_recorded: bool,
    layers: Layers<'_>,
) {
    let ExplainedAttribute { path, desired, recorded, source, layer } = own;
    let head = Line::new().then(PLAIN, format!("  {:column$}  ", clean(&indented(path))));
    let text = match (desired, recorded) {
        (Some(desired), Some(recorded)) if desired != recorded => {
            format!("{}, recorded {}", say_value(desired), say_value(recorded))
        }
        (Some(desired), None) if is_recorded => format!("{}, not recorded", say_value(desired)),
        (Some(desired), _) => say_value(desired),
        (None, Some(recorded)) => format!("{} as recorded, in no file", say_value(recorded)),
        (None, None) => String::new(),
    };
    let style = if *desired == *recorded || !is_recorded { PLAIN } else { YELLOW };
    let place = source.map(|source| layers.said(source, *layer));
    page.paragraph_with(head, style, &text, place.as_deref());
}

/// A heading with what stands under it, where there is anything.
fn words<'a>(page: &mut Page, heading: &str, items: impl Iterator<Item = &'a str>) {
    let items: Vec<_> = items.map(clean).collect();
    if !items.is_empty() {
        page.gap();
        page.line(Line::new().then(BOLD, heading));
        page.paragraph(Line::new().then(PLAIN, "  "), PLAIN, &items.join(", "));
    }
}
