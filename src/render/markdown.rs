//! Reports as Markdown that fits a comment, on GitHub, GitLab and Azure DevOps alike.
//!
//! A report begins with a line by which its comment is found again. What is most important stands first; what there is no
//! room for is left out in whole lines and counted. Text of users and of Azure passes through [`escape`] and nothing else.

mod plain;
mod review;
mod sheet;

use super::words::{clean, cut};

pub use plain::{drift, findings, plan};
pub use review::review;

/// The most UTF-16 units of a comment. Source: GitHub refuses a longer one with `Body is too long (maximum is 65536 characters)`.
pub const LIMIT: usize = 65_536;

/// A text longer than this is cut where it stands in a table or a list.
const LONGEST: usize = 240;

/// Escapes text for any place within a line of Markdown, HTML in it included.
///
/// Everything that Markdown or HTML could read there becomes an entity; what would name a person, an issue or an address is kept
/// from doing so by a word joiner, as sites look for those behind the entities.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let text = clean(text);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '@' | '#' | '!' => escaped.push_str(&format!("&#{};&#8288;", u32::from(c))),
            ':' if chars.peek().is_none_or(|next| next.is_ascii_digit() || *next == ' ') => escaped.push(c),
            '&' | '<' | '>' | '"' | '*' | '_' | '`' | '[' | ']' | '\\' | '|' | ':' | '~' | '$' | '{'
            | '}' => {
                escaped.push_str(&format!("&#{};", u32::from(c)));
            }
            '.' if escaped.to_ascii_lowercase().ends_with("www") => escaped.push_str("&#46;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The same in the type of code: addresses, paths, values.
fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(&cut(text, LONGEST)))
}

/// Escaped text of a bearable length.
fn prose(text: &str) -> String {
    escape(&cut(text, LONGEST))
}

/// The line by which a comment is found again: `<!-- labwright review contoso-cs/prod -->`.
fn marker(command: &str, subject: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || "._/-".contains(*c);
    // Two hyphens and what follows could end the comment in old readers.
    let subject: String = clean(subject).chars().filter(plain).collect();
    format!("<!-- labwright {command} {} -->", subject.replace("--", "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_a_name() {
        let evil = "</details><script>a|b`*_[x](y) @org/team #12 http://x www.x.y\u{202e}\u{1b}[0m\n# h";
        let escaped = escape(evil);
        let free = ['<', '>', '|', '`', '*', '[', ']', '\n', '\u{1b}', '\u{202e}'];
        assert!(!escaped.contains(free), "{escaped}");
        assert!(!escaped.contains("://") && !escaped.contains("@") && !escaped.contains("www."), "{escaped}");
        assert!(escaped.contains("&#64;&#8288;org/team"), "{escaped}");
        assert_eq!(escape("Lab/cs101-A-spring27"), "Lab/cs101-A-spring27");
    }

    #[test]
    fn a_marker_ends_where_it_should() {
        assert_eq!(marker("review", "a--><b>/x"), "<!-- labwright review a-b/x -->");
    }
}
