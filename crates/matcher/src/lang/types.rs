//! The types of a condition's parts.

use std::sync::Arc;

use chainbell_model::{Int, Schema, Type};

/// The type of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ty {
    Bool,
    /// `None`: computed or literal, of any size.
    Int(Option<Width>),
    Address,
    Bytes,
    Hash,
    Text,
    List(Arc<Type>),
    Record(Arc<Schema>),
    /// Told by the data only.
    Any,
}

/// What an integer type of the chain can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Width {
    signed: bool,
    bits: u16,
}

impl Ty {
    pub(super) fn of(ty: &Type) -> Self {
        match ty {
            Type::Bool => Self::Bool,
            Type::Uint(bits) => Self::Int(Some(Width { signed: false, bits: *bits })),
            Type::Int(bits) => Self::Int(Some(Width { signed: true, bits: *bits })),
            Type::Address => Self::Address,
            Type::Bytes => Self::Bytes,
            Type::Hash => Self::Hash,
            Type::Text => Self::Text,
            Type::List(item) => Self::List(Arc::clone(item)),
            Type::Record(schema) => Self::Record(Arc::clone(schema)),
            // What is absent has no value, as a field that a transaction lacks.
            Type::Optional(ty) => Self::of(ty),
            Type::Any => Self::Any,
        }
    }

    /// For messages.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Bool => "true or false",
            Self::Int(None) => "a number",
            Self::Int(Some(width)) => return format!("a number ({})", width.name()),
            Self::Address => "an address",
            Self::Bytes => "bytes",
            Self::Hash => "the hash of an indexed value",
            Self::Text => "text",
            Self::List(_) => "a list",
            Self::Record(_) => "a record",
            Self::Any => "a value whose type no description tells",
        }
        .to_owned()
    }

    /// Whether values of both can be equal.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Int(_), Self::Int(_)) => true,
            (Self::List(_) | Self::Record(_) | Self::Any, _) => false,
            (one, other) => one == other,
        }
    }
}

impl Width {
    /// The chain's own word for it.
    pub(super) fn name(self) -> String {
        format!("{}int{}", if self.signed { "" } else { "u" }, self.bits)
    }

    pub(super) fn holds(self, int: &Int) -> bool {
        let magnitude_bits = int.magnitude().bit_len();
        let bits = usize::from(self.bits);
        match (self.signed, int.is_negative()) {
            (false, true) => false,
            (false, false) => magnitude_bits <= bits,
            (true, false) => magnitude_bits < bits,
            // One more below zero than above.
            (true, true) => {
                magnitude_bits < bits || (magnitude_bits == bits && int.magnitude().count_ones() == 1)
            }
        }
    }

    /// Its least and greatest value, for messages.
    pub(super) fn range(self) -> String {
        match (self.signed, self.bits) {
            (false, bits @ ..=32) => format!("0 to {}", (1u64 << bits) - 1),
            (true, bits @ 1..=32) => format!("-{0} to {1}", 1u64 << (bits - 1), (1u64 << (bits - 1)) - 1),
            (false, bits) => format!("0 to 2^{bits}-1"),
            (true, bits) => format!("-2^{0} to 2^{0}-1", bits.saturating_sub(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_hold_what_solidity_says() {
        let signed = Width { signed: true, bits: 8 };
        for (value, fits) in [(127, true), (128, false), (-128, true), (-129, false), (-100, true), (0, true)]
        {
            assert_eq!(signed.holds(&Int::from(value as i64)), fits, "{value}");
        }
        let unsigned = Width { signed: false, bits: 8 };
        for (value, fits) in [(255, true), (256, false), (-1, false), (0, true)] {
            assert_eq!(unsigned.holds(&Int::from(value as i64)), fits, "{value}");
        }
        assert_eq!((signed.range(), unsigned.range()), ("-128 to 127".into(), "0 to 255".into()));
        assert_eq!(Width { signed: true, bits: 256 }.range(), "-2^255 to 2^255-1");
    }
}
