//! What follows from a network's passphrase: transaction hashes, and the contracts of its assets.

use std::{
    collections::HashMap,
    fmt::{self, Write as _},
    sync::Arc,
};

use chainbell_model::Address;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use stellar_xdr::{
    AccountId, AlphaNum4, AlphaNum12, Asset, AssetCode4, AssetCode12, ContractIdPreimage, Hash,
    HashIdPreimage, HashIdPreimageContractId, Limits, PublicKey, TransactionEnvelope, Uint256, WriteXdr,
};

use crate::{address, wire::Flaw};

/// Longer than any asset's or transaction's XDR.
const MAX_XDR: usize = 1 << 20;
/// How many assets' contracts are remembered.
const REMEMBERED: usize = 4_096;

/// A network, told from others by its passphrase.
pub struct Network {
    id: [u8; 32],
    native: [u8; 32],
    /// The names of assets by their contracts.
    names: Mutex<HashMap<[u8; 32], Arc<str>>>,
}

/// An asset of the ledger and its contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issued {
    /// `None` for the native coin.
    pub(crate) token: Option<Address>,
    /// `CODE:ISSUER`; `None` for the native coin.
    pub(crate) name: Option<Arc<str>>,
}

impl Network {
    /// The network of that passphrase.
    pub fn new(passphrase: &str) -> Self {
        let id = Sha256::digest(passphrase).into();
        Self { id, native: contract_of(id, Asset::Native), names: Mutex::default() }
    }

    /// The id of the native coin's contract.
    pub fn native(&self) -> &[u8; 32] {
        &self.native
    }

    /// The hash that names a transaction.
    pub(crate) fn hash_of(&self, envelope: &TransactionEnvelope) -> Result<[u8; 32], Flaw> {
        envelope.hash(self.id).map_err(|_| Flaw::new("a transaction that does not encode"))
    }

    /// The asset that `contract` stands for, which its event says to be `name` (SEP-11). `None` when it does not: any
    /// contract can say so.
    pub(crate) fn verified(&self, contract: &[u8; 32], name: &[u8]) -> Option<Issued> {
        if name == b"native" {
            return (contract == &self.native).then_some(Issued { token: None, name: None });
        }
        let token = Some(address::contract(contract));
        let known = self.names.lock().get(contract).cloned();
        if let Some(known) = known.filter(|known| known.as_bytes() == name) {
            return Some(Issued { token, name: Some(known) });
        }
        let text = std::str::from_utf8(name).ok()?;
        (contract_of(self.id, parse_asset(text)?) == *contract)
            .then(|| Issued { token, name: Some(self.remember(*contract, text)) })
    }

    /// The asset with its contract.
    pub(crate) fn issued(&self, asset: &Asset) -> Issued {
        let Some(name) = asset_name(asset) else { return Issued { token: None, name: None } };
        let contract = contract_of(self.id, asset.clone());
        Issued { token: Some(address::contract(&contract)), name: Some(self.remember(contract, &name)) }
    }

    fn remember(&self, contract: [u8; 32], name: &str) -> Arc<str> {
        let mut names = self.names.lock();
        if names.len() >= REMEMBERED {
            names.clear();
        }
        names.entry(contract).or_insert_with(|| name.into()).clone()
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Network").field(&const_hex::encode(self.id)).finish()
    }
}

/// The id of an asset's contract (CAP-46-6).
fn contract_of(network: [u8; 32], asset: Asset) -> [u8; 32] {
    let preimage = HashIdPreimage::ContractId(HashIdPreimageContractId {
        network_id: Hash(network),
        contract_id_preimage: ContractIdPreimage::Asset(asset),
    });
    // An asset has some 40 bytes.
    let encoded = preimage.to_xdr(Limits { depth: 100, len: MAX_XDR }).unwrap_or_default();
    Sha256::digest(encoded).into()
}

