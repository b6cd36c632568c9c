//! Base58 as Solana writes keys, signatures and instruction data. Ten digits at a time, so that long instruction data
//! costs a hundredth of what digit by digit does.

/// The most digits of data: those of the 10,240 bytes that an instruction may carry, with room.
pub const MAX_DIGITS: usize = 16 * 1024;

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const INVALID: u8 = 0xff;
/// As many digits as a limb has room for.
const GROUP: usize = 10;

const VALUES: [u8; 256] = {
    let mut values = [INVALID; 256];
    let mut digit = 0;
    while digit < ALPHABET.len() {
        values[ALPHABET[digit] as usize] = digit as u8;
        digit += 1;
    }
    values
};

/// Powers of 58.
const POWERS: [u64; GROUP + 1] = {
    let mut powers = [1; GROUP + 1];
    let mut exponent = 1;
    while exponent <= GROUP {
        powers[exponent] = powers[exponent - 1] * 58;
        exponent += 1;
    }
    powers
};

/// The 32 bytes of a key or hash; `None` when the text is not exactly that.
pub fn key(text: &str) -> Option<[u8; 32]> {
    let mut limbs = [0; 4];
    let mut bytes = [0; 32];
    fixed(text.as_bytes(), &mut limbs, &mut bytes)?;
    Some(bytes)
}

/// The 64 bytes of a signature; `None` when the text is not exactly that.
pub fn signature(text: &str) -> Option<[u8; 64]> {
    let mut limbs = [0; 8];
    let mut bytes = [0; 64];
    fixed(text.as_bytes(), &mut limbs, &mut bytes)?;
    Some(bytes)
}

/// Appends the text of a key or hash.
pub fn push_key(key: &[u8; 32], out: &mut String) {
    encode(key, &mut [0; 9], out);
}

/// Appends the text of a signature.
pub fn push_signature(signature: &[u8; 64], out: &mut String) {
    encode(signature, &mut [0; 18], out);
}

/// Appends the bytes of data of any length; `None` when the text is no base58 or longer than [`MAX_DIGITS`].
pub fn data(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let text = text.as_bytes();
    if text.len() > MAX_DIGITS {
        return None;
    }
    let (zeros, digits) = split_zeros(text);
    let mut limbs = Vec::with_capacity(digits.len() / GROUP + 1);
    for (digits, power) in groups(digits) {
        let carry = multiply_add(&mut limbs, power, group_value(digits)?);
        if carry > 0 {
            limbs.push(carry);
        }
    }
    out.resize(out.len() + zeros, 0);
    let bytes = limbs.iter().rev().flat_map(|&limb| limb.to_be_bytes());
    out.extend(bytes.skip_while(|&byte| byte == 0));
    Some(())
}

/// `limbs` has room for exactly the bytes of `out`.
fn fixed(text: &[u8], limbs: &mut [u64], out: &mut [u8]) -> Option<()> {
    // A byte is at least one digit and at most one and a half.
    if text.len() < out.len() || text.len() > out.len() + out.len() / 2 {
        return None;
    }
    let (zeros, digits) = split_zeros(text);
    for (digits, power) in groups(digits) {
        if multiply_add(limbs, power, group_value(digits)?) > 0 {
            return None;
        }
    }
    for (bytes, limb) in out.chunks_exact_mut(8).rev().zip(limbs) {
        bytes.copy_from_slice(&limb.to_be_bytes());
    }
    let leading = out.iter().take_while(|&&byte| byte == 0).count();
    (leading == zeros).then_some(())
}

/// `limbs` has room for all digits of `bytes`, five in each.
fn encode(bytes: &[u8], limbs: &mut [u64], out: &mut String) {
    const BASE: u64 = POWERS[5];
    for word in bytes.as_chunks::<4>().0 {
        let mut carry = u64::from(u32::from_be_bytes(*word));
        for limb in limbs.iter_mut() {
            let value = (*limb << 32) + carry;
            *limb = value % BASE;
            carry = value / BASE;
        }
    }
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    out.extend(std::iter::repeat_n('1', zeros));
    let digits =
        limbs.iter().rev().flat_map(|&limb| (0..5).rev().map(move |place| limb / POWERS[place] % 58));
    let digits = digits.skip_while(|&digit| digit == 0);
    out.extend(digits.map(|digit| char::from(ALPHABET[digit as usize])));
}

