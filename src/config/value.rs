//! One value by its shape: the normal form, or what is wrong with it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::codes::Code;
use super::error::{Mistake, Problems};
use super::fields::{self, later};
use super::near::{article, nearest, perhaps, quoted};
use super::node::{Content, Entry, Node, Scalar, Style};
use super::world::World;
use crate::catalog;
use crate::kinds::{Attribute, Shape, iso_duration, parse_duration};
use crate::model::{DefaultsLayer, Source, is_day};

/// Reads the values of one resource; keeps where each one is written.
pub(super) struct Reader<'a, 'w> {
    pub(super) world: &'a World<'w>,
    pub(super) problems: &'a mut Problems,
    pub(super) sources: BTreeMap<String, Source>,
    pub(super) defaulted: BTreeMap<String, DefaultsLayer>,
    /// Whether more may come from other layers, so that nothing is missing yet.
    pub(super) partial: bool,
}

impl<'a, 'w> Reader<'a, 'w> {
    pub(super) fn new(world: &'a World<'w>, problems: &'a mut Problems) -> Self {
        Self { world, problems, sources: BTreeMap::new(), defaulted: BTreeMap::new(), partial: false }
    }

    /// Keeps where the value of an entry is written.
    pub(super) fn note(&mut self, path: &str, entry: &Entry) {
        self.sources.insert(path.to_owned(), self.world.files.source(entry.place()));
        if let Some(layer) = entry.value.defaulted {
            self.defaulted.insert(path.to_owned(), layer);
        }
    }

    /// The normal form; `None` where something is wrong, which has been reported then.
    pub(super) fn value(&mut self, shape: &Shape, node: &Node, path: &str) -> Option<Value> {
        if node.is_broken() {
            return None;
        }
        match shape {
            Shape::Later => self.refuse(later(last(path)).on(node, "not yet")),
            Shape::Reference(reference) => self.reference(reference, node),
            Shape::EnabledImages => self.enabled_images(node),
            Shape::Credentials => self.credentials(node),
            Shape::List { item, set } => self.list(item, *set, node, path),
            Shape::Map(item) => self.map(node, path, |reader, entry, path| {
                Some((entry.key.to_string(), reader.value(item, &entry.value, path)?))
            }),
            Shape::RegionMap(item) => self.map(node, path, |reader, entry, path| {
                let key = Node::scalar(&entry.key, Style::Quoted, entry.key_place);
                let region = reader.region(&entry.key, &key);
                let value = reader.value(item, &entry.value, path);
                Some((region?.as_str()?.to_owned(), value?))
            }),
            Shape::Object(attributes) => self.object(attributes, node, path),
            Shape::Children(_) | Shape::Child(_) => None,
            _ => {
                let scalar = self.scalar(shape, node)?;
                self.leaf(shape, scalar, node, path)
            }
        }
    }

    pub(super) fn refuse(&mut self, mistake: Mistake) -> Option<Value> {
        self.problems.add(mistake);
        None
    }

