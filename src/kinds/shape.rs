//! The table's vocabulary: what an attribute may be, and what its change means.

use serde_json::Value;

use crate::model::ArmId;

/// One attribute that a user may write.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// Its key in the files.
    pub name: &'static str,
    /// What it may be.
    pub shape: Shape,
    /// What a change of it means.
    pub on_change: OnChange,
    /// Whether it must be written in some layer.
    pub required: bool,
    /// One sentence for schemas and completions.
    pub doc: &'static str,
    /// A value, as YAML in one line.
    pub example: &'static str,
}

/// What a change of an attribute means to a resource that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnChange {
    /// It is changed in place.
    Update,
    /// It is immutable: the resource is deleted and made anew.
    Replace,
    /// It is used at creation only and never compared.
    CreateOnly,
    /// It is immutable and a replacement makes no sense: refused with this way out.
    Refused(&'static str),
    /// It is handed on to other resources while the files are read and is no attribute of its own.
    Inherited,
}

/// Accepts a text, or says what is wrong with it: `holds `x`, which …`, to be put behind the text itself.
pub type TextRule = fn(&str) -> Result<(), String>;

/// What a value may be. Every shape has one normal form.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Text that the function accepts; otherwise it says why not. Normal form: the text.
    Text(TextRule),
    /// A boolean.
    Bool,
    /// A whole number within bounds, both included.
    Integer {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// `15m`, `20h`, `1h30m`, or ISO 8601 `PT15M`; `none` where `off`. Normal form: ISO 8601 in hours and minutes (`PT1H30M`), or `none`.
    Duration {
        /// Whether `none` means explicitly off.
        off: bool,
        /// The shortest, in minutes.
        min_minutes: u32,
        /// The longest, in minutes.
        max_minutes: u32,
    },
    /// A region in any spelling. Normal form: `westeurope`.
    Region,
    /// A geography's name in any case. Normal form: as in the catalogue (`Europe`).
    Geography,
    /// A VM size by portal name or API name. Normal form: the portal name.
    Size,
    /// A day, `YYYY-MM-DD`.
    Date,
    /// A time of day, `9:45` or `09:45`, or `none` where `off`. Normal form: `09:45`, or `none`.
    Time {
        /// Whether `none` means explicitly off.
        off: bool,
    },
    /// A time zone by its name on Windows or in the IANA database. Normal form: that on Windows.
    TimeZone,
    /// `Major.Minor.Patch`. Normal form: without leading zeros.
    Version,
    /// One of these words, in any case. Normal form: as listed.
    Choice(&'static [&'static str]),
    /// A reference. Normal form: `Kind/key`, `Marketplace/name` or `{"id": "/subscriptions/…"}`.
    Reference(Reference),
    /// Credentials, by name or inline. Normal form: `{"username": …, "password": {"env": …}}`.
    Credentials,
    /// The images of an attachment: a list, `{including: [...]}` or `all`. Normal form: the same, references sorted.
    EnabledImages,
    /// A list of this shape; repeats are errors. Normal form: sorted where `set`, else as written.
    List {
        /// The shape of an item.
        item: &'static Shape,
        /// Whether the order means nothing.
        set: bool,
    },
    /// A map from free text to this shape.
    Map(&'static Shape),
    /// A map from region (any spelling) to this shape. Normal form: keys as `westeurope`.
    RegionMap(&'static Shape),
    /// A map with these keys.
    Object(&'static [Attribute]),
    /// Children of this kind, a map by name; each becomes the resource `Kind/parent-key/name`.
    Children(&'static str),
    /// One child of this kind; it becomes the resource `Kind/parent-key`.
    Child(&'static str),
    /// Known to the language and not built yet: refused by name.
    Later,
}

/// What a reference may name.
#[derive(Debug, Clone, Copy)]
pub struct Reference {
    /// The kinds it admits; with one, a bare key is enough.
    pub kinds: &'static [&'static str],
    /// Whether `Marketplace/NAME` is admitted.
    pub marketplace: bool,
    /// The types in ARM of what labwright does not manage and `{ id: /subscriptions/… }` may name: those of which
    /// everything that is needed follows from the id, or can be read when it is needed. None: only keys are admitted.
    pub unmanaged: &'static [&'static str],
}

/// A reference to a managed resource of one of these kinds and nothing else.
#[must_use]
pub(super) const fn managed(kinds: &'static [&'static str]) -> Shape {
    named(kinds, &[])
}

/// A reference to a managed resource of one of these kinds, or by its id to one of these types.
#[must_use]
pub(super) const fn named(kinds: &'static [&'static str], unmanaged: &'static [&'static str]) -> Shape {
    Shape::Reference(Reference { kinds, marketplace: false, unmanaged })
}

