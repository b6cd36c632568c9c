//! The types of Solidity's ABI, and their names.

use std::fmt;

/// Types nested deeper are refused; decoding recurses as deep as the type does.
pub(super) const MAX_DEPTH: usize = 16;
/// Types of more parts are refused.
pub(super) const MAX_PARTS: usize = 1024;

/// A type of an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AbiType {
    Bool,
    Uint(u16),
    Int(u16),
    Address,
    FixedBytes(u8),
    /// A contract's address and a selector, 24 bytes.
    Function,
    Bytes,
    Text,
    /// `T[]`.
    List(Box<AbiType>),
    /// `T[k]`, `k` above zero.
    Fixed(Box<AbiType>, u32),
    /// A struct, never empty.
    Tuple(Vec<Param>),
}

/// A named argument or field; the name may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Param {
    pub(crate) name: String,
    pub(crate) ty: AbiType,
}

impl AbiType {
    /// The type of that elementary name; `uint`, `int` and `byte` are the aliases that Solidity has.
    pub(super) fn elementary(name: &str) -> Option<Self> {
        let ty = match name {
            "bool" => Self::Bool,
            "address" => Self::Address,
            "function" => Self::Function,
            "bytes" => Self::Bytes,
            "string" => Self::Text,
            "uint" => Self::Uint(256),
            "int" => Self::Int(256),
            "byte" => Self::FixedBytes(1),
            _ => {
                if let Some(bits) = name.strip_prefix("uint") {
                    Self::Uint(int_bits(bits)?)
                } else if let Some(bits) = name.strip_prefix("int") {
                    Self::Int(int_bits(bits)?)
                } else {
                    let size =
                        plain_number(name.strip_prefix("bytes")?).filter(|size| (1..=32).contains(size))?;
                    Self::FixedBytes(size as u8)
                }
            }
        };
        Some(ty)
    }

    /// This type followed by array brackets, for example `[2][]`, without spaces.
    pub(super) fn with_brackets(self, brackets: &str) -> Result<Self, &'static str> {
        let mut ty = self;
        let mut rest = brackets;
        while !rest.is_empty() {
            let inner = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
            let Some((length, after)) = inner else { return Err("an array is written [] or [3]") };
            ty = match length {
                "" => Self::List(Box::new(ty)),
                digits => {
                    let length = plain_number(digits).ok_or("an array's length is a number")?;
                    if length == 0 {
                        return Err("an array's length cannot be zero");
                    }
                    Self::Fixed(Box::new(ty), length)
                }
            };
            rest = after;
            if ty.depth() > MAX_DEPTH {
                return Err("the type is nested too deeply");
            }
        }
        Ok(ty)
    }

    /// A struct of these fields.
    pub(super) fn tuple(fields: Vec<Param>) -> Result<Self, &'static str> {
        if fields.is_empty() {
            return Err("a struct has at least one field");
        }
        let tuple = Self::Tuple(fields);
        if tuple.depth() > MAX_DEPTH {
            return Err("the type is nested too deeply");
        }
        if tuple.parts() > MAX_PARTS {
            return Err("the type has too many parts");
        }
        Ok(tuple)
    }

    /// How deeply it is nested: 1 for an elementary type.
    fn depth(&self) -> usize {
        match self {
            Self::List(item) | Self::Fixed(item, _) => 1 + item.depth(),
            Self::Tuple(fields) => 1 + fields.iter().map(|field| field.ty.depth()).max().unwrap_or(0),
            _ => 1,
        }
    }

    /// How many types it is made of.
    pub(super) fn parts(&self) -> usize {
        match self {
            Self::List(item) | Self::Fixed(item, _) => 1 + item.parts(),
            Self::Tuple(fields) => 1 + fields.iter().map(|field| field.ty.parts()).sum::<usize>(),
            _ => 1,
        }
    }
}

/// The canonical name, as it goes into a signature's hash.
impl fmt::Display for AbiType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Uint(bits) => write!(f, "uint{bits}"),
            Self::Int(bits) => write!(f, "int{bits}"),
            Self::Address => f.write_str("address"),
            Self::FixedBytes(size) => write!(f, "bytes{size}"),
            Self::Function => f.write_str("function"),
            Self::Bytes => f.write_str("bytes"),
            Self::Text => f.write_str("string"),
            Self::List(item) => write!(f, "{item}[]"),
            Self::Fixed(item, length) => write!(f, "{item}[{length}]"),
            Self::Tuple(fields) => {
                f.write_str("(")?;
                write_list(f, fields.iter().map(|field| &field.ty))?;
                f.write_str(")")
            }
        }
    }
}

/// Writes the canonical names with commas between them.
pub(super) fn write_list<'a>(
    f: &mut fmt::Formatter<'_>,
    types: impl Iterator<Item = &'a AbiType>,
) -> fmt::Result {
    for (place, ty) in types.enumerate() {
        if place > 0 {
            f.write_str(",")?;
        }
        write!(f, "{ty}")?;
    }
    Ok(())
}

fn int_bits(digits: &str) -> Option<u16> {
    let bits = plain_number(digits).filter(|bits| (8..=256).contains(bits) && bits % 8 == 0)?;
    Some(bits as u16)
}

/// A decimal number as canonical names have it: no sign, no leading zero.
fn plain_number(digits: &str) -> Option<u32> {
    let plain = !digits.starts_with(['0', '+']) || digits == "0";
    if plain { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elementary_names_are_those_of_solidity() {
        for (name, canonical) in [
            ("uint", "uint256"),
            ("int", "int256"),
            ("byte", "bytes1"),
            ("uint8", "uint8"),
            ("int24", "int24"),
            ("bytes32", "bytes32"),
            ("function", "function"),
            ("string", "string"),
        ] {
            assert_eq!(AbiType::elementary(name).unwrap().to_string(), canonical);
        }
        for name in
            ["uint7", "uint0", "uint264", "uint08", "uint+8", "bytes0", "bytes33", "fixed128x18", "Uint8", ""]
        {
            assert_eq!(AbiType::elementary(name), None, "{name}");
        }
    }

    #[test]
    fn arrays_are_read_from_the_inside_out() {
        let ty = AbiType::Bool.with_brackets("[2][]").unwrap();
        assert_eq!(ty, AbiType::List(Box::new(AbiType::Fixed(Box::new(AbiType::Bool), 2))));
        assert_eq!(ty.to_string(), "bool[2][]");
        for brackets in ["[", "[]]", "[0]", "[01]", "[-1]", "x", "[4294967296]", &"[]".repeat(MAX_DEPTH)] {
            assert!(AbiType::Bool.with_brackets(brackets).is_err(), "{brackets}");
        }
    }
}
