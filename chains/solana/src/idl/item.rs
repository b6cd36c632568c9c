//! An event or an instruction as a description tells it, whichever format that is in.

use std::{collections::HashMap, fmt, sync::Arc};

use super::{
    bounds::MAX_DEPTH,
    discriminator::Discriminator,
    node::Fault,
    types::{Definition, Field, Ty, write_list},
};

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Event,
    Instruction,
}

/// An event or an instruction.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    /// Where in the description, for errors.
    pub(super) place: String,
    pub(super) discriminator: Discriminator,
    /// Where in the data the fields begin.
    pub(super) start: usize,
    pub(super) fields: Arc<[Field]>,
    /// Of an instruction, in order.
    pub(super) accounts: Vec<Account>,
    /// The program, which stands in for an optional account that is absent.
    pub(super) program: Option<[u8; 32]>,
}

/// An account that an instruction names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) optional: bool,
}

/// The description's own types. One that cannot be read is a fault where it is used.
pub(super) type Definitions = HashMap<String, Result<Definition, Fault>>;

impl Item {
    /// Some argument has a name.
    pub(crate) fn has_names(&self) -> bool {
        self.arguments().any(|field| !field.name.is_empty())
    }

    /// This item under the names of the alike `other`, where that has some.
    pub(crate) fn renamed_like(mut self, other: &Self) -> Self {
        let mut fields = self.fields.to_vec();
        let shown = fields.iter_mut().filter(|field| !field.hidden);
        for (field, named) in shown.zip(other.arguments()) {
            if !named.name.is_empty() {
                field.name.clone_from(&named.name);
            }
        }
        self.fields = fields.into();
        self
    }

    /// Whether `name` is this item's, in whichever case it is written: `fillOrder` is `fill_order` and `FillOrder`.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        letters(&self.name).eq(letters(name)) || letters(last_segment(&self.name)).eq(letters(name))
    }

    /// Whether both have the same name and the same types.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.is_called(&other.name)
            && self.arguments().count() == other.arguments().count()
            && self
                .arguments()
                .zip(other.arguments())
                .all(|(one, two)| one.ty == two.ty || one.ty.to_string() == two.ty.to_string())
    }

    fn arguments(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| !field.hidden)
    }
}

fn letters(name: &str) -> impl Iterator<Item = char> + '_ {
    name.chars().filter(|letter| *letter != '_').map(|letter| letter.to_ascii_lowercase())
}

/// Anchor writes the module before names that occur in several.
fn last_segment(name: &str) -> &str {
    name.rsplit("::").next().unwrap_or(name)
}

/// The canonical signature.
impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.name)?;
        write_list(f, self.arguments().map(|field| &field.ty))?;
        f.write_str(")")
    }
}

/// What stands in an event's body.
pub(super) struct Body {
    /// The constants at its beginning.
    pub(super) before: Vec<u8>,
    /// Of a body that is no struct, one: `value`.
    pub(super) fields: Arc<[Field]>,
}

/// Looks for the fields of an event's body.
pub(super) fn body(ty: Ty, definitions: &Definitions) -> Result<Body, Fault> {
    let mut before = Vec::new();
    let mut ty = ty;
    for _ in 0..MAX_DEPTH {
        ty = match ty {
            Ty::Struct(fields) => return Ok(Body { before, fields }),
            Ty::Hidden { before: constants, ty, after } if after.is_empty() => {
                before.extend_from_slice(&constants);
                *ty
            }
            Ty::Named(name, generics) if generics.is_empty() => match definitions.get(&name) {
                Some(Ok(definition)) if definition.parameters.is_empty() && is_body(&definition.ty) => {
                    definition.ty.clone()
                }
                Some(Err(fault)) => return Err(fault.clone()),
                _ => return Ok(Body { before, fields: value(Ty::Named(name, generics)) }),
            },
            other => return Ok(Body { before, fields: value(other) }),
        };
    }
    Err("the type is nested too deeply".to_owned())
}

fn is_body(ty: &Ty) -> bool {
    matches!(ty, Ty::Struct(_) | Ty::Hidden { .. } | Ty::Named(..))
}

fn value(ty: Ty) -> Arc<[Field]> {
    [Field { name: "value".to_owned(), ty, hidden: false }].into()
}
