//! Paths that files name, and the patterns of `include:` and `exclude:`.

use std::collections::BTreeSet;

use super::texts::Place;

/// Joins a path to the folder of the file that names it; `None` where it leaves the project.
pub(super) fn relative_to(file: &str, path: &str) -> Option<String> {
    let has_drive = path.as_bytes().get(1) == Some(&b':');
    if path.starts_with('/') || path.contains('\\') || has_drive {
        return None;
    }
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Which of the project's files are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Patterns {
    /// Each with the place that names it.
    pub(super) include: Option<Vec<(String, Place)>>,
    pub(super) exclude: Vec<String>,
}

impl Patterns {
    /// Whether a file is read.
    pub(super) fn admit(&self, path: &str) -> bool {
        let included =
            self.include.as_ref().is_none_or(|all| all.iter().any(|(pattern, _)| covers(pattern, path)));
        included && !self.exclude(path)
    }

    /// The patterns of `include:` that mean none of these files.
    pub(super) fn without_file<'a>(
        &'a self,
        files: &'a BTreeSet<String>,
    ) -> impl Iterator<Item = &'a (String, Place)> {
        let means_none = |(pattern, _): &&(String, Place)| !files.iter().any(|file| covers(pattern, file));
        self.include.iter().flatten().filter(means_none)
    }

    /// Whether a file or a whole folder is left out.
    pub(super) fn exclude(&self, path: &str) -> bool {
        self.exclude.iter().any(|pattern| covers(pattern, path))
    }
}

/// Whether a pattern means `path` or a folder around it. `*` and `?` stay within one part, `**` is any number of parts.
fn covers(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.trim_start_matches("./").trim_end_matches('/').split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    parts_cover(&pattern, &path)
}

/// Row by row over the pattern, so that any number of `**` takes no more than pattern times path.
fn parts_cover(pattern: &[&str], path: &[&str]) -> bool {
    let mut reached = vec![false; path.len() + 1];
    reached[0] = true;
    for part in pattern {
        let mut next = vec![false; path.len() + 1];
        for at in 0..=path.len() {
            if *part == "**" || part.is_empty() {
                next[at] = reached[at] || at > 0 && next[at - 1];
            } else if at > 0 {
                next[at] = reached[at - 1] && part_matches(part, path[at - 1]);
            }
        }
        reached = next;
    }
    reached.into_iter().skip(1).any(|reached| reached)
}

fn part_matches(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for c in pattern.chars() {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            next[at] = match c {
                '*' => reached[at] || at > 0 && next[at - 1],
                '?' => at > 0 && reached[at - 1],
                c => at > 0 && reached[at - 1] && text[at - 1] == c,
            };
        }
        reached = next;
    }
    reached[text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_a_file_a_folder_and_what_is_in_it() {
        for (pattern, path, expected) in [
            ("prod/", "prod/labs.yaml", true),
            ("prod", "prod/a/b.yaml", true),
            ("prod", "production.yaml", false),
            ("*.yaml", "labs.yaml", true),
            ("*.yaml", "a/labs.yaml", false),
            ("**/*.yaml", "a/b/labs.yaml", true),
            ("**/*.yaml", "labs.yaml", true),
            ("terms/*-2?.yaml", "terms/spring-27.yaml", true),
            ("**", "a/b", true),
        ] {
            assert_eq!(covers(pattern, path), expected, "{pattern} and {path}");
        }
    }

    #[test]
    fn a_path_starts_at_its_file_and_stays_inside() {
        assert_eq!(relative_to("a/b.yaml", "../c.csv").as_deref(), Some("c.csv"));
        assert_eq!(relative_to("a/b.yaml", "./c/d.csv").as_deref(), Some("a/c/d.csv"));
        assert_eq!(relative_to("b.yaml", "../c.csv"), None);
        assert_eq!(relative_to("b.yaml", "/etc/passwd"), None);
        assert_eq!(relative_to("b.yaml", "C:\\x"), None);
    }

    #[test]
    fn a_pattern_of_many_stars_takes_no_time() {
        assert!(!covers(&"**/*a*a*a*a/".repeat(200), &"a/".repeat(200)));
    }
}
