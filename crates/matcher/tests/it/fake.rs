//! A chain small enough to write payloads by hand: arguments one after the other, each by its type.

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use chainbell_matcher::{ContractSpec, MonitorSpec};
use chainbell_model::{
    Address, AddressError, ArgMask, Block, BlockId, BlockRef, Call, DecodeError, Decoder, Dialect, Event,
    EventKey, Field, Finality, Height, Int, Interface, InterfaceError, Payload, Schema, TenantId, Timestamp,
    Transaction, TxId, Type, Value,
};

pub(crate) fn address(byte: u8) -> Address {
    Address::from([byte; 20])
}

/// As conditions write it.
pub(crate) fn address_text(byte: u8) -> String {
    format!("0x{}", format!("{byte:02x}").repeat(20))
}

pub(crate) fn int(value: i64) -> Value {
    Value::Int(Int::from(value))
}

#[derive(Debug)]
pub(crate) struct FakeDialect {
    schema: Schema,
}

pub(crate) fn dialect() -> Arc<dyn Dialect> {
    let fields = [
        ("from", Type::Address),
        ("to", Type::Address),
        ("value", Type::Uint(256)),
        ("success", Type::Bool),
        ("status", Type::Uint(8)),
    ];
    let fields = fields.map(|(name, ty)| Field::new(name, ty)).into();
    Arc::new(FakeDialect { schema: Schema { fields } })
}

impl Dialect for FakeDialect {
    fn chain(&self) -> &'static str {
        "fake"
    }
    fn parse_address(&self, text: &str) -> Result<Address, AddressError> {
        let error = |reason: &str| AddressError::new(reason);
        let digits = text.strip_prefix("0x").ok_or_else(|| error("an address begins with 0x"))?;
        if digits.len() != 40 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(error("an address has 40 hexadecimal digits"));
        }
        if digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(error("the address's checksum is wrong"));
        }
        let bytes: Vec<u8> =
            (0..20).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap()).collect();
        Ok(Address::from_slice(&bytes).unwrap())
    }
    fn address_text(&self, address: &Address, out: &mut String) {
        let _ = write!(out, "{address:?}");
    }
    fn block_id_text(&self, id: &BlockId, out: &mut String) {
        let _ = write!(out, "{id:?}");
    }
    fn tx_id_text(&self, id: &TxId, out: &mut String) {
        let _ = write!(out, "{id:?}");
    }
    fn parse_tx_id(&self, _: &str) -> Option<TxId> {
        None
    }
    fn transaction_schema(&self) -> &Schema {
        &self.schema
    }
    fn units(&self) -> &'static [(&'static str, u32)] {
        &[("ether", 18), ("gwei", 9)]
    }
    fn interface(&self, source: &[u8]) -> Result<Arc<dyn Interface>, InterfaceError> {
        Ok(interface(chainbell_model::description_text(source)?))
    }
    fn empty_interface(&self) -> Arc<dyn Interface> {
        interface("")
    }
}

#[derive(Debug)]
pub(crate) struct FakeInterface {
    known: Vec<Arc<FakeDecoder>>,
    raw: Arc<FakeDecoder>,
}

/// Signatures, one per line: `Transfer(address indexed from, address indexed to, uint256 value)`.
pub(crate) fn interface(source: &str) -> Arc<FakeInterface> {
    let known = source.lines().map(|line| Arc::new(FakeDecoder::parse(line.trim()))).collect();
    let raw = Schema { fields: vec![Field::new("data", Type::Bytes)] };
    Arc::new(FakeInterface { known, raw: Arc::new(FakeDecoder::new("*", "*", raw)) })
}

impl FakeInterface {
    pub(crate) fn decodes(&self) -> usize {
        self.known.iter().map(|decoder| decoder.decodes.load(Ordering::Relaxed)).sum()
    }

    fn find(&self, reference: &str) -> Result<Vec<Arc<dyn Decoder>>, InterfaceError> {
        if reference == "*" {
            return Ok(vec![self.raw.clone()]);
        }
        let named = |decoder: &&Arc<FakeDecoder>| decoder.name == reference || decoder.signature == reference;
        let found: Vec<Arc<dyn Decoder>> =
            self.known.iter().filter(named).map(|decoder| decoder.clone() as Arc<dyn Decoder>).collect();
        if !found.is_empty() {
            return Ok(found);
        }
        if reference.ends_with('(') {
            let reason = "the signature is not closed".to_owned();
            return Err(InterfaceError::Malformed { reason, offset: Some(reference.len()) });
        }
        if reference.contains(' ') {
            return Ok(vec![Arc::new(FakeDecoder::parse(reference))]);
        }
        let similar = self.known.iter().map(|decoder| decoder.name.clone()).collect();
        Err(InterfaceError::Unknown { reference: reference.to_owned(), similar })
    }
}

