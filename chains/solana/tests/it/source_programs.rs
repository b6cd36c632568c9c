//! The histories of programs: paging, failed transactions, rereading, lagging and lying nodes.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use chainbell_model::{Chain, ChainError, Continuity, Height, Interest, Proof};
use chainbell_solana::{ReadMode, SolanaConfig};
use serde_json::{Value, json};

use crate::source_stub::{
    Answer, Ledger, Stub, address, chain, chain_of, config, content, events_of, everything_of, hash, range,
    signature, slots, text,
};

/// Slots 0 to 400; program 1 in every tenth slot, program 2 in every seventh, program 9 in all but skipped ones.
fn ledger() -> Ledger {
    Ledger::new(400, &[55, 60, 61, 399], |slot| {
        let others = [slot.is_multiple_of(10).then_some(1), slot.is_multiple_of(7).then_some(2)];
        [9].into_iter().chain(others.into_iter().flatten()).chain([9]).collect()
    })
}

async fn in_blocks(stub: &Stub, interest: &Interest, from: u64, to: u64) -> Vec<chainbell_model::Block> {
    let chain = chain_of(SolanaConfig { mode: ReadMode::Blocks, ..config() }, &[stub]);
    let fetched = chain.fetch(range(from, to), interest, Proof::Sparse).await.unwrap();
    fetched.blocks.into_iter().filter(|block| !block.transactions.is_empty()).collect()
}

#[tokio::test]
async fn histories_and_blocks_tell_the_same() {
    let stub = Stub::start(ledger()).await;
    stub.change(|ledger| ledger.blocks.get_mut(&70).unwrap().transactions[1].failed = true);
    for interest in [events_of(&[1, 2]), everything_of(&[1, 2])] {
        for (from, to) in [(30, 100), (380, 400), (0, 10), (55, 61)] {
            let chain = chain(&stub);
            chain.tip().await.unwrap();
            assert_eq!(chain.continuity(&interest), Continuity::Reread);
            let fetched = chain.fetch(range(from, to), &interest, Proof::Sparse).await.unwrap();
            let expected = in_blocks(&stub, &interest, from, to).await;
            assert_eq!(content(&fetched.blocks), content(&expected), "{from} to {to}");
            let parents = |blocks: &[chainbell_model::Block]| -> Vec<_> {
                blocks.iter().map(|block| (block.parent, block.time, block.calls.len())).collect()
            };
            assert_eq!(parents(&fetched.blocks), parents(&expected));
            assert_eq!(fetched.through.height, Height(to));
        }
    }
    // The last slot is empty: the id is that of the block below.
    let chain = chain(&stub);
    chain.tip().await.unwrap();
    let fetched = chain.fetch(range(50, 61), &events_of(&[1]), Proof::Sparse).await.unwrap();
    assert_eq!(text(fetched.through.id), hash(59, 0));
}

#[tokio::test]
async fn with_every_block_to_be_linked_the_blocks_themselves_are_read() {
    let stub = Stub::start(ledger()).await;
    let chain = chain(&stub);
    let fetched = chain.fetch(range(58, 63), &events_of(&[1]), Proof::Linked).await.unwrap();
    assert_eq!(slots(&fetched.blocks), [58, 59, 62, 63]);
}

#[tokio::test]
async fn failed_transactions_are_fetched_only_when_asked_for() {
    let stub = Stub::start(ledger()).await;
    stub.change(|ledger| {
        for slot in (0..400).step_by(10) {
            if let Some(block) = ledger.blocks.get_mut(&slot) {
                block.transactions[1].failed = slot != 50;
            }
        }
    });
    let chain = chain(&stub);
    let fetched = chain.fetch(range(1, 100), &events_of(&[1]), Proof::Sparse).await.unwrap();
    assert_eq!(slots(&fetched.blocks), [50]);
    assert_eq!(stub.asked("getTransaction").len(), 1);
    let failed = Interest { failed_events: true, ..events_of(&[1]) };
    let fetched = chain.fetch(range(1, 100), &failed, Proof::Sparse).await.unwrap();
    assert_eq!(slots(&fetched.blocks), [10, 20, 30, 40, 50, 70, 80, 90, 100]);
    assert!(fetched.blocks[0].events[0].failed && !fetched.blocks[4].events[0].failed);
}

