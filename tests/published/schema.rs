//! A described body as JSON Schema.
//!
//! Stricter than the description's own words where they leave open what only a mistake would make: a property that is not
//! described is refused, and so is an answer that holds what is write-only.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::description::Descriptions;

/// Which way a body goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Request,
    /// A request that merges: what it leaves out stays, and null takes away.
    Patch,
    Answer,
}

/// A schema of `described`, which stands in `file`, with all that it refers to.
pub(crate) fn schema(all: &Descriptions, file: &Path, described: &Value, side: Side) -> Value {
    let mut writer = Writer { all, side, named: BTreeMap::new() };
    let mut schema = writer.schema(file, described);
    schema["$defs"] = json!(writer.named);
    schema
}

struct Writer<'a> {
    all: &'a Descriptions,
    side: Side,
    /// By a name made of file and pointer.
    named: BTreeMap<String, Value>,
}

/// What a description and all those it consists of say of an object.
#[derive(Default)]
struct Object {
    properties: BTreeMap<String, (PathBuf, Value)>,
    required: Vec<String>,
    additional: Option<(PathBuf, Value)>,
}

impl Writer<'_> {
    fn schema(&mut self, file: &Path, described: &Value) -> Value {
        if let Some(reference) = described["$ref"].as_str() {
            return self.reference(file, reference);
        }
        let schema = if self.is_object(file, described) {
            self.object(file, described)
        } else if let Some(parts) = described["allOf"].as_array() {
            json!({ "allOf": parts.iter().map(|part| self.schema(file, part)).collect::<Vec<_>>() })
        } else if described["type"] == "array" {
            let mut schema = json!({ "type": "array", "items": self.schema(file, &described["items"]) });
            copy(described, &["minItems", "maxItems", "uniqueItems"], &mut schema);
            schema
        } else {
            self.scalar(described)
        };
        if described["x-nullable"] == true {
            json!({ "anyOf": [schema, { "type": "null" }] })
        } else {
            schema
        }
    }

    fn reference(&mut self, file: &Path, reference: &str) -> Value {
        let (file, pointer) = self.all.place(file, reference);
        let name = format!("{}{pointer}", file.display()).replace(|c: char| !c.is_alphanumeric(), ".");
        if !self.named.contains_key(&name) {
            self.named.insert(name.clone(), Value::Null);
            let all = self.all;
            let schema = self.schema(&file, all.at(&file, &pointer));
            self.named.insert(name.clone(), schema);
        }
        json!({ "$ref": format!("#/$defs/{name}") })
    }

    fn is_object(&self, file: &Path, described: &Value) -> bool {
        if let Some(reference) = described["$ref"].as_str() {
            let (file, pointer) = self.all.place(file, reference);
            return self.is_object(&file, self.all.at(&file, &pointer));
        }
        let parts = described["allOf"].as_array();
        described["type"] == "object"
            || described["properties"].is_object()
            || parts.is_some_and(|parts| parts.iter().any(|part| self.is_object(file, part)))
    }

    fn object(&mut self, file: &Path, described: &Value) -> Value {
        let mut object = Object::default();
        self.gather(file, described, &mut object);
        let mut properties = Map::new();
        for (name, (file, described)) in &object.properties {
            properties.insert(name.clone(), self.property(file, described));
        }
        let read_only = |name: &String| {
            object.properties.get(name).is_some_and(|(_, described)| described["readOnly"] == true)
        };
        let required: Vec<_> = object
            .required
            .iter()
            .filter(|name| match self.side {
                Side::Request => !read_only(name),
                Side::Patch => false,
                Side::Answer => true,
            })
            .collect();
        let additional = match &object.additional {
            Some((file, described)) if described.is_object() => self.schema(file, described),
            Some((_, allowed)) => allowed.clone(),
            // An object of which nothing is said may hold anything.
            None => json!(object.properties.is_empty()),
        };
        json!({
            "type": "object", "properties": properties, "required": required, "additionalProperties": additional,
        })
    }

    fn gather(&self, file: &Path, described: &Value, into: &mut Object) {
        if let Some(reference) = described["$ref"].as_str() {
            let (file, pointer) = self.all.place(file, reference);
            return self.gather(&file, self.all.at(&file, &pointer), into);
        }
        for part in described["allOf"].as_array().into_iter().flatten() {
            self.gather(file, part, into);
        }
        for (name, property) in described["properties"].as_object().into_iter().flatten() {
            into.properties.insert(name.clone(), (file.to_owned(), property.clone()));
        }
        let required = described["required"].as_array().into_iter().flatten();
        into.required.extend(required.filter_map(|name| name.as_str().map(str::to_owned)));
        if let Some(additional) = described.get("additionalProperties") {
            into.additional = Some((file.to_owned(), additional.clone()));
        }
    }

    fn property(&mut self, file: &Path, described: &Value) -> Value {
        let mutability = described["x-ms-mutability"].as_array();
        let is_write_only =
            mutability.is_some_and(|all| !all.contains(&json!("read"))) || described["x-ms-secret"] == true;
        match self.side {
            // Clients send back what they read; the service ignores it.
            Side::Request | Side::Patch if described["readOnly"] == true => json!(true),
            Side::Answer if is_write_only => json!(false),
            _ => self.schema(file, described),
        }
    }

    fn scalar(&self, described: &Value) -> Value {
        let mut schema = json!({});
        copy(described, &["type", "pattern", "minLength", "maxLength", "minimum", "maximum"], &mut schema);
        match (described["enum"].as_array(), self.side) {
            // Azure reads the words of an enumeration without case.
            (Some(words), Side::Request | Side::Patch) if words.iter().all(Value::is_string) => {
                let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
                schema["pattern"] = json!(format!("^(?i:{})$", words.join("|")));
            }
            (Some(words), _) => schema["enum"] = json!(words),
            (None, _) => {}
        }
        match described["format"].as_str() {
            Some(format @ ("date-time" | "date" | "duration" | "uuid" | "uri")) => {
                schema["format"] = json!(format);
            }
            Some("arm-id") => schema["pattern"] = json!("^/"),
            _ => {}
        }
        schema
    }
}

fn copy(from: &Value, keywords: &[&str], into: &mut Value) {
    for keyword in keywords {
        if let Some(value) = from.get(keyword) {
            into[keyword] = value.clone();
        }
    }
}
