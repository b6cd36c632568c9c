//! Compiles a type into its model type and into where its parts stand in the data.

use std::sync::Arc;

use chainbell_model::{Field, Schema, Type};

use super::types::{AbiType, Param};

/// A word.
pub(super) const WORD: usize = 32;
/// No type may take more than this many bytes before any tail: longer than any block's data.
const MAX_HEAD: usize = 1 << 25;

/// How a value stands in the data.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) shape: Shape,
    /// Bytes it takes in its parent: all of it, or an offset when it is dynamic.
    pub(super) head: usize,
    /// It stands elsewhere, and its place in the parent holds the offset.
    pub(super) dynamic: bool,
}

/// What a value is made of.
#[derive(Debug)]
pub(super) enum Shape {
    Word(Word),
    Bytes,
    Text,
    List(Box<Layout>),
    Fixed(Box<Layout>, usize),
    Record(Box<[Layout]>),
}

/// A value of one word.
#[derive(Clone, Copy, Debug)]
pub(super) enum Word {
    Bool,
    Uint(u16),
    Int(u16),
    Address,
    FixedBytes(u8),
}

/// The type's layout, or `None` when it is too large.
pub(super) fn layout(ty: &AbiType) -> Option<Layout> {
    let word = |word| Layout { shape: Shape::Word(word), head: WORD, dynamic: false };
    let tail = |shape| Layout { shape, head: WORD, dynamic: true };
    Some(match ty {
        AbiType::Bool => word(Word::Bool),
        AbiType::Uint(bits) => word(Word::Uint(*bits)),
        AbiType::Int(bits) => word(Word::Int(*bits)),
        AbiType::Address => word(Word::Address),
        AbiType::FixedBytes(size) => word(Word::FixedBytes(*size)),
        AbiType::Function => word(Word::FixedBytes(24)),
        AbiType::Bytes => tail(Shape::Bytes),
        AbiType::Text => tail(Shape::Text),
        AbiType::List(item) => tail(Shape::List(Box::new(layout(item)?))),
        AbiType::Fixed(item, length) => {
            let item = layout(item)?;
            let length = usize::try_from(*length).ok()?;
            let size = item.head.checked_mul(length).filter(|size| *size <= MAX_HEAD)?;
            let dynamic = item.dynamic;
            Layout {
                shape: Shape::Fixed(Box::new(item), length),
                head: if dynamic { WORD } else { size },
                dynamic,
            }
        }
        AbiType::Tuple(fields) => {
            let fields = fields.iter().map(|field| layout(&field.ty)).collect::<Option<Box<[_]>>>()?;
            let size = fields.iter().map(|field| field.head).sum::<usize>();
            let dynamic = fields.iter().any(|field| field.dynamic);
            if size > MAX_HEAD {
                return None;
            }
            Layout { shape: Shape::Record(fields), head: if dynamic { WORD } else { size }, dynamic }
        }
    })
}

/// The type's words in the model.
pub(super) fn model_type(ty: &AbiType) -> Type {
    match ty {
        AbiType::Bool => Type::Bool,
        AbiType::Uint(bits) => Type::Uint(*bits),
        AbiType::Int(bits) => Type::Int(*bits),
        AbiType::Address => Type::Address,
        AbiType::FixedBytes(_) | AbiType::Function | AbiType::Bytes => Type::Bytes,
        AbiType::Text => Type::Text,
        AbiType::List(item) | AbiType::Fixed(item, _) => Type::List(Arc::new(model_type(item))),
        AbiType::Tuple(fields) => {
            let types = fields.iter().map(|field| model_type(&field.ty));
            Type::Record(Arc::new(schema(fields, types)))
        }
    }
}

/// Fields by the parameters' names. A name that is empty or taken becomes positional: `arg0`, `arg1`, ….
pub(super) fn schema<'a>(
    params: impl IntoIterator<Item = &'a Param>,
    types: impl Iterator<Item = Type>,
) -> Schema {
    let mut schema = Schema::default();
    for (place, (param, ty)) in params.into_iter().zip(types).enumerate() {
        let mut name = param.name.clone();
        if name.is_empty() || schema.index_of(&name).is_some() {
            name = format!("arg{place}");
        }
        while schema.index_of(&name).is_some() {
            name.push('_');
        }
        schema.fields.push(Field::new(name, ty));
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Vec<Param> {
        names.iter().map(|&name| Param { name: name.to_owned(), ty: AbiType::Bool }).collect()
    }

    #[test]
    fn empty_and_repeated_names_become_positional() {
        let params = named(&["a", "", "a", "arg4", "", "arg4"]);
        let schema = schema(&params, params.iter().map(|_| Type::Bool));
        let names: Vec<_> = schema.fields.iter().map(|field| &*field.name).collect();
        assert_eq!(names, ["a", "arg1", "arg2", "arg4", "arg4_", "arg5"]);
    }

    #[test]
    fn static_values_stand_in_place_and_dynamic_ones_behind_an_offset() {
        let fixed = |item, length| AbiType::Fixed(Box::new(item), length);
        let inline = layout(&fixed(AbiType::Tuple(named(&["a", "b"])), 3)).unwrap();
        assert_eq!((inline.head, inline.dynamic), (192, false));
        let behind = layout(&fixed(AbiType::Text, 3)).unwrap();
        assert_eq!((behind.head, behind.dynamic), (32, true));
        assert!(layout(&fixed(fixed(AbiType::Bool, u32::MAX), u32::MAX)).is_none());
    }
}
