//! One integer type that holds every value of `uint256` and of `int256`.

use std::{cmp::Ordering, fmt};

use ruint::aliases::U256;

/// A sign and a 256-bit magnitude, so signed and unsigned values of a chain compare and add without casts.
/// Zero is never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Int {
    negative: bool,
    magnitude: U256,
}

impl Int {
    /// Zero.
    pub const ZERO: Self = Self { negative: false, magnitude: U256::ZERO };

    /// From a sign and a magnitude; minus zero becomes zero.
    pub fn new(negative: bool, magnitude: U256) -> Self {
        Self { negative: negative && !magnitude.is_zero(), magnitude }
    }

    /// From a big-endian two's-complement word, as Solidity's `int256` is encoded.
    pub fn from_signed_be(word: [u8; 32]) -> Self {
        let raw = U256::from_be_bytes(word);
        if word[0] & 0x80 == 0 { Self::new(false, raw) } else { Self::new(true, raw.wrapping_neg()) }
    }

    /// From a big-endian unsigned word.
    pub fn from_unsigned_be(word: [u8; 32]) -> Self {
        Self::new(false, U256::from_be_bytes(word))
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// Its distance from zero.
    pub fn magnitude(&self) -> U256 {
        self.magnitude
    }

    /// `None` when negative or wider than 64 bits.
    pub fn to_u64(&self) -> Option<u64> {
        if self.negative { None } else { u64::try_from(self.magnitude).ok() }
    }

    /// Decimal, or hexadecimal after `0x`, with an optional leading minus and `_` between digits.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (digits, radix) = match digits.strip_prefix("0x") {
            Some(hex) => (hex, 16),
            None => (digits, 10),
        };
        if digits.is_empty()
            || !digits.chars().all(|c| c.is_digit(radix) || c == '_')
            || digits.starts_with('_')
        {
            return None;
        }
        let digits = digits.replace('_', "");
        Some(Self::new(negative, U256::from_str_radix(&digits, u64::from(radix)).ok()?))
    }

    /// The sum, or `None` beyond ±(2^256−1).
    pub fn checked_add(self, other: Self) -> Option<Self> {
        if self.negative == other.negative {
            return Some(Self::new(self.negative, self.magnitude.checked_add(other.magnitude)?));
        }
        Some(if self.magnitude >= other.magnitude {
            Self::new(self.negative, self.magnitude - other.magnitude)
        } else {
            Self::new(other.negative, other.magnitude - self.magnitude)
        })
    }

    /// The difference, or `None` beyond ±(2^256−1).
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(-other)
    }

    /// The product, or `None` beyond ±(2^256−1).
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        Some(Self::new(self.negative != other.negative, self.magnitude.checked_mul(other.magnitude)?))
    }

    /// The quotient, truncated towards zero as in Solidity; `None` for division by zero.
    pub fn checked_div(self, other: Self) -> Option<Self> {
        Some(Self::new(self.negative != other.negative, self.magnitude.checked_div(other.magnitude)?))
    }

    /// The remainder with the sign of `self`, as in Solidity; `None` for division by zero.
    pub fn checked_rem(self, other: Self) -> Option<Self> {
        Some(Self::new(self.negative, self.magnitude.checked_rem(other.magnitude)?))
    }
}

impl std::ops::Neg for Int {
    type Output = Self;
    fn neg(self) -> Self {
        Self::new(!self.negative, self.magnitude)
    }
}

impl From<u64> for Int {
    fn from(value: u64) -> Self {
        Self::new(false, U256::from(value))
    }
}

impl From<i64> for Int {
    fn from(value: i64) -> Self {
        Self::new(value < 0, U256::from(value.unsigned_abs()))
    }
}

impl From<U256> for Int {
    fn from(value: U256) -> Self {
        Self::new(false, value)
    }
}

impl PartialOrd for Int {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Int {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.magnitude.cmp(&other.magnitude),
            (true, true) => other.magnitude.cmp(&self.magnitude),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl fmt::Display for Int {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        // Most values on chain fit 128 bits, whose formatting is several times quicker than the 256-bit one.
        match u128::try_from(self.magnitude) {
            Ok(small) => fmt::Display::fmt(&small, f),
            Err(_) => fmt::Display::fmt(&self.magnitude, f),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_extremes_of_int256_and_uint256_are_held_and_printed() {
        let mut lowest = [0; 32];
        lowest[0] = 0x80;
        assert_eq!(
            Int::from_signed_be(lowest).to_string(),
            "-57896044618658097711785492504343953926634992332820282019728792003956564819968"
        );
        assert_eq!(Int::from_signed_be([0xff; 32]), Int::from(-1i64));
        assert_eq!(
            Int::from_unsigned_be([0xff; 32]).to_string(),
            "115792089237316195423570985008687907853269984665640564039457584007913129639935"
        );
        assert_eq!(-Int::ZERO, Int::ZERO);
    }

    #[test]
    fn text_that_is_not_a_number_is_refused() {
        for bad in ["", "-", "0x", "1x", "_1", "1.5", "0xg", &"9".repeat(79)] {
            assert_eq!(Int::parse(bad), None, "{bad}");
        }
        assert_eq!(Int::parse("-1_000"), Some(Int::from(-1000i64)));
        assert_eq!(Int::parse("0xFf"), Some(Int::from(255u64)));
    }

    proptest! {
        #[test]
        fn arithmetic_agrees_with_i128(a in any::<i64>(), b in any::<i64>()) {
            let (x, y) = (Int::from(a), Int::from(b));
            let (wide_a, wide_b) = (i128::from(a), i128::from(b));
            prop_assert_eq!(x.checked_add(y).unwrap().to_string(), (wide_a + wide_b).to_string());
            prop_assert_eq!(x.checked_sub(y).unwrap().to_string(), (wide_a - wide_b).to_string());
            prop_assert_eq!(x.checked_mul(y).unwrap().to_string(), (wide_a * wide_b).to_string());
            if b != 0 {
                prop_assert_eq!(x.checked_div(y).unwrap().to_string(), (wide_a / wide_b).to_string());
                prop_assert_eq!(x.checked_rem(y).unwrap().to_string(), (wide_a % wide_b).to_string());
            }
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!(Int::parse(&x.to_string()), Some(x));
        }
    }
}
