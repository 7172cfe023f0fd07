//! The JSON Schema of the files, from the kinds' tables: editors complete and check with it.

use serde_json::{Map, Value, json};

use super::sections::OTHERS;
use super::settings::SETTINGS;
use super::{policy, sections, timetables};
use crate::catalog;
use crate::kinds::{Attribute, KindInfo, MANAGED_BY_ALL, Shape, kind};
use crate::model::AllowedWhat;

/// The schema of every YAML file of a project.
///
/// It knows no other file and no layer, so nothing is required in it, and references are any text.
#[must_use]
pub fn schema() -> Value {
    let mut properties = Map::new();
    for (name, doc) in SETTINGS {
        properties.insert((*name).into(), documented(setting(name), doc));
    }
    for (name, doc) in OTHERS {
        properties.insert((*name).into(), documented(other(name), doc));
    }
    for (section, kind) in sections() {
        let info = kind.info();
        let blocks = json!({ "type": ["object", "null"], "additionalProperties": resource(info) });
        properties.insert(section.into(), documented(blocks, info.doc));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "labwright configuration",
        "description": "A YAML file of a labwright project; settings stand in labwright.yaml alone.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "$defs": {
            "expression": {
                "description": "A value of `$(name)`: a variable, `with` or the row of `forEach`.",
                "type": "string",
                "pattern": "\\$\\(",
            },
            "credentials": credentials(),
            "timeZone": time_zone(),
            "guid": { "type": "string", "pattern": "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$" },
        },
    })
}

fn documented(mut schema: Value, doc: &str) -> Value {
    if let Some(map) = schema.as_object_mut() {
        map.insert("description".into(), json!(doc));
    }
    schema
}

/// A resource's block, or a part of one in defaults.
fn resource(info: &KindInfo) -> Value {
    let mut properties = attributes(info.attributes, None);
    for (name, doc) in MANAGED_BY_ALL {
        if *name != "name" || info.name_rule.is_some() {
            properties.insert((*name).into(), documented(general(name), doc));
        }
    }
    json!({ "type": ["object", "null"], "properties": properties, "additionalProperties": false })
}

/// A child's block: what follows from where it stands is not written.
fn child(name: &str, parent: &[Attribute]) -> Value {
    let Some(info) = kind(name).map(|kind| kind.info()) else { return json!({}) };
    let mut properties = attributes(info.attributes, Some(parent));
    let general_keys: &[&str] =
        if info.invoked { &["dependsOn"] } else { &["id", "protect", "adopt", "ignoreChanges", "dependsOn"] };
    for (key, doc) in MANAGED_BY_ALL.iter().filter(|(key, _)| general_keys.contains(key)) {
        properties.insert((*key).into(), documented(general(key), doc));
    }
    json!({ "type": ["object", "null"], "description": info.doc, "properties": properties, "additionalProperties": false })
}

/// The attributes of a table; of a child without the reference back to the kind that has `parent`.
fn attributes(all: &'static [Attribute], parent: Option<&[Attribute]>) -> Map<String, Value> {
    let parent = parent.and_then(|parent| {
        sections().map(|(_, kind)| kind.info()).find(|info| std::ptr::eq(info.attributes, parent))
    });
    let is_written = |attribute: &&Attribute| {
        parent.is_none_or(|parent| !super::expand::is_back_reference(&attribute.shape, parent.name))
    };
    all.iter()
        .filter(is_written)
        .map(|attribute| (attribute.name.to_owned(), attribute_schema(attribute, all)))
        .collect()
}

