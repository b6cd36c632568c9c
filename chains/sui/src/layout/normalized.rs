//! Modules as `sui_getNormalizedMoveModulesByPackage` of the older JSON-RPC told them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    catalogue::{Catalogue, Origin},
    known,
    types::{Body, Datatype, Function, MAX_DEPTH, Member, MoveType, Name, Parameter, Variant},
};
use crate::address;

/// A module.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Module {
    address: String,
    name: String,
    #[serde(default)]
    structs: BTreeMap<String, Struct>,
    #[serde(default)]
    enums: BTreeMap<String, Enum>,
    #[serde(default)]
    exposed_functions: BTreeMap<String, ExposedFunction>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Struct {
    #[serde(default)]
    abilities: Abilities,
    #[serde(default)]
    type_parameters: Vec<serde::de::IgnoredAny>,
    fields: Vec<Field>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Enum {
    #[serde(default)]
    abilities: Abilities,
    #[serde(default)]
    type_parameters: Vec<serde::de::IgnoredAny>,
    /// Sorted by name.
    variants: BTreeMap<String, Vec<Field>>,
    variant_declaration_order: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
struct Abilities {
    abilities: Vec<String>,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    r#type: Normalized,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExposedFunction {
    #[serde(default)]
    visibility: String,
    #[serde(default)]
    is_entry: bool,
    #[serde(default)]
    type_parameters: Vec<serde::de::IgnoredAny>,
    parameters: Vec<Normalized>,
}

/// A type. Depth is bounded by that of the JSON.
#[derive(Deserialize)]
enum Normalized {
    Bool,
    U8,
    U16,
    U32,
    U64,
    U128,
    U256,
    Address,
    Signer,
    #[serde(rename_all = "camelCase")]
    Struct {
        address: String,
        module: String,
        name: String,
        #[serde(default, alias = "type_arguments")]
        type_arguments: Vec<Normalized>,
    },
    Vector(Box<Normalized>),
    TypeParameter(usize),
    Reference(Box<Normalized>),
    MutableReference(Box<Normalized>),
}

/// The catalogue of a package's modules.
pub(super) fn catalogue<'a>(modules: impl IntoIterator<Item = &'a Module>) -> Result<Catalogue, String> {
    let mut catalogue = Catalogue::default();
    for module in modules {
        let package = address::parse(&module.address).map_err(|error| error.reason)?;
        for (name, one) in &module.structs {
            let name = Name::new(package, &module.name, name);
            let members = members(&one.fields).map_err(|reason| format!("{}: {reason}", name.short()))?;
            let datatype = Datatype::of_struct(one.type_parameters.len(), one.abilities.of_event(), members);
            catalogue.add(name, datatype, Origin::Described)?;
        }
        for (name, one) in &module.enums {
            let name = Name::new(package, &module.name, name);
            let body = one.body().map_err(|reason| format!("{}: {reason}", name.short()))?;
            let parameters = one.type_parameters.len();
            let datatype = Datatype { parameters, emittable: one.abilities.of_event(), body };
            catalogue.add(name, datatype, Origin::Described)?;
        }
        for (name, one) in &module.exposed_functions {
            if one.visibility != "Public" && !one.visibility.is_empty() && !one.is_entry {
                continue;
            }
            let function = one.function(&module.name, name);
            catalogue
                .add_function(function.map_err(|reason| format!("{}::{name}: {reason}", module.name))?)?;
        }
    }
    Ok(catalogue)
}

impl Abilities {
    fn of_event(&self) -> bool {
        let has = |ability| self.abilities.iter().any(|one| one == ability);
        has("Copy") && has("Drop") && !has("Key")
    }
}

impl Enum {
    fn body(&self) -> Result<Body, String> {
        let Some(order) = &self.variant_declaration_order else { return Ok(Body::Unordered) };
        let variant = |name: &String| {
            let fields = self.variants.get(name).ok_or_else(|| format!("there is no variant {name}"))?;
            Ok(Variant { name: name.as_str().into(), members: members(fields)? })
        };
        order.iter().map(variant).collect::<Result<_, String>>().map(Body::Enum)
    }
}

impl ExposedFunction {
    fn function(&self, module: &str, name: &str) -> Result<Function, String> {
        let mut inputs = Vec::with_capacity(self.parameters.len());
        for parameter in &self.parameters {
            let ty = parameter.move_type(1)?;
            if !known::is_context(&ty) {
                inputs.push(Parameter { name: None, ty });
            }
        }
        let parameters = self.type_parameters.len();
        Ok(Function { module: module.into(), name: name.into(), parameters, inputs })
    }
}

fn members(fields: &[Field]) -> Result<Vec<Member>, String> {
    let member = |field: &Field| {
        let ty = field.r#type.move_type(1).map_err(|reason| format!("{}: {reason}", field.name))?;
        Ok(Member { name: field.name.as_str().into(), ty })
    };
    fields.iter().map(member).collect()
}

impl Normalized {
    fn move_type(&self, depth: usize) -> Result<MoveType, String> {
        if depth > MAX_DEPTH {
            return Err("the type nests too deep".to_owned());
        }
        Ok(match self {
            Self::Bool => MoveType::Bool,
            Self::U8 => MoveType::Uint(8),
            Self::U16 => MoveType::Uint(16),
            Self::U32 => MoveType::Uint(32),
            Self::U64 => MoveType::Uint(64),
            Self::U128 => MoveType::Uint(128),
            Self::U256 => MoveType::Uint(256),
            Self::Address | Self::Signer => MoveType::Address,
            Self::Vector(item) => MoveType::Vector(Box::new(item.move_type(depth + 1)?)),
            Self::TypeParameter(place) => MoveType::Parameter(*place),
            Self::Reference(target) | Self::MutableReference(target) => target.move_type(depth + 1)?,
            Self::Struct { address, module, name, type_arguments } => {
                let package = address::parse(address).map_err(|error| error.reason)?;
                let arguments = type_arguments.iter().map(|one| one.move_type(depth + 1));
                MoveType::Datatype(Name::new(package, module, name), arguments.collect::<Result<_, _>>()?)
            }
        })
    }
}
