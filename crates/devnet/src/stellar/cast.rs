//! Who takes part in a network: accounts, the issuer of the demo asset, the assets' contracts, and the demo contracts.

use sha2::{Digest, Sha256};
use stellar_xdr::{
    AlphaNum4, Asset, AssetCode4, ContractIdPreimage, Hash, HashIdPreimage, HashIdPreimageContractId,
};

use super::{
    config::StellarDevnetConfig,
    demo,
    party::{Party, account_id},
    spec::Token,
    xdr::hash,
};
use crate::seed::seeded;

const CODE: [u8; 4] = *b"DEMO";

/// Who takes part.
pub(crate) struct Cast {
    /// SHA-256 of the passphrase.
    pub(crate) network: [u8; 32],
    pub(crate) accounts: Vec<Party>,
    pub(crate) issuer: Party,
    pub(crate) contracts: Vec<[u8; 32]>,
    pub(crate) code: Vec<u8>,
    pub(crate) code_hash: [u8; 32],
    native: [u8; 32],
    issued: [u8; 32],
}

impl Cast {
    pub(crate) fn new(config: &StellarDevnetConfig) -> Self {
        let network = Sha256::digest(&config.passphrase).into();
        let account = |index| Party::Account(seeded(config.seed, format_args!("stellar/account/{index}")));
        let contract = |index| seeded(config.seed, format_args!("stellar/contract/{index}"));
        let issuer = Party::Account(seeded(config.seed, format_args!("stellar/issuer")));
        let code = demo::code(config.protocol);
        Self {
            network,
            accounts: (0..config.accounts.max(2)).map(account).collect(),
            issuer,
            contracts: (0..config.contracts.max(1)).map(contract).collect(),
            code_hash: Sha256::digest(&code).into(),
            code,
            native: contract_of(network, Asset::Native),
            issued: contract_of(network, issued_by(issuer)),
        }
    }

    /// An asset's contract.
    pub(crate) fn contract_of(&self, token: Token) -> [u8; 32] {
        match token {
            Token::Native => self.native,
            Token::Issued => self.issued,
        }
    }

    /// The asset whose contract it is.
    pub(crate) fn token_of(&self, contract: &[u8; 32]) -> Option<Token> {
        [Token::Native, Token::Issued].into_iter().find(|token| self.contract_of(*token) == *contract)
    }

    pub(crate) fn asset(&self, token: Token) -> Asset {
        match token {
            Token::Native => Asset::Native,
            Token::Issued => issued_by(self.issuer),
        }
    }

    /// As SEP-11 writes it.
    pub(crate) fn asset_name(&self, token: Token) -> String {
        match token {
            Token::Native => "native".to_owned(),
            Token::Issued => format!("DEMO:{}", self.issuer),
        }
    }

    /// A demo contract, counted round.
    pub(crate) fn demo_contract(&self, index: usize) -> [u8; 32] {
        self.contracts[index % self.contracts.len()]
    }
}

fn issued_by(issuer: Party) -> Asset {
    Asset::CreditAlphanum4(AlphaNum4 { asset_code: AssetCode4(CODE), issuer: account_id(issuer.bytes()) })
}

/// The id of an asset's contract (CAP-46-6).
fn contract_of(network: [u8; 32], asset: Asset) -> [u8; 32] {
    hash(&HashIdPreimage::ContractId(HashIdPreimageContractId {
        network_id: Hash(network),
        contract_id_preimage: ContractIdPreimage::Asset(asset),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_native_coin_has_the_contract_that_is_known_of_the_test_network() {
        let network = Sha256::digest("Test SDF Network ; September 2015").into();
        assert_eq!(
            Party::Contract(contract_of(network, Asset::Native)).to_string(),
            "CDLZFC3SYJYDZT7K67VZ75HPJVIEUVNIXF47ZG2FB2RMQQVU2HHGCYSC"
        );
    }
}
