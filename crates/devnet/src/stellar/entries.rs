//! Answers `getLedgerEntries`: contracts, their code, and accounts.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use stellar_xdr::{
    ContractCodeEntry, ContractDataDurability, ContractDataEntry, ContractExecutable, Hash, LedgerEntryData,
    LedgerKey, LedgerKeyContractCode, LedgerKeyContractData, PublicKey, ScAddress, ScContractInstance, ScVal,
};

use super::{
    cast::Cast,
    json::{Fields as _, Object, array},
    params::{EntriesRequest, check_format},
    view::View,
    xdr::{decode, encode, map, string},
};
use crate::rpc::RpcError;

const MOST_KEYS: usize = 200;

/// What is found: the key, the entry, and when it changed.
type Entry<'a> = (&'a str, LedgerEntryData, u32);

pub(crate) fn answer(view: &View<'_>, request: &EntriesRequest, out: &mut Vec<u8>) -> Result<(), RpcError> {
    check_format(&request.xdr_format)?;
    let count = request.keys.len();
    if count > MOST_KEYS {
        let reason = format!("key count ({count}) exceeds maximum supported ({MOST_KEYS})");
        return Err(RpcError::invalid_params(reason));
    }
    let mut found = Vec::new();
    for (index, text) in request.keys.iter().enumerate() {
        let key = STANDARD.decode(text).ok().and_then(|bytes| decode(&bytes));
        let key: LedgerKey = key.ok_or_else(|| {
            RpcError::invalid_params(format!("cannot unmarshal key value {text} at index {index}"))
        })?;
        if let LedgerKey::Ttl(_) = key {
            return Err(RpcError::invalid_params("ledger ttl entries cannot be queried directly"));
        }
        found.extend(entry(view, &key).map(|(data, modified)| (&**text, data, modified)));
    }
    let mut object = Object::begin(out);
    array(object.key("entries"), found, |out, entry| write(out, view, entry));
    object.number("latestLedger", view.head());
    object.end();
    Ok(())
}

fn write(out: &mut Vec<u8>, view: &View<'_>, (key, data, modified): Entry<'_>) {
    let of_contract = !matches!(data, LedgerEntryData::Account(_));
    let mut object = Object::begin(out);
    object.text("key", key);
    object.base64("xdr", &encode(&data));
    object.number("lastModifiedLedgerSeq", modified);
    if of_contract {
        object.number("liveUntilLedgerSeq", view.head().saturating_add(100_000));
    }
    // `LedgerEntryExt` of version 0.
    object.base64("extXdr", &[0; 4]);
    object.end();
}

fn entry(view: &View<'_>, key: &LedgerKey) -> Option<(LedgerEntryData, u32)> {
    let cast = view.chain.cast();
    let first = view.chain.config().first_ledger;
    match key {
        LedgerKey::Account(key) => {
            let PublicKey::PublicKeyTypeEd25519(account) = &key.account_id.0;
            let entry = view.chain.accounts().entry(&account.0)?;
            Some((entry.data, entry.last_modified_ledger_seq))
        }
        LedgerKey::ContractData(key) => Some((instance(cast, key)?, first)),
        LedgerKey::ContractCode(LedgerKeyContractCode { hash }) if hash.0 == cast.code_hash => {
            let code = cast.code.clone().try_into().unwrap_or_default();
            let entry = ContractCodeEntry { hash: hash.clone(), code, ..ContractCodeEntry::default() };
            Some((LedgerEntryData::ContractCode(entry), first))
        }
        _ => None,
    }
}

/// The instance of a demo contract or of an asset's contract.
fn instance(cast: &Cast, key: &LedgerKeyContractData) -> Option<LedgerEntryData> {
    let ScAddress::Contract(id) = &key.contract else { return None };
    let asked =
        key.key == ScVal::LedgerKeyContractInstance && key.durability == ContractDataDurability::Persistent;
    let id = id.0.0;
    let instance = if let Some(token) = cast.token_of(&id) {
        let name = map(vec![("name", string(&cast.asset_name(token)))]);
        let ScVal::Map(storage) = map(vec![("METADATA", name)]) else { return None };
        ScContractInstance { executable: ContractExecutable::StellarAsset, storage }
    } else if cast.contracts.contains(&id) {
        ScContractInstance { executable: ContractExecutable::Wasm(Hash(cast.code_hash)), storage: None }
    } else {
        return None;
    };
    asked.then(|| {
        LedgerEntryData::ContractData(ContractDataEntry {
            contract: key.contract.clone(),
            key: ScVal::LedgerKeyContractInstance,
            durability: ContractDataDurability::Persistent,
            val: ScVal::ContractInstance(instance),
            ..ContractDataEntry::default()
        })
    })
}
