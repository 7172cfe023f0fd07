//! `$filter`: which items of a list a client wants.
//!
//! The part of OData that ARM and its clients speak: `eq`, `ne`, `gt`, `ge`, `lt`, `le`, `and`, `or`, `not`, parentheses, and
//! the functions `startswith`, `contains`, `substringof`, `indexof`, `tolower`, `toupper`. Names, operators and texts compare
//! without case. Sources: Resources REST 2024-07-01, resources list; Microsoft's scripts for lab plans.

use crate::emulator::arm::errors::Refusal;
use crate::emulator::message::Request;
use serde_json::Value;

/// A filter; one that was not given holds for everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter(Option<Test>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Both(Box<Self>, Box<Self>),
    Either(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Compare(Term, String, Term),
    /// A function that says yes or no of its two terms.
    Call(String, Term, Term),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    Name(String),
    Text(String),
    Number(i64),
    IndexOf(Box<Self>, Box<Self>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
}

impl Filter {
    /// What a request asks for.
    ///
    /// # Errors
    /// As [`Filter::parse`].
    pub(crate) fn of(request: &Request) -> Result<Self, Refusal> {
        Self::parse(request.query("$filter").unwrap_or_default())
    }

    /// Reads what stands behind `$filter=`; nothing at all holds for everything.
    ///
    /// # Errors
    /// 400 `InvalidFilterInQueryString`.
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let bad = || {
            let message = format!("Invalid $filter '{text}' specified in the query string.");
            Refusal::new(400, "InvalidFilterInQueryString", message)
        };
        let mut tokens = tokens(text).ok_or_else(bad)?;
        if tokens.is_empty() {
            return Ok(Self(None));
        }
        tokens.reverse();
        let test = either(&mut tokens, DEEPEST).filter(|_| tokens.is_empty()).ok_or_else(bad)?;
        Ok(Self(Some(test)))
    }

    /// The text that the filter wants `name`, in lower case, to be equal to.
    pub(crate) fn wanted(&self, name: &str) -> Option<&str> {
        fn find<'a>(test: &'a Test, name: &str) -> Option<&'a str> {
            match test {
                Test::Both(one, other) | Test::Either(one, other) => {
                    find(one, name).or_else(|| find(other, name))
                }
                Test::Compare(Term::Name(found), operator, Term::Text(text))
                    if found == name && operator == "eq" =>
                {
                    Some(text)
                }
                _ => None,
            }
        }
        find(self.0.as_ref()?, name)
    }

    /// The names that it asks of, in lower case.
    pub(crate) fn names(&self) -> Vec<&str> {
        fn of_term<'a>(term: &'a Term, names: &mut Vec<&'a str>) {
            match term {
                Term::Name(name) => names.push(name),
                Term::IndexOf(one, other) => {
                    of_term(one, names);
                    of_term(other, names);
                }
                Term::Text(_) | Term::Number(_) => {}
            }
        }
        fn of_test<'a>(test: &'a Test, names: &mut Vec<&'a str>) {
            match test {
                Test::Both(one, other) | Test::Either(one, other) => {
                    of_test(one, names);
                    of_test(other, names);
                }
                Test::Not(test) => of_test(test, names),
                Test::Compare(one, _, other) | Test::Call(_, one, other) => {
                    of_term(one, names);
                    of_term(other, names);
                }
            }
        }
        let mut names = Vec::new();
        if let Some(test) = &self.0 {
            of_test(test, &mut names);
        }
        names
    }

    /// True for what has fitting values; `values` gives all that a name, in lower case, stands for.
    pub(crate) fn holds(&self, values: &impl Fn(&str) -> Vec<String>) -> bool {
        self.0.as_ref().is_none_or(|test| test.holds(values))
    }

    /// True for an item as answers show it; names are paths such as `properties/enabledState`.
    pub(crate) fn holds_for(&self, item: &Value) -> bool {
        self.holds(&|name: &str| {
            let inside = |value: &Value, part: &str| {
                let mut members = value.as_object()?.iter();
                members.find(|(key, _)| key.eq_ignore_ascii_case(part)).map(|(_, value)| value.clone())
            };
            let found = name.split('/').try_fold(item.clone(), |value, part| inside(&value, part));
            match found {
                Some(Value::String(text)) => vec![text],
                Some(value @ (Value::Bool(_) | Value::Number(_))) => vec![value.to_string()],
                _ => Vec::new(),
            }
        })
    }
}