impl Interface for FakeInterface {
    fn events(&self, reference: &str) -> Result<Vec<Arc<dyn Decoder>>, InterfaceError> {
        self.find(reference)
    }
    fn calls(&self, reference: &str) -> Result<Vec<Arc<dyn Decoder>>, InterfaceError> {
        self.find(reference)
    }
    fn all_events(&self) -> Vec<Arc<dyn Decoder>> {
        self.known.iter().map(|decoder| decoder.clone() as Arc<dyn Decoder>).collect()
    }
}

#[derive(Debug)]
pub(crate) struct FakeDecoder {
    name: String,
    signature: String,
    key: Option<EventKey>,
    schema: Arc<Schema>,
    /// The first byte of a payload that fits: the number of indexed arguments.
    shape: u8,
    attributes: usize,
    decodes: AtomicUsize,
}

pub(crate) fn key(name: &str) -> EventKey {
    let mut key = [0; 32];
    key[..name.len()].copy_from_slice(name.as_bytes());
    key
}

impl FakeDecoder {
    fn new(name: &str, signature: &str, schema: Schema) -> Self {
        Self {
            name: name.to_owned(),
            signature: signature.to_owned(),
            key: (name != "*").then(|| key(name)),
            schema: Arc::new(schema),
            shape: 0,
            attributes: 0,
            decodes: AtomicUsize::new(0),
        }
    }

    fn parse(line: &str) -> Self {
        let (name, rest) = line.split_once('(').unwrap();
        let arguments = rest.strip_suffix(')').unwrap();
        let mut fields = Vec::new();
        let mut types = Vec::new();
        let (mut shape, mut attributes) = (0, 0);
        for argument in arguments.split(", ").filter(|argument| !argument.is_empty()) {
            let words: Vec<&str> = argument.split(' ').collect();
            let (ty, name) = (words[0], *words.last().unwrap());
            shape += u8::from(words.contains(&"indexed"));
            fields.push(Field::new(name, parse_type(ty)));
            match words.contains(&"attribute") {
                true => attributes += 1,
                false => types.push(ty),
            }
        }
        let signature = format!("{name}({})", types.join(","));
        Self { shape, attributes, ..Self::new(name, &signature, Schema { fields }) }
    }
}

fn parse_type(text: &str) -> Type {
    if let Some(item) = text.strip_suffix("[]") {
        return Type::List(Arc::new(parse_type(item)));
    }
    if let Some(ty) = text.strip_suffix('?') {
        return Type::Optional(Arc::new(parse_type(ty)));
    }
    match text {
        "bool" => Type::Bool,
        "any" => Type::Any,
        "address" => Type::Address,
        "bytes" => Type::Bytes,
        "hash" => Type::Hash,
        "string" => Type::Text,
        "order" => Type::Record(Arc::new(Schema {
            fields: vec![
                Field::new("maker", Type::Address),
                Field::new("amounts", Type::List(Arc::new(Type::Uint(256)))),
                Field::new("memo", Type::Text),
            ],
        })),
        _ => match text.strip_prefix("uint") {
            Some(bits) => Type::Uint(bits.parse().unwrap()),
            None => Type::Int(text.strip_prefix("int").unwrap().parse().unwrap()),
        },
    }
}

impl Decoder for FakeDecoder {
    fn key(&self) -> Option<EventKey> {
        self.key
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
        self.attributes
    }
    fn fits(&self, payload: &Payload) -> bool {
        self.name == "*" || payload.0.first() == Some(&self.shape)
    }
    fn decode(
        &self,
        payload: &Payload,
        wanted: ArgMask,
        out: &mut Vec<Option<Value>>,
    ) -> Result<(), DecodeError> {
        self.decodes.fetch_add(1, Ordering::Relaxed);
        if self.name == "*" {
            out.push(Some(Value::Bytes(payload.0.clone())));
            return Ok(());
        }
        let mut rest = payload.0.get(1..).unwrap_or_default();
        for (place, field) in self.schema.fields.iter().enumerate() {
            let value = read(&field.ty, &mut rest).ok_or_else(|| DecodeError {
                signature: self.signature.clone(),
                field: field.name.to_string(),
                reason: "the data is too short",
            })?;
            out.push((wanted >> place & 1 == 1).then_some(value));
        }
        Ok(())
    }
}

