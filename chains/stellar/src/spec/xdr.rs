//! Reads a description from `ScSpecEntry`s in XDR, as the compiler puts them one behind the other into a contract's code.

use std::sync::Arc;

use chainbell_model::InterfaceError;
use stellar_xdr::{
    Limited, Limits, ReadXdr, ScSpecEntry, ScSpecEventDataFormat, ScSpecEventParamLocationV0, ScSpecEventV0,
    ScSpecFunctionV0, ScSpecTypeDef, ScSpecUdtUnionCaseV0,
};

use super::{
    MAX_ENTRIES, malformed,
    types::{DataFormat, Description, Event, EventParam, Function, Param, SpecType, UserType},
};
use crate::value::tag;

/// Each type in a type takes two or three levels.
const MAX_DEPTH: u32 = 100;

/// The description that these entries make.
pub(crate) fn read(bytes: &[u8]) -> Result<Description, InterfaceError> {
    let mut reader = Limited::new(bytes, Limits { depth: MAX_DEPTH, len: bytes.len() });
    let mut description = Description::default();
    for number in 1.. {
        if reader.inner.is_empty() {
            break;
        }
        if number > MAX_ENTRIES {
            return Err(malformed("the contract's spec has too many entries", None));
        }
        let entry = ScSpecEntry::read_xdr(&mut reader)
            .map_err(|error| malformed(format!("entry {number} of the contract's spec: {error}"), None))?;
        add(&mut description, entry);
    }
    Ok(description)
}

/// Of types that share a name the first counts.
fn add(description: &mut Description, entry: ScSpecEntry) {
    let (name, ty) = match entry {
        ScSpecEntry::FunctionV0(function) => return description.functions.push(of_function(&function)),
        ScSpecEntry::EventV0(event) => return description.events.push(of_event(&event)),
        ScSpecEntry::UdtStructV0(it) => {
            let fields = it.fields.iter().map(|field| param(&field.name, &field.type_)).collect();
            (text(&it.name), UserType::Struct(fields))
        }
        ScSpecEntry::UdtUnionV0(it) => {
            let case = |case: &ScSpecUdtUnionCaseV0| match case {
                ScSpecUdtUnionCaseV0::VoidV0(case) => (text(&case.name), Vec::new()),
                ScSpecUdtUnionCaseV0::TupleV0(case) => (text(&case.name), of_types(&case.type_)),
            };
            (text(&it.name), UserType::Union(it.cases.iter().map(case).collect()))
        }
        ScSpecEntry::UdtEnumV0(it) => {
            let cases = it.cases.iter().map(|case| (text(&case.name), case.value)).collect();
            (text(&it.name), UserType::Enum(cases))
        }
        ScSpecEntry::UdtErrorEnumV0(it) => {
            let cases = it.cases.iter().map(|case| (text(&case.name), case.value)).collect();
            (text(&it.name), UserType::ErrorEnum(cases))
        }
    };
    description.types.entry(name).or_insert(ty);
}

fn of_function(function: &ScSpecFunctionV0) -> Function {
    let inputs = function.inputs.iter().map(|input| param(&input.name, &input.type_)).collect();
    Function { name: text(&function.name.0), inputs }
}

fn of_event(event: &ScSpecEventV0) -> Event {
    let params = event.params.iter().map(|it| EventParam {
        param: param(&it.name, &it.type_),
        topic: it.location == ScSpecEventParamLocationV0::TopicList,
    });
    Event {
        name: text(&event.name),
        prefix: event.prefix_topics.iter().map(|topic| text(&topic.0)).collect(),
        params: params.collect(),
        format: match event.data_format {
            ScSpecEventDataFormat::SingleValue => DataFormat::Single,
            ScSpecEventDataFormat::Vec => DataFormat::Vec,
            ScSpecEventDataFormat::Map => DataFormat::Map,
        },
        lenient: false,
    }
}

fn param(name: &impl AsRef<[u8]>, ty: &ScSpecTypeDef) -> Param {
    Param { name: text(name), ty: of_type(ty) }
}

/// Names are ASCII; what is not matches nothing on the ledger.
fn text(name: &impl AsRef<[u8]>) -> Arc<str> {
    String::from_utf8_lossy(name.as_ref()).into()
}

fn of_types(types: &[ScSpecTypeDef]) -> Vec<SpecType> {
    types.iter().map(of_type).collect()
}

fn of_type(ty: &ScSpecTypeDef) -> SpecType {
    match ty {
        ScSpecTypeDef::Val => SpecType::Val,
        ScSpecTypeDef::Bool => SpecType::Bool,
        ScSpecTypeDef::Void => SpecType::Void,
        ScSpecTypeDef::Error => SpecType::Error,
        ScSpecTypeDef::U32 => SpecType::Int(tag::U32),
        ScSpecTypeDef::I32 => SpecType::Int(tag::I32),
        ScSpecTypeDef::U64 => SpecType::Int(tag::U64),
        ScSpecTypeDef::I64 => SpecType::Int(tag::I64),
        ScSpecTypeDef::Timepoint => SpecType::Int(tag::TIMEPOINT),
        ScSpecTypeDef::Duration => SpecType::Int(tag::DURATION),
        ScSpecTypeDef::U128 => SpecType::Int(tag::U128),
        ScSpecTypeDef::I128 => SpecType::Int(tag::I128),
        ScSpecTypeDef::U256 => SpecType::Int(tag::U256),
        ScSpecTypeDef::I256 => SpecType::Int(tag::I256),
        ScSpecTypeDef::Bytes => SpecType::Bytes,
        ScSpecTypeDef::String => SpecType::String,
        ScSpecTypeDef::Symbol => SpecType::Symbol,
        ScSpecTypeDef::Address => SpecType::Address,
        ScSpecTypeDef::MuxedAddress => SpecType::MuxedAddress,
        ScSpecTypeDef::Option(it) => SpecType::Option(Box::new(of_type(&it.value_type))),
        ScSpecTypeDef::Result(it) => {
            SpecType::Result(Box::new((of_type(&it.ok_type), of_type(&it.error_type))))
        }
        ScSpecTypeDef::Vec(it) => SpecType::Vec(Box::new(of_type(&it.element_type))),
        ScSpecTypeDef::Map(it) => SpecType::Map(Box::new((of_type(&it.key_type), of_type(&it.value_type)))),
        ScSpecTypeDef::Tuple(it) => SpecType::Tuple(of_types(&it.value_types)),
        ScSpecTypeDef::BytesN(it) => SpecType::BytesN(it.n),
        ScSpecTypeDef::Udt(it) => SpecType::Named(text(&it.name)),
    }
}