fn attribute_schema(attribute: &Attribute, siblings: &'static [Attribute]) -> Value {
    let required = if attribute.required { " Required." } else { "" };
    let mut schema = json!({
        "description": format!("{}{required}", attribute.doc),
        "examples": [attribute.example],
    });
    let own = match attribute.shape {
        Shape::Later => {
            schema["description"] = json!(format!("{} Comes with a later version.", attribute.doc));
            json!({ "not": {} })
        }
        Shape::Children(of) => {
            let children = json!({ "type": ["object", "null"], "additionalProperties": child(of, siblings) });
            match of {
                timetables::KIND => json!({ "anyOf": [children, names()] }),
                _ => children,
            }
        }
        Shape::Child(of) => child(of, siblings),
        shape => {
            json!({ "anyOf": [shape_schema(&shape), { "$ref": "#/$defs/expression" }, { "type": "null" }] })
        }
    };
    merge(own, schema)
}

/// Names, one or several.
fn names() -> Value {
    let name = json!({ "type": "string" });
    json!({ "anyOf": [name, { "type": "array", "items": name, "uniqueItems": true }] })
}

/// A timetable: what its events share may also stand on each of them.
fn timetable() -> Value {
    let is_event = |attribute: &Attribute| matches!(attribute.shape, Shape::Children(timetables::KIND));
    let mut tables = sections().map(|(_, kind)| kind.info().attributes);
    let parent = tables.find(|table| table.iter().any(is_event)).unwrap_or_default();
    let event = child(timetables::KIND, parent);
    let mut properties: Map<String, Value> = timetables::SHARED
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), event["properties"].get(*name)?.clone())))
        .collect();
    let events = json!({ "type": "object", "additionalProperties": event, "minProperties": 1 });
    properties
        .insert("events".into(), documented(events, "Events by name; that is the schedule's name in Azure."));
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// Names that editors complete; any letter case will do, and a few that IANA gave later.
fn time_zone() -> Value {
    let names = catalog::time_zones().iter().flat_map(|zone| [zone.windows, zone.iana]);
    json!({ "anyOf": [{ "enum": names.collect::<Vec<_>>() }, { "type": "string" }] })
}

fn merge(mut base: Value, over: Value) -> Value {
    if let (Some(base), Value::Object(over)) = (base.as_object_mut(), over) {
        base.extend(over);
    }
    base
}

fn shape_schema(shape: &Shape) -> Value {
    let with_expression = |schema: Value| json!({ "anyOf": [schema, { "$ref": "#/$defs/expression" }] });
    match shape {
        Shape::Text(_) => json!({ "type": ["string", "number"] }),
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Integer { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Shape::Duration { off, .. } => {
            let none = if *off { "|[Nn][Oo][Nn][Ee]" } else { "" };
            json!({ "type": "string", "pattern": format!("^([Pp]?[Tt]?([0-9]+[DdHhMmSsTt]+)+{none})$") })
        }
        Shape::Region => {
            let names: Vec<_> = catalog::region_names().collect();
            json!({ "anyOf": [{ "enum": names }, { "type": "string", "pattern": "[A-Z ]" }] })
        }
        Shape::Geography => {
            let names: Vec<_> = catalog::geographies().iter().map(|geography| geography.name).collect();
            json!({ "anyOf": [{ "enum": names }, { "type": "string" }] })
        }
        Shape::Size => {
            let names: Vec<_> = catalog::sizes().iter().map(|size| size.portal).collect();
            json!({ "anyOf": [{ "enum": names }, { "type": "string" }] })
        }
        Shape::Date => json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }),
        Shape::Version => json!({ "type": "string", "pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+$" }),
        Shape::Choice(words) => {
            let any_case: Vec<_> = words.iter().map(|word| case_pattern(word)).collect();
            json!({ "anyOf": [{ "enum": words }, { "type": "string", "pattern": format!("^({})$", any_case.join("|")) }] })
        }
        Shape::Reference(own) if own.unmanaged.is_empty() => json!({ "type": ["string", "number"] }),
        Shape::Reference(_) => {
            let by_id = json!({
                "type": "object",
                "description": "What is not in the files, by its id in Azure.",
                "properties": { "id": id() },
                "required": ["id"],
                "additionalProperties": false,
            });
            json!({ "anyOf": [{ "type": ["string", "number"] }, by_id] })
        }
        Shape::Credentials => json!({ "anyOf": [{ "type": "string" }, { "$ref": "#/$defs/credentials" }] }),
        Shape::EnabledImages => {
            let list = json!({ "type": "array", "items": { "type": "string" }, "uniqueItems": true });
            let including = json!({ "type": "object", "properties": { "including": list }, "required": ["including"], "additionalProperties": false });
            json!({ "anyOf": [list, including, { "const": "all" }] })
        }
        Shape::List { item, .. } => {
            json!({ "type": "array", "items": with_expression(shape_schema(item)), "uniqueItems": true })
        }
        Shape::Map(item) | Shape::RegionMap(item) => {
            json!({ "type": "object", "additionalProperties": { "anyOf": [shape_schema(item), { "$ref": "#/$defs/expression" }, { "type": "null" }] } })
        }
        Shape::Object(own) => {
            json!({ "type": "object", "properties": attributes(own, None), "additionalProperties": false })
        }
        Shape::Time { off } => {
            let none = if *off { "|[Nn][Oo][Nn][Ee]" } else { "" };
            json!({ "type": "string", "pattern": format!("^(([01]?[0-9]|2[0-3]):[0-5][0-9]{none})$") })
        }
        Shape::TimeZone => json!({ "$ref": "#/$defs/timeZone" }),
        Shape::Children(_) | Shape::Child(_) | Shape::Later => json!({}),
    }
}

