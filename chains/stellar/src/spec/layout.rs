//! Compiles the types of a description: how they lie in an `ScVal`, and what they are to the model.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use chainbell_model::{Field, Schema, Type};

use super::types::{Param, SpecType, Types, UserType};
use crate::value::{Cases, Fields, Shape, Union, int_type};

/// The most parts of one type, counted with all that they contain. A type with more is read as one that the data tells:
/// descriptions are written by strangers, and types may double with every level.
const MAX_SIZE: usize = 4096;
/// The deepest nesting of types, for the same reason.
const MAX_DEPTH: usize = 32;

static NOTHING: LazyLock<Type> = LazyLock::new(|| Type::Optional(Arc::new(Type::Any)));

/// A compiled type.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) shape: Shape,
    pub(crate) ty: Type,
    /// How many types it is made of.
    size: usize,
}

impl Layout {
    fn simple(shape: Shape, ty: Type) -> Self {
        Self { shape, ty, size: 1 }
    }

    /// Told by the data.
    pub(crate) fn any() -> Self {
        Self::simple(Shape::Any, Type::Any)
    }

    /// The same, absent or there.
    fn optional(self) -> Self {
        match self.shape {
            Shape::Optional(_) | Shape::Void => self,
            shape => Self {
                shape: Shape::Optional(Arc::new(shape)),
                ty: Type::Optional(Arc::new(self.ty)),
                size: self.size + 1,
            },
        }
    }
}

/// Compiles types, each that has a name once.
#[derive(Debug)]
pub(crate) struct Layouts<'a> {
    types: &'a Types,
    known: HashMap<Arc<str>, Layout>,
    /// Those being compiled: a type that contains itself again is told by the data there.
    open: Vec<Arc<str>>,
    depth: usize,
}

impl<'a> Layouts<'a> {
    pub(crate) fn new(types: &'a Types) -> Self {
        Self { types, known: HashMap::new(), open: Vec::new(), depth: 0 }
    }

    /// The layout of a type. A name that the description lacks is told by the data.
    pub(crate) fn of(&mut self, ty: &SpecType) -> Layout {
        if self.depth == MAX_DEPTH {
            return Layout::any();
        }
        self.depth += 1;
        let layout = self.compiled(ty);
        self.depth -= 1;
        if layout.size > MAX_SIZE { Layout::any() } else { layout }
    }

    fn compiled(&mut self, ty: &SpecType) -> Layout {
        match ty {
            SpecType::Val => Layout::any(),
            SpecType::Void => Layout::simple(Shape::Void, NOTHING.clone()),
            SpecType::Bool => Layout::simple(Shape::Bool, Type::Bool),
            SpecType::Error => Layout::simple(Shape::Error, Type::Text),
            SpecType::Int(of) => Layout::simple(Shape::Int(*of), int_type(*of)),
            SpecType::Bytes => Layout::simple(Shape::Bytes(None), Type::Bytes),
            SpecType::BytesN(length) => {
                let length = usize::try_from(*length).unwrap_or(usize::MAX);
                Layout::simple(Shape::Bytes(Some(length)), Type::Bytes)
            }
            SpecType::String | SpecType::Symbol => Layout::simple(Shape::Text, Type::Text),
            SpecType::Address | SpecType::MuxedAddress => Layout::simple(Shape::Address, Type::Address),
            SpecType::Memo => Layout::simple(Shape::Memo, Type::Text),
            SpecType::Option(inner) => self.of(inner).optional(),
            SpecType::Vec(item) => {
                let item = self.of(item);
                let shape = Shape::List(Arc::new(item.shape));
                Layout { shape, ty: Type::List(Arc::new(item.ty)), size: item.size + 1 }
            }
            SpecType::Map(entry) => {
                let (key, value) = (self.of(&entry.0), self.of(&entry.1));
                let size = key.size + value.size + 2;
                let shape = Shape::Map(Arc::new((key.shape, value.shape)));
                let entry = record([("key".into(), key.ty), ("value".into(), value.ty)]);
                Layout { shape, ty: Type::List(Arc::new(entry)), size }
            }
            SpecType::Result(both) => {
                let (good, bad) = (self.of(&both.0), self.of(&both.1));
                let size = good.size + bad.size + 2;
                let shape = Shape::Outcome(Arc::new((good.shape.clone(), bad.shape.clone())));
                let ty = record([("ok".into(), good.optional().ty), ("error".into(), bad.optional().ty)]);
                Layout { shape, ty, size }
            }
            SpecType::Tuple(items) => self.tuple(items.iter()),
            SpecType::Struct(fields) => self.structure(fields),
            SpecType::Named(name) => self.named(name),
        }
    }

