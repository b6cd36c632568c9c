//! `getSignaturesForAddress`: what is listed, in which order, and from where to where.

use chainbell_devnet::solana::{InstructionSpec, Signature, Told, TxSpec};
use serde_json::{Value, json};

use crate::solana_support::{confirmed, devnet, program, signatures, slots, transfer};

#[tokio::test]
async fn a_programs_transactions_are_listed_newest_first() {
    let (devnet, client) = devnet(30).await;
    let key = program(&devnet);
    let list = client.call("getSignaturesForAddress", json!([key, confirmed()])).await;
    let known: Vec<Signature> = devnet
        .canonical_blocks()
        .iter()
        .filter(|block| block.slot < 30)
        .flat_map(|block| &block.transactions)
        .filter(|transaction| transaction.events.iter().any(|event| event.program == key))
        .map(|transaction| transaction.signature)
        .collect();
    let listed = signatures(&list);
    assert!(listed.len() > 50);
    assert!(known.iter().all(|signature| listed.contains(&signature.to_string())));
    assert!(slots(&list).is_sorted_by(|newer, older| newer >= older));
    let order = |signature: &String| listed.iter().position(|other| other == signature).unwrap();
    assert!(known.iter().map(|signature| order(&signature.to_string())).rev().is_sorted());
    for entry in list.as_array().unwrap() {
        let status = if entry["slot"].as_u64().unwrap() <= 24 { "finalized" } else { "confirmed" };
        assert_eq!(entry["confirmationStatus"], status);
        assert_eq!(entry["memo"], Value::Null);
    }
    let finalized = client.call("getSignaturesForAddress", json!([key])).await;
    assert_eq!(slots(&finalized).iter().max(), slots(&list).iter().filter(|slot| **slot <= 24).max());
}

#[tokio::test]
async fn pages_join_without_gap_or_overlap() {
    let (devnet, client) = devnet(30).await;
    let key = program(&devnet);
    let ask = async |options: Value| client.call("getSignaturesForAddress", json!([key, options])).await;
    let all = signatures(&ask(confirmed()).await);
    let mut paged = Vec::new();
    loop {
        let mut options = confirmed();
        options["limit"] = 7.into();
        if let Some(last) = paged.last() {
            options["before"] = json!(last);
        }
        let page = signatures(&ask(options).await);
        paged.extend(page.iter().cloned());
        if page.len() < 7 {
            break;
        }
    }
    assert_eq!(paged, all);
    let mut until = confirmed();
    until["until"] = json!(all[10]);
    assert_eq!(signatures(&ask(until).await), all[..10]);
    let mut between = confirmed();
    between["before"] = json!(all[4]);
    between["until"] = json!(all[8]);
    assert_eq!(signatures(&ask(between).await), all[5..8]);
}

#[tokio::test]
async fn any_transaction_can_be_the_bound() {
    let (devnet, client) = devnet(0).await;
    let [alice, bob, carol] = [0, 1, 2].map(|index| devnet.accounts()[index]);
    let other = TxSpec::new(carol, vec![InstructionSpec::memo("äö")]);
    let one = |amount| TxSpec::transfer(program(&devnet), alice, bob, amount, Told::Log);
    devnet.mine_with(vec![one(1), other, one(2)]);
    devnet.mine(1);
    let memo = client.call("getSignaturesForAddress", json!([carol, confirmed()])).await[0].clone();
    assert_eq!(memo["memo"], "[4] äö");
    let ask = async |options: Value| {
        signatures(&client.call("getSignaturesForAddress", json!([bob, options])).await)
    };
    let listed: Vec<_> = devnet
        .canonical_events()
        .iter()
        .filter(|event| event.slot == 1)
        .map(|event| event.signature.to_string())
        .collect();
    let bounded = |bound: &str, signature: &Value| {
        let mut options = confirmed();
        options[bound] = signature.clone();
        options
    };
    assert_eq!(ask(bounded("before", &memo["signature"])).await, listed[..1]);
    assert_eq!(ask(bounded("until", &memo["signature"])).await, listed[1..]);
    let unknown = json!("1".repeat(64));
    assert!(ask(bounded("before", &unknown)).await.is_empty());
    assert_eq!(ask(bounded("until", &unknown)).await.len(), 2);
}

#[tokio::test]
async fn wrong_lists_are_refused_in_agaves_words() {
    let (devnet, client) = devnet(10).await;
    let key = program(&devnet);
    let refused = async |params: Value| client.error("getSignaturesForAddress", params).await;
    for limit in [0, 1001] {
        let (code, message) = refused(json!([key, {"limit": limit}])).await;
        assert_eq!((code, &*message), (-32602, "Invalid limit; max 1000"));
    }
    assert_eq!(refused(json!(["0", {}])).await, (-32602, "Invalid param: Invalid".into()));
    assert_eq!(refused(json!([key, {"before": "22"}])).await, (-32602, "Invalid param: WrongSize".into()));
    assert_eq!(refused(json!([key, {"commitment": "processed"}])).await.0, -32602);
    assert_eq!(refused(json!([key, {"minContextSlot": 5}])).await.0, -32016);
    let listed = client.call("getSignaturesForAddress", json!([key, {"minContextSlot": 4}])).await;
    assert!(!listed.as_array().unwrap().is_empty());
}

#[tokio::test]
async fn failed_transactions_are_listed_with_their_error() {
    let (devnet, client) = devnet(0).await;
    devnet.mine_with(vec![transfer(&devnet, 1, Told::Log).failing()]);
    devnet.mine(1);
    let list = client.call("getSignaturesForAddress", json!([program(&devnet), confirmed()])).await;
    assert_eq!(list[0]["err"], json!({"InstructionError": [0, {"Custom": 6000}]}));
    assert_eq!(list[0]["slot"], 1);
}