/// The id of something in Azure.
fn id() -> Value {
    json!({ "anyOf": [
        { "type": "string", "pattern": "^/[Ss][Uu][Bb][Ss][Cc][Rr][Ii][Pp][Tt][Ii][Oo][Nn][Ss]/" },
        { "$ref": "#/$defs/expression" },
    ] })
}

/// A regular expression for a word in any letter case.
fn case_pattern(word: &str) -> String {
    word.chars()
        .map(|c| match (c.to_ascii_uppercase(), c.to_ascii_lowercase()) {
            (upper, lower) if upper != lower => format!("[{upper}{lower}]"),
            _ => c.to_string(),
        })
        .collect()
}

fn credentials() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "type": "object",
        "properties": {
            "username": { "type": "string", "description": "The user name; it cannot be changed later." },
            "password": {
                "description": "Where the password is; never the password.",
                "type": "object",
                "properties": { "env": text, "file": text, "keyVault": text },
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": false,
            },
        },
        "required": ["username", "password"],
        "additionalProperties": false,
    })
}

/// What every resource may say.
fn general(name: &str) -> Value {
    let texts = json!({ "type": "array", "items": { "type": "string" }, "uniqueItems": true });
    match name {
        "protect" | "adopt" => {
            json!({ "anyOf": [{ "type": "boolean" }, { "$ref": "#/$defs/expression" }, { "type": "null" }] })
        }
        "ignoreChanges" | "dependsOn" => texts,
        "id" => json!({ "anyOf": [id(), { "type": "null" }] }),
        "forEach" => json!({
            "type": "object",
            "properties": {
                "rows": { "type": "array", "items": { "type": "object" }, "description": "Rows, each a map of values." },
                "matrix": { "type": "object", "additionalProperties": { "type": "array" }, "description": "Every combination of these lists." },
                "csv": { "type": "string", "description": "A CSV file, relative to this one; its first line names the columns." },
                "with": { "type": "object", "description": "Values that all rows share." },
                "allowEmpty": { "type": "boolean", "description": "Whether no row is fine." },
            },
            "additionalProperties": false,
        }),
        _ => json!({ "type": ["string", "number", "null"] }),
    }
}

fn setting(name: &str) -> Value {
    let texts = json!({ "type": "array", "items": { "type": "string" } });
    match name {
        "cloud" => cloud(),
        "subscriptions" => json!({ "type": "object", "additionalProperties": guid_or_env() }),
        "environments" => json!({ "type": ["object", "null"], "additionalProperties": environment() }),
        "include" | "exclude" => texts,
        "variables" => {
            json!({ "type": "object", "additionalProperties": { "type": ["string", "number", "boolean"] } })
        }
        "defaults" => defaults(),
        "policy" => policy_schema(),
        _ => json!({ "type": "string" }),
    }
}

