//! Reads Codama's IDLs: a tree of nodes, each with its kind.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    bounds::MAX_ACCOUNTS,
    codama_types as types, codama_values as values,
    description::Description,
    discriminator::Discriminator,
    item::{Account, Body, Definitions, Item, Kind, body},
    names::{Names, check_count},
    node::{Fault, Node},
    types::{Definition, Field, Ty},
};
use crate::address;

/// What a Codama IDL describes: the events and instructions of its program, with the types of all its programs.
pub(super) fn description(root: &Node<'_, '_>) -> Result<Description, Fault> {
    let nested = root.get("program");
    let program = nested.as_ref().unwrap_or(root);
    check_count(program, ["events", "instructions"])?;
    let address = match program.get("publicKey") {
        Some(node) => Some(address::parse(node.text()?).map_err(|error| node.fault(error))?),
        None => None,
    };
    let idl = Idl::read(root, program)?;
    let mut items = Vec::new();
    if let Some(events) = program.get("events") {
        for node in events.items()? {
            items.push(Item { program: address, ..idl.event(&node)? });
        }
    }
    if let Some(instructions) = program.get("instructions") {
        for node in instructions.items()? {
            items.push(Item { program: address, ..idl.instruction(&node)? });
        }
    }
    Ok(Description { items, definitions: idl.definitions })
}

/// Newer documents say `identifier`.
pub(super) fn name<'j>(node: &Node<'j, '_>) -> Result<&'j str, Fault> {
    match node.get("identifier") {
        Some(name) => name.text(),
        None => node.need("name")?.text(),
    }
}

/// The types of an IDL, and what is read with them.
pub(super) struct Idl<'j> {
    names: Names<'j>,
    definitions: Definitions,
}

impl<'j> Idl<'j> {
    fn read(root: &Node<'j, '_>, program: &Node<'j, '_>) -> Result<Self, Fault> {
        let additional = root.get("additionalPrograms");
        let mut programs = vec![*program];
        if let Some(additional) = &additional {
            programs.extend(additional.items()?);
        }
        let lists: Vec<_> = programs.iter().filter_map(|program| program.get("definedTypes")).collect();
        let mut nodes = Vec::new();
        for list in &lists {
            nodes.extend(list.items()?);
        }
        let names = nodes.iter().map(name).collect::<Result<BTreeSet<_>, _>>()?;
        let mut idl = Self { names: Names::new(names), definitions: Definitions::new() };
        for node in &nodes {
            let name = name(node)?;
            if !idl.definitions.contains_key(name) {
                let ty = node.need("type").and_then(|ty| types::ty(&ty, &idl));
                let definition = ty.map(|ty| Definition { parameters: Vec::new(), ty });
                idl.definitions.insert(name.to_owned(), definition);
            }
        }
        Ok(idl)
    }

    /// A type by its name.
    pub(super) fn link(&self, node: &Node<'j, '_>) -> Result<Ty, Fault> {
        let name = name(node)?;
        if !self.names.has(name) {
            return Err(self.names.unknown(node, name));
        }
        Ok(Ty::Named(name.to_owned(), Vec::new()))
    }

    fn event(&self, node: &Node<'j, '_>) -> Result<Item, Fault> {
        let data = node.need("data")?;
        let struct_node = types::innermost(&data)?;
        let Body { before, fields } = body(types::ty(&data, self)?, &self.definitions)?;
        let mut discriminator = self.discriminator(node, Some(&struct_node), "fields")?;
        discriminator.add(0, &before);
        let (discriminator, tag) = discriminator.without_cpi_tag();
        // The discriminator stands before the fields, unless it is one of them.
        let in_fields = before.is_empty() && fields.first().is_some_and(|field| field.hidden);
        let start = match (before.is_empty(), in_fields) {
            (false, _) => before.len().saturating_sub(tag),
            (true, true) => 0,
            (true, false) => discriminator.leading_len(),
        };
        let (kind, name, place) = (Kind::Event, name(node)?.to_owned(), node.place());
        Ok(Item { kind, name, place, discriminator, start, fields, accounts: Vec::new(), program: None })
    }

    fn instruction(&self, node: &Node<'j, '_>) -> Result<Item, Fault> {
        let fields = match node.get("arguments") {
            Some(list) => self.fields(&list)?,
            None => [].into(),
        };
        let discriminator = self.discriminator(node, Some(node), "arguments")?;
        let mut accounts = Vec::new();
        if let Some(list) = node.get("accounts") {
            for account in list.items()? {
                if accounts.len() >= MAX_ACCOUNTS {
                    return Err(account.fault("the instruction has too many accounts"));
                }
                let optional = account.flag("isOptional");
                accounts.push(Account { name: name(&account)?.to_owned(), optional });
            }
        }
        let (kind, name, place) = (Kind::Instruction, name(node)?.to_owned(), node.place());
        Ok(Item { kind, name, place, discriminator, start: 0, fields, accounts, program: None })
    }

    /// The fields of a struct or the arguments of an instruction.
    pub(super) fn fields(&self, list: &Node<'j, '_>) -> Result<Arc<[Field]>, Fault> {
        let field = |node: Node<'j, '_>| {
            let hidden =
                node.value().get("defaultValueStrategy").and_then(|word| word.as_str()) == Some("omitted");
            let ty = types::ty(&node.need("type")?, self)?;
            Ok(Field { name: name(&node)?.to_owned(), ty, hidden })
        };
        list.items()?.map(field).collect()
    }

    /// All that `node` is told by. What stands in a field is looked up under `key` of `holder`.
    fn discriminator(
        &self,
        node: &Node<'j, '_>,
        holder: Option<&Node<'j, '_>>,
        key: &'static str,
    ) -> Result<Discriminator, Fault> {
        let mut all = Discriminator::default();
        let Some(list) = node.get("discriminators") else { return Ok(all) };
        for one in list.items()? {
            let offset = one.get("offset").map_or(Ok(0), |offset| offset.size())?;
            match one.kind() {
                "constantDiscriminatorNode" => {
                    all.add(offset, &values::constant(&one.need("constant")?, self)?)
                }
                "fieldDiscriminatorNode" => {
                    let name = name(&one)?;
                    let bytes = match holder.and_then(|holder| holder.get(key)) {
                        Some(fields) => self.default_of(&fields, name)?,
                        None => None,
                    };
                    let bytes = bytes.ok_or_else(|| {
                        one.fault(format_args!("there is no {name:?} with a default value"))
                    })?;
                    all.add(offset, &bytes);
                }
                "sizeDiscriminatorNode" => all.set_size(one.need("size")?.size()?),
                other => return Err(one.fault(format_args!("{other:?} is no discriminator"))),
            }
        }
        Ok(all)
    }

    /// The bytes of the default value of the field of that name.
    fn default_of(&self, fields: &Node<'j, '_>, wanted: &str) -> Result<Option<Vec<u8>>, Fault> {
        for field in fields.items()? {
            if name(&field)? == wanted {
                let Some(value) = field.get("defaultValue") else { return Ok(None) };
                let ty = types::ty(&field.need("type")?, self)?;
                return values::bytes(&value, &ty).map(Some);
            }
        }
        Ok(None)
    }
}
