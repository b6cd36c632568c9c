//! Addresses and other ids as text: base58, in which Solana writes all of them.
//!
//! A block holds tens of thousands of them. So five digits are taken at a time, which a 32-bit limb holds, instead of one.

use chainbell_model::AddressError;

/// An address is an ed25519 public key or what stands in for one.
pub(crate) const ADDRESS_LEN: usize = 32;

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const NO_DIGIT: u8 = 255;
const DIGITS: [u8; 256] = digits();

/// What five digits count to.
const FIVE_DIGITS: u64 = 58 * 58 * 58 * 58 * 58;
/// No text of 64 bytes is longer.
const MAX_TEXT: usize = 88;
/// In an error, text is shown this far.
const SHOWN: usize = 60;

const fn digits() -> [u8; 256] {
    let mut digits = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < 58 {
        digits[ALPHABET[digit] as usize] = digit as u8;
        digit += 1;
    }
    digits
}

/// Reads an address and says what is wrong with one that is none.
pub(crate) fn parse(text: &str) -> Result<[u8; ADDRESS_LEN], AddressError> {
    decode::<ADDRESS_LEN>(text).ok_or_else(|| wrong(text))
}

/// The bytes of a base58 text that stands for exactly `LEN` of them, at most 64.
pub(crate) fn decode<const LEN: usize>(text: &str) -> Option<[u8; LEN]> {
    let text = text.as_bytes();
    if text.len() > MAX_TEXT {
        return None;
    }
    let mut number = [0; LEN];
    let limbs = limbs_of::<LEN>(text)?;
    for (bytes, limb) in number.rchunks_exact_mut(4).zip(limbs) {
        bytes.copy_from_slice(&limb.to_be_bytes());
    }
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let ones = text.iter().take_while(|digit| **digit == ALPHABET[0]).count();
    (zeros == ones).then_some(number)
}

/// The number that the text writes, in 32-bit limbs, the lowest first; `None` when it is wider than `LEN` bytes.
fn limbs_of<const LEN: usize>(text: &[u8]) -> Option<[u32; 16]> {
    let mut limbs = [0u32; 16];
    let limbs_of_number = limbs.get_mut(..LEN / 4)?;
    for digits in text.chunks(5) {
        let (mut scale, mut carry) = (1, 0);
        for digit in digits {
            let digit = DIGITS[usize::from(*digit)];
            if digit == NO_DIGIT {
                return None;
            }
            scale *= 58;
            carry = carry * 58 + u64::from(digit);
        }
        for limb in &mut *limbs_of_number {
            carry += u64::from(*limb) * scale;
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            return None;
        }
    }
    Some(limbs)
}

/// Appends the bytes' base58 text.
pub(crate) fn push_text(bytes: &[u8], out: &mut String) {
    if bytes.len() > 64 || !bytes.len().is_multiple_of(4) {
        // None of Solana's ids.
        out.push_str(&bs58::encode(bytes).into_string());
        return;
    }
    let mut limbs = [0; 16];
    let mut rest = &mut limbs[..bytes.len() / 4];
    for (limb, four) in rest.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *limb = u32::from_be_bytes(*four);
    }
    // The lowest digits first, from the end.
    let mut text = [ALPHABET[0]; MAX_TEXT + 2];
    let mut start = text.len();
    while !rest.is_empty() {
        let mut five = divide(rest);
        for _ in 0..5 {
            start -= 1;
            text[start] = ALPHABET[(five % 58) as usize];
            five /= 58;
        }
        let zeros = rest.iter().take_while(|limb| **limb == 0).count();
        rest = &mut rest[zeros..];
    }
    let padding = text[start..].iter().take_while(|digit| **digit == ALPHABET[0]).count();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    out.extend(std::iter::repeat_n('1', zeros));
    out.push_str(std::str::from_utf8(&text[start + padding..]).unwrap_or_default());
}

/// Divides the number, its highest limb first, by 58 to the fifth, and returns the remainder.
fn divide(limbs: &mut [u32]) -> u64 {
    let mut remainder = 0;
    for limb in limbs {
        let dividend = remainder << 32 | u64::from(*limb);
        *limb = (dividend / FIVE_DIGITS) as u32;
        remainder = dividend % FIVE_DIGITS;
    }
    remainder
}

fn wrong(text: &str) -> AddressError {
    let foreign = text.chars().find(|letter| !letter.is_ascii() || DIGITS[*letter as usize] == NO_DIGIT);
    let reason = if text.is_empty() {
        "an address is not empty".to_owned()
    } else if let Some(letter) = foreign {
        format!("an address has base58 digits only, {letter:?} is none")
    } else if text.len() > MAX_TEXT {
        let shown = text.get(..SHOWN).unwrap_or(text);
        format!("an address has at most 44 digits, {shown}… has {}", text.len())
    } else {
        let len = bs58::decode(text).into_vec().map_or(0, |bytes| bytes.len());
        let hint = if len == 64 { ", as a transaction's signature has" } else { "" };
        format!("an address stands for 32 bytes, this stands for {len}{hint}")
    };
    AddressError { reason }
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

    proptest! {
        #[test]
        fn five_digits_at_a_time_agree_with_one(bytes in prop::collection::vec(any::<u8>(), 0..=70), zeros in 0usize..40) {
            let mut bytes = bytes;
            for byte in bytes.iter_mut().take(zeros) {
                *byte = 0;
            }
            let expected = bs58::encode(&bytes).into_string();
            prop_assert_eq!(text(&bytes), expected.clone());
            prop_assert_eq!(decode::<32>(&expected).map(Vec::from), (bytes.len() == 32).then(|| bytes.clone()));
            prop_assert_eq!(decode::<64>(&expected).map(Vec::from), (bytes.len() == 64).then_some(bytes));
        }

        #[test]
        fn every_address_and_signature_reads_back(address in any::<[u8; 32]>(), signature in any::<[u8; 64]>()) {
            prop_assert_eq!(decode(&text(&address)), Some(address));
            prop_assert_eq!(decode(&text(&signature)), Some(signature));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,100}") {
            let _ = parse(&text);
        }
    }
}
