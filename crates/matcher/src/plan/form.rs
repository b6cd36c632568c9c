//! The ways in which facts are read: by a contract's decoder, or as a transfer or transaction.

use std::sync::{Arc, LazyLock};

use chainbell_model::{
    Address, ArgMask, DecodeError, Decoder, EventKey, Field, Payload, Schema, Transfer, Type, Value,
};
use rapidhash::RapidHashMap;

use crate::subject::Subject;

/// The form of transfers in every plan.
pub(super) const TRANSFER_FORM: u32 = 0;
/// The form of transactions in every plan.
pub(super) const TRANSACTION_FORM: u32 = 1;

static TRANSFER_SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    Arc::new(Schema {
        fields: vec![
            Field::new("standard", Type::Text),
            Field::new("token", Type::Address),
            Field::new("from", Type::Address),
            Field::new("to", Type::Address),
            Field::new("amount", Type::Int(257)),
            Field::new("token_id", Type::Uint(256)),
            Field::new("asset", Type::Text),
        ],
    })
});

/// What holds a fact's arguments.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body<'a> {
    Payload(&'a Payload),
    Transfer(&'a Transfer),
    /// Transactions have no arguments; their details are in the block.
    Transaction,
}

#[derive(Debug)]
enum Reader {
    Decoder(Arc<dyn Decoder>),
    Normalised,
}

/// A way to read a fact.
#[derive(Debug)]
pub(super) struct Form {
    reader: Reader,
    pub(super) subject: Subject,
    /// The key that its facts carry; `None` when any or none may come.
    pub(super) key: Option<EventKey>,
    pub(super) name: Arc<str>,
    pub(super) signature: Arc<str>,
    pub(super) schema: Arc<Schema>,
    /// How many of the schema's last fields are attributes.
    pub(super) attributes: usize,
    /// Every argument and attribute.
    pub(super) all: ArgMask,
    /// The arguments that some condition on this form looks at.
    pub(super) asked: ArgMask,
    /// Equal for forms that look the same to conditions.
    pub(super) scope: u32,
}

impl Form {
    /// Cheap: whether the fact can be of this form.
    pub(super) fn fits(&self, body: Body<'_>) -> bool {
        match (&self.reader, body) {
            (Reader::Decoder(decoder), Body::Payload(payload)) => decoder.fits(payload),
            (Reader::Normalised, Body::Transfer(_) | Body::Transaction) => true,
            _ => false,
        }
    }

    /// Reads at least the arguments of `wanted` into `out`, one place per field.
    pub(super) fn read(
        &self,
        body: Body<'_>,
        wanted: ArgMask,
        out: &mut Vec<Option<Value>>,
    ) -> Result<(), DecodeError> {
        out.clear();
        match (&self.reader, body) {
            (Reader::Decoder(decoder), Body::Payload(payload)) => decoder.decode(payload, wanted, out)?,
            (_, Body::Transfer(transfer)) => read_transfer(transfer, wanted, out),
            _ => {}
        }
        Ok(())
    }

    /// For messages: the signature, or what it is.
    pub(super) fn title(&self) -> &Arc<str> {
        if self.signature.is_empty() { &self.name } else { &self.signature }
    }
}

/// The field `asset`.
const ASSET: ArgMask = 1 << 6;

fn read_transfer(transfer: &Transfer, wanted: ArgMask, out: &mut Vec<Option<Value>>) {
    let address = |address: &Option<Address>| address.map(Value::Address);
    // These two allocate.
    let standard = (wanted & 1 != 0).then(|| Value::Text(transfer.standard.as_str().into()));
    out.extend([
        standard,
        address(&transfer.token),
        address(&transfer.from),
        address(&transfer.to),
        Some(Value::Int(transfer.amount)),
        transfer.token_id.map(Value::Int),
        (wanted & ASSET != 0)
            .then(|| transfer.asset.as_deref().map(|asset| Value::Text(asset.into())))
            .flatten(),
    ]);
}

/// What conditions see of a form.
type ScopeKey = (Subject, Arc<str>, Arc<str>, Arc<Schema>, usize);

/// All forms of a plan, each decoder once.
#[derive(Debug)]
pub(super) struct Forms {
    forms: Vec<Form>,
    decoders: RapidHashMap<(usize, Subject), u32>,
    scopes: RapidHashMap<ScopeKey, u32>,
}

impl Forms {
    pub(super) fn new() -> Self {
        let mut forms = Self { forms: Vec::new(), decoders: Default::default(), scopes: Default::default() };
        forms.push(Reader::Normalised, Subject::Transfer, None, ("transfer", "", &TRANSFER_SCHEMA, 0));
        forms.push(Reader::Normalised, Subject::Transaction, None, ("transaction", "", &Arc::default(), 0));
        forms
    }

    /// The form of a decoder.
    pub(super) fn of(&mut self, decoder: &Arc<dyn Decoder>, subject: Subject) -> u32 {
        // The form keeps the decoder alive, so that its address stays its own.
        let identity = (Arc::as_ptr(decoder).cast::<()>().addr(), subject);
        if let Some(&form) = self.decoders.get(&identity) {
            return form;
        }
        let parts = (decoder.name(), decoder.signature(), decoder.schema(), decoder.attributes());
        let form = self.push(Reader::Decoder(Arc::clone(decoder)), subject, decoder.key(), parts);
        self.decoders.insert(identity, form);
        form
    }

    fn push(
        &mut self,
        reader: Reader,
        subject: Subject,
        key: Option<EventKey>,
        (name, signature, schema, attributes): (&str, &str, &Arc<Schema>, usize),
    ) -> u32 {
        let key_of_scope: ScopeKey = (subject, name.into(), signature.into(), Arc::clone(schema), attributes);
        let (_, name, signature, schema, attributes) = key_of_scope.clone();
        let next = self.scopes.len() as u32;
        let scope = *self.scopes.entry(key_of_scope).or_insert(next);
        let all = u32::try_from(schema.fields.len())
            .ok()
            .and_then(|fields| ArgMask::MAX.checked_shl(fields))
            .map_or(ArgMask::MAX, |beyond| !beyond);
        let form = Form { reader, subject, key, name, signature, schema, attributes, all, asked: 0, scope };
        self.forms.push(form);
        self.forms.len() as u32 - 1
    }

    pub(super) fn get(&self, form: u32) -> &Form {
        &self.forms[form as usize]
    }

    /// Notes that a condition on `form` looks at `wanted`.
    pub(super) fn ask(&mut self, form: u32, wanted: ArgMask) {
        self.forms[form as usize].asked |= wanted;
    }

    pub(super) fn into_vec(self) -> Vec<Form> {
        self.forms
    }
}