#[tokio::test]
async fn a_long_history_is_listed_in_pages_and_from_near_the_range() {
    let dense = |slot: u64| if slot.is_multiple_of(2) { vec![1; 30] } else { vec![2] };
    let stub = Stub::start(Ledger::new(600, &[], dense)).await;
    let chain = chain_of(SolanaConfig { whole_block_from: 1_000, ..config() }, &[&stub]);
    chain.tip().await.unwrap();
    let fetched = chain.fetch(range(101, 180), &events_of(&[1]), Proof::Sparse).await.unwrap();
    assert_eq!(slots(&fetched.blocks), (102..=180).step_by(2).collect::<Vec<_>>());
    assert!(fetched.blocks.iter().all(|block| block.events.len() == 30));
    let pages = stub.asked("getSignaturesForAddress");
    assert_eq!(pages.len(), 2, "1,200 signatures are two pages");
    // It begins with a signature of the block above the range, not with the newest.
    assert_eq!(pages[0][1]["before"], json!(signature(181, 0)));
    assert_eq!(pages[0][1]["minContextSlot"], json!(180));
    assert_eq!(pages[0][1]["commitment"], json!("finalized"));
}

#[tokio::test]
async fn following_the_tip_lists_no_more_than_what_is_new() {
    let stub = Stub::start(ledger()).await;
    let chain = chain(&stub);
    chain.tip().await.unwrap();
    chain.fetch(range(300, 392), &events_of(&[1]), Proof::Sparse).await.unwrap();
    chain.fetch(range(393, 400), &events_of(&[1]), Proof::Sparse).await.unwrap();
    let pages = stub.asked("getSignaturesForAddress");
    assert_eq!(pages.len(), 2);
    assert_eq!(pages[1][1]["limit"], json!(17));
}

#[tokio::test]
async fn a_block_full_of_wanted_transactions_is_read_whole() {
    let stub = Stub::start(Ledger::new(60, &[], |slot| if slot == 20 { vec![1; 40] } else { vec![1] })).await;
    let chain = chain_of(SolanaConfig { whole_block_from: 20, ..config() }, &[&stub]);
    let fetched = chain.fetch(range(19, 21), &events_of(&[1]), Proof::Sparse).await.unwrap();
    assert_eq!(slots(&fetched.blocks), [19, 20, 21]);
    assert_eq!(fetched.blocks[1].events.len(), 40);
    assert_eq!(stub.asked("getTransaction").len(), 2);
}

#[tokio::test]
async fn what_was_read_before_it_was_final_is_not_fetched_again() {
    let stub = Stub::start(ledger()).await;
    let chain = chain(&stub);
    chain.tip().await.unwrap();
    let before = chain.fetch(range(393, 400), &events_of(&[1, 2]), Proof::Sparse).await.unwrap();
    stub.change(|ledger| {
        (401..=420).for_each(|slot| ledger.add(slot, 0, &[9]));
        (ledger.confirmed, ledger.finalized) = (420, 412);
    });
    stub.forget_asked();
    chain.tip().await.unwrap();
    let again = chain.fetch(range(393, 400), &events_of(&[1, 2]), Proof::Sparse).await.unwrap();
    assert_eq!(content(&again.blocks), content(&before.blocks));
    assert_eq!(slots(&again.blocks), [400]);
    assert!(stub.asked("getTransaction").is_empty());
    let details: Vec<Value> =
        stub.asked("getBlock").iter().map(|params| params[1]["transactionDetails"].clone()).collect();
    assert!(details.iter().all(|details| details == "none"), "{details:?}");
}

#[tokio::test]
async fn a_block_replaced_before_it_was_final_is_read_anew() {
    let stub = Stub::start(ledger()).await;
    let chain = chain(&stub);
    chain.tip().await.unwrap();
    let before = chain.fetch(range(393, 400), &events_of(&[1]), Proof::Sparse).await.unwrap();
    assert_eq!(content(&before.blocks)[0].1, hash(400, 0));
    stub.change(|ledger| {
        ledger.add(400, 3, &[1, 1]);
        ledger.blocks.get_mut(&400).unwrap().transactions[1].failed = true;
        (401..=420).for_each(|slot| ledger.add(slot, 3, &[9]));
        (ledger.confirmed, ledger.finalized) = (420, 412);
    });
    chain.tip().await.unwrap();
    let again = chain.fetch(range(393, 400), &events_of(&[1]), Proof::Sparse).await.unwrap();
    assert_eq!(content(&again.blocks), [(400, hash(400, 3), vec![(signature(400, 0), 0, false)])]);
}

