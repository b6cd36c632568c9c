//! Digests as text: 32 bytes in base 58, read ten digits at a time, because every checkpoint has two of them.

/// How many bytes a digest has.
const LEN: usize = 32;
/// No digest has more digits.
const MAX_DIGITS: usize = 44;
/// So many digits fit a `u64`.
const CHUNK: usize = 10;
const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const NO_DIGIT: u8 = 255;

const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// Reads a digest; `None` for what is not exactly one.
pub(crate) fn parse(text: &str) -> Option<[u8; LEN]> {
    let text = text.as_bytes();
    if text.len() > MAX_DIGITS {
        return None;
    }
    // The least significant part first.
    let mut parts = [0u64; LEN / 8];
    for chunk in text.chunks(CHUNK) {
        let (mut value, mut scale) = (0u64, 1u64);
        for &digit in chunk {
            let digit = VALUES[usize::from(digit)];
            if digit == NO_DIGIT {
                return None;
            }
            value = value * 58 + u64::from(digit);
            scale *= 58;
        }
        let mut carry = value;
        for part in &mut parts {
            let product = u128::from(*part) * u128::from(scale) + u128::from(carry);
            *part = product as u64;
            carry = (product >> 64) as u64;
        }
        if carry != 0 {
            return None;
        }
    }
    let mut digest = [0; LEN];
    for (bytes, part) in digest.as_chunks_mut::<8>().0.iter_mut().zip(parts.iter().rev()) {
        *bytes = part.to_be_bytes();
    }
    // Each leading zero byte is written as a 1, and nothing else is.
    let ones = text.iter().take_while(|&&digit| digit == ALPHABET[0]).count();
    let zeros = digest.iter().take_while(|&&byte| byte == 0).count();
    (ones == zeros).then_some(digest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_digest_has_exactly_32_bytes() {
        let whole = bs58::encode([7; 32]).into_string();
        assert_eq!(parse(&whole), Some([7; 32]));
        assert_eq!(parse(&"1".repeat(32)), Some([0; 32]));
        assert_eq!(parse(&bs58::encode([255; 32]).into_string()), Some([255; 32]));
        for other in [[7; 31].as_slice(), &[7; 33], &[], &[1], &[0; 31], &[0; 33]] {
            assert_eq!(parse(&bs58::encode(other).into_string()), None);
        }
        for other in ["", "0", "nonsense", "é", &whole[1..], &"1".repeat(100_000), &"z".repeat(44)] {
            assert_eq!(parse(other), None, "{other:.60}");
        }
    }

    proptest! {
        #[test]
        fn every_digest_reads_back(zeros in 0usize..=32, mut digest: [u8; 32]) {
            digest[..zeros].fill(0);
            prop_assert_eq!(parse(&bs58::encode(digest).into_string()), Some(digest));
        }

        #[test]
        fn other_texts_are_read_as_others_read_them(text in "[1-9A-HJ-NP-Za-km-z]{30,46}") {
            let mut other = [0; 32];
            let read = bs58::decode(&text).onto(&mut other).ok().filter(|length| *length == 32).map(|_| other);
            prop_assert_eq!(parse(&text), read);
        }
    }
}
