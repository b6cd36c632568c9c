//! Reads Anchor's IDLs, of before 0.30 and since, and those of Shank, which look alike.
//!
//! Each event and instruction is taken as it comes: with its discriminator written out or not, with its fields in place or
//! as a type of its name.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    bounds::MAX_ACCOUNTS,
    description::Description,
    discriminator::Discriminator,
    item::{Account, Definitions, Item, Kind, body},
    names::{Names, check_count},
    node::{Fault, Node},
    types::{Count, Definition, Field, Generic, Number, PRIMITIVES, Ty, Variant},
};
use crate::address;

/// What an IDL of Anchor's describes.
pub(super) fn description(root: &Node<'_, '_>) -> Result<Description, Fault> {
    check_count(root, ["events", "instructions"])?;
    let program = program(root)?;
    let idl = Idl::read(root)?;
    let mut items = Vec::new();
    if let Some(events) = root.get("events") {
        for node in events.items()? {
            items.push(Item { program, ..idl.event(&node)? });
        }
    }
    if let Some(instructions) = root.get("instructions") {
        for node in instructions.items()? {
            items.push(Item { program, ..idl.instruction(&node)? });
        }
    }
    Ok(Description { items, definitions: idl.definitions })
}

/// Under `address` since 0.30, under `metadata.address` before, or not told.
fn program(root: &Node<'_, '_>) -> Result<Option<[u8; 32]>, Fault> {
    let metadata = root.get("metadata");
    let node = match (root.get("address"), &metadata) {
        (Some(address), _) => Some(address),
        (None, Some(metadata)) => metadata.get("address"),
        (None, None) => None,
    };
    let Some(node) = node.filter(|node| node.value().as_str() != Some("")) else { return Ok(None) };
    address::parse(node.text()?).map(Some).map_err(|error| node.fault(error))
}

/// The types of an IDL, and what is read with them.
struct Idl<'j> {
    names: Names<'j>,
    definitions: Definitions,
}

impl<'j> Idl<'j> {
    /// Accounts are types too before 0.30: other types may hold them.
    fn read(root: &Node<'j, '_>) -> Result<Self, Fault> {
        let lists = ["types", "accounts"].map(|key| root.get(key));
        let mut nodes = Vec::new();
        for list in lists.iter().flatten() {
            nodes.extend(list.items()?.filter(|node| node.get("type").is_some()));
        }
        let name = |node: &Node<'j, '_>| node.need("name")?.text();
        let names = nodes.iter().map(name).collect::<Result<BTreeSet<_>, _>>()?;
        let mut idl = Self { names: Names::new(names), definitions: Definitions::new() };
        for node in &nodes {
            let name = node.need("name")?.text()?;
            if !idl.definitions.contains_key(name) {
                let definition = idl.definition(node);
                idl.definitions.insert(name.to_owned(), definition);
            }
        }
        Ok(idl)
    }

    fn definition(&self, node: &Node<'j, '_>) -> Result<Definition, Fault> {
        let mut parameters = Vec::new();
        if let Some(generics) = node.get("generics") {
            for generic in generics.items()? {
                let written = if generic.value().is_string() { generic } else { generic.need("name")? };
                parameters.push(written.text()?.to_owned());
            }
        }
        if let Some(own) = node.get("serialization").filter(|own| own.value().is_object()) {
            return Err(own.fault("a serialization of the program's own is not known"));
        }
        let body = node.need("type")?;
        let ty = match body.kind() {
            "struct" => match body.get("fields") {
                Some(list) => self.fields(&list)?,
                None => Ty::Struct([].into()),
            },
            "enum" => self.enumeration(&body)?,
            "type" => self.ty(&body.need("alias")?)?,
            "alias" => self.ty(&body.need("value")?)?,
            "" => self.ty(&body)?,
            other => return Err(body.fault(format_args!("{other:?} is neither struct, enum nor type"))),
        };
        Ok(Definition { parameters, ty })
    }