/// What may be written on every resource, beside its kind's own attributes.
///
/// Shape: key and the sentence that documents it. Their meaning is the planner's and the loader's, not the kinds'.
pub const MANAGED_BY_ALL: &[(&str, &str)] = &[
    ("name", "The name in Azure; the key where it is not written."),
    ("id", "Its id in Azure, in place of `name`, `resourceGroup` and `subscription`."),
    ("subscription", "A name of `subscriptions:` or a GUID; the project's where it is not written."),
    ("protect", "Refuses every plan that deletes or replaces this, until it is set to false and applied."),
    ("adopt", "It exists already: an apply reads and records it as it is, and changes nothing of it."),
    ("ignoreChanges", "Attributes that are sent at creation only; later edits are noted, not carried out."),
    ("dependsOn", "More addresses that must be there first."),
    ("forEach", "One resource for each row of a list, a matrix or a CSV file."),
];

impl Attribute {
    /// An attribute that is optional and updated in place.
    #[must_use]
    pub const fn new(name: &'static str, shape: Shape, doc: &'static str, example: &'static str) -> Self {
        Self { name, shape, on_change: OnChange::Update, required: false, doc, example }
    }

    /// The same with another meaning of its change.
    #[must_use]
    pub const fn on_change(self, on_change: OnChange) -> Self {
        Self { on_change, ..self }
    }

    /// The same, but it must be written.
    #[must_use]
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }
}

impl Shape {
    /// Whether a dotted path, the attribute's own name first, ends at an entry of a map: absent is none.
    #[must_use]
    pub fn is_entry(&self, path: &str) -> bool {
        let Some((_, rest)) = path.split_once('.') else { return false };
        match self {
            Self::Map(_) | Self::RegionMap(_) => true,
            Self::Object(attributes) => {
                let name = rest.split('.').next().unwrap_or(rest);
                let inner = attributes.iter().find(|attribute| attribute.name == name);
                inner.is_some_and(|attribute| attribute.shape.is_entry(rest))
            }
            _ => false,
        }
    }

