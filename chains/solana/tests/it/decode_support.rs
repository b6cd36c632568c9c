//! What the tests of decoding share: payloads, and values as JSON.

use std::{fs, io::Write as _, path::PathBuf, sync::Arc};

use chainbell_model::{
    ArgMask, DecodeError, Decoder, Dialect as _, Interface, Payload, value::write_json_record,
};
use chainbell_solana::{
    SolanaDialect,
    payload::{self, CallParts, EventParts, Source},
};
use serde_json::Value as Json;

pub(crate) fn interface(source: &str) -> Arc<dyn Interface> {
    SolanaDialect.interface(source.as_bytes()).unwrap()
}

/// What is wrong with a description.
pub(crate) fn fault(source: &str) -> String {
    SolanaDialect.interface(source.as_bytes()).unwrap_err().to_string()
}

pub(crate) fn one(decoders: Vec<Arc<dyn Decoder>>) -> Arc<dyn Decoder> {
    let [decoder] = &decoders[..] else { panic!("{decoders:?}") };
    Arc::clone(decoder)
}

pub(crate) fn event(interface: &Arc<dyn Interface>, reference: &str) -> Arc<dyn Decoder> {
    one(interface.events(reference).unwrap())
}

pub(crate) fn call(interface: &Arc<dyn Interface>, reference: &str) -> Arc<dyn Decoder> {
    one(interface.calls(reference).unwrap())
}

pub(crate) fn event_payload(data: &[u8]) -> Payload {
    payload::event(&EventParts { source: Source::Log, depth: 2, instruction: 3, data })
}

pub(crate) fn call_payload(accounts: &[[u8; 32]], data: &[u8]) -> Payload {
    payload::call(&CallParts { depth: 1, instruction: 4, accounts, data })
}

/// The decoded values as messages show them.
pub(crate) fn json(
    decoder: &Arc<dyn Decoder>,
    payload: &Payload,
    wanted: ArgMask,
) -> Result<Json, DecodeError> {
    let mut values = Vec::new();
    decoder.decode(payload, wanted, &mut values)?;
    assert_eq!(values.len(), decoder.schema().fields.len());
    let mut text = String::new();
    write_json_record(decoder.schema(), values.iter().map(Option::as_ref), &SolanaDialect, &mut text);
    Ok(serde_json::from_str(&text).unwrap())
}

/// The arguments without the attributes.
pub(crate) fn arguments(decoder: &Arc<dyn Decoder>, payload: &Payload) -> Result<Json, DecodeError> {
    let count = decoder.schema().fields.len() - decoder.attributes();
    json(decoder, payload, (1 << count) - 1)
}

/// Discriminator and fields.
pub(crate) fn data(decoder: &Arc<dyn Decoder>, fields: &[&[u8]]) -> Vec<u8> {
    let key = decoder.key().unwrap();
    [&key[..8], &fields.concat()].concat()
}

/// The fixtures of Solana.
pub(crate) fn folder() -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/solana");
    if !path.is_dir() {
        // Straight to the terminal: the harness shows what is printed only when a test fails.
        let _ = writeln!(std::io::stderr(), "SKIPPED: the recorded data is absent ({})", path.display());
        return None;
    }
    Some(path)
}

pub(crate) fn read(path: &PathBuf) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The IDLs among the fixtures, each with its name.
pub(crate) fn idls() -> Vec<(String, String)> {
    let Some(folder) = folder() else { return Vec::new() };
    let entries = fs::read_dir(folder.join("idls")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert_eq!(paths.len(), 12);
    let named = |path: PathBuf| (path.file_name().unwrap().to_string_lossy().into_owned(), read(&path));
    paths.into_iter().map(named).collect()
}
