//! Whole blocks: skipped slots, gaps, contradictions, refusals.

use chainbell_model::{Chain, ChainError, Continuity, Height, Proof};
use chainbell_solana::{ReadMode, SolanaConfig};
use serde_json::{Value, json};

use crate::source_stub::{
    Answer, Ledger, Stub, chain_of, config, content, events_of, hash, range, signature, slots, text,
};

fn blocks() -> SolanaConfig {
    SolanaConfig { mode: ReadMode::Blocks, ..config() }
}

/// Slots 0 to 40, of which 10 to 12, 20, 29, 30 and 35 are skipped; a transaction of program 1 in each block.
fn ledger() -> Ledger {
    Ledger::new(40, &[10, 11, 12, 20, 29, 30, 35], |_| vec![1])
}

fn is_of(params: &Value, slot: u64) -> bool {
    params[0].as_u64() == Some(slot)
}

#[tokio::test]
async fn blocks_link_over_skipped_slots_and_a_range_may_end_with_one() {
    let stub = Stub::start(ledger()).await;
    let chain = chain_of(blocks(), &[&stub]);
    chain.tip().await.unwrap();
    assert_eq!(chain.continuity(&events_of(&[1])), Continuity::Linked);
    for proof in [Proof::Linked, Proof::Sparse] {
        let fetched = chain.fetch(range(9, 30), &events_of(&[1]), proof).await.unwrap();
        let expected: Vec<u64> = [9].into_iter().chain(13..20).chain(21..29).collect();
        assert_eq!(slots(&fetched.blocks), expected);
        assert!(fetched.blocks.windows(2).all(|pair| pair[1].parent == Some(pair[0].reference.id)));
        assert_eq!(content(&fetched.blocks)[1], (13, hash(13, 0), vec![(signature(13, 0), 0, false)]));
        assert_eq!((fetched.through.height, text(fetched.through.id)), (Height(30), hash(28, 0)));
    }
}

#[tokio::test]
async fn a_piece_without_any_block_is_proven_by_the_block_above() {
    let stub = Stub::start(ledger()).await;
    let chain = chain_of(blocks(), &[&stub]);
    let fetched = chain.fetch(range(10, 12), &events_of(&[1]), Proof::Linked).await.unwrap();
    assert!(fetched.blocks.is_empty());
    assert_eq!((fetched.through.height, text(fetched.through.id)), (Height(12), hash(9, 0)));
}

#[tokio::test]
async fn genesis_is_a_block_like_any_other() {
    let stub = Stub::start(ledger()).await;
    let chain = chain_of(blocks(), &[&stub]);
    let fetched = chain.fetch(range(0, 2), &events_of(&[1]), Proof::Linked).await.unwrap();
    assert_eq!(slots(&fetched.blocks), [0, 1, 2]);
}

#[tokio::test]
async fn a_block_that_the_list_hides_is_found_with_another_node() {
    let hiding = Stub::start(ledger()).await;
    for hidden in [15, 9, 28] {
        hiding.lie(move |method, params, _| {
            let all =
                |slot: &u64| *slot != hidden && !(10..=12).contains(slot) && ![20, 29, 30].contains(slot);
            let list: Vec<u64> = (params[0].as_u64()?..=params[1].as_u64()?.min(28)).filter(all).collect();
            (method == "getBlocks" && is_of(params, 9)).then(|| Answer::Result(json!(list)))
        });
        let honest = Stub::start(ledger()).await;
        let chain = chain_of(blocks(), &[&hiding, &honest]);
        let fetched = chain.fetch(range(9, 30), &events_of(&[1]), Proof::Sparse).await.unwrap();
        assert!(slots(&fetched.blocks).contains(&hidden));
        let chain = chain_of(blocks(), &[&hiding]);
        let error = chain.fetch(range(9, 30), &events_of(&[1]), Proof::Sparse).await.unwrap_err();
        assert!(matches!(error, ChainError::Inconsistent { .. }), "{hidden}: {error}");
    }
}

