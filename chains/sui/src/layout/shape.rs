//! Types, compiled: what bytes they take and what values they become.

use std::{collections::HashMap, fmt, sync::Arc};

use chainbell_model::{Field, Schema, Type};

use super::{
    catalogue::Catalogue,
    known::{self, Special},
    types::{Body, MAX_DEPTH, MAX_PARTS, Member, MoveType, Name, Variant},
};

/// A type expands to no more values than this, lists aside.
const MAX_VALUES: usize = 4096;

/// A type, compiled.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(super) shape: Shape,
    /// What its values are to everybody else.
    pub(crate) ty: Type,
    /// How many bytes it takes, where that is always the same.
    pub(super) size: Option<usize>,
    /// How many values one of it expands to, lists aside.
    values: usize,
}

/// What a type's bytes are.
#[derive(Debug)]
pub(super) enum Shape {
    Bool,
    /// Of that many bits.
    Uint(u16),
    Address,
    Text,
    Bytes,
    List(Arc<Layout>),
    Option(Arc<Layout>),
    Record(Vec<Arc<Layout>>),
    /// Variants without contents, by their names.
    Names(Vec<Arc<str>>),
    /// Variants of which some have contents.
    Variants(Vec<Choice>),
    /// Whatever type is given for the type parameter at that place.
    Open(usize),
}

/// A variant.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) name: Arc<str>,
    /// Its contents, and the place that they have in the record; `None` without any.
    pub(super) content: Option<(usize, Arc<Layout>)>,
}

/// Why a type has no layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unlaid {
    /// Nobody describes this datatype.
    Missing(Name),
    /// It is an enum of unknown order.
    Unordered(Name),
    /// It takes another number of type arguments.
    Arguments(Name),
    /// It nests too deep, or expands to too much.
    TooLarge,
}

impl fmt::Display for Unlaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => {
                let package = crate::address::text(&name.package);
                write!(f, "{name} is not described; the description of the package {package} is missing")
            }
            Self::Unordered(name) => {
                write!(f, "the description does not tell the order of the variants of {name}")
            }
            Self::Arguments(name) => {
                write!(f, "{name} has another number of type arguments than it is given")
            }
            Self::TooLarge => f.write_str("the type is too large"),
        }
    }
}

/// Compiles types of one catalogue, each once.
#[derive(Debug)]
pub(crate) struct Compiler<'a> {
    catalogue: &'a Catalogue,
    compiled: HashMap<MoveType, Arc<Layout>>,
}

