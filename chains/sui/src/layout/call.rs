//! Decodes what a function was called with.

use std::sync::Arc;

use chainbell_model::{
    Address, ArgMask, DecodeError, Decoder, EventKey, Field, Payload, Schema, Type, Value,
};

use super::{
    attributes,
    catalogue::Catalogue,
    known::{self, Special},
    open::{Given, OpenTypes},
    pattern::Arguments,
    reader::{Reader, Reason},
    shape::{Compiler, Layout, Unlaid},
    types::{Function, MoveType, Parameter},
};
use crate::payload::{self, Argument};

/// A mask has a bit for each of the fields, attributes included. No function of the chain has so many parameters.
const MAX_INPUTS: usize = ArgMask::BITS as usize - attributes::OF_CALL;

/// A call's decoder.
#[derive(Debug)]
pub(crate) struct CallDecoder {
    name: Arc<str>,
    signature: String,
    key: EventKey,
    arguments: Arguments,
    schema: Arc<Schema>,
    inputs: Vec<Input>,
    open: Option<OpenTypes>,
}

/// What a parameter takes.
#[derive(Debug)]
enum Input {
    Value(Arc<Layout>),
    Object,
    /// A value or an object of whatever type is given for the type parameter at that place.
    Open(usize),
}

impl CallDecoder {
    /// Of the calls of a function with these type arguments.
    pub(crate) fn new(
        catalogue: &Arc<Catalogue>,
        function: &Function,
        arguments: &Arguments,
    ) -> Result<Self, Unlaid> {
        if function.inputs.len() > MAX_INPUTS {
            return Err(Unlaid::TooLarge);
        }
        let mut compiler = Compiler::new(catalogue);
        let mut inputs = Vec::with_capacity(function.inputs.len());
        let mut fields = Vec::with_capacity(function.inputs.len() + attributes::OF_CALL);
        for (place, Parameter { name, ty }) in function.inputs.iter().enumerate() {
            let (input, ty) = match ty {
                MoveType::Parameter(place) => (Input::Open(*place), Type::Any),
                ty if is_value(ty) => {
                    let layout = compiler.layout(ty)?;
                    let ty = layout.ty.clone();
                    (Input::Value(layout), ty)
                }
                _ => (Input::Object, Type::Address),
            };
            inputs.push(input);
            let name = name.clone().unwrap_or_else(|| format!("arg{place}").into());
            // What another command's result was, the transaction does not tell.
            let ty = if matches!(ty, Type::Optional(_)) { ty } else { Type::Optional(Arc::new(ty)) };
            fields.push(Field { name, ty });
        }
        fields.extend(attributes::call_fields());
        let mut signature = format!("{}::{}", function.module, function.name);
        arguments.push_text(&mut signature);
        Ok(Self {
            name: Arc::clone(&function.name),
            signature,
            key: payload::call_key(&function.module, &function.name),
            arguments: arguments.clone(),
            schema: Arc::new(Schema { fields }),
            inputs,
            open: (function.parameters > 0).then(|| OpenTypes::new(Arc::clone(catalogue))),
        })
    }

    fn fault(&self, place: usize, reason: Reason) -> DecodeError {
        let field = self.schema.fields.get(place).map_or_else(String::new, |field| field.name.to_string());
        DecodeError { signature: self.signature.clone(), field, reason }
    }
}

impl Decoder for CallDecoder {
    fn key(&self) -> Option<EventKey> {
        Some(self.key)
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &str {
        &self.signature
    }

    fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    fn attributes(&self) -> usize {
        attributes::OF_CALL
    }

    fn fits(&self, payload: &Payload) -> bool {
        self.arguments.is_any() || self.arguments.fit(payload::call_parts(payload).type_arguments.into_iter())
    }

    fn decode(
        &self,
        payload: &Payload,
        wanted: ArgMask,
        out: &mut Vec<Option<Value>>,
    ) -> Result<(), DecodeError> {
        out.clear();
        let parts = payload::call_parts(payload);
        let own = self.inputs.len();
        if wanted & !(ArgMask::MAX << own) == 0 {
            out.resize(own, None);
        } else {
            if parts.arguments.len() != own {
                return Err(self.fault(0, "the function takes another number of arguments"));
            }
            let written = parts.type_arguments.join(",");
            let arguments = parts.type_arguments.iter().copied();
            let compiled = self.open.as_ref().map(|open| open.given(&written, arguments));
            let given = compiled.as_deref().map(Given).unwrap_or_default();
            for (place, (input, argument)) in self.inputs.iter().zip(&parts.arguments).enumerate() {
                let asked = wanted >> place & 1 != 0;
                let value = asked.then(|| input_value(input, argument, given)).transpose();
                out.push(value.map_err(|reason| self.fault(place, reason))?);
            }
        }
        attributes::push_call(&parts, wanted >> own, out);
        Ok(())
    }
}

/// Whether transactions can give a value of the type; of others, only objects.
fn is_value(ty: &MoveType) -> bool {
    match ty {
        MoveType::Bool | MoveType::Uint(_) | MoveType::Address | MoveType::Parameter(_) => true,
        MoveType::Vector(item) => is_value(item),
        MoveType::Datatype(name, arguments) => match known::special(name) {
            Some(Special::Text) => true,
            Some(Special::Id) => &*name.name == "ID",
            Some(Special::Option) => arguments.iter().all(is_value),
            None => false,
        },
    }
}

fn input_value(input: &Input, argument: &Argument<'_>, given: Given<'_>) -> Result<Value, Reason> {
    match (input, argument) {
        (_, Argument::Other) => Ok(Value::Null),
        (Input::Value(layout), Argument::Pure(bytes)) => whole_value(layout, bytes, given),
        (Input::Object, Argument::Object(id)) => object(id),
        (Input::Open(_), Argument::Object(id)) => Ok(Value::Any(Box::new((Type::Address, object(id)?)))),
        (Input::Open(place), Argument::Pure(bytes)) => {
            let layout = given.layout(*place)?;
            Ok(Value::Any(Box::new((layout.ty.clone(), whole_value(layout, bytes, given)?))))
        }
        (Input::Value(_), Argument::Object(_)) => Err("it is an object where a value belongs"),
        (Input::Object, Argument::Pure(_)) => Err("it is a value where an object belongs"),
    }
}

fn whole_value(layout: &Layout, bytes: &[u8], given: Given<'_>) -> Result<Value, Reason> {
    let mut reader = Reader::new(bytes, given);
    let value = reader.value(layout)?;
    if reader.is_empty() { Ok(value) } else { Err("the data goes on after it") }
}

fn object(id: &[u8]) -> Result<Value, Reason> {
    Address::from_slice(id).map(Value::Address).ok_or("an address has 32 bytes")
}
