//! Addresses as text: 20 bytes in hexadecimal, with the checksum of EIP-55 in the case of the letters.

use std::cell::RefCell;

use alloy_primitives::keccak256;
use chainbell_model::AddressError;

/// `0x` and 40 digits.
const TEXT_LEN: usize = 42;

type Text = [u8; TEXT_LEN];

/// Reads an address. Letters all of one case are taken as they are; mixed case has to be the checksum of EIP-55.
pub(crate) fn parse(text: &str) -> Result<[u8; 20], AddressError> {
    let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) else {
        return Err(wrong(format!("an address begins with 0x, {} does not", shown(text))));
    };
    if let Some(bad) = digits.chars().find(|c| !c.is_ascii_hexdigit()) {
        return Err(wrong(format!("an address has hexadecimal digits only, {bad:?} is none")));
    }
    let mut address = [0; 20];
    if const_hex::decode_to_slice(digits, &mut address).is_err() {
        let reason = format!("an address has 40 digits after 0x, this has {}", digits.len());
        // So many have the keys to an account.
        return Err(if digits.len() == 64 { AddressError::of_secret(reason) } else { wrong(reason) });
    }
    let mixed = digits.bytes().any(|digit| digit.is_ascii_lowercase())
        && digits.bytes().any(|digit| digit.is_ascii_uppercase());
    let spelling = checksummed(&address);
    if mixed && digits.as_bytes() != &spelling[2..] {
        return Err(wrong(format!(
            "the checksum (case of letters) of the address is wrong; either a digit is mistyped or it should be {}",
            as_str(&spelling)
        )));
    }
    Ok(address)
}

/// Appends the checksummed text of an address; of anything else that is no EVM address, plain hexadecimal.
pub(crate) fn push_text(address: &[u8], out: &mut String) {
    match <&[u8; 20]>::try_from(address) {
        Ok(address) => CACHE.with_borrow_mut(|cache| out.push_str(as_str(cache.text(address)))),
        Err(_) => out.push_str(&const_hex::encode_prefixed(address)),
    }
}

/// EIP-55: a letter is in upper case where the same digit of the hash of the lower-case text is 8 or more.
fn checksummed(address: &[u8; 20]) -> Text {
    let mut text = *b"0x0000000000000000000000000000000000000000";
    // The slice has two digits for each of the twenty bytes.
    let _ = const_hex::encode_to_slice(address, &mut text[2..]);
    let hash = keccak256(&text[2..]);
    for (place, digit) in text[2..].iter_mut().enumerate() {
        let byte = hash[place / 2];
        let nibble = if place % 2 == 0 { byte >> 4 } else { byte & 15 };
        if nibble >= 8 {
            digit.make_ascii_uppercase();
        }
    }
    text
}

fn as_str(text: &Text) -> &str {
    std::str::from_utf8(text).expect("hexadecimal digits are ASCII")
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

thread_local! {
    static CACHE: RefCell<TextCache> = RefCell::new(TextCache::default());
}

/// The texts of recent addresses: a hash for each text would be the larger part of writing an event.
struct TextCache(Box<[([u8; 20], Text); TextCache::SIZE]>);

impl Default for TextCache {
    fn default() -> Self {
        let zero = [0; 20];
        Self(Box::new([(zero, checksummed(&zero)); Self::SIZE]))
    }
}

impl TextCache {
    const SIZE: usize = 256;

    fn text(&mut self, address: &[u8; 20]) -> &Text {
        // Two bytes apart, because vanity addresses share their ends.
        let entry = &mut self.0[usize::from(address[9] ^ address[19].rotate_left(4)) % Self::SIZE];
        if entry.0 != *address {
            *entry = (*address, checksummed(address));
        }
        &entry.1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(address: &[u8]) -> String {
        let mut out = String::new();
        push_text(address, &mut out);
        out
    }

    #[test]
    fn the_examples_of_eip_55_read_and_write() {
        for example in [
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
            "0xde709f2102306220921060314715629080e2fb77",
            "0x27b1fdb04752bbc536007a920d24acb045561c26",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
            "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        ] {
            assert_eq!(text(&parse(example).unwrap()), example);
            assert!(parse(&example.to_lowercase()).is_ok());
            assert!(parse(&example.to_uppercase()).is_ok());
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let reason = |text: &str| parse(text).unwrap_err().reason;
        assert!(reason("5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed").contains("begins with 0x"));
        assert!(reason("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe").contains("this has 39"));
        assert!(reason("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAedé").contains("'é' is none"));
        let mistyped = reason("0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed");
        assert!(mistyped.contains("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"), "{mistyped}");
        assert!(reason(&"x".repeat(10_000)).len() < 200);
    }

    proptest! {
        #[test]
        fn every_address_reads_back_whatever_the_cache_holds(addresses in prop::collection::vec(any::<[u8; 20]>(), 1..50)) {
            for address in addresses.iter().chain(&addresses) {
                prop_assert_eq!(parse(&text(address)), Ok(*address));
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,60}") {
            let _ = parse(&text);
        }
    }
}
