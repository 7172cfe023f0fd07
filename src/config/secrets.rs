//! Credentials, by name or inline. No message of this file holds a value that might be a secret.

use serde_json::{Value, json};

use super::codes::Code;
use super::error::{Mistake, Problems};
use super::fields;
use super::near::{either, nearest, perhaps, quoted};
use super::node::{Content, Entry, Node, Style};
use super::paths::relative_to;
use super::settings::outside;
use super::texts::{Files, Place};
use super::value::Reader;
use super::variables::Scope;
use super::world::World;
use crate::model::VaultSecret;

const REFERENCE: &str = "write `password: { env: NAME }`, `{ file: PATH }` or `{ keyVault: URL }`; the file then holds where the secret is, never the secret";

impl Reader<'_, '_> {
    /// Credentials by name or inline.
    pub(super) fn credentials(&mut self, node: &Node) -> Option<Value> {
        if let Some(name) = node.as_text() {
            if let Some(known) = self.world.credentials.get(name) {
                return known.clone();
            }
            if !self.world.may_name(name) {
                let known = self.world.credentials.keys().map(String::as_str);
                let help = perhaps(name, known).unwrap_or_else(|| {
                    "declare them under `credentials:`, or write `{ username: …, password: { env: … } }`"
                        .into()
                });
                self.problems.add(
                    Mistake::new(
                        Code::UnknownReference,
                        format!("there are no credentials {}", quoted(name)),
                    )
                    .on(node, "not under `credentials:`")
                    .advice(help),
                );
            }
            return None;
        }
        self.inline(node)
    }

    fn inline(&mut self, node: &Node) -> Option<Value> {
        let entries =
            fields::map(node, "{ username: student, password: { env: LAB_PASSWORD } }", self.problems)?;
        fields::only(entries, "credentials", &["username", "password"], self.problems);
        let (username, password) = (node.get("username"), node.get("password"));
        for (key, value, example) in
            [("username", username, "student"), ("password", password, "{ env: LAB_PASSWORD }")]
        {
            if value.is_none_or(Node::is_null) && !self.partial {
                self.problems.add(
                    Mistake::new(Code::MissingAttribute, format!("`{key}` is missing in credentials"))
                        .on(node, format!("has no `{key}`"))
                        .advice(format!("add `{key}: {example}`")),
                );
            }
        }
        let username = username.filter(|node| !node.is_null());
        let username = username.and_then(|node| fields::text(node, self.problems));
        let password = password.filter(|node| !node.is_null() && !node.is_broken());
        let password = password.and_then(|node| self.password(node));
        let fits = entries.iter().all(|entry| matches!(&*entry.key, "username" | "password"));
        Some(json!({ "username": username?, "password": password? })).filter(|_| fits)
    }

    fn password(&mut self, node: &Node) -> Option<Value> {
        let Some(entries) = node.as_map() else {
            let message = "the password is written out in the file";
            let help = format!("{REFERENCE}. Change the password if it was ever committed");
            return self
                .refuse(Mistake::new(Code::PlainSecret, message).on(node, "written out").advice(help));
        };
        let [entry] = entries else {
            let message = format!("a secret is exactly one reference, here are {}", entries.len());
            return self.refuse(Mistake::new(Code::BadSecret, message).on(node, "not one").advice(REFERENCE));
        };
        match &*entry.key {
            "env" => self.environment_name(&entry.value),
            "file" => self.secret_file(&entry.value),
            "keyVault" => self.vault_secret(&entry.value),
            _ => {
                let mistake = Mistake::new(
                    Code::BadSecret,
                    "a secret is `{ env: NAME }`, `{ file: PATH }` or `{ keyVault: URL }`",
                );
                let near = nearest(&entry.key, ["env", "file", "keyVault"]);
                let help = match near.is_empty() {
                    true => REFERENCE.to_owned(),
                    false => format!("perhaps {}?", either(near)),
                };
                self.refuse(mistake.at(entry.key_place, "none of them").advice(help))
            }
        }
    }

    fn environment_name(&mut self, node: &Node) -> Option<Value> {
        let name = node.as_text().unwrap_or_default();
        let fits = !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if fits {
            return Some(json!({ "env": name }));
        }
        let mistake = Mistake::new(Code::BadSecret, "`env` takes the name of an environment variable");
        self.refuse(mistake.on(node, "letters, digits and `_`").advice("for example `{ env: LAB_PASSWORD }`"))
    }