impl Test {
    fn holds(&self, values: &impl Fn(&str) -> Vec<String>) -> bool {
        let pairs = |one: &Term, other: &Term, fits: &dyn Fn(&str, &str) -> bool| {
            let others = other.values(values);
            one.values(values).iter().any(|one| others.iter().any(|other| fits(one, other)))
        };
        match self {
            Self::Both(one, other) => one.holds(values) && other.holds(values),
            Self::Either(one, other) => one.holds(values) || other.holds(values),
            Self::Not(test) => !test.holds(values),
            Self::Compare(one, operator, other) if operator == "ne" => {
                !pairs(one, other, &|one, other| one == other)
            }
            Self::Compare(one, operator, other) => pairs(one, other, &|one, other| {
                let order = match (one.parse::<i64>(), other.parse::<i64>()) {
                    (Ok(one), Ok(other)) => one.cmp(&other),
                    _ => one.cmp(other),
                };
                match operator.as_str() {
                    "eq" => order.is_eq(),
                    "gt" => order.is_gt(),
                    "ge" => order.is_ge(),
                    "lt" => order.is_lt(),
                    _ => order.is_le(),
                }
            }),
            Self::Call(name, one, other) => pairs(one, other, &|one, other| match name.as_str() {
                "startswith" => one.starts_with(other),
                "substringof" => other.contains(one),
                _ => one.contains(other),
            }),
        }
    }
}

impl Term {
    /// All values, in lower case.
    fn values(&self, values: &impl Fn(&str) -> Vec<String>) -> Vec<String> {
        match self {
            Self::Name(name) => values(name).iter().map(|value| value.to_lowercase()).collect(),
            Self::Text(text) => vec![text.to_lowercase()],
            Self::Number(number) => vec![number.to_string()],
            Self::IndexOf(one, other) => {
                let others = other.values(values);
                let places = one.values(values).into_iter().flat_map(|one| {
                    let at = |other: &String| one.find(other).map_or("-1".to_owned(), |at| at.to_string());
                    others.iter().map(at).collect::<Vec<_>>()
                });
                places.collect()
            }
        }
    }
}

/// How deep parentheses may nest.
const DEEPEST: usize = 16;

/// The tokens of a filter; `None` for a text that does not end or a character that means nothing.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        tokens.push(match c {
            c if c.is_whitespace() => continue,
            '(' => Token::Open,
            ')' => Token::Close,
            ',' => Token::Comma,
            '\'' => {
                let mut text = String::new();
                loop {
                    match rest.next()? {
                        // Two quotes in a text stand for one.
                        '\'' if rest.next_if_eq(&'\'').is_some() => text.push('\''),
                        '\'' => break,
                        c => text.push(c),
                    }
                }
                Token::Text(text)
            }
            c => {
                let goes_on = |c: &char| c.is_alphanumeric() || "_/-.:$".contains(*c);
                let mut word = goes_on(&c).then(|| c.to_string())?;
                while let Some(c) = rest.next_if(goes_on) {
                    word.push(c);
                }
                Token::Word(word)
            }
        });
    }
    Some(tokens)
}

/// Takes the word `wanted` off the end of `tokens`, which are in reverse.
fn takes(tokens: &mut Vec<Token>, wanted: &str) -> bool {
    let is_next = matches!(tokens.last(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted));
    is_next && tokens.pop().is_some()
}

fn either(tokens: &mut Vec<Token>, deep: usize) -> Option<Test> {
    let mut test = both(tokens, deep)?;
    while takes(tokens, "or") {
        test = Test::Either(Box::new(test), Box::new(both(tokens, deep)?));
    }
    Some(test)
}

fn both(tokens: &mut Vec<Token>, deep: usize) -> Option<Test> {
    let mut test = one(tokens, deep)?;
    while takes(tokens, "and") {
        test = Test::Both(Box::new(test), Box::new(one(tokens, deep)?));
    }
    Some(test)
}

fn one(tokens: &mut Vec<Token>, deep: usize) -> Option<Test> {
    let deep = deep.checked_sub(1)?;
    if takes(tokens, "not") {
        return Some(Test::Not(Box::new(one(tokens, deep)?)));
    }
    if tokens.last() == Some(&Token::Open) {
        tokens.pop();
        let test = either(tokens, deep)?;
        return (tokens.pop()? == Token::Close).then_some(test);
    }
    for name in ["startswith", "contains", "substringof"] {
        if takes(tokens, name) {
            let (first, second) = two(tokens, deep)?;
            return Some(Test::Call(name.to_owned(), first, second));
        }
    }
    let first = term(tokens, deep)?;
    let Token::Word(operator) = tokens.pop()? else { return None };
    let operator = operator.to_lowercase();
    ["eq", "ne", "gt", "ge", "lt", "le"].contains(&operator.as_str()).then_some(())?;
    let second = term(tokens, deep)?;
    has_literal(&first, &second).then_some(Test::Compare(first, operator, second))
}

