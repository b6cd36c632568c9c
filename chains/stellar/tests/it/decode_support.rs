//! Makes `ScVal`s, events and calls, and shows what decoders make of them.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use chainbell_model::{ArgMask, DecodeError, Decoder, Dialect, Interface, Payload, value};
use chainbell_stellar::{
    StellarDialect,
    payload::{self, CallParts, EventKind},
};
use serde_json::Value as Json;
use stellar_xdr::{
    AccountId, ContractId, Hash, Int128Parts, Limits, PublicKey, ScAddress, ScMap, ScMapEntry, ScString,
    ScSymbol, ScVal, ScVec, Uint256, WriteXdr,
};

/// The fixtures of Stellar networks.
pub(crate) fn folder() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/stellar");
    if !path.is_dir() {
        // Straight to the terminal: the harness shows what is printed only when a test fails.
        let _ = writeln!(io::stderr(), "SKIPPED: the recorded data is absent ({})", path.display());
        return None;
    }
    Some(path)
}

pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn symbol(text: &str) -> ScVal {
    ScVal::Symbol(ScSymbol(text.try_into().unwrap()))
}

pub(crate) fn string(text: &str) -> ScVal {
    ScVal::String(ScString(text.try_into().unwrap()))
}

pub(crate) fn bytes(bytes: &[u8]) -> ScVal {
    ScVal::Bytes(bytes.to_vec().try_into().unwrap())
}

pub(crate) fn i128(value: i128) -> ScVal {
    ScVal::I128(Int128Parts { hi: (value >> 64) as i64, lo: value as u64 })
}

pub(crate) fn account(byte: u8) -> ScVal {
    let key = PublicKey::PublicKeyTypeEd25519(Uint256([byte; 32]));
    ScVal::Address(ScAddress::Account(AccountId(key)))
}

pub(crate) fn contract(byte: u8) -> ScVal {
    ScVal::Address(ScAddress::Contract(ContractId(Hash([byte; 32]))))
}

/// The strkey of an address.
pub(crate) fn strkey(address: &ScVal) -> String {
    let ScVal::Address(address) = address else { panic!("{address:?} is no address") };
    match address {
        ScAddress::Account(AccountId(PublicKey::PublicKeyTypeEd25519(key))) => {
            stellar_strkey::ed25519::PublicKey(key.0).to_string().as_str().to_owned()
        }
        ScAddress::Contract(id) => stellar_strkey::Contract(id.0.0).to_string().as_str().to_owned(),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn list(items: impl IntoIterator<Item = ScVal>) -> ScVal {
    ScVal::Vec(Some(ScVec(items.into_iter().collect::<Vec<_>>().try_into().unwrap())))
}

pub(crate) fn entries(entries: impl IntoIterator<Item = (ScVal, ScVal)>) -> ScVal {
    let entries: Vec<_> = entries.into_iter().map(|(key, val)| ScMapEntry { key, val }).collect();
    ScVal::Map(Some(ScMap(entries.try_into().unwrap())))
}

pub(crate) fn fields<const N: usize>(named: [(&str, ScVal); N]) -> ScVal {
    entries(named.map(|(name, value)| (symbol(name), value)))
}

pub(crate) fn xdr(value: &impl WriteXdr) -> Vec<u8> {
    value.to_xdr(Limits::none()).unwrap()
}

pub(crate) fn event(topics: &[ScVal], data: &ScVal) -> Payload {
    let topics: Vec<_> = topics.iter().map(xdr).collect();
    payload::event(EventKind::Contract, &topics, &xdr(data))
}

pub(crate) fn call(function: &str, arguments: &[ScVal]) -> Payload {
    let arguments = ScVec(arguments.to_vec().try_into().unwrap());
    payload::call(&CallParts {
        depth: 0,
        operation: 0,
        function: function.as_bytes(),
        arguments: &xdr(&arguments),
    })
}

pub(crate) fn interface(source: &str) -> Arc<dyn Interface> {
    StellarDialect.interface(source.as_bytes()).unwrap_or_else(|error| panic!("{source}: {error}"))
}

/// The decoder of an event whose signature says all.
pub(crate) fn event_decoder(signature: &str) -> Arc<dyn Decoder> {
    let decoders = StellarDialect.empty_interface().events(signature);
    decoders.unwrap_or_else(|error| panic!("{signature}: {error}")).remove(0)
}

/// All that a decoder reads, as JSON.
pub(crate) fn decode(decoder: &dyn Decoder, payload: &Payload) -> Result<Json, DecodeError> {
    decode_some(decoder, payload, ArgMask::MAX)
}

/// What a decoder reads of `wanted`, as JSON.
pub(crate) fn decode_some(
    decoder: &dyn Decoder,
    payload: &Payload,
    wanted: ArgMask,
) -> Result<Json, DecodeError> {
    let mut values = Vec::new();
    decoder.decode(payload, wanted, &mut values)?;
    assert_eq!(values.len(), decoder.schema().fields.len());
    let mut json = String::new();
    value::write_json_record(decoder.schema(), values.iter().map(Option::as_ref), &StellarDialect, &mut json);
    Ok(serde_json::from_str(&json).unwrap())
}

/// The reason why a payload does not decode.
pub(crate) fn fault(decoder: &dyn Decoder, payload: &Payload) -> String {
    decode(decoder, payload).unwrap_err().to_string()
}

pub(crate) fn names(decoder: &dyn Decoder) -> Vec<&str> {
    decoder.schema().fields.iter().map(|field| &*field.name).collect()
}
