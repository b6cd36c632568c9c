//! An event's or function's name and arguments, however they were described.

use std::fmt;

use super::types::{self, AbiType, Param};

/// As many as an [`chainbell_model::ArgMask`] covers.
pub(super) const MAX_ARGUMENTS: usize = 64;

/// What a signature is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Event,
    Function,
}

/// An event or a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) inputs: Vec<Input>,
    /// An event without a key.
    pub(crate) anonymous: bool,
}

/// An argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) param: Param,
    /// It stands in a topic (events only).
    pub(crate) indexed: bool,
}

impl Input {
    pub(crate) fn ty(&self) -> &AbiType {
        &self.param.ty
    }
}

impl Signature {
    /// Some argument is marked as indexed.
    pub(crate) fn has_indexed(&self) -> bool {
        self.inputs.iter().any(|input| input.indexed)
    }

    /// Some argument, or some field of one, has a name.
    pub(crate) fn has_names(&self) -> bool {
        self.inputs.iter().any(|input| !input.param.name.is_empty() || has_field_names(input.ty()))
    }

    /// Which arguments are indexed.
    pub(crate) fn marks(&self) -> Vec<bool> {
        self.inputs.iter().map(|input| input.indexed).collect()
    }

    /// This signature under the names of the alike `other`, where that has some.
    pub(crate) fn renamed_like(mut self, other: &Self) -> Self {
        for (input, named) in self.inputs.iter_mut().zip(&other.inputs) {
            if !named.param.name.is_empty() {
                input.param.name.clone_from(&named.param.name);
            }
            if has_field_names(&named.param.ty) {
                input.param.ty.clone_from(&named.param.ty);
            }
        }
        self
    }
}

fn has_field_names(ty: &AbiType) -> bool {
    match ty {
        AbiType::Tuple(fields) => {
            fields.iter().any(|field| !field.name.is_empty() || has_field_names(&field.ty))
        }
        AbiType::List(item) | AbiType::Fixed(item, _) => has_field_names(item),
        _ => false,
    }
}

/// The canonical signature, whose hash is the event's key or begins with the function's selector.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        f.write_str("(")?;
        types::write_list(f, self.inputs.iter().map(Input::ty))?;
        f.write_str(")")
    }
}
