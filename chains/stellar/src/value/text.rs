//! Symbols and strings, which the ledger keeps as bytes, as text.

use std::fmt::Write as _;

/// The text of a symbol or string. Bytes that are not UTF-8 become `\xNN` and a backslash becomes two, so that no two
/// strings of the ledger look alike (SEP-51 writes them so, too).
pub(crate) fn text(bytes: &[u8]) -> Box<str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\\') => text.into(),
        _ => escaped(bytes).into(),
    }
}

fn escaped(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        for (place, part) in chunk.valid().split('\\').enumerate() {
            if place > 0 {
                out.push_str("\\\\");
            }
            out.push_str(part);
        }
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_utf_8_is_escaped_and_nothing_else_looks_like_it() {
        assert_eq!(&*text("héllo\n\"".as_bytes()), "héllo\n\"");
        assert_eq!(&*text(b"a\xff\\b\xc3"), "a\\xff\\\\b\\xc3");
        assert_eq!(&*text(br"a\xff"), r"a\\xff");
        assert_eq!(&*text(b""), "");
    }
}
