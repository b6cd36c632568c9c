//! Addresses as text: 32 bytes in hexadecimal after `0x`. Leading zeros may be left out (`0x2`); the canonical text has
//! all 64 digits.

use chainbell_model::AddressError;

/// How many bytes an address has.
pub(crate) const LEN: usize = 32;

/// `0x` and 64 digits.
pub(crate) const TEXT_LEN: usize = 2 + DIGITS;

const DIGITS: usize = 2 * LEN;

/// Reads an address, of all its digits or shortened.
pub(crate) fn parse(text: &str) -> Result<[u8; LEN], AddressError> {
    let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) else {
        return Err(wrong(format!("an address begins with 0x, {} does not", shown(text))));
    };
    if let Some(bad) = digits.chars().find(|c| !c.is_ascii_hexdigit()) {
        return Err(wrong(format!("an address has hexadecimal digits only, {bad:?} is none")));
    }
    let Some(missing) = DIGITS.checked_sub(digits.len()).filter(|missing| *missing < DIGITS) else {
        let count = digits.len();
        return Err(wrong(format!("an address has 1 to {DIGITS} digits after 0x, this has {count}")));
    };
    let mut padded = [b'0'; DIGITS];
    padded[missing..].copy_from_slice(digits.as_bytes());
    let mut address = [0; LEN];
    // They are 64 hexadecimal digits.
    let _ = const_hex::decode_to_slice(padded, &mut address);
    Ok(address)
}

/// Appends the canonical text of an address; of anything else, plain hexadecimal.
pub(crate) fn push_text(address: &[u8], out: &mut String) {
    match <&[u8; LEN]>::try_from(address) {
        Ok(address) => {
            let mut text = [0; TEXT_LEN];
            text[..2].copy_from_slice(b"0x");
            // The slice has two digits for each byte, and digits are ASCII.
            let _ = const_hex::encode_to_slice(address, &mut text[2..]);
            out.push_str(std::str::from_utf8(&text).unwrap_or_default());
        }
        Err(_) => out.push_str(&const_hex::encode_prefixed(address)),
    }
}

/// The canonical text of an address.
pub(crate) fn text(address: &[u8; LEN]) -> String {
    let mut out = String::with_capacity(TEXT_LEN);
    push_text(address, &mut out);
    out
}

/// The text for an error, cut where it is too long to be one address.
fn shown(text: &str) -> String {
    match text.char_indices().nth(TEXT_LEN + 10) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

fn wrong(reason: String) -> AddressError {
    AddressError::new(reason)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn short_addresses_are_those_with_leading_zeros() {
        let mut two = [0; LEN];
        two[31] = 2;
        let full = format!("0x{}2", "0".repeat(63));
        for written in ["0x2", "0X2", "0x02", &full] {
            assert_eq!(parse(written), Ok(two), "{written}");
        }
        assert_eq!(text(&two), full);
        assert_eq!(parse("0xDEE9").unwrap()[30..], [0xde, 0xe9]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let reason = |text: &str| parse(text).unwrap_err().reason;
        assert!(reason("2").contains("begins with 0x"));
        assert!(reason("").contains("begins with 0x"));
        assert!(reason("0x").contains("this has 0"));
        assert!(reason(&format!("0x{}", "1".repeat(65))).contains("this has 65"));
        assert!(reason("0x12é").contains("'é' is none"));
        assert!(reason("0x 2").contains("' ' is none"));
        assert!(reason(&"x".repeat(10_000)).len() < 200);
    }

    proptest! {
        #[test]
        fn every_address_reads_back(address: [u8; LEN]) {
            prop_assert_eq!(parse(&text(&address)), Ok(address));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,80}") {
            let _ = parse(&text);
        }
    }
}
