//! Packages as `MovePackageService` tells them (`sui.rpc.v2.Package`), in JSON.

use std::sync::Arc;

use serde::Deserialize;
use sui_rpc::proto::sui::rpc::v2::{
    Ability, DatatypeDescriptor, FieldDescriptor, FunctionDescriptor, Module, OpenSignatureBody, Package,
    datatype_descriptor::DatatypeKind, function_descriptor::Visibility, open_signature_body::Type,
};

use super::{
    catalogue::{Catalogue, Origin},
    known,
    parser::Parser,
    types::{Body, Datatype, Function, MAX_DEPTH, Member, MoveType, Name, Parameter, Variant},
};

/// The package described, then those that it uses.
#[derive(Deserialize)]
pub(super) struct Packages {
    packages: Vec<Package>,
}

impl Packages {
    pub(super) fn catalogue(&self) -> Result<Catalogue, String> {
        let mut catalogue = Catalogue::default();
        for (place, package) in self.packages.iter().enumerate() {
            let origin = if place == 0 { Origin::Described } else { Origin::Used };
            add(package, origin, &mut catalogue)?;
        }
        Ok(catalogue)
    }
}

/// The catalogue of one package alone.
pub(super) fn catalogue(package: &Package) -> Result<Catalogue, String> {
    let mut catalogue = Catalogue::default();
    add(package, Origin::Described, &mut catalogue)?;
    Ok(catalogue)
}

fn add(package: &Package, origin: Origin, catalogue: &mut Catalogue) -> Result<(), String> {
    for module in &package.modules {
        for descriptor in &module.datatypes {
            let name = name(descriptor)?;
            let datatype = datatype(descriptor).map_err(|reason| format!("{}: {reason}", name.short()))?;
            catalogue.add(name, datatype, origin)?;
        }
        if origin == Origin::Described {
            add_functions(module, catalogue)?;
        }
    }
    Ok(())
}

fn add_functions(module: &Module, catalogue: &mut Catalogue) -> Result<(), String> {
    let module_name: Arc<str> = module.name.as_deref().ok_or("a module has no name")?.into();
    for descriptor in &module.functions {
        let hidden = [Visibility::Private, Visibility::Friend].map(|one| Some(one as i32));
        if hidden.contains(&descriptor.visibility) && descriptor.is_entry != Some(true) {
            continue;
        }
        let name: Arc<str> = descriptor.name.as_deref().ok_or("a function has no name")?.into();
        let inputs = inputs(descriptor).map_err(|reason| format!("{module_name}::{name}: {reason}"))?;
        let parameters = descriptor.type_parameters.len();
        catalogue.add_function(Function { module: Arc::clone(&module_name), name, parameters, inputs })?;
    }
    Ok(())
}

fn inputs(descriptor: &FunctionDescriptor) -> Result<Vec<Parameter>, String> {
    let mut inputs = Vec::with_capacity(descriptor.parameters.len());
    for parameter in &descriptor.parameters {
        let ty = move_type(parameter.body.as_ref().ok_or("a parameter has no type")?, 1)?;
        if !known::is_context(&ty) {
            inputs.push(Parameter { name: None, ty });
        }
    }
    Ok(inputs)
}

/// The name by which types refer to a datatype.
fn name(descriptor: &DatatypeDescriptor) -> Result<Name, String> {
    if let Some(full) = &descriptor.type_name {
        return full_name(full);
    }
    let parts = (&descriptor.defining_id, &descriptor.module, &descriptor.name);
    let (Some(package), Some(module), Some(name)) = parts else {
        return Err("a type has no name".to_owned());
    };
    full_name(&format!("{package}::{module}::{name}"))
}

fn full_name(text: &str) -> Result<Name, String> {
    let wrong = || format!("{text:.200} is no type's name");
    let path = Parser::new(text).path().map_err(|_| wrong())?;
    let [package, module, name] = path.segments[..] else { return Err(wrong()) };
    Ok(Name::new(path.package(package).map_err(|_| wrong())?, module, name))
}

fn datatype(descriptor: &DatatypeDescriptor) -> Result<Datatype, String> {
    let parameters = descriptor.type_parameters.len();
    let has = |ability: Ability| descriptor.abilities.contains(&(ability as i32));
    let emittable = has(Ability::Copy) && has(Ability::Drop) && !has(Ability::Key);
    if descriptor.kind != Some(DatatypeKind::Enum as i32) {
        return Ok(Datatype::of_struct(parameters, emittable, members(&descriptor.fields)?));
    }
    let mut variants: Vec<_> = descriptor.variants.iter().collect();
    variants.sort_by_key(|variant| variant.position);
    let variant = |variant: &&sui_rpc::proto::sui::rpc::v2::VariantDescriptor| {
        let name = variant.name.as_deref().ok_or("a variant has no name")?.into();
        Ok(Variant { name, members: members(&variant.fields)? })
    };
    let variants = variants.iter().map(variant).collect::<Result<_, String>>()?;
    Ok(Datatype { parameters, emittable, body: Body::Enum(variants) })
}

fn members(fields: &[FieldDescriptor]) -> Result<Vec<Member>, String> {
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_by_key(|field| field.position);
    let member = |field: &&FieldDescriptor| {
        let name = field.name.as_deref().ok_or("a field has no name")?;
        let body = field.r#type.as_ref().ok_or_else(|| format!("{name} has no type"))?;
        Ok(Member {
            name: name.into(),
            ty: move_type(body, 1).map_err(|reason| format!("{name}: {reason}"))?,
        })
    };
    fields.iter().map(member).collect()
}

fn move_type(body: &OpenSignatureBody, depth: usize) -> Result<MoveType, String> {
    if depth > MAX_DEPTH {
        return Err("the type nests too deep".to_owned());
    }
    let inner = || -> Result<Vec<MoveType>, String> {
        body.type_parameter_instantiation.iter().map(|inner| move_type(inner, depth + 1)).collect()
    };
    let kind = body.r#type.and_then(|kind| Type::try_from(kind).ok()).unwrap_or_default();
    Ok(match kind {
        Type::Bool => MoveType::Bool,
        Type::Address => MoveType::Address,
        Type::U8 => MoveType::Uint(8),
        Type::U16 => MoveType::Uint(16),
        Type::U32 => MoveType::Uint(32),
        Type::U64 => MoveType::Uint(64),
        Type::U128 => MoveType::Uint(128),
        Type::U256 => MoveType::Uint(256),
        Type::Vector => match <[MoveType; 1]>::try_from(inner()?) {
            Ok([item]) => MoveType::Vector(Box::new(item)),
            Err(_) => return Err("a vector has one type of items".to_owned()),
        },
        Type::Datatype => {
            let name = body.type_name.as_deref().ok_or("a type has no name")?;
            MoveType::Datatype(full_name(name)?, inner()?)
        }
        Type::Parameter => {
            let place = body.type_parameter.unwrap_or_default();
            MoveType::Parameter(usize::try_from(place).unwrap_or(usize::MAX))
        }
        _ => return Err("its type is of an unknown kind".to_owned()),
    })
}