fn guid_or_env() -> Value {
    let env = json!({ "type": "object", "properties": { "env": { "type": "string" } }, "required": ["env"], "additionalProperties": false });
    json!({ "anyOf": [{ "$ref": "#/$defs/guid" }, env] })
}

fn cloud() -> Value {
    let azure = json!({
        "type": "object",
        "properties": {
            "subscription": { "type": "string", "description": "A name of `subscriptions`, or a GUID." },
            "tenant": guid_or_env(),
            "endpoint": { "type": "string", "examples": ["https://management.azure.com"] },
            "authority": { "type": "string" },
            "auth": { "enum": ["default", "client-secret", "workload", "managed", "cli"] },
            "ca": { "type": "string", "description": "A file with another trusted CA." },
        },
        "additionalProperties": false,
    });
    json!({ "anyOf": [{ "const": "emulator" }, { "type": "object", "properties": { "azure": azure }, "required": ["azure"], "additionalProperties": false }] })
}

fn environment() -> Value {
    let names = ["variables", "defaults", "include", "exclude", "cloud", "state"];
    let properties: Map<String, Value> =
        names.into_iter().map(|name| (name.to_owned(), setting(name))).collect();
    json!({ "type": ["object", "null"], "properties": properties, "additionalProperties": false })
}

fn defaults() -> Value {
    let mut all = Map::new();
    let mut properties = Map::new();
    for (section, kind) in sections() {
        let own = resource(kind.info());
        for (name, schema) in own["properties"].as_object().into_iter().flatten() {
            all.entry(name.clone()).or_insert_with(|| schema.clone());
        }
        properties.insert(section.into(), own);
    }
    properties
        .insert("all".into(), json!({ "type": "object", "properties": all, "additionalProperties": false }));
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn policy_schema() -> Value {
    let mut consent = Map::new();
    for what in AllowedWhat::ALL {
        let doc = "A kind or an address.";
        consent.insert(what.as_str().into(), json!({ "type": "string", "description": doc }));
    }
    consent.insert("atMost".into(), json!({ "type": "integer", "minimum": 1 }));
    consent.insert("because".into(), json!({ "type": "string" }));
    consent.insert(
        "until".into(),
        json!({ "type": "string", "description": "The last day it holds, YYYY-MM-DD." }),
    );
    let allow = json!({ "type": "object", "properties": consent, "required": ["because", "until"], "additionalProperties": false });
    let radius = json!({
        "type": "object",
        "properties": { "share": { "type": "string", "pattern": "^[0-9]+ *%$" }, "atLeast": { "type": "integer", "minimum": 0 } },
        "required": ["share", "atLeast"],
        "additionalProperties": false,
    });
    let mut properties = Map::new();
    properties.insert("allow".into(), json!({ "type": "array", "items": allow, "description": "Consents that are reviewed with the files." }));
    properties.insert("blastRadius".into(), documented(radius, "How much one plan may delete or replace."));
    for word in policy::LATER {
        properties.insert((*word).into(), json!({ "not": {}, "description": "Comes with a later version." }));
    }
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn other(name: &str) -> Value {
    match name {
        "credentials" => {
            json!({ "type": "object", "additionalProperties": { "$ref": "#/$defs/credentials" } })
        }
        "timetables" => json!({ "type": "object", "additionalProperties": timetable() }),
        "forget" => json!({ "type": "array", "items": { "type": "string", "pattern": "/" } }),
        _ => json!({
            "type": "array",
            "items": {
                "type": "object",
                "properties": { "from": { "type": "string" }, "to": { "type": "string" } },
                "required": ["from", "to"],
                "additionalProperties": false,
            },
        }),
    }
}
