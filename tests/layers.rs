//! Which room may import which, and what a pure room must not touch.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What each module may import of the crate. A second witness (`emulator`) shares nothing.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("catalog", &["model"]),
    ("kinds", &["catalog", "model"]),
    ("config", &["kinds", "catalog", "model"]),
    ("plan", &["kinds", "catalog", "model"]),
    ("state", &["model"]),
    ("azure", &["model"]),
    ("apply", &["azure", "state", "plan", "kinds", "catalog", "model"]),
    ("render", &["plan", "model"]),
    ("emulator", &[]),
    ("git", &["config"]),
    (
        "cli",
        &[
            "apply", "azure", "catalog", "config", "emulator", "git", "kinds", "model", "plan", "render",
            "state",
        ],
    ),
];

const PURE: &[&str] = &["model", "catalog", "kinds", "config", "plan", "render"];

const IMPURE: &[&str] =
    &["async fn", "async move", "std::fs", "std::env", "std::net", "SystemTime::now", "Instant::now"];

/// The only file of a pure room that does I/O.
const EXCEPTED: &str = "config/load.rs";

#[test]
fn every_room_imports_only_what_its_row_says() {
    let table: BTreeMap<_, _> = MAY_IMPORT.iter().copied().collect();
    let mut broken = Vec::new();
    for (file, text) in sources() {
        let room = room(&file);
        let Some(allowed) = table.get(room.as_str()) else { continue };
        for imported in imports(&text) {
            if imported != room && !allowed.contains(&imported.as_str()) {
                broken.push(format!("{file}: {room} imports crate::{imported}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn pure_rooms_do_no_io_and_ask_no_clock() {
    let mut broken = Vec::new();
    for (file, text) in sources() {
        if !PURE.contains(&room(&file).as_str()) || file == EXCEPTED {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            let is_comment = line.trim_start().starts_with("//");
            for word in IMPURE.iter().filter(|word| !is_comment && line.contains(**word)) {
                broken.push(format!("{file}:{}: {word}", number + 1));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_room_has_its_row() {
    let rooms: Vec<_> =
        fs::read_dir(src()).expect("src").flatten().filter(|entry| entry.path().is_dir()).collect();
    for room in rooms {
        let name = room.file_name().to_string_lossy().into_owned();
        assert!(MAY_IMPORT.iter().any(|(row, _)| *row == name), "{name} has no row");
    }
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> Vec<(String, String)> {
    let mut open = vec![src()];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a readable folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(src()).expect("below src").to_string_lossy().replace('\\', "/");
                found.push((name, fs::read_to_string(&path).expect("a readable file")));
            }
        }
    }
    found.sort();
    found
}

fn room(file: &str) -> String {
    file.split('/').next().unwrap_or_default().to_owned()
}

/// The modules behind each `crate::`, groups included.
fn imports(text: &str) -> Vec<String> {
    let code: String =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => found.push(word(rest)),
            Some(group) => {
                let mut depth = 0;
                let mut starts = true;
                for (at, c) in group.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => starts = true,
                        c if starts && depth == 0 && c.is_alphanumeric() => {
                            found.push(word(&group[at..]));
                            starts = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    found
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn grouped_imports_are_seen() {
    let text = "use crate::{model::{Address, Row}, plan, kinds::Kind};\nuse crate::state::Store;";
    assert_eq!(imports(text), ["model", "plan", "kinds", "state"]);
}
