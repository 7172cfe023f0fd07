//! Known names that a wrong one probably stood for, and user text made fit for a message.

/// Names compared in one search at most: a message is worth only so much time.
const MOST: usize = 20_000;

/// The nearest of `known` to `name`, at most three, best first.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let length = name.chars().count();
    if length > 80 {
        return Vec::new();
    }
    let limit = (length / 3).max(1);
    let folded = name.to_lowercase();
    let mut found: Vec<(usize, &str)> = known
        .into_iter()
        .take(MOST)
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= limit)
        .filter_map(|candidate| {
            let distance = strsim::osa_distance(&folded, &candidate.to_lowercase());
            (distance <= limit).then_some((distance, candidate))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(3).map(|(_, candidate)| candidate).collect()
}

/// `perhaps `a`?`, or else the known names themselves, where there are any.
pub(super) fn perhaps<'a>(name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    let near = nearest(name, known.clone());
    if !near.is_empty() {
        return Some(format!("perhaps {}?", either(near)));
    }
    let mut known: Vec<&str> = known.into_iter().take(MOST).collect();
    known.sort_unstable();
    match known.len() {
        0 => None,
        1..=12 => Some(format!("there is {}", listed(known, "and"))),
        count => Some(format!("there are {count}, among them {}", listed(known.into_iter().take(6), "and"))),
    }
}

/// `` `a`, `b` or `c` ``.
pub(super) fn either<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    listed(names, "or")
}

fn listed<'a>(names: impl IntoIterator<Item = &'a str>, word: &str) -> String {
    let names: Vec<String> = names.into_iter().map(quoted).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}

/// User text in backticks: cut to 60 characters, control characters spelled out.
pub(super) fn quoted(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(70) + 2);
    shown.push('`');
    for (count, c) in text.chars().enumerate() {
        if count == 60 {
            shown.push('…');
            break;
        }
        if c.is_control() { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown.push('`');
    shown
}

/// `a` or `an`, by the word that follows.
pub(super) fn article(word: &str) -> &'static str {
    if word.starts_with(['A', 'E', 'I', 'O', 'U', 'a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_its_name() {
        assert_eq!(nearest("capcity", ["capacity", "credentials", "quota"]), ["capacity"]);
        assert_eq!(nearest("LABS", ["labs", "images"]), ["labs"]);
        assert_eq!(nearest("unrelated", ["labs", "images"]), Vec::<&str>::new());
    }

    #[test]
    fn a_name_like_no_other_lists_what_there_is() {
        assert_eq!(perhaps("x1", ["dev", "prod"]).as_deref(), Some("there is `dev` and `prod`"));
        assert_eq!(perhaps("x", []), None);
    }

    #[test]
    fn control_characters_of_a_user_never_reach_a_terminal() {
        assert_eq!(quoted("a\u{1b}[31m"), "`a\\u{1b}[31m`");
    }
}