    fn vault_secret(&mut self, node: &Node) -> Option<Value> {
        let url = node.as_text().unwrap_or_default().trim_end_matches('/');
        if VaultSecret::of(url).is_some() {
            return Some(json!({ "keyVault": url }));
        }
        let mistake =
            Mistake::new(Code::BadSecret, "`keyVault` takes the identifier of a secret in a key vault");
        self.refuse(
            mistake
                .on(node, "none of a vault of Azure's")
                .advice("copy it from the portal: `https://NAME.vault.azure.net/secrets/SECRET`, with or without a version"),
        )
    }

    fn secret_file(&mut self, node: &Node) -> Option<Value> {
        let Some(path) = node.as_text() else {
            return self.refuse(Mistake::new(Code::BadSecret, "`file` takes a path").on(node, "no path"));
        };
        if path.starts_with('/') {
            return Some(json!({ "file": path }));
        }
        match relative_to(self.world.file_of(node), path) {
            Some(path) => Some(json!({ "file": path })),
            None => {
                self.refuse(outside("…", node).advice("write a path inside the project, or an absolute one"))
            }
        }
    }
}

/// Refuses `$(…)` in passwords, before anything is expanded.
pub(super) fn refuse_expressions(entries: &mut [Entry], problems: &mut Problems) {
    for entry in entries {
        if &*entry.key == "password" {
            if super::rows::has_expressions(&entry.value) {
                problems.add(
                    Mistake::new(Code::PlainSecret, "a password is never made of `$(…)`")
                        .at(entry.value.place, "put together from values")
                        .advice(REFERENCE),
                );
                entry.value = Node::broken(entry.value.place);
            }
            continue;
        }
        match &mut entry.value.content {
            Content::Map(inner) => refuse_expressions(inner, problems),
            Content::List(items) => {
                for item in items {
                    if let Content::Map(inner) = &mut item.content {
                        refuse_expressions(inner, problems);
                    }
                }
            }
            Content::Scalar(_) => {}
        }
    }
}

/// Masks everything under credentials and passwords of a document.
pub(super) fn mask(node: &Node, files: &mut Files) {
    let mut places = Vec::new();
    // The section itself is no name of credentials.
    let section = node.get("credentials").filter(|section| section.as_scalar().is_some());
    places.extend(section.map(|section| section.place));
    collect(node, false, &mut places);
    places.into_iter().for_each(|place| files.mask(place));
}

fn collect(node: &Node, secret: bool, places: &mut Vec<Place>) {
    match &node.content {
        Content::Scalar(scalar) if secret && scalar.style != Style::Broken => places.push(node.place),
        Content::Scalar(_) => {}
        Content::List(items) => items.iter().for_each(|item| collect(item, secret, places)),
        Content::Map(entries) => {
            for entry in entries {
                let is_name = matches!(entry.value.content, Content::Scalar(_));
                let is = |word: &str| entry.key.eq_ignore_ascii_case(word);
                let holds = |word: &str| {
                    entry
                        .key
                        .as_bytes()
                        .windows(word.len())
                        .any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
                };
                let is_account = is("credentials") || is("nonadmin");
                let inside = secret || holds("password") || is_account && !is_name;
                collect(&entry.value, inside, places);
            }
        }
    }
}

/// Reads the section `credentials:`.
pub(super) fn section(entries: &[Entry], scope: Scope<'_>, world: &mut World<'_>, problems: &mut Problems) {
    let mut found = std::collections::BTreeMap::new();
    for entry in entries {
        if !fields::is_key(&entry.key) {
            problems.add(super::settings::bad_key(&entry.key, entry.key_place, "a name of credentials"));
        }
        let node = scope.expand(entry.value.clone(), problems);
        let read = if node.as_text().is_some() {
            let wanted = "a map of `username` and `password`";
            problems.add(
                Mistake::new(Code::WrongType, format!("{wanted} is wanted"))
                    .at(node.place, "no map")
                    .advice(REFERENCE),
            );
            None
        } else {
            Reader::new(world, problems).credentials(&node)
        };
        found.insert(entry.key.to_string(), read);
    }
    world.credentials = found;
}