    /// The scalar that a leaf needs; lists, maps and nothing are of the wrong type.
    fn scalar<'n>(&mut self, shape: &Shape, node: &'n Node) -> Option<&'n Scalar> {
        if let Some(scalar) = node.as_scalar().filter(|scalar| !scalar.is_null()) {
            let is_bool = node.sort() == "a boolean";
            if is_bool && !matches!(shape, Shape::Bool) {
                let mut mistake = fields::wrong_type(node, wanted(shape));
                if matches!(shape, Shape::Text(_)) {
                    mistake = mistake
                        .advice(format!("put it in quotes if it is meant as text: \"{}\"", scalar.text));
                }
                self.problems.add(mistake);
                return None;
            }
            return Some(scalar);
        }
        self.problems.add(fields::wrong_type(node, wanted(shape)));
        None
    }

    fn leaf(&mut self, shape: &Shape, scalar: &Scalar, node: &Node, path: &str) -> Option<Value> {
        let text = &*scalar.text;
        match shape {
            Shape::Text(rule) => match rule(text) {
                Ok(()) => Some(json!(text)),
                Err(why) => self.refuse(
                    Mistake::new(Code::BadText, format!("{} {why}", quoted(text)))
                        .on(node, "Azure refuses this"),
                ),
            },
            Shape::Bool => match scalar.as_bool() {
                Some(value) => Some(json!(value)),
                None => self.refuse(not_a_boolean(scalar, node, last(path))),
            },
            Shape::Integer { min, max } => self.integer(scalar, *min, *max, node),
            Shape::Duration { off, min_minutes, max_minutes } => {
                self.duration(text, *off, *min_minutes, *max_minutes, node)
            }
            Shape::Region => self.region(text, node),
            Shape::Geography => match catalog::geography(text) {
                Some(geography) => Some(json!(geography.name)),
                None => {
                    let names: Vec<_> =
                        catalog::geographies().iter().map(|geography| geography.name).collect();
                    let help = perhaps(text, names.iter().copied());
                    self.refuse(
                        Mistake::new(Code::BadGeography, format!("{} is no geography", quoted(text)))
                            .on(node, "not known")
                            .help(help),
                    )
                }
            },
            // A SKU stays one: whether the lab can have it is the kind's to say.
            Shape::Size => match (catalog::size(text), catalog::sku(text)) {
                (Some(size), _) => Some(json!(size.portal)),
                (None, Some(sku)) => Some(json!(sku.name)),
                (None, None) => {
                    let names = catalog::sizes().iter().map(|size| size.portal);
                    let names: Vec<_> = names.chain(catalog::skus().iter().map(|sku| sku.name)).collect();
                    let help = perhaps(text, names.iter().copied());
                    self.refuse(
                        Mistake::new(Code::BadSize, format!("{} is no VM size of labs", quoted(text)))
                            .on(node, "not known")
                            .help(help),
                    )
                }
            },
            Shape::Date if is_day(text) => Some(json!(text)),
            Shape::Date => self.refuse(
                Mistake::new(Code::BadDate, format!("{} is no day", quoted(text)))
                    .on(node, "not a day")
                    .advice("write a day of the calendar as `YYYY-MM-DD`, for example `2027-06-28`"),
            ),
            Shape::Time { off } => self.time(text, *off, node),
            Shape::TimeZone => self.time_zone(text, node),
            Shape::Version => match version(text) {
                Some(version) => Some(json!(version)),
                None => self.refuse(bad_version(text).on(node, "not three numbers")),
            },
            Shape::Choice(words) => match words.iter().find(|word| word.eq_ignore_ascii_case(text)) {
                Some(word) => Some(json!(word)),
                None => self.refuse(
                    Mistake::new(
                        Code::BadChoice,
                        format!("{} is not one of the words that fit here", quoted(text)),
                    )
                    .on(node, "not known")
                    .advice(format!("write {}", super::near::either(words.iter().copied()))),
                ),
            },
            _ => None,
        }
    }

    fn integer(&mut self, scalar: &Scalar, min: i64, max: i64, node: &Node) -> Option<Value> {
        let mistake = |code: Code, message: String| {
            let expected = format!("a whole number from {min} to {max}");
            let mistake = Mistake::new(code, message).on(node, format!("expected {expected}"));
            mistake.advice(format!("write {expected}"))
        };
        match scalar.as_integer() {
            Some(value) if (min..=max).contains(&value) => Some(json!(value)),
            Some(value) => {
                self.refuse(mistake(Code::BadNumber, format!("{value} is outside of {min} to {max}")))
            }
            None if scalar.is_number() => {
                self.refuse(mistake(Code::BadNumber, format!("{} is no whole number", quoted(&scalar.text))))
            }
            None => {
                let digits =
                    scalar.style == Style::Quoted && node.via.is_none() && scalar.text.parse::<i64>().is_ok();
                let help = digits.then(|| format!("take the quotes away: {}", scalar.text));
                let message = format!("a whole number is wanted, this is the text {}", quoted(&scalar.text));
                let mistake = mistake(Code::WrongType, message);
                self.refuse(match help {
                    Some(help) => mistake.advice(help),
                    None => mistake,
                })
            }
        }
    }

    fn duration(&mut self, text: &str, off: bool, min: u32, max: u32, node: &Node) -> Option<Value> {
        if off && text.eq_ignore_ascii_case("none") {
            return Some(json!("none"));
        }
        let mistake = |message: String| Mistake::new(Code::BadDuration, message);
        match parse_duration(text) {
            Some(minutes) if (min..=max).contains(&minutes) => Some(json!(iso_duration(minutes))),
            Some(_) => self.refuse(
                mistake(format!(
                    "{} is outside of {} to {}",
                    quoted(text),
                    plain_duration(min),
                    plain_duration(max)
                ))
                .on(node, "out of bounds")
                .advice(format!(
                    "write one from {} to {}",
                    plain_duration(min),
                    plain_duration(max)
                )),
            ),
            None => {
                let help = match text.parse::<u32>() {
                    Ok(number) => format!("write the unit: `{number}m` for minutes, `{number}h` for hours"),
                    Err(_) if off => "write `15m`, `20h` or `1h30m`; `none` switches it off".into(),
                    Err(_) => "write `15m`, `20h` or `1h30m`".into(),
                };
                self.refuse(
                    mistake(format!("{} is no duration", quoted(text)))
                        .on(node, "not a duration")
                        .advice(help),
                )
            }
        }
    }

    fn time(&mut self, text: &str, off: bool, node: &Node) -> Option<Value> {
        if off && text.eq_ignore_ascii_case("none") {
            return Some(json!("none"));
        }
        if let Some(time) = time_of_day(text) {
            return Some(json!(time));
        }
        let help = match text {
            "24:00" => "the last minute of a day is `23:59`".to_owned(),
            _ if off => "write hours and minutes, for example `09:45`; `none` is no start".to_owned(),
            _ => "write hours and minutes, for example `09:45`".to_owned(),
        };
        let mistake = Mistake::new(Code::BadTime, format!("{} is no time of day", quoted(text)));
        self.refuse(mistake.on(node, "not from `00:00` to `23:59`").advice(help))
    }

    fn time_zone(&mut self, text: &str, node: &Node) -> Option<Value> {
        if let Some(zone) = catalog::time_zone(text) {
            return Some(json!(zone.windows));
        }
        let zones = catalog::time_zones();
        let near = nearest(text, zones.iter().flat_map(|zone| [zone.windows, zone.iana]));
        let area = text.split_once('/').map(|(area, _)| format!("{area}/"));
        let there = |name: &&str| area.as_ref().is_some_and(|area| name.starts_with(area.as_str()));
        let there: Vec<_> = zones.iter().map(|zone| zone.iana).filter(there).collect();
        let help = match (&near[..], &there[..]) {
            ([], []) => "for example `W. Europe Standard Time` or `Europe/Berlin`".into(),
            ([], there) => {
                let there = super::near::either(there.iter().copied());
                format!("write the one of these whose clock is yours: {there}")
            }
            (near, _) => format!("perhaps {}?", super::near::either(near.iter().copied())),
        };
        let mistake =
            Mistake::new(Code::BadTimeZone, format!("{} is no time zone that labwright knows", quoted(text)));
        self.refuse(mistake.on(node, "not known").advice(help))
    }

    fn region(&mut self, text: &str, node: &Node) -> Option<Value> {
        if let Some(region) = catalog::region(text) {
            return Some(json!(region));
        }
        let near = nearest(text, catalog::region_names());
        let help = if near.is_empty() {
            "for example `westeurope` or `North Europe`".into()
        } else {
            format!("perhaps {}?", super::near::either(near))
        };
        self.refuse(
            Mistake::new(Code::BadRegion, format!("{} is no region of Azure", quoted(text)))
                .on(node, "not known")
                .advice(help),
        )
    }

    fn list(&mut self, item: &Shape, set: bool, node: &Node, path: &str) -> Option<Value> {
        let items = items(node, "[a, b]", self.problems)?;
        let mut found: Vec<(Value, &Node)> = Vec::with_capacity(items.len());
        let mut fine = true;
        let mut seen: BTreeMap<String, &Node> = BTreeMap::new();
        for item_node in items.iter() {
            let Some(value) = self.value(item, item_node, path) else {
                fine = false;
                continue;
            };
            if let Some(first) = seen.get(&value.to_string()) {
                self.problems.add(repeated(item_node, first));
                fine = false;
                continue;
            }
            seen.insert(value.to_string(), item_node);
            found.push((value, item_node));
        }
        let mut values: Vec<Value> = found.into_iter().map(|(value, _)| value).collect();
        if set {
            values
                .sort_by_cached_key(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
        fine.then_some(Value::Array(values))
    }

    fn map(
        &mut self,
        node: &Node,
        path: &str,
        mut read: impl FnMut(&mut Self, &Entry, &str) -> Option<(String, Value)>,
    ) -> Option<Value> {
        let mut found = Map::new();
        let mut fine = true;
        let mut places = BTreeMap::new();
        for entry in fields::map(node, "", self.problems)? {
            let inner = format!("{path}.{}", entry.key);
            let Some((key, value)) = read(self, entry, &inner) else {
                fine = false;
                continue;
            };
            self.note(&format!("{path}.{key}"), entry);
            if let Some(first) = places.insert(key.clone(), entry.key_place) {
                self.problems.add(
                    Mistake::new(Code::Repeated, format!("{} stands here twice", quoted(&key)))
                        .at(entry.key_place, "again")
                        .at(first, "first here")
                        .advice("take one of them away"),
                );
                fine = false;
            }
            found.insert(key, value);
        }
        fine.then_some(Value::Object(found))
    }

    fn object(&mut self, attributes: &'static [Attribute], node: &Node, path: &str) -> Option<Value> {
        let example: Vec<_> = attributes
            .iter()
            .take(2)
            .map(|attribute| format!("{}: {}", attribute.name, attribute.example))
            .collect();
        let entries = fields::map(node, &format!("{{ {} }}", example.join(", ")), self.problems)?;
        let mut found = Map::new();
        let mut fine = true;
        for entry in entries {
            let Some(attribute) = attributes.iter().find(|attribute| attribute.name == &*entry.key) else {
                let known: Vec<_> = attributes.iter().map(|attribute| attribute.name).collect();
                self.problems
                    .add_with(|| fields::unknown_key(entry, &quoted(last(path)), known.iter().copied()));
                fine = false;
                continue;
            };
            let inner = format!("{path}.{}", entry.key);
            self.note(&inner, entry);
            match self.value(&attribute.shape, &entry.value, &inner) {
                Some(value) => {
                    found.insert(attribute.name.into(), value);
                }
                None => fine = false,
            }
        }
        for attribute in attributes.iter().filter(|attribute| attribute.required && !self.partial) {
            if node.get(attribute.name).is_none() {
                self.problems.add(
                    Mistake::new(
                        Code::MissingAttribute,
                        format!("`{}` is missing in `{}`", attribute.name, last(path)),
                    )
                    .on(node, format!("has no `{}`", attribute.name))
                    .advice(format!("add `{}: {}`", attribute.name, attribute.example)),
                );
                fine = false;
            }
        }
        fine.then_some(Value::Object(found))
    }
}

/// The last part of a dotted path.
fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// The items of a list, or of a cell.
pub(super) fn items<'n>(node: &'n Node, example: &str, problems: &mut Problems) -> Option<Cow<'n, [Node]>> {
    match split_cell(node) {
        Some(items) => Some(Cow::Owned(items)),
        None => fields::list(node, example, problems).map(Cow::Borrowed),
    }
}

