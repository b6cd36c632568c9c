//! Types compiled for decoding: each once, by number, so that types may share them and hold themselves.

use std::fmt;

use chainbell_model::Type;

use super::types::{Encoding, Number};

/// A type's number in [`Layouts`].
pub(super) type Id = u32;

/// How a value stands in the data.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Layout {
    Bool(Number),
    Number(Number),
    Address,
    Bytes,
    Text {
        encoding: Encoding,
        padded: bool,
    },
    Window(Extent, Id),
    Hidden {
        before: Box<[u8]>,
        item: Id,
        after: Box<[u8]>,
    },
    List(Id, Items),
    Option {
        item: Id,
        prefix: Number,
        fixed: bool,
    },
    Zeroable {
        item: Id,
        zero: Option<Box<[u8]>>,
    },
    Trailing(Id),
    Record(Box<[Slot]>),
    /// An enum whose variants are names alone.
    Names {
        tag: Number,
        variants: Box<[(u64, Box<str>)]>,
    },
    Enum {
        tag: Number,
        variants: Box<[EnumVariant]>,
        contents: usize,
    },
    /// A type that holds itself, by the number of its definition.
    Again(usize),
}

/// Where bytes end that stand for themselves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Extent {
    Fixed(usize),
    Prefixed(Number),
    Until(Box<[u8]>),
}

/// How many items a list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Items {
    Fixed(usize),
    Prefixed(Number),
    Rest,
}

/// A field's place in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Slot {
    pub(super) id: Id,
    /// No value: a constant nobody needs to see.
    pub(super) hidden: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct EnumVariant {
    pub(super) tag: u64,
    pub(super) name: Box<str>,
    /// Its content and the place of that among all contents.
    pub(super) content: Option<(Id, usize)>,
}

/// The types of a description.
#[derive(Default)]
pub(super) struct Layouts {
    pub(super) all: Vec<Layout>,
    /// Of each of `all`: how many bytes it takes, where that does not depend on the data.
    pub(super) sizes: Vec<Option<usize>>,
    /// What [`Layout::Again`] refers to.
    pub(super) definitions: Vec<Option<(Id, Type)>>,
}

impl Layouts {
    pub(super) fn get(&self, id: Id) -> &Layout {
        &self.all[id as usize]
    }

    pub(super) fn size(&self, id: Id) -> Option<usize> {
        self.sizes[id as usize]
    }
}

/// Every decoder of a description has all of its types.
impl fmt::Debug for Layouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} types", self.all.len())
    }
}
