//! Traces the bytes of a TOML string's value back to the string as written, through quotes and escapes.

/// The byte of `raw`, a TOML string with its quotes, where byte `offset` of its value was written. An offset at or after
/// the end of the value is that of the closing quotes.
pub(super) fn raw_offset(raw: &str, offset: usize) -> usize {
    let mut value_len = 0;
    let mut chars = Decoded::new(raw);
    for (written, char) in chars.by_ref() {
        if value_len + char.len_utf8() > offset {
            return written;
        }
        value_len += char.len_utf8();
    }
    chars.end
}

/// The characters of a TOML string's value, each with the byte where it was written.
struct Decoded<'a> {
    raw: &'a str,
    at: usize,
    /// Where the closing quotes stand.
    end: usize,
    escapes: bool,
}

impl<'a> Decoded<'a> {
    fn new(raw: &'a str) -> Self {
        let quotes = match raw {
            _ if raw.starts_with("\"\"\"") || raw.starts_with("'''") => 3,
            _ if raw.starts_with(['"', '\'']) => 1,
            _ => 0,
        };
        let mut at = quotes;
        if quotes == 3 {
            // A line end right after the opening quotes is not part of the value.
            let skipped = raw[at..].strip_prefix("\r\n").or_else(|| raw[at..].strip_prefix('\n'));
            at = skipped.map_or(at, |rest| raw.len() - rest.len());
        }
        let end = raw.len().saturating_sub(quotes).max(at);
        Self { raw, at, end, escapes: raw.starts_with('"') }
    }

    fn rest(&self) -> &'a str {
        self.raw.get(self.at..self.end).unwrap_or_default()
    }

    /// The character of the escape that starts at `self.at` and the bytes it takes; `None` for a line continuation.
    fn escape(&self) -> (Option<char>, usize) {
        let rest = self.rest();
        let hex = |digits: usize| {
            let code = rest.get(2..2 + digits).and_then(|digits| u32::from_str_radix(digits, 16).ok());
            (Some(code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)), 2 + digits)
        };
        match rest.as_bytes().get(1) {
            Some(b'b') => (Some('\u{8}'), 2),
            Some(b't') => (Some('\t'), 2),
            Some(b'n') => (Some('\n'), 2),
            Some(b'f') => (Some('\u{c}'), 2),
            Some(b'r') => (Some('\r'), 2),
            Some(b'e') => (Some('\u{1b}'), 2),
            Some(b'x') => hex(2),
            Some(b'u') => hex(4),
            Some(b'U') => hex(8),
            Some(b' ' | b'\t' | b'\r' | b'\n') => {
                let blank = rest[1..].trim_start_matches([' ', '\t', '\r', '\n']);
                (None, rest.len() - blank.len())
            }
            _ => (rest.chars().nth(1), 1 + rest.chars().nth(1).map_or(0, char::len_utf8)),
        }
    }
}

impl Iterator for Decoded<'_> {
    type Item = (usize, char);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let written = self.at;
            let char = self.rest().chars().next()?;
            if char != '\\' || !self.escapes {
                self.at += char.len_utf8();
                return Some((written, char));
            }
            let (char, len) = self.escape();
            self.at += len;
            if let Some(char) = char {
                return Some((written, char));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use toml::de::DeTable;

    use super::*;

    fn assert_traced(raw: &str) {
        let document = format!("k = {raw}\n");
        let Ok(table) = DeTable::parse(&document) else { return };
        let value = table.get_ref().get("k").unwrap();
        assert_eq!(&document[value.span()], raw, "the span covers the quotes");
        let decoded: String = Decoded::new(raw).map(|(_, char)| char).collect();
        assert_eq!(decoded, value.get_ref().as_str().unwrap(), "{raw}");
    }

    #[test]
    fn every_kind_of_string_is_traced() {
        for raw in [
            r#""""#,
            "''",
            r#""a\n\t\"\\b\u00e9\U0001F600\x41\e c""#,
            r"'a\nb'",
            "'''\na\r\n 'b' '''",
            "\"\"\"\r\nfirst \\\n   second \\\"\\\"\\\" \\  \n third\"\"\"",
            "\"\"\"quote\"\"\"\"\"",
        ] {
            assert_traced(raw);
        }
        assert_eq!(raw_offset(r#""a\nbc""#, 2), 4);
        assert_eq!(raw_offset("'''\nvalue'''", 0), 4);
        assert_eq!(raw_offset("'abc'", 3), 4);
        assert_eq!(raw_offset("'abc'", 300), 4);
    }

    proptest! {
        #[test]
        fn our_reading_of_strings_agrees_with_the_parser(
            inside in r#"([a-zé"' \\\r\n\t]|\\u00e9|\\[bntfre"\\]|\\x41){0,24}"#,
            quotes in prop::sample::select(vec!["\"", "'", "\"\"\"", "'''"]),
        ) {
            assert_traced(&format!("{quotes}{inside}{quotes}"));
        }

        #[test]
        fn no_text_panics(raw in r#"[\PC\\"'\n]{0,30}"#, offset in 0usize..40) {
            prop_assert!(raw_offset(&raw, offset) <= raw.len());
        }
    }
}