/// The items of a cell: a list splits at `;`.
pub(super) fn split_cell(node: &Node) -> Option<Vec<Node>> {
    let scalar = node.as_scalar().filter(|scalar| scalar.style == Style::Cell)?;
    let parts = scalar.text.split(';').map(str::trim).filter(|part| !part.is_empty());
    let item = |part: &str| Node {
        content: Content::Scalar(Scalar { text: part.into(), style: Style::Cell }),
        ..node.clone()
    };
    Some(parts.map(item).collect())
}

/// Reports a name that stands twice in a list.
pub(super) fn repeated(again: &Node, first: &Node) -> Mistake {
    let text = again.as_text().unwrap_or_default();
    let mistake = Mistake::new(Code::Repeated, format!("{} stands twice in the list", quoted(text)))
        .on(again, "again")
        .advice("take one of them away");
    if first.place == again.place { mistake } else { mistake.at(first.place, "first here") }
}

fn not_a_boolean(scalar: &Scalar, node: &Node, name: &str) -> Mistake {
    let help = match scalar.text.to_ascii_lowercase().as_str() {
        "yes" | "on" | "y" | "enabled" | "1" => "write `true`",
        "no" | "off" | "n" | "disabled" | "0" | "none" => "write `false`",
        "true" | "false" => "take the quotes away",
        _ => "write `true` or `false`",
    };
    // Whoever takes `sharedPassword` for the password has written it there.
    let what = match name.to_ascii_lowercase().contains("password") {
        true => node.sort().to_owned(),
        false => quoted(&scalar.text),
    };
    let message = format!("a boolean is wanted, this is {what}");
    Mistake::new(Code::WrongType, message).on(node, "expected `true` or `false`").advice(help)
}

