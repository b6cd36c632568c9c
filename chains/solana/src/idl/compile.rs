//! Compiles a description's types into layouts and into the model's types.

use std::{collections::HashMap, sync::Arc};

use chainbell_model::Type;

use super::{
    bounds::{MAX_DEPTH, MAX_NODES, MAX_PARTS, MAX_WORK},
    fields::Fields,
    item::Definitions,
    layout::{EnumVariant, Extent, Id, Items, Layout, Layouts, Slot},
    node::Fault,
    types::{Count, Encoding, Field, Generic, Number, NumberKind, Ty, Variant},
};

/// A compiled type.
#[derive(Clone, Debug)]
pub(super) struct Compiled {
    pub(super) id: Id,
    pub(super) ty: Type,
    /// How many types it is made of, each counted as often as it occurs.
    pub(super) parts: usize,
}

/// What a type's parameters stand for.
type Scope = Vec<(String, Argument)>;

#[derive(Clone, Debug)]
enum Argument {
    Ty(Compiled),
    Value(usize),
}

/// A definition with its arguments: the same makes the same type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Instance {
    name: String,
    arguments: Vec<(Option<Id>, usize)>,
}

/// A definition that is being compiled.
struct Open {
    instance: Instance,
    definition: usize,
    /// How many types that may be absent or repeated stood around when it began.
    breaks: usize,
}