/// False for two bare names: no list of ARM compares its own properties, so a text has lost its quotes.
fn has_literal(one: &Term, other: &Term) -> bool {
    !matches!((one, other), (Term::Name(_), Term::Name(_)))
}

/// `(term, term)`.
fn two(tokens: &mut Vec<Token>, deep: usize) -> Option<(Term, Term)> {
    (tokens.pop()? == Token::Open).then_some(())?;
    let first = term(tokens, deep)?;
    (tokens.pop()? == Token::Comma).then_some(())?;
    let second = term(tokens, deep)?;
    (tokens.pop()? == Token::Close && has_literal(&first, &second)).then_some((first, second))
}

fn term(tokens: &mut Vec<Token>, deep: usize) -> Option<Term> {
    let deep = deep.checked_sub(1)?;
    match tokens.pop()? {
        Token::Text(text) => Some(Term::Text(text)),
        Token::Word(word) if tokens.last() == Some(&Token::Open) => match word.to_lowercase().as_str() {
            // Everything compares without case.
            "tolower" | "toupper" => {
                tokens.pop();
                let inner = term(tokens, deep)?;
                (tokens.pop()? == Token::Close).then_some(inner)
            }
            "indexof" => two(tokens, deep).map(|(one, other)| Term::IndexOf(Box::new(one), Box::new(other))),
            _ => None,
        },
        Token::Word(word) => match word.parse() {
            Ok(number) => Some(Term::Number(number)),
            Err(_) if ["true", "false"].contains(&word.to_lowercase().as_str()) => Some(Term::Text(word)),
            Err(_) => Some(Term::Name(word.to_lowercase())),
        },
        Token::Open | Token::Close | Token::Comma => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_filter_says_yes_or_no_of_an_item() {
        let item = json!({ "name": "java", "properties": { "enabledState": "Enabled", "displayName": "Ubuntu 22", "isEnabled": true, "size": 12 } });
        for (text, expected) in [
            ("", true),
            ("name eq 'JAVA'", true),
            ("Name EQ 'java' AND properties/EnabledState ne 'Disabled'", true),
            ("name eq 'x' or properties/isEnabled eq true", true),
            ("name eq 'x' or name eq 'java' and name eq 'y'", false),
            ("(name eq 'x' or name eq 'java') and not name eq 'y'", true),
            ("indexof(tolower(properties/displayName),'ubuntu') gt -1", true),
            ("indexof(properties/displayName, 'centos') ge 0", false),
            ("startswith(name, 'ja')", true),
            ("startswith(tolower(properties/displayName), 'Ubuntu 2') AND name eq 'java'", true),
            ("contains(properties/DisplayName, 'untu 22') and name ne 'x'", true),
            ("name eq 'a and b' or name eq 'java'", true),
            ("substringof('av', name) and contains(name, 'av')", true),
            ("properties/size gt 9", true),
            ("properties/nothing eq 'x'", false),
            ("properties/nothing ne 'x'", true),
            ("name eq 'it''s'", false),
        ] {
            assert_eq!(Filter::parse(text).map(|filter| filter.holds_for(&item)), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        let deep = "(".repeat(100);
        for bad in [
            "name",
            "name eq",
            "name is 'x'",
            "name eq 'x",
            "name eq java",
            "startswith(name, ja)",
            "'",
            "name eq 'x' and",
            "f(name)",
            "(name eq 'x'",
            ")",
            "a & b",
            &deep,
        ] {
            let code = Filter::parse(bad).map_err(|refusal| refusal.problem.code);
            assert_eq!(code, Err("InvalidFilterInQueryString".to_owned()), "{bad}");
        }
    }

    #[test]
    fn a_filter_knows_what_it_asks_for() {
        let filter =
            Filter::parse("tagName eq 'a' and tagValue eq 'b' or startswith(name, 'x')").expect("a filter");
        assert_eq!(filter.wanted("tagname"), Some("a"));
        assert_eq!(filter.names(), ["tagname", "tagvalue", "name"]);
    }
}
