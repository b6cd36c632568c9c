//! Cuts a condition's text into tokens.

use std::ops::Range;

use chainbell_model::Int;

use super::error::ExprError;

/// A piece of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Name(&'a str),
    Int(Int),
    Text(String),
    /// One of [`SIGNS`].
    Sign(&'static str),
    End,
}

/// Longer ones before their beginnings.
const SIGNS: [&str; 22] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "(", ")", "[", "]", ",", ".",
    "=", "&",
];

/// What other languages write, and what is written here.
const HABITS: [(&str, &str); 6] = [
    ("=", "write == to compare"),
    ("&", "write && for \"and\""),
    ("|", "write || for \"or\""),
    ("^", "there is no such operator"),
    ("?", "there is no such operator"),
    ("{", "there are no records here; lists are written [a, b]"),
];

/// Reads tokens one after the other.
#[derive(Clone, Debug)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next token and its bytes; [`Token::End`] for ever after the last.
    pub(super) fn next(&mut self) -> Result<(Token<'a>, Range<usize>), ExprError> {
        let rest = self.text[self.at..].trim_start();
        let start = self.text.len() - rest.len();
        let Some(first) = rest.chars().next() else {
            self.at = self.text.len();
            return Ok((Token::End, start..start));
        };
        let token = if is_name_start(first) {
            let name = take_while(rest, is_name_part);
            self.at = start + name.len();
            Token::Name(name)
        } else if first.is_ascii_digit() {
            self.number(start)?
        } else if first == '"' || first == '\'' {
            self.quoted(start, first)?
        } else {
            self.sign(start)?
        };
        Ok((token, start..self.at))
    }

    fn sign(&mut self, start: usize) -> Result<Token<'a>, ExprError> {
        let rest = &self.text[start..];
        let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
        if let Some(sign) = sign.filter(|sign| !HABITS.iter().any(|(habit, _)| habit == *sign)) {
            self.at = start + sign.len();
            return Ok(Token::Sign(sign));
        }
        let span = start..start + rest.chars().next().map_or(0, char::len_utf8);
        if let Some((_, instead)) = HABITS.iter().find(|(habit, _)| rest.starts_with(habit)) {
            return Err(ExprError::new(span, *instead));
        }
        let unknown = self.text[span.clone()].escape_debug();
        Err(ExprError::new(span, format!("the character '{unknown}' has no meaning here")))
    }

    fn number(&mut self, start: usize) -> Result<Token<'a>, ExprError> {
        let digits = take_while(&self.text[start..], is_name_part);
        self.at = start + digits.len();
        let mut span = start..self.at;
        let after = &self.text[self.at..];
        if after.starts_with('.') && after[1..].starts_with(|c: char| c.is_ascii_digit()) {
            span.end += 1 + take_while(&after[1..], is_name_part).len();
            let written = &self.text[span.clone()];
            let message =
                format!("numbers are whole; for units with decimals write units(\"{written}\", 18)");
            return Err(ExprError::new(span, message));
        }
        if let Some(int) = Int::parse(digits) {
            return Ok(Token::Int(int));
        }
        Err(ExprError::new(span, why_no_number(digits)))
    }

    fn quoted(&mut self, start: usize, quote: char) -> Result<Token<'a>, ExprError> {
        let mut text = String::new();
        let mut at = start + 1;
        loop {
            let rest = &self.text[at..];
            let Some(plain) = rest.find([quote, '\\']) else {
                let message = format!("the text has no closing {quote}");
                return Err(ExprError::new(start..self.text.len(), message));
            };
            text.push_str(&rest[..plain]);
            at += plain;
            if rest[plain..].starts_with(quote) {
                self.at = at + 1;
                return Ok(Token::Text(text));
            }
            let after = &rest[plain + 1..];
            let Some((meant, len)) = escape(after) else {
                let len = after.chars().next().map_or(0, char::len_utf8);
                let message = "unknown escape; there are \\\\ \\\" \\' \\n \\r \\t and \\u{…}";
                return Err(ExprError::new(at..at + 1 + len, message));
            };
            text.push(meant);
            at += 1 + len;
        }
    }
}

/// `digits` begins with a digit.
fn why_no_number(digits: &str) -> String {
    let (radix, after_prefix) = digits.strip_prefix("0x").map_or((10, digits), |hex| (16, hex));
    let number = take_while(after_prefix, |c| c.is_digit(radix) || c == '_');
    match &after_prefix[number.len()..] {
        "" if number.starts_with(|c: char| c.is_digit(radix)) => "the number is beyond 256 bits".to_owned(),
        unit if radix == 10 && !unit.is_empty() => {
            format!("{unit:?} cannot follow a number; units are written like gwei(30)")
        }
        _ => "this is not a hexadecimal number".to_owned(),
    }
}

/// What the escape after a backslash means, and its length.
fn escape(text: &str) -> Option<(char, usize)> {
    if let Some(digits) = text.strip_prefix("u{") {
        let (digits, _) = digits.split_once('}').filter(|(digits, _)| (1..=6).contains(&digits.len()))?;
        let valid = digits.chars().all(|c| c.is_ascii_hexdigit());
        let code = u32::from_str_radix(digits, 16).ok().filter(|_| valid)?;
        return Some((char::from_u32(code)?, digits.len() + 3));
    }
    let meant = match text.chars().next()? {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        c @ ('\\' | '"' | '\'') => c,
        _ => return None,
    };
    Some((meant, 1))
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == '$'
}

fn is_name_part(c: char) -> bool {
    is_name_start(c) || c.is_ascii_digit()
}

fn take_while(text: &str, wanted: impl Fn(char) -> bool) -> &str {
    &text[..text.find(|c| !wanted(c)).unwrap_or(text.len())]
}
