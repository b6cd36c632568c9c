//! Decodes an instruction's arguments and names its accounts.

use std::sync::Arc;

use chainbell_model::{Address, ArgMask, DecodeError, Decoder, EventKey, Int, Payload, Schema, Type, Value};

use super::{
    arguments::{Arguments, Leftover, Plan},
    compile::Compiler,
    fields::Fields,
    item::{Account, Item},
    layout::Layouts,
    node::Fault,
};
use crate::payload::{self, CallParts};

/// What is known of every instruction besides its arguments.
pub(super) const ATTRIBUTES: [&str; 3] = ["depth", "instruction", "all_accounts"];

/// The types of [`ATTRIBUTES`].
pub(super) fn attribute_types() -> Vec<(&'static str, Type)> {
    let types = [Type::Uint(8), Type::Uint(16), Type::List(Arc::new(Type::Address))];
    ATTRIBUTES.into_iter().zip(types).collect()
}

/// Puts the values of [`ATTRIBUTES`], those of `wanted` from its bit `first` on, behind `out`.
pub(super) fn push_attributes(
    parts: &CallParts<'_>,
    wanted: ArgMask,
    first: usize,
    out: &mut Vec<Option<Value>>,
) {
    let wants = |place: usize| wanted >> (first + place) & 1 == 1;
    out.push(wants(0).then(|| Value::Int(Int::from(u64::from(parts.depth)))));
    out.push(wants(1).then(|| Value::Int(Int::from(u64::from(parts.instruction)))));
    out.push(wants(2).then(|| Value::List(parts.accounts.iter().filter_map(address).collect())));
}

fn address(account: &[u8; 32]) -> Option<Value> {
    Address::from_slice(account).map(Value::Address)
}

/// An instruction's decoder.
#[derive(Debug)]
pub(crate) struct CallDecoder {
    arguments: Arguments,
    key: Option<EventKey>,
    /// Each may be absent or not; empty where the description names none.
    optional: Box<[bool]>,
    /// Stands in for an account that is absent.
    program: Option<[u8; 32]>,
}

/// An instruction's decoder without the layouts.
pub(crate) struct CallPlan {
    plan: Plan,
    accounts: Option<Type>,
    optional: Box<[bool]>,
    program: Option<[u8; 32]>,
}

impl CallPlan {
    /// Compiles the instruction's arguments.
    pub(super) fn new(item: &Item, compiler: &mut Compiler<'_>) -> Result<Self, Fault> {
        let named = usize::from(!item.accounts.is_empty());
        Ok(Self {
            plan: Plan::new(item, compiler, ATTRIBUTES.len() + named)?,
            accounts: (named == 1).then(|| accounts_type(&item.accounts)),
            optional: item.accounts.iter().map(|account| account.optional).collect(),
            program: item.program,
        })
    }

    /// The decoder.
    pub(super) fn finish(self, layouts: &Arc<Layouts>) -> CallDecoder {
        let mut others: Vec<_> = self.accounts.map(|ty| ("accounts", ty)).into_iter().collect();
        others.extend(attribute_types());
        let arguments = self.plan.finish(layouts, others);
        CallDecoder {
            key: arguments.discriminator.key(),
            arguments,
            optional: self.optional,
            program: self.program,
        }
    }
}

fn accounts_type(accounts: &[Account]) -> Type {
    let mut fields = Fields::default();
    for account in accounts {
        let ty = if account.optional { Type::Optional(Arc::new(Type::Address)) } else { Type::Address };
        fields.push(&account.name, ty);
    }
    Type::Record(fields.finish())
}

impl CallDecoder {
    /// The accounts by their names. Those behind the named ones are no fault: an instruction may take any number.
    fn accounts(&self, accounts: &[[u8; 32]]) -> Result<Value, DecodeError> {
        let mut values = Vec::with_capacity(self.optional.len());
        for (place, optional) in self.optional.iter().enumerate() {
            let account =
                accounts.get(place).filter(|account| !optional || self.program.as_ref() != Some(account));
            values.push(match account.and_then(address) {
                Some(address) => address,
                None if *optional => Value::Null,
                None => {
                    let reason = "the instruction has fewer accounts than the description names";
                    return Err(self.arguments.fault(self.arguments.count, reason));
                }
            });
        }
        Ok(Value::Record(values))
    }
}

impl Decoder for CallDecoder {
    fn key(&self) -> Option<EventKey> {
        self.key
    }

    fn name(&self) -> &str {
        &self.arguments.name
    }

    fn signature(&self) -> &str {
        &self.arguments.signature
    }

    fn schema(&self) -> &Arc<Schema> {
        &self.arguments.schema
    }

    fn attributes(&self) -> usize {
        ATTRIBUTES.len()
    }

    fn fits(&self, payload: &Payload) -> bool {
        self.arguments.discriminator.fits(payload::call_parts(payload).data)
    }

    fn decode(
        &self,
        payload: &Payload,
        wanted: ArgMask,
        out: &mut Vec<Option<Value>>,
    ) -> Result<(), DecodeError> {
        out.clear();
        let parts = payload::call_parts(payload);
        // Programs read what they need and clients append to it.
        self.arguments.decode(parts.data, wanted, Leftover::Ignored, out)?;
        let mut first = self.arguments.count;
        if !self.optional.is_empty() {
            let wants = wanted >> first & 1 == 1;
            out.push(if wants { Some(self.accounts(parts.accounts)?) } else { None });
            first += 1;
        }
        push_attributes(&parts, wanted, first, out);
        Ok(())
    }
}
