//! The words of Move that descriptions are made of: types, datatypes, functions.

use std::{fmt, sync::Arc};

use crate::address;

/// Types nest no deeper; the chain itself allows about half of it.
pub(crate) const MAX_DEPTH: usize = 32;

/// A type with its arguments has no more parts.
pub(crate) const MAX_PARTS: usize = 256;

/// The package of datatypes whose package nobody told. No package lives there; Move sources use it in the same sense.
pub(crate) const UNTOLD: [u8; address::LEN] = [0; address::LEN];

/// Move's standard library.
pub(crate) const STD: [u8; address::LEN] = numbered(1);

/// Sui's framework.
pub(crate) const FRAMEWORK: [u8; address::LEN] = numbered(2);

const fn numbered(number: u8) -> [u8; address::LEN] {
    let mut package = UNTOLD;
    package[address::LEN - 1] = number;
    package
}

/// What names a datatype.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Name {
    /// The package that defines it.
    pub(crate) package: [u8; address::LEN],
    pub(crate) module: Arc<str>,
    pub(crate) name: Arc<str>,
}

impl Name {
    pub(crate) fn new(package: [u8; address::LEN], module: &str, name: &str) -> Self {
        Self { package, module: module.into(), name: name.into() }
    }

    /// `module::Name`.
    pub(crate) fn short(&self) -> String {
        format!("{}::{}", self.module, self.name)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.package != UNTOLD {
            write!(f, "{}::", address::text(&self.package))?;
        }
        write!(f, "{}::{}", self.module, self.name)
    }
}

/// A type, of a field or of an argument.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum MoveType {
    Bool,
    Uint(u16),
    Address,
    Vector(Box<MoveType>),
    Datatype(Name, Vec<MoveType>),
    /// The type parameter at that place of the enclosing datatype or function.
    Parameter(usize),
}

impl MoveType {
    /// A type without arguments, by its name.
    pub(crate) fn elementary(name: &str) -> Option<Self> {
        Some(match name {
            "bool" => Self::Bool,
            "u8" => Self::Uint(8),
            "u16" => Self::Uint(16),
            "u32" => Self::Uint(32),
            "u64" => Self::Uint(64),
            "u128" => Self::Uint(128),
            "u256" => Self::Uint(256),
            // A signer is written as its address.
            "address" | "signer" => Self::Address,
            _ => return None,
        })
    }

    /// This type with `arguments` in place of its parameters; `None` when it has more than `parts` parts or a parameter
    /// beyond them.
    pub(crate) fn with(&self, arguments: &[MoveType], parts: &mut usize) -> Option<Self> {
        *parts = parts.checked_sub(1)?;
        Some(match self {
            Self::Parameter(place) => {
                let argument = arguments.get(*place)?;
                *parts = parts.checked_sub(argument.parts())?;
                argument.clone()
            }
            Self::Vector(item) => Self::Vector(Box::new(item.with(arguments, parts)?)),
            Self::Datatype(name, own) => {
                let own = own.iter().map(|one| one.with(arguments, parts)).collect::<Option<_>>()?;
                Self::Datatype(name.clone(), own)
            }
            Self::Bool | Self::Uint(_) | Self::Address => self.clone(),
        })
    }

    /// The places of the type parameters in it.
    pub(crate) fn parameters(&self) -> Vec<usize> {
        match self {
            Self::Parameter(place) => vec![*place],
            Self::Vector(item) => item.parameters(),
            Self::Datatype(_, arguments) => arguments.iter().flat_map(Self::parameters).collect(),
            Self::Bool | Self::Uint(_) | Self::Address => Vec::new(),
        }
    }

    fn parts(&self) -> usize {
        match self {
            Self::Vector(item) => 1 + item.parts(),
            Self::Datatype(_, arguments) => 1 + arguments.iter().map(Self::parts).sum::<usize>(),
            Self::Bool | Self::Uint(_) | Self::Address | Self::Parameter(_) => 1,
        }
    }
}

/// As the chain writes types in its events.
impl fmt::Display for MoveType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Uint(bits) => write!(f, "u{bits}"),
            Self::Address => f.write_str("address"),
            Self::Vector(item) => write!(f, "vector<{item}>"),
            Self::Parameter(place) => write!(f, "T{place}"),
            Self::Datatype(name, arguments) => {
                write!(f, "{name}")?;
                for (place, argument) in arguments.iter().enumerate() {
                    f.write_str(if place == 0 { "<" } else { ", " })?;
                    write!(f, "{argument}")?;
                }
                if arguments.is_empty() { Ok(()) } else { f.write_str(">") }
            }
        }
    }
}

/// A named place of a struct or of an enum's variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: Arc<str>,
    pub(crate) ty: MoveType,
}

/// One of an enum's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variant {
    pub(crate) name: Arc<str>,
    pub(crate) members: Vec<Member>,
}

/// What a datatype holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Struct(Vec<Member>),
    /// In the order of declaration, by which values tell them.
    Enum(Vec<Variant>),
    /// An enum whose description does not tell the order of its variants.
    Unordered,
}

impl Body {
    /// The types of its members.
    pub(crate) fn types(&self) -> impl Iterator<Item = &MoveType> {
        let (members, variants): (&[Member], &[Variant]) = match self {
            Self::Struct(members) => (members, &[]),
            Self::Enum(variants) => (&[], variants),
            Self::Unordered => (&[], &[]),
        };
        members.iter().chain(variants.iter().flat_map(|variant| &variant.members)).map(|member| &member.ty)
    }
}

/// A struct or an enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Datatype {
    /// How many type parameters it has.
    pub(crate) parameters: usize,
    /// Events are copied and dropped and are no objects; whether its abilities are those.
    pub(crate) emittable: bool,
    pub(crate) body: Body,
}

impl Datatype {
    /// A struct. The compiler gives a field to one that has none.
    pub(crate) fn of_struct(parameters: usize, emittable: bool, mut members: Vec<Member>) -> Self {
        if members.is_empty() {
            members.push(Member { name: "dummy_field".into(), ty: MoveType::Bool });
        }
        Self { parameters, emittable, body: Body::Struct(members) }
    }
}

/// A function that transactions can call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) module: Arc<str>,
    pub(crate) name: Arc<str>,
    /// How many type parameters it has.
    pub(crate) parameters: usize,
    /// Its parameters without the transaction's context, which no caller gives.
    pub(crate) inputs: Vec<Parameter>,
}

/// What a function takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parameter {
    /// Where the description has it; packages do not.
    pub(crate) name: Option<Arc<str>>,
    pub(crate) ty: MoveType,
}
