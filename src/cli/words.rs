//! The words of the command line before clap reads them: which command, and what `LABWRIGHT_ARGS_<command>` adds.

use std::ffi::OsString;

/// Global options that take the next word as their value.
const WITH_VALUE: &[&str] = &["-C", "--directory", "--env", "--var", "--color", "--json-into"];
/// Commands with subcommands.
const NESTED: &[&str] = &["state", "convert"];

/// The indices of the command's words: one, or two of a command with subcommands.
fn command_at(words: &[OsString]) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    let mut at = 1;
    while at < words.len() {
        let word = words[at].to_string_lossy();
        if WITH_VALUE.contains(&&*word) {
            at += 2;
            continue;
        }
        if word.starts_with('-') {
            at += 1;
            continue;
        }
        found.push(at);
        if found.len() == 2 || !NESTED.contains(&&*word) {
            break;
        }
        at += 1;
    }
    found
}

/// The command that the words name, such as `plan` or `state list`.
#[must_use]
pub(super) fn command(words: &[OsString]) -> Option<String> {
    let named: Vec<_> = command_at(words).iter().map(|&at| words[at].to_string_lossy()).collect();
    (!named.is_empty()).then(|| named.join(" "))
}

/// Whether JSON is asked for, told without the rules of any command.
#[must_use]
pub(super) fn asks_for_json(words: &[OsString]) -> bool {
    let pairs = words.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json");
    pairs || words.iter().any(|word| word == "--format=json")
}

/// Puts what `LABWRIGHT_ARGS_<command>` holds behind the command; of `state list` the variable is `…_state_list`.
///
/// # Errors
/// The variable's name, where it holds a quote without an end.
pub(super) fn with_environment(
    mut words: Vec<OsString>,
    get: impl Fn(&str) -> Option<String>,
) -> Result<Vec<OsString>, String> {
    let at = command_at(&words);
    let (Some(&last), Some(command)) = (at.last(), command(&words)) else { return Ok(words) };
    let name = format!("LABWRIGHT_ARGS_{}", command.replace([' ', '-'], "_"));
    let Some(text) = get(&name) else { return Ok(words) };
    let more = split(&text).ok_or(name)?;
    words.splice(last + 1..last + 1, more.into_iter().map(OsString::from));
    Ok(words)
}

/// Words separated by blanks; quotes of either sort keep blanks in a word.
fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => word.get_or_insert_default().push(c),
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_command_is_found_behind_global_options() {
        let command = |text| command(&words(text));
        assert_eq!(command("labwright -C plan --env prod -v apply --yes").as_deref(), Some("apply"));
        assert_eq!(command("labwright state --env dev list").as_deref(), Some("state list"));
        assert_eq!(command("labwright --version"), None);
    }

    #[test]
    fn arguments_of_the_environment_stand_before_those_of_the_command_line() {
        let get = |name: &str| (name == "LABWRIGHT_ARGS_plan").then(|| "--out 'a b' --refresh".to_owned());
        let with = with_environment(words("labwright plan --target Lab/a"), get).expect("well formed");
        assert_eq!(with[1..], ["plan", "--out", "a b", "--refresh", "--target", "Lab/a"]);
        assert_eq!(
            with_environment(words("labwright plan"), |_| Some("'x".into())),
            Err("LABWRIGHT_ARGS_plan".into())
        );
    }
}