impl<'a> Compiler<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self { catalogue, compiled: HashMap::new() }
    }

    /// The layout of a type. Type parameters in it stay open.
    pub(crate) fn layout(&mut self, ty: &MoveType) -> Result<Arc<Layout>, Unlaid> {
        self.layout_within(ty, 1)
    }

    fn layout_within(&mut self, ty: &MoveType, depth: usize) -> Result<Arc<Layout>, Unlaid> {
        if depth > MAX_DEPTH {
            return Err(Unlaid::TooLarge);
        }
        if let Some(known) = self.compiled.get(ty) {
            return Ok(Arc::clone(known));
        }
        let layout = Arc::new(match ty {
            MoveType::Bool => Layout::leaf(Shape::Bool, Type::Bool, Some(1)),
            MoveType::Uint(bits) => {
                Layout::leaf(Shape::Uint(*bits), Type::Uint(*bits), Some(usize::from(bits / 8)))
            }
            MoveType::Address => Layout::leaf(Shape::Address, Type::Address, Some(32)),
            MoveType::Parameter(place) => Layout::leaf(Shape::Open(*place), Type::Any, None),
            MoveType::Vector(item) if **item == MoveType::Uint(8) => {
                Layout::leaf(Shape::Bytes, Type::Bytes, None)
            }
            MoveType::Vector(item) => {
                let item = self.layout_within(item, depth + 1)?;
                Layout::around(Type::List(Arc::new(item.ty.clone())), item.values, Shape::List(item))
            }
            MoveType::Datatype(name, arguments) => self.datatype(name, arguments, depth)?,
        });
        if layout.values > MAX_VALUES {
            return Err(Unlaid::TooLarge);
        }
        self.compiled.insert(ty.clone(), Arc::clone(&layout));
        Ok(layout)
    }

    fn datatype(&mut self, name: &Name, arguments: &[MoveType], depth: usize) -> Result<Layout, Unlaid> {
        match (known::special(name), arguments) {
            (Some(Special::Text), []) => return Ok(Layout::leaf(Shape::Text, Type::Text, None)),
            (Some(Special::Id), []) => return Ok(Layout::leaf(Shape::Address, Type::Address, Some(32))),
            (Some(Special::Option), [item]) => {
                let item = self.layout_within(item, depth + 1)?;
                let ty = Type::Optional(Arc::new(item.ty.clone()));
                return Ok(Layout::around(ty, item.values, Shape::Option(item)));
            }
            (Some(_), _) => return Err(Unlaid::Arguments(name.clone())),
            (None, _) => {}
        }
        let catalogue = self.catalogue;
        let datatype = catalogue.datatype(name).ok_or_else(|| Unlaid::Missing(name.clone()))?;
        if datatype.parameters != arguments.len() {
            return Err(Unlaid::Arguments(name.clone()));
        }
        match &datatype.body {
            Body::Struct(members) => self.record(members, arguments, depth),
            Body::Enum(variants) => self.variants(variants, arguments, depth),
            Body::Unordered => Err(Unlaid::Unordered(name.clone())),
        }
    }

    fn record(&mut self, members: &[Member], arguments: &[MoveType], depth: usize) -> Result<Layout, Unlaid> {
        let layouts = members.iter().map(|member| self.member(member, arguments, depth));
        let layouts = layouts.collect::<Result<Vec<_>, _>>()?;
        Ok(Layout::record(members.iter().map(|member| Arc::clone(&member.name)).collect(), layouts))
    }

    /// The layout of a member of a datatype with those type arguments.
    pub(crate) fn member(
        &mut self,
        member: &Member,
        arguments: &[MoveType],
        depth: usize,
    ) -> Result<Arc<Layout>, Unlaid> {
        let ty = member.ty.with(arguments, &mut MAX_PARTS.clone()).ok_or(Unlaid::TooLarge)?;
        self.layout_within(&ty, depth + 1)
    }

    /// `{ kind, <variant>: its contents or absent, … }`, or just the name where no variant has contents.
    fn variants(
        &mut self,
        variants: &[Variant],
        arguments: &[MoveType],
        depth: usize,
    ) -> Result<Layout, Unlaid> {
        if variants.iter().all(|variant| variant.members.is_empty()) {
            let names = variants.iter().map(|variant| Arc::clone(&variant.name)).collect();
            return Ok(Layout::leaf(Shape::Names(names), Type::Text, None));
        }
        let mut fields = vec![Field::new("kind", Type::Text)];
        let mut choices = Vec::with_capacity(variants.len());
        let mut values = 2_usize;
        for variant in variants {
            let content = match &variant.members[..] {
                [] => None,
                members => Some((fields.len(), Arc::new(self.record(members, arguments, depth + 1)?))),
            };
            if let Some((_, content)) = &content {
                values = values.saturating_add(content.values);
                let ty = Type::Optional(Arc::new(content.ty.clone()));
                fields.push(Field { name: Arc::clone(&variant.name), ty });
            }
            choices.push(Choice { name: Arc::clone(&variant.name), content });
        }
        let ty = Type::Record(Arc::new(Schema { fields }));
        Ok(Layout { shape: Shape::Variants(choices), ty, size: None, values })
    }
}

impl Layout {
    /// A struct of these fields.
    pub(super) fn record(names: Vec<Arc<str>>, layouts: Vec<Arc<Layout>>) -> Self {
        let types = layouts.iter().map(|layout| layout.ty.clone());
        let fields = names.into_iter().zip(types).map(|(name, ty)| Field { name, ty }).collect();
        Self {
            ty: Type::Record(Arc::new(Schema { fields })),
            size: layouts.iter().try_fold(0_usize, |size, layout| size.checked_add(layout.size?)),
            values: layouts.iter().fold(1, |values: usize, layout| values.saturating_add(layout.values)),
            shape: Shape::Record(layouts),
        }
    }

    fn leaf(shape: Shape, ty: Type, size: Option<usize>) -> Self {
        Self { shape, ty, size, values: 1 }
    }

    fn around(ty: Type, values: usize, shape: Shape) -> Self {
        Self { shape, ty, size: None, values: values.saturating_add(1) }
    }
}
