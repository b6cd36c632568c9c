//! Addresses as text: base58, in which Solana writes all its ids.

use chainbell_model::AddressError;

use crate::wire::base58;

/// An address is an ed25519 public key or what stands in for one.
pub(crate) const ADDRESS_LEN: usize = 32;

/// No id's text is longer: that of a signature.
const MAX_TEXT: usize = 88;
/// What 32 bytes take at the most.
const MOST_DIGITS: usize = 44;

/// Reads an address and says what is wrong with one that is none.
pub(crate) fn parse(text: &str) -> Result<[u8; ADDRESS_LEN], AddressError> {
    base58::key(text).ok_or_else(|| wrong(text))
}

/// Appends the base58 text of an address, a block's id or a signature.
pub(crate) fn push_text(bytes: &[u8], out: &mut String) {
    if let Ok(key) = bytes.try_into() {
        base58::push_key(key, out);
    } else if let Ok(signature) = bytes.try_into() {
        base58::push_signature(signature, out);
    } else {
        // None of Solana's ids.
        out.push_str(&bs58::encode(bytes).into_string());
    }
}

fn wrong(text: &str) -> AddressError {
    let foreign = text.chars().find(|letter| !is_digit(*letter));
    let reason = if text.is_empty() {
        "an address is not empty".to_owned()
    } else if let Some(letter) = foreign {
        format!("an address has base58 digits only, {letter:?} is none")
    } else if text.len() > MAX_TEXT {
        format!("an address has at most {MOST_DIGITS} digits, this has {}", text.len())
    } else {
        let len = bs58::decode(text).into_vec().map_or(0, |bytes| bytes.len());
        let hint = if len == 64 { ", as a transaction's signature has" } else { "" };
        format!("an address stands for 32 bytes, this stands for {len}{hint}")
    };
    // The key to an account is as long as a signature.
    if text.len() > MOST_DIGITS { AddressError::of_secret(reason) } else { AddressError::new(reason) }
}

/// What could be mistaken for another is no digit.
fn is_digit(letter: char) -> bool {
    letter.is_ascii_alphanumeric() && !matches!(letter, '0' | 'O' | 'I' | 'l')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(bytes: &[u8]) -> String {
        let mut out = String::new();
        push_text(bytes, &mut out);
        out
    }

    #[test]
    fn well_known_addresses_read_and_write() {
        assert_eq!(parse("11111111111111111111111111111111").unwrap(), [0; 32]);
        for known in [
            "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
            "Vote111111111111111111111111111111111111111",
            "So11111111111111111111111111111111111111112",
            "ComputeBudget111111111111111111111111111111",
        ] {
            assert_eq!(text(&parse(known).unwrap()), known);
        }
        assert_eq!(text(&[0; 32]), "1".repeat(32));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let reason = |text: &str| parse(text).unwrap_err().reason;
        assert!(reason("").contains("not empty"));
        assert!(reason("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5D0").contains("'0' is none"));
        assert!(reason("Tokenkegé").contains("'é' is none"));
        assert!(reason("0x52908400098527886E0F7030069857D2E4169EE7").contains("'0' is none"));
        assert!(reason("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5D").contains("stands for 31"));
        assert!(reason(&"1".repeat(33)).contains("stands for 33"));
        assert!(reason(&text(&[9; 64])).contains("a transaction's signature"));
        assert!(reason(&"2".repeat(10_000)).len() < 200);
    }

    #[test]
    fn what_is_no_id_of_solanas_is_written_too() {
        for bytes in [&[][..], &[7; 20], &[7; 43]] {
            assert_eq!(text(bytes), bs58::encode(bytes).into_string());
        }
    }

    proptest! {
        #[test]
        fn every_address_reads_back(address in any::<[u8; 32]>(), signature in any::<[u8; 64]>()) {
            prop_assert_eq!(parse(&text(&address)), Ok(address));
            prop_assert_eq!(text(&signature), bs58::encode(signature).into_string());
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,100}") {
            let _ = parse(&text);
        }
    }
}
