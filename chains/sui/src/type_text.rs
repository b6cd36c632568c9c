//! The text of Move types as nodes write them: made canonical, and taken apart.

use std::borrow::Cow;

use crate::address;

/// The text with addresses of 64 digits and one space after each comma, as the chain itself writes it; `None` when it has
/// characters that no type has, or an address that is none.
pub(crate) fn canonical(text: &str) -> Option<Cow<'_, str>> {
    if is_canonical(text.as_bytes()) { Some(Cow::Borrowed(text)) } else { rewritten(text).map(Cow::Owned) }
}

fn is_canonical(text: &[u8]) -> bool {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let word_begins = at == 0 || !is_word(text[at - 1]);
        at += match byte {
            b'0'..=b'9' if word_begins => {
                let end = at + address::TEXT_LEN;
                let Some([b'0', b'x', digits @ ..]) = text.get(at..end) else { return false };
                let lower = digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
                if !lower || text.get(end).is_some_and(|&next| is_word(next)) {
                    return false;
                }
                address::TEXT_LEN
            }
            b',' if matches!(text.get(at + 1..), Some([b' ', next, ..]) if *next != b' ') => 2,
            b':' | b'<' | b'>' => 1,
            _ if is_word(byte) => 1,
            _ => return false,
        };
    }
    true
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn rewritten(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len() + address::TEXT_LEN);
    let mut rest = text;
    while let Some(first) = rest.bytes().next() {
        let end = rest.bytes().position(|byte| !is_word(byte)).unwrap_or(rest.len());
        if end > 0 {
            let (word, after) = rest.split_at(end);
            if first.is_ascii_digit() {
                address::push_text(&address::parse(word).ok()?, &mut out);
            } else {
                out.push_str(word);
            }
            rest = after;
            continue;
        }
        match first {
            b',' => out.push_str(", "),
            b':' | b'<' | b'>' => out.push(char::from(first)),
            b' ' => {}
            _ => return None,
        }
        rest = &rest[1..];
    }
    Some(out)
}

/// What names the datatype of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Datatype<'a> {
    /// The package that defines it.
    pub(crate) package: [u8; address::LEN],
    pub(crate) module: &'a str,
    pub(crate) name: &'a str,
}

/// The datatype of a type, without its type arguments; `None` for any other type.
pub(crate) fn datatype(text: &str) -> Option<Datatype<'_>> {
    let names = text.split_once('<').map_or(text, |(names, _)| names);
    let (package, names) = names.split_once("::")?;
    let (module, name) = names.split_once("::")?;
    let plain = |part: &str| !part.is_empty() && part.bytes().all(is_word);
    if !plain(module) || !plain(name) {
        return None;
    }
    Some(Datatype { package: package_of(package)?, module, name })
}

fn package_of(text: &str) -> Option<[u8; address::LEN]> {
    if let Some(digits) = text.strip_prefix("0x").filter(|digits| digits.len() == 2 * address::LEN) {
        let mut package = [0; address::LEN];
        const_hex::decode_to_slice(digits, &mut package).ok()?;
        return Some(package);
    }
    address::parse(text).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SUI: &str = "0x0000000000000000000000000000000000000000000000000000000000000002::sui::SUI";

    #[test]
    fn short_addresses_and_other_spaces_become_canonical() {
        let pair = format!("{SUI}<{SUI}, vector<u8>>");
        for written in
            ["0x2::sui::SUI<0x02::sui::SUI,vector<u8>>", "0X2::sui::SUI<0x2::sui::SUI ,  vector<u8>>", &pair]
        {
            assert_eq!(canonical(written).unwrap(), pair, "{written}");
        }
        assert!(matches!(canonical(SUI), Some(Cow::Borrowed(SUI))));
        assert!(matches!(canonical("vector<address>"), Some(Cow::Borrowed(_))));
        for bad in ["0x2::sui::SUI\n", "2::sui::SUI", "0xg::a::B", "a-b", "é", "0x::a::B"] {
            assert_eq!(canonical(bad), None, "{bad}");
        }
        let upper = SUI.replace("0x0", "0xA").replace("2::", "B::");
        assert_eq!(canonical(&upper).unwrap(), upper.replace('A', "a").replace("B::", "b::"));
    }

    #[test]
    fn a_datatype_is_named_without_its_arguments() {
        let mut package = [0; 32];
        package[31] = 2;
        let expected = Datatype { package, module: "sui", name: "SUI" };
        assert_eq!(datatype(SUI), Some(expected));
        assert_eq!(datatype(&format!("{SUI}<{SUI}>")), Some(expected));
        assert_eq!(datatype("0x02::sui::SUI<0x2::sui::SUI>"), Some(expected));
        for other in
            ["", "u8", "vector<u8>", &SUI[..66], &SUI[..68], &SUI[..71], &format!("{SUI}::a"), "2::a::B"]
        {
            assert_eq!(datatype(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_canonical_stays_as_it_is(text in "[0-9a-fx:<>, _A-Z]{0,200}") {
            if let Some(once) = canonical(&text) {
                let twice = canonical(&once);
                prop_assert_eq!(twice.as_deref(), Some(&*once));
            }
            let _ = datatype(&text);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,100}") {
            let _ = (canonical(&text), datatype(&text));
        }
    }
}