#[tokio::test]
async fn a_node_that_lags_is_passed_over_or_waited_for() {
    let mut behind = ledger();
    behind.confirmed = 390;
    behind.finalized = 380;
    let lagging = Stub::start(behind).await;
    let current = Stub::start(ledger()).await;
    let chain = chain_of(config(), &[&lagging, &current]);
    let fetched = chain.fetch(range(385, 400), &events_of(&[1]), Proof::Sparse).await.unwrap();
    assert_eq!(slots(&fetched.blocks), [390, 400]);
    let chain = chain_of(config(), &[&lagging]);
    let error = chain.fetch(range(385, 400), &events_of(&[1]), Proof::Sparse).await.unwrap_err();
    assert!(matches!(error, ChainError::NotYet(Height(400))), "{error}");
}

#[tokio::test]
async fn a_transaction_that_is_listed_but_not_told_yet_is_waited_for() {
    let stub = Stub::start(ledger()).await;
    let told = Arc::new(AtomicBool::new(false));
    let gate = Arc::clone(&told);
    stub.lie(move |method, _, _| {
        (method == "getTransaction" && !gate.load(Ordering::Relaxed)).then_some(Answer::Result(Value::Null))
    });
    let chain = chain(&stub);
    chain.tip().await.unwrap();
    let error = chain.fetch(range(396, 400), &events_of(&[1]), Proof::Sparse).await.unwrap_err();
    assert!(matches!(error, ChainError::NotYet(_)), "{error}");
    let error = chain.fetch(range(300, 310), &events_of(&[1]), Proof::Sparse).await.unwrap_err();
    assert!(matches!(error, ChainError::Inconsistent { .. }), "final ones should be there: {error}");
    told.store(true, Ordering::Relaxed);
    let fetched = chain.fetch(range(396, 400), &events_of(&[1]), Proof::Sparse).await.unwrap();
    assert_eq!(slots(&fetched.blocks), [400]);
}

#[tokio::test]
async fn a_listed_transaction_that_is_not_in_its_block_is_no_fact() {
    let stub = Stub::start(ledger()).await;
    let foreign = json!([
        {"signature": signature(9_999, 1), "slot": 395, "err": null},
        {"signature": signature(10, 1), "slot": 10, "err": null},
    ]);
    stub.lie(move |method, _, _| {
        (method == "getSignaturesForAddress").then(|| Answer::Result(foreign.clone()))
    });
    let chain = chain(&stub);
    chain.tip().await.unwrap();
    let error = chain.fetch(range(393, 398), &events_of(&[1]), Proof::Sparse).await.unwrap_err();
    assert!(matches!(error, ChainError::Reorganised(_)), "{error}");
    assert!(stub.asked("getTransaction").is_empty());
}