    /// A struct's fields by name, or a tuple's.
    fn fields(&self, list: &Node<'j, '_>) -> Result<Ty, Fault> {
        let named = list.value().get(0).is_none_or(|first| first.get("name").is_some());
        if named {
            return Ok(Ty::Struct(self.named_fields(list)?));
        }
        self.tuple(list)
    }

    fn tuple(&self, list: &Node<'j, '_>) -> Result<Ty, Fault> {
        let items: Vec<_> = list.items()?.map(|node| self.ty(&node)).collect::<Result<_, _>>()?;
        Ok(Ty::tuple(items))
    }

    fn named_fields(&self, list: &Node<'j, '_>) -> Result<Arc<[Field]>, Fault> {
        let field = |node: Node<'j, '_>| {
            let name = node.need("name")?.text()?.to_owned();
            Ok(Field { name, ty: self.ty(&node.need("type")?)?, hidden: false })
        };
        list.items()?.map(field).collect()
    }

    fn enumeration(&self, body: &Node<'j, '_>) -> Result<Ty, Fault> {
        let mut variants = Vec::new();
        for node in body.need("variants")?.items()? {
            let content = match node.get("fields") {
                Some(list) if list.items()?.next().is_some() => Some(self.fields(&list)?),
                _ => None,
            };
            let name = node.need("name")?.text()?.to_owned();
            variants.push(Variant { name, tag: variants.len() as u64, content });
        }
        Ok(Ty::Enum { tag: Number::U8, variants })
    }

    /// Recurses as deep as the JSON does, which serde_json bounds.
    fn ty(&self, node: &Node<'j, '_>) -> Result<Ty, Fault> {
        if node.value().is_string() {
            let word = node.text()?;
            return Ty::primitive(word).ok_or_else(|| self.names.unlike(node, word, PRIMITIVES));
        }
        let Some((key, _)) = node.value().as_object().and_then(|object| object.iter().next()) else {
            return Err(node.fault("a type was expected"));
        };
        let inner = node.need(key)?;
        match key.as_str() {
            "vec" | "hashSet" | "bTreeSet" => Ok(Ty::list(self.ty(&inner)?, Count::Prefixed(Number::U32))),
            "option" => Ok(Ty::option(self.ty(&inner)?)),
            "coption" => {
                Ok(Ty::Option { item: Box::new(self.ty(&inner)?), prefix: Number::U32, fixed: true })
            }
            "array" | "genericLenArray" => Ok(Ty::list(self.ty(&inner.item(0)?)?, count(&inner.item(1)?)?)),
            "defined" | "definedWithTypeArgs" => self.named(&inner),
            "generic" => Ok(Ty::Parameter(inner.text()?.to_owned())),
            "tuple" => self.tuple(&inner),
            "hashMap" | "bTreeMap" => {
                let (key, value) = (self.ty(&inner.item(0)?)?, self.ty(&inner.item(1)?)?);
                Ok(Ty::Map(Box::new(key), Box::new(value), Count::Prefixed(Number::U32)))
            }
            other => Err(node.fault(format_args!("{other:?} is no type"))),
        }
    }

    fn named(&self, node: &Node<'j, '_>) -> Result<Ty, Fault> {
        let name = if node.value().is_string() { node.text()? } else { node.need("name")?.text()? };
        if !self.names.has(name) {
            return Err(self.names.unknown(node, name));
        }
        let mut generics = Vec::new();
        for key in ["generics", "args"] {
            let Some(list) = node.get(key) else { continue };
            for argument in list.items()? {
                generics.push(self.generic(&argument)?);
            }
        }
        Ok(Ty::Named(name.to_owned(), generics))
    }

