//! One form for a project's YAML files: blanks, indentation and quotes, nothing else.
//!
//! A formatter that others keep lays the text out anew; what it gives is taken only where it says
//! the same as before, every comment among it. No file is written here.

use std::collections::BTreeSet;

use pretty_yaml::config::{FormatOptions, LanguageOptions, LayoutOptions, LineBreak};

use super::codes::Code;
use super::document::{self, Budget, lost};
use super::error::{Diagnostics, Mistake, Problems};
use super::load::{Loader, PROJECT_FILE, Tree, place_at, yaml_files};
use super::near::quoted;
use super::settings;

/// As many characters as a line of the project's own examples has at most; longer flows are broken.
const WIDTH: usize = 120;

/// A file that is not in the one form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reformatted {
    /// Its path, relative to the project's root.
    pub path: String,
    /// Its text in the one form.
    pub text: String,
}

/// The files of a project, of all its environments, that are not in the one form, and what is wrong with
/// those that cannot be brought into it.
#[must_use]
pub fn reformat(tree: &dyn Tree) -> (Vec<Reformatted>, Option<Diagnostics>) {
    let mut problems = Problems::default();
    let mut loader = Loader::new(tree);
    let mut found = Vec::new();
    for path in paths(tree, &mut problems) {
        match loader.read(&path, None) {
            Ok(file) => {
                let before = loader.files.text(file);
                if let Some(text) = formatted(file, &path, &before, &mut problems) {
                    found.extend((*text != *before).then_some(Reformatted { path, text }));
                } else {
                    loader.files.mask_by_guess(file);
                }
            }
            Err(mistake) => problems.add(*mistake),
        }
    }
    let problems = (!problems.is_empty()).then(|| problems.into_diagnostics(loader.files));
    (found, problems)
}

/// The project file, and the files that any of its environments reads.
fn paths(tree: &dyn Tree, problems: &mut Problems) -> BTreeSet<String> {
    // What is wrong with these two readings is said when the file itself is looked at.
    let (mut unsaid, mut loader) = (Problems::default(), Loader::new(tree));
    let root = loader.read(PROJECT_FILE, None).ok().and_then(|file| {
        document::parse(file, &loader.files.text(file), &mut Budget::default(), &mut unsaid)
    });
    let mut paths = BTreeSet::from([PROJECT_FILE.to_owned()]);
    for patterns in root.iter().flat_map(settings::all_patterns) {
        paths.extend(yaml_files(tree, &patterns, problems).read);
    }
    paths
}

/// A text in the one form; `None` where it cannot be brought into it, which has been reported then.
fn formatted(file: u32, path: &str, text: &str, problems: &mut Problems) -> Option<String> {
    let before = problems.raised();
    document::parse(file, text, &mut Budget::default(), problems);
    if problems.raised() > before {
        return None;
    }
    if text.trim().is_empty() {
        return Some(text.to_owned());
    }
    let whole = text;
    let text = whole.strip_prefix('\u{feff}').unwrap_or(whole);
    let after = pretty_yaml::format_text(text, &options(text)).ok();
    let lost = after.as_ref().map_or(Some(0), |after| lost(text, after));
    let Some(at) = lost else { return after };
    let at = at + whole.len() - text.len();
    problems.add(
        Mistake::new(Code::NotFormatted, format!("{} is left as it is", quoted(path)))
            .at(place_at(file, whole, at, at + 1), "this would be lost, or become something else")
            .advice(
                "it is valid; put a comment on a line of its own, take blanks at the ends of lines out of a text of several lines, or lay the file out by hand",
            ),
    );
    None
}

/// Line ends stay what they are: a checkout on Windows has its own.
fn options(text: &str) -> FormatOptions {
    let line_break = if text.contains("\r\n") { LineBreak::Crlf } else { LineBreak::Lf };
    FormatOptions {
        layout: LayoutOptions { print_width: WIDTH, indent_width: 2, line_break },
        language: LanguageOptions {
            trailing_comma: false,
            flow_map_prefer_single_line: Some(true),
            flow_sequence_prefer_single_line: Some(true),
            ..LanguageOptions::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Option<String> {
        let mut problems = Problems::default();
        formatted(0, "labs.yaml", text, &mut problems)
    }

    #[test]
    fn layout_becomes_one_form_and_every_comment_stays() {
        let text = "# head\nlabs:   \n    a:   {size:  Small,capacity: 3}   # why\n\n\n\n    # of b\n    b:\n        owners:\n        - 'x@y.edu'\n        # last\n";
        let expected = "# head\nlabs:\n  a: { size: Small, capacity: 3 } # why\n\n  # of b\n  b:\n    owners:\n      - \"x@y.edu\"\n      # last\n";
        assert_eq!(form(text).as_deref(), Some(expected));
        assert_eq!(form(expected).as_deref(), Some(expected), "once is enough");
    }

    #[test]
    fn spelling_of_values_anchors_and_blocks_stay() {
        for text in [
            "a: &x { p: 1.0, q: 007 }\nb:\n  <<: *x\n  q: ~\n",
            "a: |\n  one\n    two\n\nb: >-\n  three\n  four\n",
            "labs:\n  $(lab)-$(term):\n    forEach: { csv: terms/a.csv, with: { term: spring27 } }\n",
            "start: \"09:45\"\n",
            "# nothing but this\n",
        ] {
            assert_eq!(form(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn line_ends_stay_and_a_byte_order_mark_goes() {
        assert_eq!(form("\u{feff}a:   1\r\nb: 2\r\n").as_deref(), Some("a: 1\r\nb: 2\r\n"));
    }

    #[test]
    fn what_would_be_lost_is_told_with_its_place() {
        let mut problems = Problems::default();
        let text = "\u{feff}a: 1\nb: |\n  one   \n  two\n";
        assert_eq!(formatted(0, "labs.yaml", text, &mut problems), None);
        let mut files = super::super::texts::Files::default();
        files.add("labs.yaml", text.into());
        let told = problems.into_diagnostics(files);
        let place = told.iter().next().and_then(|problem| problem.place()).expect("a place");
        assert_eq!((place.line, place.column), (3, 3));
    }

    #[test]
    fn what_is_no_yaml_is_a_problem() {
        assert_eq!(form("a: [1"), None);
        assert_eq!(form("a: 1\na: 2\n"), None);
    }
}
