//! What is asked of the nodes besides ledgers: who they are, how far they are, where things are.

use std::time::Duration;

use chainbell_model::{Chain, ChainError, Height, TxId};
use chainbell_stellar::StellarConfig;
use stellar_xdr::{
    ContractCodeEntry, ContractDataDurability, ContractDataEntry, ContractExecutable, ContractId, Hash,
    LedgerEntryData, LedgerKey, LedgerKeyContractCode, LedgerKeyContractData, ScAddress, ScContractInstance,
    ScVal,
};
use tokio::time::{Instant, timeout};

use crate::{
    recorded::encoded,
    source_ledgers::{PASSPHRASE, account_id},
    source_server::Manners,
    source_support::{LEDGERS, Network, config, contract_address, everything, range},
};

#[tokio::test]
async fn the_identity_is_the_passphrase_that_all_share() {
    let network = Network::start(vec![Manners::good(LEDGERS), Manners::good(LEDGERS)]).await;
    assert_eq!(network.chain(config()).identity().await.unwrap(), PASSPHRASE);
    let expecting = StellarConfig { passphrase: Some(PASSPHRASE.to_owned()), ..config() };
    assert_eq!(network.chain(expecting).identity().await.unwrap(), PASSPHRASE);

    let expecting = StellarConfig { passphrase: Some("Another".to_owned()), ..config() };
    let error = network.chain(expecting.clone()).identity().await.unwrap_err();
    assert!(matches!(error, ChainError::Misconfigured(_)), "{error:?}");
    let error =
        network.chain(expecting).fetch(range(1, 2), &everything(), chainbell_model::Proof::Sparse).await;
    assert!(matches!(error, Err(ChainError::Misconfigured(_))), "{error:?}");

    let stranger = Manners { passphrase: "Another", ..Manners::good(LEDGERS) };
    let network = Network::start(vec![Manners::good(LEDGERS), stranger]).await;
    let error = network.chain(config()).identity().await.unwrap_err();
    assert!(matches!(error, ChainError::Misconfigured(_)), "{error:?}");
}

#[tokio::test]
async fn every_ledger_is_final() {
    let network = Network::good().await;
    let chain = network.chain(config());
    let tip = chain.tip().await.unwrap();
    assert_eq!((tip.head, tip.confirmed, tip.finalized), (Height(40), Height(40), Height(40)));
    let (block, parent) = chain.block_at(Height(40)).await.unwrap();
    assert_eq!(tip.head_id, Some(block.id));
    assert_eq!(chain.block_at(Height(39)).await.unwrap().0.id, parent);
    assert!(matches!(chain.block_at(Height(41)).await, Err(ChainError::NotYet(Height(41)))));
    assert_eq!(chain.endpoints()[0].head, Some(Height(40)));
}

#[tokio::test]
async fn a_node_that_tells_whole_ledgers_is_asked_for_its_health() {
    let network = Network::start(vec![Manners { heavy: true, ..Manners::good(LEDGERS) }]).await;
    let chain = network.chain(config());
    for _ in 0..5 {
        assert_eq!(chain.tip().await.unwrap().head, Height(40));
    }
    assert_eq!(network.servers[0].asked("getLatestLedger").len(), 1);
    assert_eq!(network.servers[0].asked("getHealth").len(), 4);
}

#[tokio::test]
async fn waiting_for_the_next_ledger_ends() {
    let network = Network::good().await;
    let chain = network.chain(config());
    chain.tip().await.unwrap();
    let before = Instant::now();
    timeout(Duration::from_secs(5), chain.changed()).await.unwrap();
    assert!(before.elapsed() >= Duration::from_millis(5));
}

#[tokio::test]
async fn transactions_are_found_where_some_server_keeps_them() {
    let forgetful = Manners { oldest: 30, ..Manners::good(LEDGERS) };
    let network = Network::start(vec![forgetful, Manners::good(LEDGERS)]).await;
    let chain = network.chain(config());
    let hash = network.ledgers[6].transactions[1].hash;
    assert_eq!(chain.locate(&TxId::from(hash)).await.unwrap(), Some(Height(7)));
    assert_eq!(chain.locate(&TxId::from([0; 32])).await.unwrap(), None);
    assert_eq!(chain.locate(&TxId::from_slice(&[0; 3]).unwrap()).await.unwrap(), None);
}

fn instance(byte: u8, executable: ContractExecutable) -> (String, String) {
    let contract = ScAddress::Contract(ContractId(Hash([byte; 32])));
    let durability = ContractDataDurability::Persistent;
    let key = LedgerKey::ContractData(LedgerKeyContractData {
        contract: contract.clone(),
        key: ScVal::LedgerKeyContractInstance,
        durability,
    });
    let entry = LedgerEntryData::ContractData(ContractDataEntry {
        contract,
        key: ScVal::LedgerKeyContractInstance,
        durability,
        val: ScVal::ContractInstance(ScContractInstance { executable, storage: None }),
        ..Default::default()
    });
    (encoded(&key), encoded(&entry))
}

#[tokio::test]
async fn a_contract_is_described_by_its_code() {
    let code = vec![0, b'a', b's', b'm', 1, 0, 0, 0];
    let hash = Hash([7; 32]);
    let key = LedgerKey::ContractCode(LedgerKeyContractCode { hash: hash.clone() });
    let entry = LedgerEntryData::ContractCode(ContractCodeEntry {
        hash: hash.clone(),
        code: code.clone().try_into().unwrap(),
        ..Default::default()
    });
    let entries = vec![
        instance(1, ContractExecutable::Wasm(hash)),
        (encoded(&key), encoded(&entry)),
        instance(2, ContractExecutable::StellarAsset),
        instance(3, ContractExecutable::Wasm(Hash([9; 32]))),
    ];
    let network = Network::start(vec![Manners { entries, ..Manners::good(LEDGERS) }]).await;
    let chain = network.chain(config());
    let described = async |byte: u8| chain.describe(&contract_address([byte; 32])).await.unwrap();
    assert_eq!(described(1).await, Some(code));
    assert_eq!(described(2).await.as_deref(), Some(&b"sac"[..]));
    assert_eq!((described(3).await, described(4).await), (None, None));
    let account = chainbell_model::Address::from_slice(&[&[6 << 3][..], &[1; 32]].concat()).unwrap();
    let _ = account_id(1);
    assert_eq!(chain.describe(&account).await.unwrap(), None);
}
