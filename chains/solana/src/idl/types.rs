//! The types of an IDL, whichever format it was written in, as they were written.

use std::{fmt, sync::Arc};

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ty {
    Bool(Number),
    Number(Number),
    Address,
    /// All bytes up to the end of what surrounds it.
    Bytes,
    /// All text up to the end of what surrounds it.
    Text(Encoding),
    /// In this many bytes; what it does not fill is padding.
    Sized(Box<Ty>, usize),
    /// In as many bytes as the number before it says.
    Prefixed(Box<Ty>, Number),
    /// In the bytes before these.
    Until(Box<Ty>, Box<[u8]>),
    /// Between constants that nobody needs to see.
    Hidden {
        before: Box<[u8]>,
        ty: Box<Ty>,
        after: Box<[u8]>,
    },
    List(Box<Ty>, Count),
    Map(Box<Ty>, Box<Ty>, Count),
    Option {
        item: Box<Ty>,
        prefix: Number,
        fixed: bool,
    },
    /// Absent when its bytes are these, or all zero.
    Zeroable(Box<Ty>, Option<Box<[u8]>>),
    /// Absent when nothing is left.
    Trailing(Box<Ty>),
    /// Of a tuple, the fields have no names.
    Struct(Arc<[Field]>),
    Enum {
        tag: Number,
        variants: Vec<Variant>,
    },
    /// One of the description's own types.
    Named(String, Vec<Generic>),
    /// A parameter of the type around it.
    Parameter(String),
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Number {
    pub(super) kind: NumberKind,
    /// In bytes, 32 at the most.
    pub(super) size: u8,
    pub(super) big_endian: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum NumberKind {
    Unsigned,
    Signed,
    Float,
    /// Solana's compact form of a `u16`, one to three bytes.
    Compact,
}

/// How text stands in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Encoding {
    Utf8,
    Base16,
    Base58,
    Base64,
}

/// How many items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Fixed(usize),
    /// The value of a parameter of the type around it.
    Parameter(String),
    Prefixed(Number),
    /// Up to the end of what surrounds them.
    Rest,
}

/// A named place in a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Empty where the source has none.
    pub(super) name: String,
    pub(super) ty: Ty,
    /// A constant, such as the discriminator, that is no argument.
    pub(super) hidden: bool,
}

/// One of an enum's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variant {
    pub(super) name: String,
    pub(super) tag: u64,
    /// A struct, never an empty one.
    pub(super) content: Option<Ty>,
}

/// An argument for a type's parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Generic {
    Ty(Ty),
    Value(usize),
    /// A parameter handed on, of whichever kind.
    Parameter(String),
}

/// One of the description's own types.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    pub(super) parameters: Vec<String>,
    pub(super) ty: Ty,
}

impl Number {
    pub(super) const U8: Self = Self::unsigned(1);
    pub(super) const U32: Self = Self::unsigned(4);

    pub(super) const fn unsigned(size: u8) -> Self {
        Self { kind: NumberKind::Unsigned, size, big_endian: false }
    }

    /// By its name: `u8` to `u256`, `i8` to `i256`, `f32`, `f64`, `shortU16`.
    pub(super) fn named(name: &str) -> Option<Self> {
        if name == "shortU16" {
            return Some(Self { kind: NumberKind::Compact, size: 2, big_endian: false });
        }
        let (kind, bits) = match name.split_at_checked(1)? {
            ("u", bits) => (NumberKind::Unsigned, bits),
            ("i", bits) => (NumberKind::Signed, bits),
            ("f", bits) => (NumberKind::Float, bits),
            _ => return None,
        };
        let size = match bits {
            "8" => 1,
            "16" => 2,
            "32" => 4,
            "64" => 8,
            "128" => 16,
            "256" => 32,
            _ => return None,
        };
        let known = kind != NumberKind::Float || matches!(size, 4 | 8);
        known.then_some(Self { kind, size, big_endian: false })
    }
}

impl Ty {
    /// By the word that Anchor has for it.
    pub(super) fn primitive(word: &str) -> Option<Self> {
        Some(match word {
            "bool" => Self::Bool(Number::U8),
            "pubkey" | "publicKey" => Self::Address,
            "string" => Self::Prefixed(Box::new(Self::Text(Encoding::Utf8)), Number::U32),
            "bytes" => Self::Prefixed(Box::new(Self::Bytes), Number::U32),
            _ => Self::Number(Number::named(word)?),
        })
    }