/// `Major.Minor.Patch` without leading zeros; `None` for what is none.
pub(super) fn version(text: &str) -> Option<String> {
    let number = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse::<u32>().ok().filter(|number| *number <= 2_147_483_647)).flatten()
    };
    let numbers = text.split('.').map(number).collect::<Option<Vec<_>>>()?;
    let [major, minor, patch] = numbers.as_slice() else { return None };
    Some(format!("{major}.{minor}.{patch}"))
}

/// `09:45` of `9:45` or `09:45`; `None` for what is no time of day.
fn time_of_day(text: &str) -> Option<String> {
    let (hour, minute) = text.split_once(':')?;
    let number = |part: &str, digits: std::ops::RangeInclusive<usize>| {
        let fits = digits.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| part.parse::<u8>().ok()).flatten()
    };
    let (hour, minute) = (number(hour, 1..=2)?, number(minute, 2..=2)?);
    (hour < 24 && minute < 60).then(|| format!("{hour:02}:{minute:02}"))
}

/// Reports a version that is none.
pub(super) fn bad_version(text: &str) -> Mistake {
    let help = match text.trim_start_matches(['v', 'V']).split('.').collect::<Vec<_>>().as_slice() {
        [major, minor] if version(&format!("{major}.{minor}.0")).is_some() => {
            format!("perhaps `{major}.{minor}.0`?")
        }
        [major, minor, patch] if version(&format!("{major}.{minor}.{patch}")).is_some() => {
            format!("perhaps `{major}.{minor}.{patch}`?")
        }
        _ => "versions are three numbers, `Major.Minor.Patch`, for example `1.4.0`".into(),
    };
    Mistake::new(Code::BadVersion, format!("{} is no version", quoted(text))).advice(help)
}