/// Each leading `1` stands for a byte 0.
fn split_zeros(text: &[u8]) -> (usize, &[u8]) {
    let zeros = text.iter().take_while(|&&digit| digit == b'1').count();
    (zeros, text.get(zeros..).unwrap_or_default())
}

/// The digits in groups, the short one first, each with the power to multiply by.
fn groups(digits: &[u8]) -> impl Iterator<Item = (&[u8], u64)> {
    let (head, rest) = digits.split_at(digits.len() % GROUP);
    let head = (!head.is_empty()).then(|| (head, POWERS[head.len()]));
    head.into_iter().chain(rest.chunks_exact(GROUP).map(|group| (group, POWERS[GROUP])))
}

fn group_value(digits: &[u8]) -> Option<u64> {
    let mut value = 0;
    let mut worst = 0;
    for &digit in digits {
        let digit = VALUES[usize::from(digit)];
        worst |= digit;
        value = value * 58 + u64::from(digit & 63);
    }
    (worst != INVALID).then_some(value)
}

/// `limbs * factor + carry`, the least significant limb first; returns what does not fit.
fn multiply_add(limbs: &mut [u64], factor: u64, mut carry: u64) -> u64 {
    for limb in limbs {
        let product = u128::from(*limb) * u128::from(factor) + u128::from(carry);
        *limb = product as u64;
        carry = (product >> 64) as u64;
    }
    carry
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_largest_ones_have_room() {
        let mut text = String::new();
        push_key(&[255; 32], &mut text);
        assert_eq!(key(&text), Some([255; 32]));
        text.clear();
        push_signature(&[255; 64], &mut text);
        assert_eq!(signature(&text), Some([255; 64]));
    }

    #[test]
    fn what_is_not_exactly_a_key_is_none() {
        let key_text = "Vote111111111111111111111111111111111111111";
        assert!(key(key_text).is_some());
        assert_eq!(key("11111111111111111111111111111111"), Some([0; 32]));
        for wrong in [
            "",
            "1",
            "111111111111111111111111111111111",
            "1111111111111111111111111111111",
            "Vote11111111111111111111111111111111111111",
            "0ote111111111111111111111111111111111111111",
            "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
            "Vote111111111111111111111111111111111111111é",
        ] {
            assert_eq!(key(wrong), None, "{wrong}");
        }
        assert_eq!(data(&"2".repeat(MAX_DIGITS + 1), &mut Vec::new()), None);
        assert_eq!(data("0", &mut Vec::new()), None);
    }

    proptest! {
        #[test]
        fn keys_agree_with_the_library(mut bytes: [u8; 32], zeros in 0..33_usize) {
            bytes[..zeros].fill(0);
            let text = bs58::encode(bytes).into_string();
            prop_assert_eq!(key(&text), Some(bytes));
            let mut ours = "x".to_owned();
            push_key(&bytes, &mut ours);
            prop_assert_eq!(&ours[1..], text);
        }

        #[test]
        fn signatures_agree_with_the_library(head: [u8; 32], tail: [u8; 32], zeros in 0..65_usize) {
            let mut bytes = [0; 64];
            bytes[..32].copy_from_slice(&head);
            bytes[32..].copy_from_slice(&tail);
            bytes[..zeros].fill(0);
            let text = bs58::encode(bytes).into_string();
            prop_assert_eq!(signature(&text), Some(bytes));
            let mut ours = String::new();
            push_signature(&bytes, &mut ours);
            prop_assert_eq!(ours, text);
        }

        #[test]
        fn data_agrees_with_the_library(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            zeros in 0..5_usize,
        ) {
            let bytes = [vec![0; zeros], bytes].concat();
            let mut ours = vec![7];
            prop_assert_eq!(data(&bs58::encode(&bytes).into_string(), &mut ours), Some(()));
            prop_assert_eq!(&ours[1..], &bytes[..]);
        }

        #[test]
        fn any_text_is_read_as_the_library_reads_it(text in "[1-9A-Za-z]{0,90}") {
            let library = bs58::decode(&text).into_vec().ok();
            let mut ours = Vec::new();
            let read = data(&text, &mut ours).map(|()| ours);
            prop_assert_eq!(&read, &library);
            prop_assert_eq!(key(&text).map(Vec::from), library.clone().filter(|bytes| bytes.len() == 32));
            prop_assert_eq!(signature(&text).map(Vec::from), library.filter(|bytes| bytes.len() == 64));
        }
    }
}