#[tokio::test]
async fn a_listed_block_that_one_node_calls_skipped_is_read_from_another() {
    let lying = Stub::start(ledger()).await;
    lying.lie(|method, params, _| {
        let text = "Slot 15 was skipped, or missing due to ledger jump to recent snapshot";
        (method == "getBlock" && is_of(params, 15)).then(|| Answer::Error(-32007, text.to_owned()))
    });
    let honest = Stub::start(ledger()).await;
    let chain = chain_of(blocks(), &[&lying, &honest]);
    chain.tip().await.unwrap();
    let fetched = chain.fetch(range(13, 16), &events_of(&[1]), Proof::Linked).await.unwrap();
    assert_eq!(slots(&fetched.blocks), [13, 14, 15, 16]);
    let (reference, parent) = chain.block_at(Height(15)).await.unwrap();
    assert_eq!((text(reference.id), text(parent)), (hash(15, 0), hash(14, 0)));

    let chain = chain_of(blocks(), &[&lying]);
    chain.tip().await.unwrap();
    let error = chain.fetch(range(13, 16), &events_of(&[1]), Proof::Linked).await.unwrap_err();
    assert!(matches!(error, ChainError::Inconsistent { height: Height(15), .. }), "{error}");
    let error = chain.block_at(Height(15)).await.unwrap_err();
    assert!(matches!(error, ChainError::Inconsistent { height: Height(15), .. }), "{error}");
}

#[tokio::test]
async fn what_is_no_longer_kept_is_named_with_what_still_is() {
    let mut pruned = ledger();
    pruned.first_available = 16;
    let stub = Stub::start(pruned).await;
    let chain = chain_of(blocks(), &[&stub]);
    chain.tip().await.unwrap();
    let fetched = chain.fetch(range(9, 30), &events_of(&[1]), Proof::Sparse).await;
    for error in [fetched.unwrap_err(), chain.block_at(Height(9)).await.unwrap_err()] {
        let ChainError::Pruned { height: Height(9), first: Some(Height(16)) } = error else {
            panic!("{error}")
        };
    }
    // The first block that is kept: its parent is unknown.
    let fetched = chain.fetch(range(16, 18), &events_of(&[1]), Proof::Sparse).await.unwrap();
    assert_eq!(slots(&fetched.blocks), [16, 17, 18]);
    assert_eq!(fetched.blocks[0].parent, None);
}

#[tokio::test]
async fn a_node_that_answers_null_for_what_it_does_not_keep_is_understood_too() {
    let mut pruned = ledger();
    pruned.first_available = 16;
    let stub = Stub::start(pruned).await;
    stub.lie(|method, params, _| {
        (method == "getBlock" && params[0].as_u64()? < 16).then_some(Answer::Result(Value::Null))
    });
    let chain = chain_of(blocks(), &[&stub]);
    let error = chain.block_at(Height(9)).await.unwrap_err();
    assert!(matches!(error, ChainError::Pruned { first: Some(Height(16)), .. }), "{error}");
}

#[tokio::test]
async fn a_node_without_transaction_history_is_a_matter_of_configuration() {
    let mut ledger = ledger();
    ledger.history = false;
    let stub = Stub::start(ledger).await;
    let chain = chain_of(blocks(), &[&stub]);
    let error = chain.fetch(range(9, 30), &events_of(&[1]), Proof::Sparse).await.unwrap_err();
    assert!(matches!(&error, ChainError::Misconfigured(reason) if reason.contains("history")), "{error}");
}

