//! What a contract's description tells: functions, events and types, whatever form it was written in.

use std::{collections::HashMap, fmt, sync::Arc};

use crate::value::tag;

/// No tuple, struct, union or list of arguments of a contract has more parts.
pub(crate) const MAX_PARTS: usize = 256;
/// No type of a contract is nested deeper.
pub(crate) const MAX_DEPTH: usize = 24;

/// A contract's description.
#[derive(Clone, Debug, Default)]
pub(crate) struct Description {
    pub(crate) functions: Vec<Function>,
    pub(crate) events: Vec<Event>,
    pub(crate) types: Types,
}

/// The types that a contract defines, by name.
pub(crate) type Types = HashMap<Arc<str>, UserType>;

/// A function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: Arc<str>,
    pub(crate) inputs: Vec<Param>,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) name: Arc<str>,
    /// The topics that all its events begin with; the first is the event's name on the ledger.
    pub(crate) prefix: Vec<Arc<str>>,
    pub(crate) params: Vec<EventParam>,
    pub(crate) format: DataFormat,
    /// Topics that are options may be missing, not just void.
    pub(crate) lenient: bool,
}

/// A parameter of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventParam {
    pub(crate) param: Param,
    /// It is a topic, not in the data.
    pub(crate) topic: bool,
}

/// A named type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Param {
    pub(crate) name: Arc<str>,
    pub(crate) ty: SpecType,
}

/// How an event's data holds its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum DataFormat {
    /// The data is the only one.
    Single,
    /// By position.
    Vec,
    /// By name.
    Map,
    /// Not told: as the data itself shows.
    Unknown,
}

/// A type, as Soroban's specification has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SpecType {
    Val,
    Void,
    Bool,
    Error,
    /// By the tag of its `ScVal`.
    Int(u32),
    Bytes,
    BytesN(u32),
    String,
    Symbol,
    Address,
    MuxedAddress,
    /// A number, bytes or text that tells whom a payment is for (CAP-67).
    Memo,
    Option(Box<SpecType>),
    Result(Box<(SpecType, SpecType)>),
    Vec(Box<SpecType>),
    Map(Box<(SpecType, SpecType)>),
    Tuple(Vec<SpecType>),
    /// A struct that has no name of its own.
    Struct(Vec<Param>),
    /// Of [`Description::types`].
    Named(Arc<str>),
}

/// A type that a contract defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UserType {
    Struct(Vec<Param>),
    /// Cases with the types of their contents.
    Union(Vec<(Arc<str>, Vec<SpecType>)>),
    Enum(Vec<(Arc<str>, u32)>),
    ErrorEnum(Vec<(Arc<str>, u32)>),
}

/// The types without parts, by the names that Soroban's specification and Rust have for them.
pub(crate) fn simple_type(name: &str) -> Option<SpecType> {
    Some(match name {
        "val" | "Val" | "any" => SpecType::Val,
        "void" => SpecType::Void,
        "bool" => SpecType::Bool,
        "error" | "Error" => SpecType::Error,
        "u32" => SpecType::Int(tag::U32),
        "i32" => SpecType::Int(tag::I32),
        "u64" => SpecType::Int(tag::U64),
        "i64" => SpecType::Int(tag::I64),
        "timepoint" | "Timepoint" => SpecType::Int(tag::TIMEPOINT),
        "duration" | "Duration" => SpecType::Int(tag::DURATION),
        "u128" => SpecType::Int(tag::U128),
        "i128" => SpecType::Int(tag::I128),
        "u256" | "U256" => SpecType::Int(tag::U256),
        "i256" | "I256" => SpecType::Int(tag::I256),
        "bytes" | "Bytes" => SpecType::Bytes,
        "string" | "String" => SpecType::String,
        "symbol" | "Symbol" => SpecType::Symbol,
        "address" | "Address" => SpecType::Address,
        "muxed_address" | "MuxedAddress" => SpecType::MuxedAddress,
        "memo" => SpecType::Memo,
        _ => return None,
    })
}

impl fmt::Display for SpecType {
    /// As a signature writes it, so that it reads back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::Val => "val",
            Self::Void => "void",
            Self::Bool => "bool",
            Self::Error => "error",
            Self::Int(of) => int_name(*of),
            Self::Bytes => "bytes",
            Self::String => "string",
            Self::Symbol => "symbol",
            Self::Address => "address",
            Self::MuxedAddress => "muxed_address",
            Self::Memo => "memo",
            Self::Named(name) => name,
            Self::BytesN(length) => return write!(f, "bytes<{length}>"),
            Self::Option(inner) => return write!(f, "option<{inner}>"),
            Self::Vec(item) => return write!(f, "vec<{item}>"),
            Self::Map(entry) => return write!(f, "map<{}, {}>", entry.0, entry.1),
            Self::Result(both) => return write!(f, "result<{}, {}>", both.0, both.1),
            Self::Tuple(items) => return write_list(f, ('(', ')'), items),
            Self::Struct(fields) => return write_list(f, ('{', '}'), fields),
        };
        f.write_str(word)
    }
}

fn int_name(of: u32) -> &'static str {
    match of {
        tag::U32 => "u32",
        tag::I32 => "i32",
        tag::I64 => "i64",
        tag::TIMEPOINT => "timepoint",
        tag::DURATION => "duration",
        tag::U128 => "u128",
        tag::I128 => "i128",
        tag::U256 => "u256",
        tag::I256 => "i256",
        _ => "u64",
    }
}

impl fmt::Display for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.ty)
    }
}

impl fmt::Display for EventParam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.param, if self.topic { " @topic" } else { "" })
    }
}

impl fmt::Display for Function {
    /// The canonical signature: `transfer(from: address, to: muxed_address, amount: i128)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        write_list(f, ('(', ')'), &self.inputs)
    }
}

impl fmt::Display for Event {
    /// The canonical signature: `transfer(from: address @topic, to: address @topic, amount: i128)`, with the constant
    /// topics where they are not just the name: `Transfer["transfer"](…)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.prefix != [Arc::clone(&self.name)] {
            let quoted: Vec<_> = self.prefix.iter().map(|topic| format!("{topic:?}")).collect();
            write_list(f, ('[', ']'), &quoted)?;
        }
        write_list(f, ('(', ')'), &self.params)
    }
}

fn write_list(
    f: &mut fmt::Formatter<'_>,
    (open, close): (char, char),
    items: &[impl fmt::Display],
) -> fmt::Result {
    write!(f, "{open}")?;
    for (place, item) in items.iter().enumerate() {
        let comma = if place > 0 { ", " } else { "" };
        write!(f, "{comma}{item}")?;
    }
    write!(f, "{close}")
}