    fn generic(&self, node: &Node<'j, '_>) -> Result<Generic, Fault> {
        if let Some(ty) = node.get("type") {
            return Ok(match self.ty(&ty)? {
                Ty::Parameter(name) => Generic::Parameter(name),
                ty => Generic::Ty(ty),
            });
        }
        let value = match node.get("generic") {
            Some(name) => name,
            None => node.need("value")?,
        };
        if value.value().is_u64() {
            return Ok(Generic::Value(value.size()?));
        }
        let text = value.text()?;
        let number =
            text.replace('_', "").parse::<u32>().ok().and_then(|number| usize::try_from(number).ok());
        Ok(number.map_or_else(|| Generic::Parameter(text.to_owned()), Generic::Value))
    }

    fn event(&self, node: &Node<'j, '_>) -> Result<Item, Fault> {
        let name = node.need("name")?.text()?;
        let discriminator = written(node)?.unwrap_or_else(|| Discriminator::of_event(name));
        let fields = match node.get("fields") {
            Some(list) => self.named_fields(&list)?,
            None if self.names.has(name) => {
                body(Ty::Named(name.to_owned(), Vec::new()), &self.definitions)?.fields
            }
            None => return Err(self.names.unknown(node, name)),
        };
        Ok(item(Kind::Event, node, name, discriminator, fields))
    }

    fn instruction(&self, node: &Node<'j, '_>) -> Result<Item, Fault> {
        let name = node.need("name")?.text()?;
        let discriminator = written(node)?.unwrap_or_else(|| Discriminator::of_instruction(name));
        let fields = match node.get("args") {
            Some(list) => self.named_fields(&list)?,
            None => [].into(),
        };
        let mut item = item(Kind::Instruction, node, name, discriminator, fields);
        if let Some(list) = node.get("accounts") {
            read_accounts(&list, "", &mut item.accounts)?;
        }
        Ok(item)
    }
}

fn item(
    kind: Kind,
    node: &Node<'_, '_>,
    name: &str,
    discriminator: Discriminator,
    fields: Arc<[Field]>,
) -> Item {
    Item {
        kind,
        name: name.to_owned(),
        place: node.place(),
        start: discriminator.leading_len(),
        discriminator,
        fields,
        accounts: Vec::new(),
        program: None,
    }
}

/// An array's length: a number, or a parameter of the type around it.
fn count(node: &Node<'_, '_>) -> Result<Count, Fault> {
    if node.value().is_number() {
        return Ok(Count::Fixed(node.size()?));
    }
    let name = if node.value().is_string() { node.text()? } else { node.need("generic")?.text()? };
    Ok(Count::Parameter(name.to_owned()))
}

/// Anchor's since 0.30, or Shank's.
fn written(node: &Node<'_, '_>) -> Result<Option<Discriminator>, Fault> {
    if let Some(list) = node.get("discriminator") {
        let mut bytes = Vec::new();
        for node in list.items()? {
            let byte = u8::try_from(node.size()?);
            bytes.push(byte.map_err(|_| node.fault("a number from 0 to 255 was expected"))?);
        }
        return Ok(Some(Discriminator::leading(&bytes)));
    }
    let Some(node) = node.get("discriminant") else { return Ok(None) };
    let value = node.need("value")?;
    let number = Number::named(node.need("type")?.text()?);
    let size = number.ok_or_else(|| node.fault("the discriminant is no number"))?.size;
    let bytes = (value.size()? as u64).to_le_bytes();
    let bytes = bytes.get(..usize::from(size)).ok_or_else(|| node.fault("the discriminant is too wide"))?;
    Ok(Some(Discriminator::leading(bytes)))
}

/// Those of a group are named after it.
fn read_accounts(list: &Node<'_, '_>, group: &str, into: &mut Vec<Account>) -> Result<(), Fault> {
    for node in list.items()? {
        let name = format!("{group}{}", node.need("name")?.text()?);
        if let Some(inner) = node.get("accounts") {
            read_accounts(&inner, &format!("{name}_"), into)?;
            continue;
        }
        if into.len() >= MAX_ACCOUNTS {
            return Err(node.fault("the instruction has too many accounts"));
        }
        let optional = ["optional", "isOptional"].iter().any(|flag| node.flag(flag));
        into.push(Account { name, optional });
    }
    Ok(())
}