#[tokio::test]
async fn a_network_is_not_stopped_while_an_endpoint_that_may_help_is_out_of_reach() {
    let down = Stub::start(ledger()).await;
    down.lie(|_, _, _| Some(Answer::Error(-32603, "Internal error".to_owned())));
    for (first_available, history) in [(16, true), (0, false)] {
        let mut poor = ledger();
        (poor.first_available, poor.history) = (first_available, history);
        let poor = Stub::start(poor).await;
        let chain = chain_of(blocks(), &[&poor, &down]);
        let error = chain.fetch(range(9, 14), &events_of(&[1]), Proof::Sparse).await.unwrap_err();
        let repeated = matches!(error, ChainError::Unavailable { .. } | ChainError::Inconsistent { .. });
        assert!(repeated, "{error}");
        let error = chain_of(blocks(), &[&poor]).fetch(range(9, 14), &events_of(&[1]), Proof::Sparse).await;
        assert!(matches!(error, Err(ChainError::Pruned { .. } | ChainError::Misconfigured(_))), "{error:?}");
        let rich = Stub::start(ledger()).await;
        let chain = chain_of(blocks(), &[&poor, &rich]);
        let fetched = chain.fetch(range(9, 14), &events_of(&[1]), Proof::Sparse).await.unwrap();
        assert_eq!(slots(&fetched.blocks), [9, 13, 14]);
    }
}

#[tokio::test]
async fn transactions_of_a_newer_version_are_asked_for() {
    let mut ledger = ledger();
    ledger.version = 3;
    let stub = Stub::start(ledger).await;
    let chain = chain_of(blocks(), &[&stub]);
    let fetched = chain.fetch(range(13, 16), &events_of(&[1]), Proof::Sparse).await.unwrap();
    assert_eq!(slots(&fetched.blocks), [13, 14, 15, 16]);
}

#[tokio::test]
async fn above_the_tip_there_is_nothing_yet() {
    let stub = Stub::start(ledger()).await;
    let chain = chain_of(blocks(), &[&stub]);
    chain.tip().await.unwrap();
    let error = chain.fetch(range(39, 41), &events_of(&[1]), Proof::Linked).await.unwrap_err();
    assert!(matches!(error, ChainError::NotYet(Height(41))), "{error}");
    let error = chain.block_at(Height(41)).await.unwrap_err();
    assert!(matches!(error, ChainError::NotYet(Height(41))), "{error}");
}

#[tokio::test]
async fn blocks_of_two_forks_in_one_piece_are_a_reorganisation() {
    let stub = Stub::start(ledger()).await;
    // The node changes its mind between the blocks.
    stub.change(|ledger| ledger.blocks.get_mut(&38).unwrap().hash = hash(38, 5));
    stub.lie(|method, params, _| {
        let block = json!({"blockhash": hash(39, 0), "previousBlockhash": hash(38, 0), "parentSlot": 38, "transactions": []});
        (method == "getBlock" && is_of(params, 39)).then_some(Answer::Result(block))
    });
    let chain = chain_of(blocks(), &[&stub]);
    chain.tip().await.unwrap();
    let error = chain.fetch(range(37, 40), &events_of(&[1]), Proof::Linked).await.unwrap_err();
    assert!(matches!(error, ChainError::Reorganised(Height(39))), "{error}");
}

#[tokio::test]
async fn garbage_is_asked_for_again_and_reported() {
    let stub = Stub::start(ledger()).await;
    stub.lie(|method, params, before| {
        let garbage = [
            json!({"blockhash": "0OIl", "previousBlockhash": hash(12, 0), "parentSlot": 12}),
            json!([1, 2, 3]),
            json!({"blockhash": hash(13, 0), "previousBlockhash": hash(14, 0), "parentSlot": 14, "transactions": []}),
        ];
        (method == "getBlock" && is_of(params, 13)).then_some(())?;
        Some(Answer::Result(garbage.get(before)?.clone()))
    });
    let chain = chain_of(blocks(), &[&stub]);
    let fetched = chain.fetch(range(13, 13), &events_of(&[1]), Proof::Sparse).await.unwrap();
    assert_eq!(slots(&fetched.blocks), [13]);
    assert!(chain.endpoints()[0].last_error.is_some());
}
