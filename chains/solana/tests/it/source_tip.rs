//! The heads, the network's name, blocks and transactions by name.

use chainbell_model::{Chain, ChainError, Height, TxId};
use chainbell_solana::SolanaConfig;
use serde_json::json;

use crate::source_stub::{
    Answer, Ledger, Stub, address, chain, chain_of, config, hash, program, signature, text,
};

fn ledger() -> Ledger {
    Ledger::new(100, &[50, 51, 97, 98], |_| vec![1])
}

#[tokio::test]
async fn the_head_is_the_confirmed_slot_with_its_block() {
    let stub = Stub::start(ledger()).await;
    let tip = chain(&stub).tip().await.unwrap();
    assert_eq!((tip.head, tip.confirmed, tip.finalized), (Height(100), Height(100), Height(92)));
    assert_eq!(tip.head_id.map(text), Some(hash(100, 0)));
}

#[tokio::test]
async fn a_head_whose_block_is_not_served_yet_is_not_the_head() {
    let stub = Stub::start(ledger()).await;
    stub.lie(|method, params, _| match (method, params[0].as_u64()) {
        ("getBlock", Some(100)) => {
            Some(Answer::Error(-32014, "Block status not yet available for slot 100".to_owned()))
        }
        ("getBlock", Some(99)) => Some(Answer::Error(-32004, "Block not available for slot 99".to_owned())),
        _ => None,
    });
    let tip = chain(&stub).tip().await.unwrap();
    assert_eq!((tip.head, tip.head_id.map(text)), (Height(96), Some(hash(96, 0))));
}

#[tokio::test]
async fn an_empty_height_has_the_id_of_the_block_below() {
    let stub = Stub::start(ledger()).await;
    let chain = chain(&stub);
    for told in [false, true] {
        for (slot, below) in [(51, 49), (97, 96), (98, 96)] {
            let (reference, parent) = chain.block_at(Height(slot)).await.unwrap();
            assert_eq!((reference.height, text(reference.id)), (Height(slot), hash(below, 0)), "{told}");
            assert_eq!(parent, reference.id);
        }
        chain.tip().await.unwrap();
    }
    let (reference, parent) = chain.block_at(Height(99)).await.unwrap();
    assert_eq!((text(reference.id), text(parent)), (hash(99, 0), hash(96, 0)));
}

#[tokio::test]
async fn a_standstill_of_thousands_of_slots_is_crossed() {
    let mut ledger = ledger();
    ledger.add(40_000, 0, &[1]);
    (ledger.confirmed, ledger.finalized) = (40_000, 100);
    let stub = Stub::start(ledger).await;
    let (reference, _) = chain(&stub).block_at(Height(101)).await.unwrap();
    assert_eq!(text(reference.id), hash(100, 0));
}

#[tokio::test]
async fn all_endpoints_belong_to_one_network() {
    let stub = Stub::start(ledger()).await;
    let genesis = ledger().genesis;
    let identity = chain(&stub).identity().await.unwrap();
    assert_eq!(identity, format!("solana:{}", &genesis[..32]));

    let expected = SolanaConfig { genesis: Some(program(4)), ..config() };
    let error = chain_of(expected, &[&stub]).identity().await.unwrap_err();
    assert!(matches!(&error, ChainError::Misconfigured(reason) if reason.contains(&program(4))), "{error}");

    let mut other = ledger();
    other.genesis = program(5);
    let other = Stub::start(other).await;
    let error = chain_of(config(), &[&stub, &other]).identity().await.unwrap_err();
    assert!(matches!(error, ChainError::Misconfigured(_)), "{error}");

    // One that is down does not keep the network from starting.
    other.lie(|_, _, _| Some(Answer::Error(-32000, "down".to_owned())));
    assert_eq!(chain_of(config(), &[&other, &stub]).identity().await.unwrap(), identity);
    let error = chain_of(config(), &[&other]).identity().await.unwrap_err();
    assert!(matches!(error, ChainError::Unavailable { .. }), "{error}");
}

#[tokio::test]
async fn a_transaction_is_found_by_any_endpoint() {
    let stub = Stub::start(ledger()).await;
    let mut pruned = ledger();
    pruned.first_available = 90;
    let pruned = Stub::start(pruned).await;
    let chain = chain_of(config(), &[&pruned, &stub]);
    let id = |text: &str| TxId::from_slice(&bs58::decode(text).into_vec().unwrap()).unwrap();
    assert_eq!(chain.locate(&id(&signature(60, 0))).await.unwrap(), Some(Height(60)));
    assert_eq!(chain.locate(&id(&signature(60, 7))).await.unwrap(), None);
    assert_eq!(chain.locate(&TxId::from([1; 32])).await.unwrap(), None);
}

#[tokio::test]
async fn a_program_without_an_idl_has_no_description() {
    let stub = Stub::start(ledger()).await;
    assert_eq!(chain(&stub).describe(&address(1)).await.unwrap(), None);
    stub.lie(|method, _, _| {
        let account = json!({"context": {"slot": 1}, "value": {"data": ["AAAA", "base64"], "lamports": 1}});
        (method == "getAccountInfo").then_some(Answer::Result(account))
    });
    let error = chain(&stub).describe(&address(1)).await.unwrap_err();
    assert!(matches!(error, ChainError::Misconfigured(_)), "{error}");
}

#[tokio::test]
async fn an_invented_head_is_not_believed() {
    let honest = Stub::start(ledger()).await;
    for invented in [110, u64::MAX] {
        let boasting = Stub::start(ledger()).await;
        boasting.lie(move |method, _, _| (method == "getSlot").then(|| Answer::Result(json!(invented))));
        let chain = chain_of(config(), &[&boasting, &honest]);
        let tip = chain.tip().await.unwrap();
        assert_eq!((tip.head, tip.head_id.map(text)), (Height(100), Some(hash(100, 0))), "{invented}");
    }
}