/// Compiles types. Those that are the same share a layout.
pub(super) struct Compiler<'a> {
    definitions: &'a Definitions,
    layouts: Layouts,
    known: HashMap<Layout, Id>,
    instances: HashMap<Instance, Compiled>,
    open: Vec<Open>,
    depth: usize,
    /// Types compiled so far, each as often as it was written.
    work: usize,
    /// Around what is being compiled: types whose values may be absent or repeated, in which a type may hold itself.
    breaks: usize,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(definitions: &'a Definitions) -> Self {
        Self {
            definitions,
            layouts: Layouts::default(),
            known: HashMap::new(),
            instances: HashMap::new(),
            open: Vec::new(),
            depth: 0,
            work: 0,
            breaks: 0,
        }
    }

    pub(super) fn finish(self) -> Layouts {
        self.layouts
    }

    /// A field's type, on its own.
    pub(super) fn field(&mut self, ty: &Ty) -> Result<Compiled, Fault> {
        // What an error left open belongs to another field.
        self.open.clear();
        (self.depth, self.breaks) = (0, 0);
        self.compile(ty, &Scope::new())
    }

    fn compile(&mut self, ty: &Ty, scope: &Scope) -> Result<Compiled, Fault> {
        if self.depth >= MAX_DEPTH {
            return Err("the type is nested too deeply".to_owned());
        }
        self.work += 1;
        if self.work > MAX_WORK {
            return Err("the description has too many fields".to_owned());
        }
        self.depth += 1;
        let compiled = self.compile_inner(ty, scope)?;
        self.depth -= 1;
        check_parts(compiled.parts)?;
        Ok(compiled)
    }

    fn compile_inner(&mut self, ty: &Ty, scope: &Scope) -> Result<Compiled, Fault> {
        match ty {
            Ty::Bool(number) => self.leaf(Layout::Bool(*number), Type::Bool),
            Ty::Number(number) => self.leaf(Layout::Number(*number), number_type(*number)),
            Ty::Address => self.leaf(Layout::Address, Type::Address),
            Ty::Bytes => self.leaf(Layout::Bytes, Type::Bytes),
            Ty::Text(encoding) => self.leaf(Layout::Text { encoding: *encoding, padded: false }, Type::Text),
            Ty::Sized(inner, size) => match **inner {
                Ty::Text(encoding @ Encoding::Utf8) => {
                    let text = self.leaf(Layout::Text { encoding, padded: true }, Type::Text)?;
                    self.around(Layout::Window(Extent::Fixed(*size), text.id), text)
                }
                _ => self.window(inner, Extent::Fixed(*size), scope),
            },
            Ty::Prefixed(inner, prefix) => self.window(inner, Extent::Prefixed(*prefix), scope),
            Ty::Until(inner, end) => self.window(inner, Extent::Until(end.clone()), scope),
            Ty::Hidden { before, ty, after } => {
                let item = self.compile(ty, scope)?;
                let layout = Layout::Hidden { before: before.clone(), item: item.id, after: after.clone() };
                self.around(layout, item)
            }
            Ty::List(item, count) => self.list(item, count, scope),
            Ty::Map(key, value, count) => {
                let entry = Ty::Struct([named("key", key), named("value", value)].into());
                self.list(&entry, count, scope)
            }
            Ty::Option { item, prefix, fixed } => {
                let item = self.within(item, scope)?;
                let layout = Layout::Option { item: item.id, prefix: *prefix, fixed: *fixed };
                self.optional(layout, item)
            }
            Ty::Zeroable(item, zero) => {
                let item = self.compile(item, scope)?;
                let len = zero.as_ref().map(|zero| zero.len());
                match self.layouts.size(item.id) {
                    Some(size) if len.is_none_or(|len| len == size) => {}
                    None if len.is_some() => {}
                    _ => {
                        return Err(
                            "the zero of a value that may be absent is not as long as it is".to_owned()
                        );
                    }
                }
                self.optional(Layout::Zeroable { item: item.id, zero: zero.clone() }, item)
            }
            Ty::Trailing(item) => {
                let item = self.within(item, scope)?;
                self.optional(Layout::Trailing(item.id), item)
            }
            Ty::Struct(fields) => self.record(fields, scope),
            Ty::Enum { tag, variants } => self.enumeration(*tag, variants, scope),
            Ty::Named(name, generics) => self.named(name, generics, scope),
            Ty::Parameter(name) => match argument(scope, name)? {
                Argument::Ty(compiled) => Ok(compiled),
                Argument::Value(_) => Err(format!("the parameter {name:?} is a number, not a type")),
            },
        }
    }

    fn leaf(&mut self, layout: Layout, ty: Type) -> Result<Compiled, Fault> {
        Ok(Compiled { id: self.add(layout)?, ty, parts: 1 })
    }

    /// What stands for the same value as `item`.
    fn around(&mut self, layout: Layout, item: Compiled) -> Result<Compiled, Fault> {
        Ok(Compiled { id: self.add(layout)?, ty: item.ty, parts: item.parts.saturating_add(1) })
    }

    fn window(&mut self, inner: &Ty, extent: Extent, scope: &Scope) -> Result<Compiled, Fault> {
        let item = self.compile(inner, scope)?;
        self.around(Layout::Window(extent, item.id), item)
    }

    fn optional(&mut self, layout: Layout, item: Compiled) -> Result<Compiled, Fault> {
        // An absent value of an optional type has no other form.
        let ty = match item.ty {
            ty @ Type::Optional(_) => ty,
            ty => Type::Optional(Arc::new(ty)),
        };
        Ok(Compiled { id: self.add(layout)?, ty, parts: item.parts.saturating_add(1) })
    }

    /// A type whose values may be absent or repeated.
    fn within(&mut self, ty: &Ty, scope: &Scope) -> Result<Compiled, Fault> {
        self.breaks += 1;
        let compiled = self.compile(ty, scope)?;
        self.breaks -= 1;
        Ok(compiled)
    }

    fn list(&mut self, item: &Ty, count: &Count, scope: &Scope) -> Result<Compiled, Fault> {
        let count = match count {
            Count::Fixed(count) => Items::Fixed(*count),
            Count::Prefixed(number) => Items::Prefixed(*number),
            Count::Rest => Items::Rest,
            Count::Parameter(name) => match argument(scope, name)? {
                Argument::Value(count) => Items::Fixed(count),
                Argument::Ty(_) => return Err(format!("the parameter {name:?} is a type, not a number")),
            },
        };
        let item = match count {
            Items::Fixed(_) => self.compile(item, scope)?,
            Items::Prefixed(_) | Items::Rest => self.within(item, scope)?,
        };
        if *self.layouts.get(item.id) == Layout::Number(Number::U8) {
            let bytes = self.leaf(Layout::Bytes, Type::Bytes)?;
            return match count {
                Items::Fixed(size) => self.around(Layout::Window(Extent::Fixed(size), bytes.id), bytes),
                Items::Prefixed(prefix) => {
                    self.around(Layout::Window(Extent::Prefixed(prefix), bytes.id), bytes)
                }
                Items::Rest => Ok(bytes),
            };
        }
        let id = self.add(Layout::List(item.id, count))?;
        Ok(Compiled { id, ty: Type::List(Arc::new(item.ty)), parts: item.parts.saturating_add(1) })
    }

    fn record(&mut self, fields: &[Field], scope: &Scope) -> Result<Compiled, Fault> {
        check_parts(fields.len())?;
        let mut slots = Vec::with_capacity(fields.len());
        let mut all = Fields::default();
        let mut parts = 1usize;
        for field in fields {
            let compiled = self.compile(&field.ty, scope)?;
            parts = parts.saturating_add(compiled.parts);
            slots.push(Slot { id: compiled.id, hidden: field.hidden });
            if !field.hidden {
                all.push(&field.name, compiled.ty);
            }
        }
        let id = self.add(Layout::Record(slots.into()))?;
        Ok(Compiled { id, ty: Type::Record(all.finish()), parts })
    }

    /// Variants that are names alone are text. Else a record: `kind`, and the contents, of which one is present.
    fn enumeration(&mut self, tag: Number, variants: &[Variant], scope: &Scope) -> Result<Compiled, Fault> {
        if variants.iter().all(|variant| variant.content.is_none()) {
            let names = variants.iter().map(|variant| (variant.tag, variant.name.as_str().into())).collect();
            return self.leaf(Layout::Names { tag, variants: names }, Type::Text);
        }
        check_parts(variants.len())?;
        let mut all = Fields::default();
        all.push("kind", Type::Text);
        let mut parts = variants.len();
        let mut compiled = Vec::with_capacity(variants.len());
        for variant in variants {
            let mut content = None;
            if let Some(ty) = &variant.content {
                let item = self.within(ty, scope)?;
                parts = parts.saturating_add(item.parts);
                content = Some((item.id, all.len() - 1));
                all.push(&variant.name, Type::Optional(Arc::new(item.ty)));
            }
            compiled.push(EnumVariant { tag: variant.tag, name: variant.name.as_str().into(), content });
        }
        let contents = all.len() - 1;
        let id = self.add(Layout::Enum { tag, variants: compiled.into(), contents })?;
        Ok(Compiled { id, ty: Type::Record(all.finish()), parts })
    }

    fn named(&mut self, name: &str, generics: &[Generic], scope: &Scope) -> Result<Compiled, Fault> {
        let definition = match self.definitions.get(name) {
            Some(Ok(definition)) => definition,
            Some(Err(fault)) => return Err(fault.clone()),
            None => return Err(format!("there is no type {name:?}")),
        };
        if definition.parameters.len() != generics.len() {
            let (wanted, given) = (definition.parameters.len(), generics.len());
            return Err(format!("the type {name:?} has {wanted} parameters, {given} are given"));
        }
        let arguments = generics.iter().map(|generic| match generic {
            Generic::Ty(ty) => self.compile(ty, scope).map(Argument::Ty),
            Generic::Value(value) => Ok(Argument::Value(*value)),
            Generic::Parameter(name) => argument(scope, name),
        });
        let inner: Vec<_> = arguments.collect::<Result<_, _>>()?;
        let identity = inner.iter().map(|argument| match argument {
            Argument::Ty(compiled) => (Some(compiled.id), 0),
            Argument::Value(value) => (None, *value),
        });
        let instance = Instance { name: name.to_owned(), arguments: identity.collect() };
        if let Some(compiled) = self.instances.get(&instance) {
            return Ok(compiled.clone());
        }
        if let Some(open) = self.open.iter().find(|open| open.instance == instance) {
            if open.breaks == self.breaks {
                return Err(format!("the type {name:?} holds itself, so no value of it has an end"));
            }
            let again = Layout::Again(open.definition);
            return self.leaf(again, Type::Any);
        }
        let place = self.layouts.definitions.len();
        if place >= MAX_NODES {
            return Err(too_many_types());
        }
        self.layouts.definitions.push(None);
        self.open.push(Open { instance: instance.clone(), definition: place, breaks: self.breaks });
        let scope: Scope = definition.parameters.iter().cloned().zip(inner).collect();
        let compiled = self.compile(&definition.ty, &scope).map_err(|fault| within_type(name, fault))?;
        self.open.pop();
        self.layouts.definitions[place] = Some((compiled.id, compiled.ty.clone()));
        self.instances.insert(instance, compiled.clone());
        Ok(compiled)
    }

    fn add(&mut self, layout: Layout) -> Result<Id, Fault> {
        if let Some(id) = self.known.get(&layout) {
            return Ok(*id);
        }
        if self.layouts.all.len() >= MAX_NODES {
            return Err(too_many_types());
        }
        let id = self.layouts.all.len() as Id;
        self.layouts.sizes.push(self.size(&layout));
        self.layouts.all.push(layout.clone());
        self.known.insert(layout, id);
        Ok(id)
    }

    /// How many bytes it takes, where that does not depend on the data.
    fn size(&self, layout: &Layout) -> Option<usize> {
        match layout {
            Layout::Bool(number) | Layout::Number(number) | Layout::Names { tag: number, .. } => {
                (number.kind != NumberKind::Compact).then_some(usize::from(number.size))
            }
            Layout::Address => Some(32),
            Layout::Window(Extent::Fixed(size), _) => Some(*size),
            Layout::Hidden { before, item, after } => {
                self.layouts.size(*item)?.checked_add(before.len())?.checked_add(after.len())
            }
            Layout::List(item, Items::Fixed(count)) => self.layouts.size(*item)?.checked_mul(*count),
            Layout::Option { item, prefix, fixed: true } => {
                self.layouts.size(*item)?.checked_add(usize::from(prefix.size))
            }
            Layout::Zeroable { item, .. } => self.layouts.size(*item),
            Layout::Record(slots) => {
                slots.iter().try_fold(0usize, |sum, slot| sum.checked_add(self.layouts.size(slot.id)?))
            }
            _ => None,
        }
    }
}

fn argument(scope: &Scope, name: &str) -> Result<Argument, Fault> {
    let known = scope.iter().find(|(known, _)| known == name);
    known.map(|(_, argument)| argument.clone()).ok_or_else(|| format!("there is no parameter {name:?}"))
}

fn check_parts(parts: usize) -> Result<(), Fault> {
    if parts > MAX_PARTS { Err(format!("the type has more than {MAX_PARTS} parts")) } else { Ok(()) }
}

fn too_many_types() -> Fault {
    format!("the description has more than {MAX_NODES} different types")
}

/// The innermost type is enough: it has the fault.
fn within_type(name: &str, fault: Fault) -> Fault {
    if fault.starts_with("in type ") { fault } else { format!("in type {name:?}: {fault}") }
}

fn named(name: &str, ty: &Ty) -> Field {
    Field { name: name.to_owned(), ty: ty.clone(), hidden: false }
}

fn number_type(number: Number) -> Type {
    let bits = u16::from(number.size) * 8;
    match number.kind {
        NumberKind::Unsigned | NumberKind::Compact => Type::Uint(bits),
        NumberKind::Signed => Type::Int(bits),
        NumberKind::Float => Type::Text,
    }
}
