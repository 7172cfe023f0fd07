//! The published descriptions: operations by path, and references over files.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

/// All files of a folder of descriptions.
#[derive(Debug)]
pub(crate) struct Descriptions {
    root: PathBuf,
    files: BTreeMap<PathBuf, Value>,
    pub(crate) operations: Vec<Operation>,
}

/// One described operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: String,
    /// The path's segments; `{…}` stands for any one.
    pub(crate) segments: Vec<String>,
    pub(crate) version: String,
    /// The file that its references are relative to.
    pub(crate) file: PathBuf,
    /// Each with the file that it stands in.
    pub(crate) parameters: Vec<(PathBuf, Value)>,
    pub(crate) responses: Value,
    pub(crate) is_long_running: bool,
}

/// Descriptions of our own, of what labwright asks and Microsoft never published, or elsewhere than the rest.
const OWN: &[(&str, &str)] = &[
    ("preview.json", include_str!("preview.json")),
    ("authorization.json", include_str!("authorization.json")),
    ("subscriptions.json", include_str!("subscriptions.json")),
    ("key_vault.json", include_str!("key_vault.json")),
];

impl Descriptions {
    /// Whether there are others beside our own.
    pub(crate) fn are_published(&self) -> bool {
        let own = |file: &Path| OWN.iter().any(|(name, _)| file == Path::new(name));
        self.operations.iter().any(|operation| !own(&operation.file))
    }

    /// Reads every description below `root`, if there is one, beside our own; examples are none.
    pub(crate) fn read(root: Option<&Path>) -> Self {
        let own =
            |(name, text): &(&str, &str)| (PathBuf::from(name), serde_json::from_str(text).expect("JSON"));
        let mut files: BTreeMap<_, _> = OWN.iter().map(own).collect();
        if let Some(root) = root {
            read_below(root, &mut files);
        }
        Self::of(root.unwrap_or(Path::new("")), files)
    }

    /// The descriptions in `files`, whose paths begin with `root`.
    pub(crate) fn of(root: &Path, files: BTreeMap<PathBuf, Value>) -> Self {
        let mut all = Self { root: root.to_owned(), files, operations: Vec::new() };
        let mut operations = Vec::new();
        for (file, description) in &all.files {
            for (path, methods) in description["paths"].as_object().into_iter().flatten() {
                // `/{scope}/…` describes every path there is.
                if !path.starts_with("/{") {
                    all.operations_of(file, path, methods, &mut operations);
                }
            }
        }
        all.operations = operations;
        all
    }

    fn operations_of(&self, file: &Path, path: &str, methods: &Value, into: &mut Vec<Operation>) {
        let shared = methods["parameters"].as_array().into_iter().flatten();
        for (method, operation) in methods.as_object().into_iter().flatten() {
            if method == "parameters" {
                continue;
            }
            let own = operation["parameters"].as_array().into_iter().flatten();
            let parameters = shared.clone().chain(own).map(|parameter| match parameter["$ref"].as_str() {
                Some(reference) => {
                    let (file, pointer) = self.place(file, reference);
                    let parameter = self.at(&file, &pointer).clone();
                    (file, parameter)
                }
                None => (file.to_owned(), parameter.clone()),
            });
            into.push(Operation {
                id: operation["operationId"].as_str().expect("an operation has an id").to_owned(),
                method: method.to_uppercase(),
                segments: path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
                version: self.files[file]["info"]["version"].as_str().expect("a version").to_owned(),
                file: file.to_owned(),
                parameters: parameters.collect(),
                responses: operation["responses"].clone(),
                is_long_running: operation["x-ms-long-running-operation"] == true,
            });
        }
    }

    /// The file and the pointer that a reference in `file` means.
    ///
    /// The files keep the references of where they were published; of the shared ones only the end tells the place here.
    pub(crate) fn place(&self, file: &Path, reference: &str) -> (PathBuf, String) {
        let (name, pointer) = reference.split_once('#').expect("a reference has a pointer");
        let place = if name.is_empty() {
            file.to_owned()
        } else if let Some((_, end)) = name.split_once("common-types/resource-management/") {
            self.root.join("common-types/resource-management").join(end)
        } else if name.ends_with("common-types/v1/common.json") {
            self.root.join("common-types/compute-v1/common.json")
        } else {
            let folder = file.parent().expect("a file is in a folder");
            folder.join(name).components().filter(|part| *part != Component::CurDir).collect()
        };
        (place, pointer.to_owned())
    }

    /// What stands at a pointer of a file.
    pub(crate) fn at(&self, file: &Path, pointer: &str) -> &Value {
        let value = self.files.get(file).and_then(|file| file.pointer(pointer));
        value.unwrap_or_else(|| panic!("{}#{pointer} is referred to and not there", file.display()))
    }

    /// The operations of that method whose path is `segments`, the most literal ones alone.
    pub(crate) fn matching(&self, method: &str, segments: &[String]) -> Vec<&Operation> {
        let fits = |operation: &&Operation| {
            operation.method == method
                && operation.segments.len() == segments.len()
                && operation.segments.iter().zip(segments).all(|(described, asked)| {
                    described.starts_with('{') || described.eq_ignore_ascii_case(asked)
                })
        };
        let literal = |operation: &Operation| {
            operation.segments.iter().filter(|segment| !segment.starts_with('{')).count()
        };
        let all: Vec<_> = self.operations.iter().filter(fits).collect();
        let most = all.iter().map(|operation| literal(operation)).max();
        all.into_iter().filter(|operation| Some(literal(operation)) == most).collect()
    }
}

fn read_below(folder: &Path, files: &mut BTreeMap<PathBuf, Value>) {
    for entry in std::fs::read_dir(folder).expect("a folder of descriptions").flatten() {
        let path = entry.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "examples") {
                read_below(&path, files);
            }
        } else if path.extension().is_some_and(|end| end == "json") {
            let text = std::fs::read_to_string(&path).expect("a description");
            files.insert(path, serde_json::from_str(&text).expect("JSON"));
        }
    }
}