fn plain_duration(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("`{minutes}m`"),
        (hours, 0) => format!("`{hours}h`"),
        (hours, minutes) => format!("`{hours}h{minutes}m`"),
    }
}

/// What a shape takes, in words.
fn wanted(shape: &Shape) -> &'static str {
    match shape {
        Shape::Bool => "`true` or `false`",
        Shape::Integer { .. } => "a whole number",
        Shape::Duration { .. } => "a duration such as `15m`",
        Shape::Region => "a region",
        Shape::Geography => "a geography",
        Shape::Size => "a VM size",
        Shape::Date => "a day",
        Shape::Time { .. } => "a time of day such as `09:45`",
        Shape::TimeZone => "a time zone",
        Shape::Version => "a version",
        Shape::Choice(_) => "a word",
        _ => "a text",
    }
}

/// A kind with its article: `a Lab`, `an Image`.
pub(super) fn one(kind: &str) -> String {
    format!("{} {kind}", article(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_has_one_normal_form() {
        for (text, normal) in [
            ("9:45", Some("09:45")),
            ("00:00", Some("00:00")),
            ("23:59", Some("23:59")),
            ("24:00", None),
            ("12:60", None),
            ("12:5", None),
            ("12", None),
            ("012:00", None),
            ("+9:00", None),
            ("12:00:00", None),
            ("9.45", None),
        ] {
            assert_eq!(time_of_day(text).as_deref(), normal, "{text}");
        }
    }

    #[test]
    fn a_version_is_three_numbers() {
        assert_eq!(version("1.04.0").as_deref(), Some("1.4.0"));
        for text in ["1.4", "1.4.0.0", "v1.4.0", "1..0", "1.4.-1", "1.4.99999999999", ""] {
            assert_eq!(version(text), None, "{text}");
        }
    }
}