fn read(ty: &Type, rest: &mut &[u8]) -> Option<Value> {
    fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
        let (taken, left) = rest.split_at_checked(count)?;
        *rest = left;
        Some(taken)
    }
    let word = |rest: &mut &[u8]| -> Option<[u8; 32]> { take(rest, 32)?.try_into().ok() };
    Some(match ty {
        Type::Any => return None,
        Type::Optional(ty) => match take(rest, 1)? {
            [0] => Value::Null,
            _ => read(ty, rest)?,
        },
        Type::Bool => Value::Bool(take(rest, 1)? == [1]),
        Type::Uint(_) => Value::Int(Int::from_unsigned_be(word(rest)?)),
        Type::Int(_) => Value::Int(Int::from_signed_be(word(rest)?)),
        Type::Address => Value::Address(Address::from_slice(take(rest, 20)?)?),
        Type::Hash => Value::Bytes(take(rest, 32)?.into()),
        Type::Bytes | Type::Text => {
            let len = usize::from(take(rest, 1)?[0]);
            let bytes = take(rest, len)?;
            match ty {
                Type::Text => Value::Text(String::from_utf8(bytes.to_vec()).ok()?.into()),
                _ => Value::Bytes(bytes.into()),
            }
        }
        Type::List(item) => {
            let count = u16::from_be_bytes(take(rest, 2)?.try_into().ok()?);
            Value::List((0..count).map(|_| read(item, rest)).collect::<Option<_>>()?)
        }
        Type::Record(schema) => {
            Value::Record(schema.fields.iter().map(|field| read(&field.ty, rest)).collect::<Option<_>>()?)
        }
    })
}

/// The payload that decodes to `values`, with so many of them indexed.
pub(crate) fn payload(indexed: u8, values: &[Value]) -> Payload {
    let mut bytes = vec![indexed];
    values.iter().for_each(|value| write(value, &mut bytes));
    Payload(bytes.into())
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Bool(value) => out.push(u8::from(*value)),
        Value::Int(int) => {
            let magnitude = int.magnitude();
            let word = if int.is_negative() { magnitude.wrapping_neg() } else { magnitude };
            out.extend(word.to_be_bytes::<32>());
        }
        Value::Address(address) => out.extend_from_slice(address),
        // A hash is written as it is.
        Value::Bytes(bytes) if bytes.len() == 32 => out.extend_from_slice(bytes),
        Value::Bytes(bytes) => {
            out.push(bytes.len() as u8);
            out.extend_from_slice(bytes);
        }
        Value::Text(text) => {
            out.push(text.len() as u8);
            out.extend_from_slice(text.as_bytes());
        }
        Value::List(items) => {
            out.extend((items.len() as u16).to_be_bytes());
            items.iter().for_each(|item| write(item, out));
        }
        Value::Record(values) => values.iter().for_each(|value| write(value, out)),
        // A present optional value is written as 1 and the value, by whoever knows that it is optional.
        Value::Null => out.push(0),
        Value::Any(_) => unreachable!("the fake chain has descriptions for everything"),
    }
}

pub(crate) fn contract(byte: u8, interface: &Arc<FakeInterface>) -> Arc<ContractSpec> {
    Arc::new(ContractSpec {
        name: format!("contract-{byte}").into(),
        address: Some(address(byte)),
        interface: interface.clone(),
        store: false,
    })
}

/// A monitor that looks for nothing yet.
pub(crate) fn monitor(name: &str) -> MonitorSpec {
    MonitorSpec {
        tenant: TenantId::default(),
        name: name.into(),
        contracts: Vec::new(),
        events: Vec::new(),
        calls: Vec::new(),
        transactions: false,
        transfers: None,
        from: Vec::new(),
        to: Vec::new(),
        when: None,
        include_failed: false,
        deliver_at: Finality::Seen,
        targets: Arc::new([]),
    }
}

/// A block of one transaction from wallet 0xaa to wallet 0xbb.
pub(crate) fn block() -> Block {
    Block {
        reference: BlockRef { height: Height(100), id: BlockId([7; 32]) },
        parent: None,
        time: Timestamp(1_700_000_000_999),
        transactions: vec![transaction(0, Some(0xbb))],
        events: Vec::new(),
        calls: Vec::new(),
        transfers: Vec::new(),
        defects: Vec::new(),
    }
}

pub(crate) fn transaction(index: u32, to: Option<u8>) -> Transaction {
    let details = vec![
        Some(Value::Address(address(0xaa))),
        to.map(|to| Value::Address(address(to))),
        Some(int(5)),
        Some(Value::Bool(true)),
        None,
    ];
    Transaction { id: TxId::from([index as u8; 32]), index, details }
}

pub(crate) fn event(index: u32, emitter: u8, name: &str, payload: Payload) -> Event {
    Event { transaction: 0, index, failed: false, emitter: address(emitter), key: Some(key(name)), payload }
}

pub(crate) fn call(index: u32, contract: u8, name: &str, payload: Payload) -> Call {
    Call { transaction: 0, index, contract: address(contract), key: Some(key(name)), payload }
}
