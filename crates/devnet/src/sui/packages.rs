//! The demo package as it lies on the chain, and as nodes describe it.

use std::{collections::BTreeMap, sync::Arc};

use sui_rpc::proto::sui::rpc::v2::{
    Ability, DatatypeDescriptor, FieldDescriptor, FunctionDescriptor, Linkage, Module, OpenSignature,
    OpenSignatureBody, Package, TypeOrigin, TypeParameter, VariantDescriptor,
    datatype_descriptor::DatatypeKind, function_descriptor::Visibility, open_signature::Reference,
    open_signature_body::Type,
};
use sui_sdk_types::{
    Address, Digest, Identifier, MovePackage, Object, ObjectData, Owner, TypeOrigin as Defined, UpgradeInfo,
};

use super::{
    demo::{GOLD, MARKET, Origin},
    ledger::Deployed,
    object::{self, Kept},
};

const STD: Address = Address::from_static("0x1");

/// A type as it stands in a description.
#[derive(Clone, Debug)]
enum Ty {
    Bool,
    U64,
    U128,
    U256,
    Address,
    Parameter(u32),
    Vector(Box<Ty>),
    /// Package, module, name, arguments.
    Data(Address, &'static str, &'static str, Vec<Ty>),
}

struct Field(&'static str, Ty);

enum Body {
    Struct(Vec<Field>),
    Enum(Vec<(&'static str, Vec<Field>)>),
}

struct Datatype {
    module: &'static str,
    name: &'static str,
    /// The package that defines it.
    defined_in: Address,
    abilities: &'static [Ability],
    /// Each with its constraints, and whether it is a phantom.
    parameters: Vec<(&'static [Ability], bool)>,
    body: Body,
}

struct Function {
    name: &'static str,
    type_parameters: Vec<&'static [Ability]>,
    /// Without the market, which comes first, and the context, which comes last.
    parameters: Vec<Ty>,
}

const EVENT: &[Ability] = &[Ability::Copy, Ability::Drop];
const VALUE: &[Ability] = &[Ability::Copy, Ability::Drop, Ability::Store];

fn text() -> Ty {
    Ty::Data(STD, "string", "String", Vec::new())
}

fn id() -> Ty {
    Ty::Data(Address::TWO, "object", "ID", Vec::new())
}

fn option(of: Ty) -> Ty {
    Ty::Data(STD, "option", "Option", vec![of])
}

fn vector(of: Ty) -> Ty {
    Ty::Vector(Box::new(of))
}

fn datatypes(origin: &Origin) -> Vec<Datatype> {
    let own = |name| Ty::Data(origin.original, MARKET, name, Vec::new());
    let new = |name, abilities, body| Datatype {
        module: MARKET,
        name,
        defined_in: origin.original,
        abilities,
        parameters: Vec::new(),
        body,
    };
    let amount = || Field("amount", Ty::U64);
    let uid = || Field("id", Ty::Data(Address::TWO, "object", "UID", Vec::new()));
    let limit = vec![Field("price", Ty::U64), Field("post_only", Ty::Bool)];
    let sides = vec![("Buy", Vec::new()), ("Sell", Vec::new()), ("Limit", limit)];
    let traded = vec![
        Field("item", Ty::Parameter(1)),
        Field("side", own("Side")),
        Field("fills", vector(own("Fill"))),
        Field("trader", Ty::Address),
        amount(),
    ];
    let listed = vec![
        Field("item", id()),
        Field("seller", Ty::Address),
        amount(),
        Field("note", option(text())),
        Field("tags", vector(text())),
    ];
    let transferred = vec![Field("from", Ty::Address), Field("to", Ty::Address), amount()];
    let fill = vec![Field("price", Ty::U128), Field("quantity", Ty::U256)];
    let used = Field("used", Ty::U64);
    let dummy = Field("dummy_field", Ty::Bool);
    let mut all = vec![
        Datatype { module: GOLD, ..new("GOLD", &[Ability::Drop], Body::Struct(vec![dummy])) },
        new("Fill", VALUE, Body::Struct(fill)),
        new("Listed", EVENT, Body::Struct(listed)),
        new("Market", &[Ability::Key], Body::Struct(vec![uid(), used])),
        new("Side", VALUE, Body::Enum(sides)),
        Datatype {
            parameters: vec![(&[], true), (EVENT, false)],
            ..new("Traded", EVENT, Body::Struct(traded))
        },
        new("Transferred", EVENT, Body::Struct(transferred)),
    ];
    if let Some(upgraded) = origin.upgraded {
        let paused = vec![Field("by", Ty::Address), Field("reason", text()), amount()];
        all.push(Datatype { defined_in: upgraded, ..new("Paused", EVENT, Body::Struct(paused)) });
    }
    all
}

fn functions(upgraded: bool) -> Vec<Function> {
    let new = |name, parameters| Function { name, type_parameters: Vec::new(), parameters };
    let mut all = vec![
        new("batch", vec![Ty::U64]),
        new("check", vec![Ty::U64]),
        new("list", vec![id(), Ty::U64, option(text()), vector(text())]),
        Function { type_parameters: vec![&[], EVENT], ..new("trade", vec![Ty::Parameter(1), Ty::U64]) },
        new("transfer", vec![Ty::Address, Ty::U64]),
    ];
    if upgraded {
        all.push(new("pause", vec![text(), Ty::U64]));
    }
    all
}

/// What stands in place of the bytecode, by module.
pub(crate) fn bytecode() -> BTreeMap<Identifier, Vec<u8>> {
    let module = |name: &'static str| {
        let magic = [0xa1, 0x1c, 0xeb, 0x0b, 6, 0, 0, 0];
        (Identifier::from_static(name), [&magic, name.as_bytes()].concat())
    };
    [module(GOLD), module(MARKET)].into()
}

/// The object of a version of the demo package.
pub(crate) fn object(id: Address, origin: &Origin, version: u64, transaction: Digest) -> Arc<Kept> {
    let defined = |datatype: Datatype| Defined {
        module_name: Identifier::from_static(datatype.module),
        struct_name: Identifier::from_static(datatype.name),
        package: datatype.defined_in,
    };
    let link = |package| (package, UpgradeInfo { upgraded_id: package, upgraded_version: 1 });
    let package = MovePackage {
        id,
        version,
        modules: bytecode(),
        type_origin_table: datatypes(origin).into_iter().map(defined).collect(),
        linkage_table: [link(STD), link(Address::TWO)].into(),
    };
    let rebate = object::storage(400);
    Kept::new(Object::new(ObjectData::Package(package), Owner::Immutable, transaction, rebate))
}

/// The whole description.
pub(crate) fn describe(deployed: &Deployed) -> Package {
    let origin = &deployed.origin;
    let mut package = Package::default();
    package.storage_id = Some(deployed.object.id().to_string());
    package.original_id = Some(origin.original.to_string());
    package.version = Some(deployed.version);
    package.modules = bytecode()
        .into_iter()
        .map(|(name, contents)| {
            let mut module = Module::default();
            module.datatypes = datatypes(origin)
                .iter()
                .filter(|datatype| name == *datatype.module)
                .map(Datatype::describe)
                .collect();
            if name == *MARKET {
                let functions = functions(origin.upgraded.is_some());
                module.functions = functions.iter().map(|one| one.describe(origin)).collect();
            }
            module.name = Some(name.to_string());
            module.contents = Some(contents.into());
            module
        })
        .collect();
    package.type_origins = datatypes(origin)
        .into_iter()
        .map(|datatype| {
            let mut origin = TypeOrigin::default();
            origin.module_name = Some(datatype.module.to_owned());
            origin.datatype_name = Some(datatype.name.to_owned());
            origin.package_id = Some(datatype.defined_in.to_string());
            origin
        })
        .collect();
    package.linkage = [STD, Address::TWO]
        .map(|used| {
            let mut linkage = Linkage::default();
            linkage.original_id = Some(used.to_string());
            linkage.upgraded_id = Some(used.to_string());
            linkage.upgraded_version = Some(1);
            linkage
        })
        .to_vec();
    package
}

/// The description of one type.
pub(crate) fn datatype(deployed: &Deployed, module: &str, name: &str) -> Option<DatatypeDescriptor> {
    let all = datatypes(&deployed.origin);
    all.iter().find(|one| (one.module, one.name) == (module, name)).map(Datatype::describe)
}

/// The description of one function.
pub(crate) fn function(deployed: &Deployed, module: &str, name: &str) -> Option<FunctionDescriptor> {
    let all = functions(deployed.origin.upgraded.is_some());
    all.iter().find(|one| (MARKET, one.name) == (module, name)).map(|one| one.describe(&deployed.origin))
}

impl Datatype {
    fn describe(&self) -> DatatypeDescriptor {
        let mut descriptor = DatatypeDescriptor::default();
        let package = self.defined_in;
        descriptor.type_name = Some(format!("{package}::{}::{}", self.module, self.name));
        descriptor.defining_id = Some(package.to_string());
        descriptor.module = Some(self.module.to_owned());
        descriptor.name = Some(self.name.to_owned());
        descriptor.abilities = numbers(self.abilities);
        descriptor.type_parameters = self
            .parameters
            .iter()
            .map(|(constraints, is_phantom)| {
                let mut parameter = TypeParameter::default();
                parameter.constraints = numbers(constraints);
                parameter.is_phantom = Some(*is_phantom);
                parameter
            })
            .collect();
        match &self.body {
            Body::Struct(fields) => {
                descriptor.set_kind(DatatypeKind::Struct);
                descriptor.fields = describe_fields(fields);
            }
            Body::Enum(variants) => {
                descriptor.set_kind(DatatypeKind::Enum);
                descriptor.variants = (0..)
                    .zip(variants)
                    .map(|(position, (name, fields))| {
                        let mut variant = VariantDescriptor::default();
                        variant.name = Some((*name).to_owned());
                        variant.position = Some(position);
                        variant.fields = describe_fields(fields);
                        variant
                    })
                    .collect();
            }
        }
        descriptor
    }
}

fn numbers(abilities: &[Ability]) -> Vec<i32> {
    abilities.iter().map(|ability| *ability as i32).collect()
}

fn describe_fields(fields: &[Field]) -> Vec<FieldDescriptor> {
    let describe = |(position, Field(name, ty)): (u32, &Field)| {
        let mut descriptor = FieldDescriptor::default();
        descriptor.name = Some((*name).to_owned());
        descriptor.position = Some(position);
        descriptor.r#type = Some(ty.describe());
        descriptor
    };
    (0..).zip(fields).map(describe).collect()
}

impl Function {
    fn describe(&self, origin: &Origin) -> FunctionDescriptor {
        let mut descriptor = FunctionDescriptor::default();
        descriptor.name = Some(self.name.to_owned());
        descriptor.set_visibility(Visibility::Public);
        descriptor.is_entry = Some(false);
        descriptor.type_parameters = self
            .type_parameters
            .iter()
            .map(|constraints| {
                let mut parameter = TypeParameter::default();
                parameter.constraints = numbers(constraints);
                parameter
            })
            .collect();
        let signature = |ty: &Ty, by_reference: bool| {
            let mut signature = OpenSignature::default();
            if by_reference {
                signature.set_reference(Reference::Mutable);
            }
            signature.body = Some(ty.describe());
            signature
        };
        let market = Ty::Data(origin.original, MARKET, "Market", Vec::new());
        let context = Ty::Data(Address::TWO, "tx_context", "TxContext", Vec::new());
        descriptor.parameters.push(signature(&market, true));
        descriptor.parameters.extend(self.parameters.iter().map(|ty| signature(ty, false)));
        descriptor.parameters.push(signature(&context, true));
        descriptor
    }
}

impl Ty {
    fn describe(&self) -> OpenSignatureBody {
        let mut body = OpenSignatureBody::default();
        match self {
            Self::Bool => body.set_type(Type::Bool),
            Self::U64 => body.set_type(Type::U64),
            Self::U128 => body.set_type(Type::U128),
            Self::U256 => body.set_type(Type::U256),
            Self::Address => body.set_type(Type::Address),
            Self::Parameter(place) => {
                body.set_type(Type::Parameter);
                body.type_parameter = Some(*place);
            }
            Self::Vector(item) => {
                body.set_type(Type::Vector);
                body.type_parameter_instantiation = vec![item.describe()];
            }
            Self::Data(package, module, name, of) => {
                body.set_type(Type::Datatype);
                body.type_name = Some(format!("{package}::{module}::{name}"));
                body.type_parameter_instantiation = of.iter().map(Self::describe).collect();
            }
        }
        body
    }
}
