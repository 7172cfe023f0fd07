//! What the command line names and a later version brings: one table, answered with exit 64.

/// Commands that come later.
const COMMANDS: &[&str] = &["cost", "undo"];

/// Parts of commands that come later: the command, and its subcommand, option or format.
const PARTS: &[(&str, &str)] = &[
    ("state", "move"),
    ("state", "forget"),
    ("state", "pull"),
    ("state", "push"),
    ("state", "verify"),
    ("state", "migrate"),
    ("drift", "--accept"),
    ("plan", "--today"),
    ("apply", "--today"),
    ("graph", "svg"),
    ("graph", "json"),
];

/// Formats of reports that come later.
const FORMATS: &[&str] = &["markdown", "html", "sarif", "junit", "github", "azure-devops"];

/// What to answer to `word`, which the command line does not know after `command`; `None` where it is no word of ours.
#[must_use]
pub(super) fn answer(command: Option<&str>, word: &str) -> Option<String> {
    let word = word.split('=').next().unwrap_or(word);
    if command.is_none_or(|command| command == word) && COMMANDS.contains(&word) {
        return Some(format!("`labwright {word}` comes with a later version"));
    }
    let command = command?;
    let is_part = PARTS.contains(&(command, word));
    let text = match word {
        _ if is_part => format!("`labwright {command} {word}` comes with a later version"),
        _ if FORMATS.contains(&word) => {
            format!("`labwright {command} --format {word}` comes with a later version")
        }
        _ => return None,
    };
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_later_is_answered_by_name_and_nothing_else() {
        let later = |command, word| answer(command, word).is_some();
        assert!(later(None, "cost"));
        assert!(later(Some("drift"), "--accept=Lab/a"));
        assert!(later(Some("apply"), "markdown"));
        assert!(later(Some("state"), "move"));
        assert!(!later(Some("plan"), "--accept"));
        assert!(!later(None, "paln"));
    }
}
