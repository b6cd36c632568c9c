//! Guesses a contract's description from its code: an EVM chain keeps none, but the selectors of its functions.

use chainbell_model::{Address, ChainError, Height, HeightRange};
use serde_json::json;

use super::{
    EvmChain,
    ask::{Question, Told, Weight},
};
use crate::interface::built_in_of_code;

/// EIP-1967: where a proxy keeps the address of its code.
const IMPLEMENTATION_SLOT: &str = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc";

impl EvmChain {
    /// The name of the built-in description whose functions are all in the contract's code, or in the code behind a proxy.
    pub(super) async fn describe_by_code(&self, address: &Address) -> Result<Option<Vec<u8>>, ChainError> {
        let code = self.code(address).await?;
        if let Some(name) = built_in_of_code(&code) {
            return Ok(Some(name.into()));
        }
        let params = json!([const_hex::encode_prefixed(&**address), IMPLEMENTATION_SLOT, "latest"]);
        let word = self.bytes("eth_getStorageAt", params).await?;
        let behind = word.get(12..32).and_then(Address::from_slice);
        let Some(behind) = behind.filter(|behind| behind.iter().any(|byte| *byte != 0)) else {
            return Ok(None);
        };
        Ok(built_in_of_code(&self.code(&behind).await?).map(Into::into))
    }

    async fn code(&self, address: &Address) -> Result<Vec<u8>, ChainError> {
        self.bytes("eth_getCode", json!([const_hex::encode_prefixed(&**address), "latest"])).await
    }

    async fn bytes(&self, method: &'static str, params: serde_json::Value) -> Result<Vec<u8>, ChainError> {
        let nowhere = HeightRange { from: Height(0), to: Height(0) };
        let told: Told<String> = self
            .patiently(nowhere, None, |avoid| {
                let question = Question { method, params: params.clone(), weight: Weight::Light };
                async move {
                    let reply = self.ask(question, avoid).await?;
                    self.parse_present::<String>(reply).await
                }
            })
            .await?;
        // What is no hex is no code of ours.
        Ok(const_hex::decode(told.value).unwrap_or_default())
    }
}
