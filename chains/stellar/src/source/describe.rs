//! Fetches a contract's code, which holds its spec.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chainbell_model::{Address, ChainError, Height, HeightRange};
use chainbell_rpc::EndpointId;
use serde_json::json;
use stellar_xdr::{
    ContractDataDurability, ContractExecutable, ContractId, Hash, LedgerEntryData, LedgerKey,
    LedgerKeyContractCode, LedgerKeyContractData, Limits, ScAddress, ScVal, WriteXdr,
};

use super::{
    StellarChain,
    ask::{Question, Told, Weight},
    patience::Trouble,
};
use crate::{address::to_contract_id, wire::EntriesAnswer};

/// The built-in description of a Stellar asset's contract, which has no code.
const ASSET_CONTRACT: &[u8] = b"sac";

impl StellarChain {
    /// The code of the contract, or the name of the built-in one; `None` where there is no contract.
    pub(super) async fn description_of(&self, address: &Address) -> Result<Option<Vec<u8>>, ChainError> {
        let Some(contract) = to_contract_id(address) else { return Ok(None) };
        match self.entry(&instance_key(contract)).await? {
            Some(LedgerEntryData::ContractData(data)) => match data.val {
                ScVal::ContractInstance(instance) => match instance.executable {
                    ContractExecutable::Wasm(hash) => self.code(hash).await,
                    ContractExecutable::StellarAsset => Ok(Some(ASSET_CONTRACT.to_vec())),
                    ContractExecutable::ExternalRef(_) => Ok(None),
                },
                _ => Ok(None),
            },
            _ => Ok(None),
        }
    }

    async fn code(&self, hash: Hash) -> Result<Option<Vec<u8>>, ChainError> {
        match self.entry(&LedgerKey::ContractCode(LedgerKeyContractCode { hash })).await? {
            Some(LedgerEntryData::ContractCode(code)) => Ok(Some(code.code.into())),
            _ => Ok(None),
        }
    }

    async fn entry(&self, key: &LedgerKey) -> Result<Option<LedgerEntryData>, ChainError> {
        let encoded =
            key.to_xdr(Limits::len(1 << 10)).map_err(|error| ChainError::Misconfigured(error.to_string()))?;
        let key = STANDARD.encode(encoded);
        let nowhere = HeightRange { from: Height(0), to: Height(0) };
        let told = self.patiently(nowhere, None, |avoid| self.entries(&key, avoid)).await?;
        Ok(told.value.entries.into_iter().next())
    }

    async fn entries(&self, key: &str, avoid: Option<EndpointId>) -> Result<Told<EntriesAnswer>, Trouble> {
        let params = json!({ "keys": [key] });
        let question = Question { method: "getLedgerEntries", params, weight: Weight::Light };
        let reply = self.ask(&question, avoid).await?;
        self.read(reply, EntriesAnswer::read).await
    }
}

fn instance_key(contract: ContractId) -> LedgerKey {
    LedgerKey::ContractData(LedgerKeyContractData {
        contract: ScAddress::Contract(contract),
        key: ScVal::LedgerKeyContractInstance,
        durability: ContractDataDurability::Persistent,
    })
}