    /// A list; of bytes, bytes.
    pub(super) fn list(item: Self, count: Count) -> Self {
        match (item, count) {
            (Self::Number(Number::U8), Count::Fixed(size)) => Self::Sized(Box::new(Self::Bytes), size),
            (Self::Number(Number::U8), Count::Prefixed(prefix)) => {
                Self::Prefixed(Box::new(Self::Bytes), prefix)
            }
            (Self::Number(Number::U8), Count::Rest) => Self::Bytes,
            (item, count) => Self::List(Box::new(item), count),
        }
    }

    /// A tuple of these.
    pub(super) fn tuple(items: impl IntoIterator<Item = Self>) -> Self {
        let field = |ty| Field { name: String::new(), ty, hidden: false };
        Self::Struct(items.into_iter().map(field).collect())
    }

    pub(super) fn option(item: Self) -> Self {
        Self::Option { item: Box::new(item), prefix: Number::U8, fixed: false }
    }
}

/// The words that [`Ty::primitive`] knows, for suggestions.
pub(super) const PRIMITIVES: [&str; 18] = [
    "bool", "u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "u128", "i128", "u256", "i256", "f32",
    "f64", "pubkey", "string", "bytes",
];

/// Writes with commas between.
pub(super) fn write_list<'a>(f: &mut fmt::Formatter<'_>, types: impl Iterator<Item = &'a Ty>) -> fmt::Result {
    for (place, ty) in types.enumerate() {
        if place > 0 {
            f.write_str(",")?;
        }
        write!(f, "{ty}")?;
    }
    Ok(())
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = u16::from(self.size) * 8;
        match self.kind {
            NumberKind::Unsigned => write!(f, "u{bits}"),
            NumberKind::Signed => write!(f, "i{bits}"),
            NumberKind::Float => write!(f, "f{bits}"),
            NumberKind::Compact => f.write_str("shortU16"),
        }
    }
}

/// The canonical name, in the words of Anchor and of signatures. What stands for a value goes in, how it is written does
/// not always.
impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(_) => f.write_str("bool"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Address => f.write_str("pubkey"),
            Self::Bytes => f.write_str("bytes"),
            Self::Text(_) => f.write_str("string"),
            Self::Sized(ty, size) if **ty == Self::Bytes => write!(f, "[u8;{size}]"),
            Self::Prefixed(ty, prefix) if *prefix != Number::U32 => write!(f, "{ty}<{prefix}>"),
            Self::Sized(ty, _) | Self::Prefixed(ty, _) | Self::Until(ty, _) | Self::Hidden { ty, .. } => {
                write!(f, "{ty}")
            }
            Self::List(item, Count::Fixed(count)) => write!(f, "[{item};{count}]"),
            Self::List(item, Count::Parameter(name)) => write!(f, "[{item};{name}]"),
            Self::List(item, Count::Prefixed(Number::U32) | Count::Rest) => write!(f, "vec<{item}>"),
            Self::List(item, Count::Prefixed(prefix)) => write!(f, "vec<{item},{prefix}>"),
            Self::Map(key, value, _) => write!(f, "map<{key},{value}>"),
            Self::Option { item, .. } | Self::Zeroable(item, _) | Self::Trailing(item) => {
                write!(f, "option<{item}>")
            }
            Self::Struct(fields) => {
                f.write_str("(")?;
                write_list(f, fields.iter().filter(|field| !field.hidden).map(|field| &field.ty))?;
                f.write_str(")")
            }
            Self::Enum { .. } => f.write_str("enum"),
            Self::Named(name, generics) if generics.is_empty() => f.write_str(name),
            Self::Named(name, generics) => {
                write!(f, "{name}<")?;
                for (place, generic) in generics.iter().enumerate() {
                    let comma = if place > 0 { "," } else { "" };
                    match generic {
                        Generic::Ty(ty) => write!(f, "{comma}{ty}")?,
                        Generic::Value(value) => write!(f, "{comma}{value}")?,
                        Generic::Parameter(name) => write!(f, "{comma}{name}")?,
                    }
                }
                f.write_str(">")
            }
            Self::Parameter(name) => f.write_str(name),
        }
    }
}