/// Reads `CODE:ISSUER`.
fn parse_asset(text: &str) -> Option<Asset> {
    let (code, issuer) = text.split_once(':')?;
    let issuer = stellar_strkey::ed25519::PublicKey::from_string(issuer).ok()?;
    let issuer = AccountId(PublicKey::PublicKeyTypeEd25519(Uint256(issuer.0)));
    if code.is_empty() || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let mut padded = [0; 12];
    padded.get_mut(..code.len())?.copy_from_slice(code.as_bytes());
    Some(match code.len() {
        0..=4 => {
            let [a, b, c, d, ..] = padded;
            Asset::CreditAlphanum4(AlphaNum4 { asset_code: AssetCode4([a, b, c, d]), issuer })
        }
        _ => Asset::CreditAlphanum12(AlphaNum12 { asset_code: AssetCode12(padded), issuer }),
    })
}

/// `CODE:ISSUER`; `None` for the native coin.
fn asset_name(asset: &Asset) -> Option<String> {
    let (code, issuer) = match asset {
        Asset::Native => return None,
        Asset::CreditAlphanum4(asset) => (&asset.asset_code.0[..], &asset.issuer),
        Asset::CreditAlphanum12(asset) => (&asset.asset_code.0[..], &asset.issuer),
    };
    let mut name = String::with_capacity(69);
    for byte in code.iter().take_while(|byte| **byte != 0) {
        if byte.is_ascii_alphanumeric() {
            name.push(char::from(*byte));
        } else {
            let _ = write!(name, "\\x{byte:02x}");
        }
    }
    name.push(':');
    address::push_text(&address::of_account_id(issuer), &mut name);
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = "Public Global Stellar Network ; September 2015";
    const TEST: &str = "Test SDF Network ; September 2015";

    fn contract(text: &str) -> [u8; 32] {
        stellar_strkey::Contract::from_string(text).unwrap().0
    }

    #[test]
    fn the_contracts_of_assets_are_the_known_ones() {
        let public = Network::new(PUBLIC);
        let native = contract("CAS3J7GYLGXMF6TDJBBYYSE3HQ6BBSMLNUQ34T6TZMYMW2EVH34XOWMA");
        assert_eq!(*public.native(), native);
        let test = contract("CDLZFC3SYJYDZT7K67VZ75HPJVIEUVNIXF47ZG2FB2RMQQVU2HHGCYSC");
        assert_eq!(*Network::new(TEST).native(), test);
        assert_eq!(public.verified(&native, b"native"), Some(Issued { token: None, name: None }));
        assert_eq!(public.verified(&test, b"native"), None);
        for (name, id) in [
            (
                "CASS:GBLFABRSRFIH3LKC2ZDZBJQPC5INGW3MUUTNCZOEHUC2V4U3U4YHOZ34",
                "CCYPZQTOSY3VXS3EQYSO5DPPQMKW2XRSV34BARHWAASM4TL4IGZTBK4H",
            ),
            (
                "TXT:GAKRDXBHA2TTOYJZQIAQ7ZDS555P24RAYRUUZWU3KHSLIOZMVV4IITXT",
                "CC2VEFMKQ2ZZ5235DPMDBTG3NWNA2OITRUT4TJQUHGUMWHCQHWVDXOPA",
            ),
        ] {
            for _ in 0..2 {
                let issued = public.verified(&contract(id), name.as_bytes()).unwrap();
                assert_eq!(issued.name.as_deref(), Some(name));
                assert_eq!(public.issued(&parse_asset(name).unwrap()), issued);
            }
            assert_eq!(public.verified(&native, name.as_bytes()), None);
        }
    }

    #[test]
    fn what_is_no_asset_is_refused() {
        let issuer = "GBLFABRSRFIH3LKC2ZDZBJQPC5INGW3MUUTNCZOEHUC2V4U3U4YHOZ34";
        for bad in [
            "",
            ":",
            "CASS",
            "CASS:",
            &format!(":{issuer}"),
            &format!("THIRTEENCHARS:{issuer}"),
            &format!("É:{issuer}"),
        ] {
            assert_eq!(parse_asset(bad), None, "{bad}");
        }
        let long = format!("TWELVECHARAC:{issuer}");
        assert_eq!(asset_name(&parse_asset(&long).unwrap()), Some(long));
    }
}