    fn named(&mut self, name: &Arc<str>) -> Layout {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        let Some(ty) = self.types.get(name).filter(|_| !self.open.contains(name)) else {
            return Layout::any();
        };
        self.open.push(Arc::clone(name));
        let layout = match ty {
            UserType::Struct(fields) if is_tuple(fields) => self.tuple(fields.iter().map(|field| &field.ty)),
            UserType::Struct(fields) => self.structure(fields),
            UserType::Union(cases) => self.union(cases),
            UserType::Enum(cases) => Layout::simple(Shape::Enum(named_numbers(cases)), Type::Text),
            UserType::ErrorEnum(cases) => Layout::simple(Shape::ErrorEnum(named_numbers(cases)), Type::Text),
        };
        self.open.pop();
        let layout = if layout.size > MAX_SIZE { Layout::any() } else { layout };
        self.known.insert(Arc::clone(name), layout.clone());
        layout
    }

    fn tuple<'t>(&mut self, items: impl Iterator<Item = &'t SpecType>) -> Layout {
        let items: Vec<_> = items.map(|item| self.of(item)).collect();
        let size = 1 + items.iter().map(|item| item.size).sum::<usize>();
        let (shapes, types): (Vec<_>, Vec<_>) = items.into_iter().map(|item| (item.shape, item.ty)).unzip();
        Layout { shape: Shape::Tuple(shapes.into()), ty: record(numbered(types)), size }
    }

    fn structure(&mut self, fields: &[Param]) -> Layout {
        let mut size = 1;
        let (mut shapes, mut types) = (Vec::new(), Vec::new());
        for field in fields {
            let layout = self.of(&field.ty);
            size += layout.size;
            shapes.push((Box::from(&*field.name), layout.shape));
            types.push((Arc::clone(&field.name), layout.ty));
        }
        Layout { shape: Shape::Struct(Arc::new(Fields(shapes))), ty: record(types), size }
    }

    /// A union whose cases have no contents is the name of its case; any other has the name as `kind` and a field for
    /// each case that has contents, absent but for one.
    fn union(&mut self, cases: &[(Arc<str>, Vec<SpecType>)]) -> Layout {
        let mut size = 2;
        let mut types = vec![("kind".into(), Type::Text)];
        let mut shapes = Vec::new();
        for (name, contents) in cases {
            let items: Vec<_> = contents.iter().map(|item| self.of(item)).collect();
            size += 1 + items.iter().map(|item| item.size).sum::<usize>();
            let (inner, inner_types): (Vec<_>, Vec<_>) =
                items.into_iter().map(|item| (item.shape, item.ty)).unzip();
            shapes.push((Box::from(&**name), (!inner.is_empty()).then_some(inner)));
            if !contents.is_empty() {
                let field = if &**name == "kind" { "kind_".into() } else { Arc::clone(name) };
                types.push((field, Type::Optional(Arc::new(record(numbered(inner_types))))));
            }
        }
        let plain = types.len() == 1;
        let ty = if plain { Type::Text } else { record(types) };
        Layout { shape: Shape::Union(Arc::new(Union { cases: shapes, plain })), ty, size }
    }
}

/// A struct whose fields are numbered has no names on the ledger either.
fn is_tuple(fields: &[Param]) -> bool {
    let numbered = |(place, field): (usize, &Param)| field.name.parse() == Ok(place);
    !fields.is_empty() && fields.iter().enumerate().all(numbered)
}

fn named_numbers(cases: &[(Arc<str>, u32)]) -> Arc<Cases> {
    Arc::new(Cases(cases.iter().map(|(name, number)| (Box::from(&**name), *number)).collect()))
}

fn numbered(types: Vec<Type>) -> impl Iterator<Item = (Arc<str>, Type)> {
    types.into_iter().enumerate().map(|(place, ty)| (format!("arg{place}").into(), ty))
}

fn record(fields: impl IntoIterator<Item = (Arc<str>, Type)>) -> Type {
    let fields = fields.into_iter().map(|(name, ty)| Field::new(name, ty)).collect();
    Type::Record(Arc::new(Schema { fields }))
}
