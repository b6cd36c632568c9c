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
/// A compiler compiles no more types than this. Type arguments that grow with each level would make more without end.
const MAX_TYPES: usize = 4096;

/// A type, compiled.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(super) shape: Shape,
    /// What its values are to everybody else.
    pub(crate) ty: Type,
    /// How many bytes it takes, where that is always the same.
    pub(super) size: Option<usize>,
    /// How many values one of it expands to, lists aside.
    pub(super) values: usize,
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
    /// How many types may still be compiled.
    left: usize,
}

impl<'a> Compiler<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self { catalogue, compiled: HashMap::new(), left: MAX_TYPES }
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
        self.left = self.left.checked_sub(1).ok_or(Unlaid::TooLarge)?;
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
        let mut parts = MAX_PARTS;
        let ty = member.ty.with(arguments, &mut parts).ok_or(Unlaid::TooLarge)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{text, types::UNTOLD};

    fn compile(source: &str) -> Result<Arc<Layout>, Unlaid> {
        let catalogue = text::read(source).unwrap();
        let first = catalogue.own()[0].clone();
        let parameters = catalogue.datatype(&first).unwrap().parameters;
        let arguments = (0..parameters).map(MoveType::Parameter).collect();
        Compiler::new(&catalogue).layout(&MoveType::Datatype(first, arguments))
    }

    fn fields(layout: &Layout) -> Vec<(&str, &Type)> {
        let Type::Record(schema) = &layout.ty else { panic!("no record: {:?}", layout.ty) };
        schema.fields.iter().map(|field| (&*field.name, &field.ty)).collect()
    }

    #[test]
    fn types_become_what_everybody_knows() {
        let layout = compile(
            "m::A<T> { id: UID, name: TypeName, bytes: vector<u8>, maybe: Option<u64>, open: T, opens: vector<T>, kind: K, worth: Balance<T> }
             enum m::K { X, Y }",
        )
        .unwrap();
        let worth = Schema { fields: vec![Field::new("value", Type::Uint(64))] };
        assert_eq!(
            fields(&layout),
            [
                ("id", &Type::Address),
                ("name", &Type::Text),
                ("bytes", &Type::Bytes),
                ("maybe", &Type::Optional(Type::Uint(64).into())),
                ("open", &Type::Any),
                ("opens", &Type::List(Type::Any.into())),
                ("kind", &Type::Text),
                ("worth", &Type::Record(worth.into())),
            ]
        );
    }

    #[test]
    fn variants_with_contents_become_a_record_of_which_one_is_there() {
        let layout = compile("m::A { kind: K } enum m::K { None, At(u64), In { a: bool } }").unwrap();
        let Type::Record(kind) = fields(&layout)[0].1 else { panic!("a record") };
        let names: Vec<_> = kind.fields.iter().map(|field| &*field.name).collect();
        assert_eq!(names, ["kind", "At", "In"]);
        assert!(matches!(kind.fields[1].ty, Type::Optional(_)));
    }

    #[test]
    fn sizes_are_known_where_they_are_fixed() {
        assert_eq!(compile("m::A { a: u256, b: B } m::B { c: ID, d: bool }").unwrap().size, Some(65));
        assert_eq!(compile("m::A { a: u256, b: String }").unwrap().size, None);
    }

    #[test]
    fn types_without_end_or_measure_are_refused() {
        assert_eq!(compile("m::A { a: vector<A> }").unwrap_err(), Unlaid::TooLarge);
        assert_eq!(
            compile("m::A<T> { a: Option<A<B<T, T>>> } m::B<X, Y> { x: X, y: Y }").unwrap_err(),
            Unlaid::TooLarge
        );
        let mut chain = String::new();
        for level in 0..30 {
            chain += &format!("m::S{level} {{ a: S{0}, b: S{0} }}\n", level + 1);
        }
        assert_eq!(compile(&(chain + "m::S30 { a: u8 }")).unwrap_err(), Unlaid::TooLarge);
        let mut fan = String::new();
        for level in 0..30 {
            fan += &format!("m::S{level}<T> {{ a: S{0}<X<T>>, b: S{0}<Y<T>> }}\n", level + 1);
        }
        fan += "m::S30<T> { a: u8 } m::X<T> { a: T } m::Y<T> { a: T }";
        assert_eq!(compile(&fan).unwrap_err(), Unlaid::TooLarge);
        let missing = Name::new(address(5), "m", "B");
        assert_eq!(compile("m::A { a: vector<0x5::m::B> }").unwrap_err(), Unlaid::Missing(missing));
        assert!(matches!(compile("m::A { a: Option<u8, u8> }").unwrap_err(), Unlaid::Arguments(_)));
        assert!(matches!(compile("m::A { a: B } m::B<T> { b: T }").unwrap_err(), Unlaid::Arguments(_)));
    }

    fn address(last: u8) -> [u8; 32] {
        let mut package = UNTOLD;
        package[31] = last;
        package
    }
}