#[tokio::test]
async fn a_history_that_ends_within_the_range_is_believed_when_everything_is_kept() {
    let young = |slot: u64| if slot >= 50 { vec![1, 9] } else { vec![9] };
    let stub = Stub::start(Ledger::new(100, &[], young)).await;
    let chain = chain(&stub);
    chain.tip().await.unwrap();
    let fetched = chain.fetch(range(20, 60), &events_of(&[1, 5]), Proof::Sparse).await.unwrap();
    assert_eq!(slots(&fetched.blocks), (50..=60).collect::<Vec<_>>());

    stub.change(|ledger| ledger.first_available = 40);
    let error = chain.fetch(range(20, 60), &events_of(&[1]), Proof::Sparse).await.unwrap_err();
    let ChainError::Pruned { height: Height(20), first: Some(Height(40)) } = error else { panic!("{error}") };

    let archive = Stub::start(Ledger::new(100, &[], young)).await;
    let chain = chain_of(config(), &[&stub, &archive]);
    chain.tip().await.unwrap();
    let fetched = chain.fetch(range(41, 60), &events_of(&[1]), Proof::Sparse).await.unwrap();
    assert_eq!(slots(&fetched.blocks), (50..=60).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_empty_list_of_one_node_is_not_believed_when_another_knows_better() {
    let indexing = Stub::start(ledger()).await;
    indexing.lie(|method, _, _| (method == "getSignaturesForAddress").then(|| Answer::Result(json!([]))));
    let honest = Stub::start(ledger()).await;
    let chain = chain_of(config(), &[&indexing, &honest]);
    let fetched = chain.fetch(range(385, 400), &events_of(&[1]), Proof::Sparse).await.unwrap();
    assert_eq!(slots(&fetched.blocks), [390, 400]);
}

#[tokio::test]
async fn a_node_that_does_not_know_where_to_begin_does_not_pass_for_an_empty_history() {
    let stub = Stub::start(Ledger::new(600, &[], |_| vec![1])).await;
    // As of a node whose index does not reach so far: an unknown `before` lists nothing.
    stub.lie(|method, params, _| match method {
        "getSignaturesForAddress" if params[1]["before"].is_string() => Some(Answer::Result(json!([]))),
        "getSignatureStatuses" => Some(Answer::Result(json!({"context": {"slot": 1}, "value": [null]}))),
        _ => None,
    });
    let chain = chain(&stub);
    chain.tip().await.unwrap();
    let error = chain.fetch(range(100, 110), &events_of(&[1]), Proof::Sparse).await.unwrap_err();
    assert!(matches!(error, ChainError::Inconsistent { .. }), "{error}");
}

#[tokio::test]
async fn lists_out_of_order_or_going_in_circles_are_refused() {
    let stub = Stub::start(ledger()).await;
    let item = |slot: u64| json!({"signature": signature(slot, 1), "slot": slot, "err": null});
    for list in [json!([item(390), item(400)]), json!([item(400), item(390)])] {
        stub.lie(move |method, _, _| {
            (method == "getSignaturesForAddress").then(|| Answer::Result(list.clone()))
        });
        let chain = chain(&stub);
        let error = chain.fetch(range(300, 400), &events_of(&[1]), Proof::Sparse).await.unwrap_err();
        assert!(matches!(error, ChainError::Inconsistent { .. }), "{error}");
    }
}

#[tokio::test]
async fn more_than_can_be_held_is_read_in_shorter_pieces() {
    let stub = Stub::start(Ledger::new(400, &[], |_| vec![1; 20])).await;
    let chain = chain_of(SolanaConfig { max_signatures: 1_000, ..config() }, &[&stub]);
    chain.tip().await.unwrap();
    let interest = events_of(&[1]);
    let before = chain.span(&interest);
    let error = chain.fetch(range(100, 99 + before), &interest, Proof::Sparse).await.unwrap_err();
    assert!(matches!(error, ChainError::Unavailable { .. }), "{error}");
    let after = chain.span(&interest);
    assert!(after <= before / 4, "{after}");
    let fetched = chain.fetch(range(100, 100 + 40), &interest, Proof::Sparse).await.unwrap();
    assert_eq!(fetched.blocks.len(), 41);
}

#[tokio::test]
async fn an_answer_for_another_transaction_is_not_taken() {
    let stub = Stub::start(ledger()).await;
    let other = {
        let ledger = ledger();
        let Answer::Result(other) = ledger
            .answer("getTransaction", &json!([signature(70, 1), {"maxSupportedTransactionVersion": 0}]))
        else {
            panic!("it is there")
        };
        other
    };
    stub.lie(move |method, params, before| {
        let wrong = method == "getTransaction" && params[0] == signature(80, 1) && before == 0;
        let mut other = other.clone();
        other["slot"] = json!(80);
        wrong.then_some(Answer::Result(other))
    });
    let chain = chain(&stub);
    let fetched = chain.fetch(range(75, 85), &events_of(&[1]), Proof::Sparse).await.unwrap();
    assert_eq!(content(&fetched.blocks), [(80, hash(80, 0), vec![(signature(80, 1), 1, false)])]);
}

#[tokio::test]
async fn programs_alone_cannot_answer_everything() {
    let stub = Stub::start(ledger()).await;
    let chain = chain_of(SolanaConfig { mode: ReadMode::Programs, ..config() }, &[&stub]);
    let transfers = Interest { native_transfers: true, ..events_of(&[1]) };
    let error = chain.fetch(range(1, 2), &transfers, Proof::Sparse).await.unwrap_err();
    assert!(matches!(error, ChainError::Misconfigured(_)), "{error}");
    assert!(!events_of(&[1]).events[0].wants(&address(2), None));
}
