//! Where the emulator answers otherwise than described, on purpose.

/// Problems that are none, by a pattern (`*` stands for anything) of the line that tells them, with the reason.
///
/// A row that nothing matches any more fails the check: it hides what it no longer explains.
pub(crate) const DEVIATIONS: &[(&str, &str)] = &[];

/// What is answered and in no description, by method and path in lower case, with the reason.
pub(crate) const UNDESCRIBED: &[(&str, &str)] = &[];

/// Whether `text` is `pattern`, whose `*` stand for anything.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| matches(rest, &text[at..]))
        }),
    }
}