    /// Calls `found` with the address of each managed resource that `value`, in normal form, refers to.
    pub fn each_reference(&self, value: &Value, found: &mut dyn FnMut(&str)) {
        match self {
            Self::Reference(_) => reference_text(value).into_iter().for_each(found),
            Self::EnabledImages => {
                let list = value.get("including").unwrap_or(value);
                list.as_array().into_iter().flatten().filter_map(reference_text).for_each(found);
            }
            Self::List { item, .. } => {
                value.as_array().into_iter().flatten().for_each(|value| item.each_reference(value, found));
            }
            Self::Map(item) | Self::RegionMap(item) => {
                value
                    .as_object()
                    .into_iter()
                    .flatten()
                    .for_each(|(_, value)| item.each_reference(value, found));
            }
            Self::Object(attributes) => {
                for attribute in attributes.iter().filter(|attribute| attribute.shape.may_refer()) {
                    if let Some(value) = value.get(attribute.name) {
                        attribute.shape.each_reference(value, found);
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether a value of this shape can refer to a managed resource.
    #[must_use]
    pub fn may_refer(&self) -> bool {
        match self {
            Self::Reference(_) | Self::EnabledImages => true,
            Self::List { item, .. } | Self::Map(item) | Self::RegionMap(item) => item.may_refer(),
            Self::Object(attributes) => attributes.iter().any(|attribute| attribute.shape.may_refer()),
            _ => false,
        }
    }
}

/// The text of a reference to a managed resource; `None` for a marketplace image or an unmanaged id.
#[must_use]
pub fn reference_text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.starts_with("Marketplace/"))
}

/// The id that a reference to what labwright does not manage has.
#[must_use]
pub fn reference_id(value: &Value) -> Option<ArmId> {
    Some(ArmId::new(value.get("id")?.as_str()?))
}

/// What a reference names, in the one spelling by which two of them are compared; `None` for a marketplace image.
#[must_use]
pub fn reference_key(value: &Value) -> Option<String> {
    let id = || Some(reference_id(value)?.as_str().to_lowercase());
    reference_text(value).map(str::to_owned).or_else(id)
}

/// Any text.
pub(super) fn any(_text: &str) -> Result<(), String> {
    Ok(())
}

/// A text of between `min` and `max` characters.
pub(super) fn length(text: &str, min: usize, max: usize) -> Result<(), String> {
    match text.chars().count() {
        count if count < min => Err(format!("is shorter than {min} characters")),
        count if count > max => Err(format!("is {count} characters long; at most {max} are allowed")),
        _ => Ok(()),
    }
}

/// An id of a resource in Azure.
pub(super) fn resource_id(text: &str) -> Result<(), String> {
    if text.starts_with("/subscriptions/") && text.split('/').count() >= 5 {
        Ok(())
    } else {
        Err("is no id of a resource in Azure; ids start with `/subscriptions/`".into())
    }
}

/// Letters, digits and `others`, a letter or digit at both ends, 1 to `max` characters.
pub(super) fn identifier(text: &str, others: &str, max: usize) -> Result<(), String> {
    if let Some(bad) = text.chars().find(|c| !c.is_ascii_alphanumeric() && !others.contains(*c)) {
        let others: Vec<String> = others.chars().map(|c| format!("`{c}`")).collect();
        return Err(format!("holds `{bad}`; letters, digits and {} are allowed", others.join(", ")));
    }
    length(text, 1, max)?;
    let ends = [text.chars().next(), text.chars().next_back()];
    if ends.into_iter().flatten().all(|c| c.is_ascii_alphanumeric()) {
        Ok(())
    } else {
        Err("must start and end with a letter or a digit".into())
    }
}

/// The minutes of `15m`, `20h`, `1h30m`, `2d` or ISO 8601 (`PT15M`, `P1DT16H`); `None` for anything else.
#[must_use]
pub fn parse_duration(text: &str) -> Option<u32> {
    let upper = text.to_ascii_uppercase();
    let rest = match upper.strip_prefix('P') {
        Some(iso) => iso.replacen('T', "", 1),
        None => upper,
    };
    let mut minutes: u32 = 0;
    let mut number = String::new();
    let mut units = "DHMS".chars();
    for c in rest.chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        units.find(|unit| *unit == c)?;
        let value: u32 = number.parse().ok()?;
        let factor = match c {
            'D' => 24 * 60,
            'H' => 60,
            'M' => 1,
            _ if value.is_multiple_of(60) => {
                minutes = minutes.checked_add(value / 60)?;
                number.clear();
                continue;
            }
            _ => return None,
        };
        minutes = minutes.checked_add(value.checked_mul(factor)?)?;
        number.clear();
    }
    (number.is_empty() && !rest.is_empty()).then_some(minutes)
}

/// The normal form of a duration: ISO 8601 in hours and minutes.
#[must_use]
pub fn iso_duration(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("PT{minutes}M"),
        (hours, 0) => format!("PT{hours}H"),
        (hours, minutes) => format!("PT{hours}H{minutes}M"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_in_every_spelling_have_one_normal_form() {
        for (text, normal) in [
            ("15m", "PT15M"),
            ("20h", "PT20H"),
            ("1h30m", "PT1H30M"),
            ("PT60M", "PT1H"),
            ("P1DT16H", "PT40H"),
            ("90m", "PT1H30M"),
        ] {
            assert_eq!(parse_duration(text).map(iso_duration).as_deref(), Some(normal), "{text}");
        }
        for text in ["", "15", "m", "15x", "1m2h", "PT", "-5m", "99999999999h"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
