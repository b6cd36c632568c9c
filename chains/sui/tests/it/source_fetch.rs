//! Ranges are read whole or not at all, whatever single nodes say.

use std::time::Duration;

use chainbell_model::{Chain as _, ChainError, Contracts, Fetched, Height, Interest, TxId};
use sui_rpc::proto::sui::rpc::v2::Checkpoint;
use tonic::Status;

use crate::source_support::{
    ALICE, BOB, Node, PACKAGE, branched, bytes, chain, checkpoint, digest, events, everything, fetch,
    following, id,
};

fn heights(fetched: &Fetched) -> Vec<u64> {
    fetched.blocks.iter().map(|block| block.reference.height.0).collect()
}

#[tokio::test]
async fn a_range_is_read_with_all_its_heights_and_links() {
    let node = Node::start(20).await;
    let chain = chain(&[&node], |_| {});
    let fetched = fetch(&chain, 3, 12, &events()).await.unwrap();
    assert_eq!(heights(&fetched), (3..=12).collect::<Vec<_>>());
    assert_eq!(fetched.through, fetched.blocks[9].reference);
    for pair in fetched.blocks.windows(2) {
        assert_eq!(pair[1].parent, Some(pair[0].reference.id));
    }
    let block = &fetched.blocks[2];
    assert_eq!((block.reference.height.0, block.time.0), (5, 5_250));
    assert_eq!((block.transactions.len(), block.events.len()), (2, 2));
    assert_eq!(block.events[1].emitter, bytes(PACKAGE));
    assert!(block.calls.is_empty() && block.transfers.is_empty());
    // One request for each checkpoint that was not there before.
    assert_eq!(node.asked("get"), 10);
    assert_eq!(chain.block_at(Height(12)).await.unwrap().0, fetched.through);
    assert_eq!(node.asked("get"), 10, "what was read is known");
}

#[tokio::test]
async fn everything_of_a_transaction_is_read_when_it_is_asked_for() {
    let node = Node::start(5).await;
    let fetched = fetch(&chain(&[&node], |_| {}), 5, 5, &everything()).await.unwrap();
    let block = &fetched.blocks[0];
    assert_eq!((block.transactions.len(), block.events.len(), block.calls.len()), (2, 2, 2));
    assert_eq!(block.transfers.len(), 2);
    let paid = &block.transfers[1];
    assert_eq!((paid.from, paid.to), (Some(bytes(ALICE)), Some(bytes(BOB))));
    assert_eq!(paid.amount.to_string(), "100");
    assert!(block.defects.is_empty());
    assert!(block.transactions.iter().all(|transaction| !transaction.details.is_empty()));
}

#[tokio::test]
async fn the_genesis_has_zeros_for_a_parent() {
    let node = Node::start(2).await;
    let fetched = fetch(&chain(&[&node], |_| {}), 0, 1, &Interest::default()).await.unwrap();
    assert_eq!(fetched.blocks[0].parent.unwrap().0, [0; 32]);
    assert_eq!(heights(&fetched), [0, 1]);
}

#[tokio::test]
async fn above_the_tip_is_not_yet_and_far_below_what_is_kept_is_pruned() {
    let node = Node::start(5_000).await;
    node.change(|state| state.lowest = 100);
    let chain = chain(&[&node], |_| {});
    let above = fetch(&chain, 4_999, 5_001, &events()).await.unwrap_err();
    assert!(matches!(above, ChainError::NotYet(Height(5_001))), "{above}");
    let below = fetch(&chain, 90, 110, &events()).await.unwrap_err();
    assert!(
        matches!(below, ChainError::Pruned { height: Height(90..100), first: Some(Height(100)) }),
        "{below}"
    );
    let at = chain.block_at(Height(5)).await.unwrap_err();
    assert!(matches!(at, ChainError::Pruned { .. }), "{at}");
    assert!(matches!(chain.block_at(Height(5_001)).await, Err(ChainError::NotYet(_))));
}

#[tokio::test]
async fn an_archive_is_asked_for_what_others_no_longer_keep() {
    let (pruned, archive) = (Node::start(50).await, Node::start(50).await);
    pruned.change(|state| state.lowest = 40);
    let fetched = fetch(&chain(&[&pruned, &archive], |_| {}), 10, 12, &events()).await.unwrap();
    assert_eq!(heights(&fetched), [10, 11, 12]);
    assert_eq!(archive.asked("get"), 3);
}

/// At once, because most of the time is spent on waiting for a node that is left alone for its wrong answers.
#[tokio::test]
async fn wrong_answers_are_noticed() {
    tokio::join!(
        missing_events_are_noticed(),
        missing_transactions_are_noticed_by_the_running_total(),
        a_broken_chain_of_digests_is_noticed(),
        a_digest_that_is_not_the_summarys_is_refused(),
        answers_about_another_height_are_refused(),
        an_unreadable_digest_is_refused(),
        a_checkpoint_without_summary_is_refused(),
        an_event_of_no_type_is_refused(),
    );
}

/// What every spoilt answer has to lead to: another node is asked, and alone the node's answer is refused.
async fn is_refused(spoil: fn(Checkpoint) -> Checkpoint, interest: &Interest, words: &str) {
    let (bad, good) = (Node::start(9).await, Node::start(9).await);
    bad.spoil(move |_, checkpoint| Ok(spoil(checkpoint)));
    let both = fetch(&chain(&[&bad, &good], |_| {}), 4, 6, interest).await.unwrap();
    assert_eq!(heights(&both), [4, 5, 6], "{words}");
    assert!(both.blocks.iter().all(|block| block.reference.id.0 != [0; 32]));
    let alone = fetch(&chain(&[&bad], |_| {}), 4, 6, interest).await.unwrap_err();
    let ChainError::Inconsistent { reason, .. } = &alone else { panic!("{words}: {alone}") };
    assert!(reason.contains(words), "{reason}");
}

async fn missing_events_are_noticed() {
    let without = |mut checkpoint: Checkpoint| {
        checkpoint.transactions.iter_mut().for_each(|transaction| transaction.events = None);
        checkpoint
    };
    is_refused(without, &events(), "events, but they were not told").await;
}

async fn missing_transactions_are_noticed_by_the_running_total() {
    let without = |mut checkpoint: Checkpoint| {
        if checkpoint.sequence_number == Some(5) {
            checkpoint.transactions.pop();
        }
        checkpoint
    };
    is_refused(without, &events(), "1 transactions were told of 2").await;
}

async fn a_broken_chain_of_digests_is_noticed() {
    let broken = |checkpoint: Checkpoint| match checkpoint.sequence_number {
        Some(5) => branched(5, 1),
        _ => checkpoint,
    };
    is_refused(broken, &Interest::default(), "does not name the checkpoint before it").await;
}

#[tokio::test]
async fn what_was_read_before_is_not_contradicted() {
    let (bad, good) = (Node::start(9).await, Node::start(9).await);
    let chain = chain(&[&bad, &good], |_| {});
    fetch(&chain, 4, 5, &events()).await.unwrap();
    bad.spoil(|_, checkpoint| match checkpoint.sequence_number {
        Some(6) => Ok(following(&branched(5, 1))),
        _ => Ok(checkpoint),
    });
    let fetched = fetch(&chain, 6, 6, &events()).await.unwrap();
    assert_eq!(fetched.blocks[0].parent, Some(chain.block_at(Height(5)).await.unwrap().0.id));
    assert_eq!(good.asked("get 6"), 1);
}

async fn a_digest_that_is_not_the_summarys_is_refused() {
    let of_another = |mut checkpoint: Checkpoint| {
        checkpoint.summary.as_mut().unwrap().previous_digest = Some(digest("another"));
        checkpoint
    };
    is_refused(of_another, &Interest::default(), "summary is not what its digest says").await;
}

#[tokio::test]
async fn a_node_that_does_not_serialise_summaries_is_read_all_the_same() {
    let node = Node::start(9).await;
    node.spoil(|_, mut checkpoint| {
        checkpoint.summary.as_mut().unwrap().bcs = None;
        Ok(checkpoint)
    });
    assert_eq!(heights(&fetch(&chain(&[&node], |_| {}), 1, 9, &events()).await.unwrap()).len(), 9);
    let strict = chain(&[&node], |config| config.verify = true);
    assert!(fetch(&strict, 4, 5, &events()).await.is_err());
}

#[tokio::test]
async fn an_invented_head_does_not_stop_the_network() {
    let (liar, honest) = (Node::start(3_000).await, Node::start(3_000).await);
    // It seems far ahead, so that all others seem to lag; and it has none of it.
    liar.change(|state| {
        state.checkpoints.retain(|height, _| *height <= 100);
        state.checkpoints.insert(1_000_000_000, checkpoint(1));
    });
    let chain = chain(&[&liar, &honest], |_| {});
    assert_eq!(chain.tip().await.unwrap().head, Height(1_000_000_000));
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    // What the others have is read; where they end, the liar is found out.
    fetch(&chain, 200, 210, &events()).await.unwrap();
    while chain.tip().await.unwrap().head != Height(3_000) {
        assert!(fetch(&chain, 3_001, 3_004, &events()).await.is_err());
        assert!(std::time::Instant::now() < deadline, "it stays stopped");
    }
    assert_eq!(chain.endpoints()[0].state, "open");
    assert_eq!(heights(&fetch(&chain, 2_999, 3_000, &events()).await.unwrap()), [2_999, 3_000]);
}

async fn answers_about_another_height_are_refused() {
    let another = |checkpoint: Checkpoint| {
        let height = checkpoint.sequence_number.unwrap();
        checkpoint.with_sequence_number(height + 1)
    };
    is_refused(another, &events(), "it answered with checkpoint").await;
}

async fn an_unreadable_digest_is_refused() {
    let nonsense = |checkpoint: Checkpoint| checkpoint.with_digest("nonsense");
    is_refused(nonsense, &events(), "summary is not what its digest says").await;
}

async fn a_checkpoint_without_summary_is_refused() {
    let headless = |mut checkpoint: Checkpoint| {
        checkpoint.summary = None;
        checkpoint
    };
    is_refused(headless, &events(), "lacks its summary").await;
}

async fn an_event_of_no_type_is_refused() {
    let untyped = |mut checkpoint: Checkpoint| {
        let emitted = checkpoint.transactions.iter_mut().flat_map(|it| &mut it.events);
        let events = emitted.flat_map(|it| &mut it.events);
        events.for_each(|event| event.event_type = Some("0x2::sui".to_owned()));
        checkpoint
    };
    is_refused(untyped, &events(), "event type of transaction 0 cannot be read").await;
}

#[tokio::test]
async fn an_answer_that_was_wrong_once_is_asked_for_again() {
    let node = Node::start(9).await;
    node.spoil(|number, mut checkpoint| {
        if number == 0 && checkpoint.sequence_number == Some(5) {
            checkpoint.transactions.clear();
        }
        Ok(checkpoint)
    });
    let fetched = fetch(&chain(&[&node], |_| {}), 4, 6, &events()).await.unwrap();
    assert_eq!(fetched.blocks[1].events.len(), 2);
}

#[tokio::test]
async fn a_node_that_fails_or_is_silent_is_left_for_another() {
    let (bad, good) = (Node::start(9).await, Node::start(9).await);
    bad.spoil(|_, _| Err(Status::unavailable("maintenance")));
    let both = chain(&[&bad, &good], |_| {});
    assert_eq!(heights(&fetch(&both, 1, 3, &events()).await.unwrap()), [1, 2, 3]);
    let silent = Node::start(9).await;
    silent.change(|state| state.delay = Duration::from_secs(60));
    let both = chain(&[&silent, &good], |_| {});
    assert_eq!(heights(&fetch(&both, 1, 3, &events()).await.unwrap()), [1, 2, 3]);
    let alone = fetch(&chain(&[&silent], |_| {}), 1, 3, &events()).await.unwrap_err();
    assert!(matches!(alone, ChainError::Unavailable { .. }), "{alone}");
    drop(bad);
    assert!(both.endpoints().iter().any(|endpoint| endpoint.failures > 0));
}

#[tokio::test]
async fn balances_that_are_not_told_are_a_defect_and_no_error() {
    // The second does not know of objects either.
    for unknown_field in [None, Some("objects.objects")] {
        let node = Node::start(9).await;
        node.change(|state| state.unknown_field = unknown_field);
        node.spoil(|_, mut checkpoint| {
            checkpoint.transactions.iter_mut().for_each(|transaction| transaction.balance_changes.clear());
            Ok(checkpoint)
        });
        let interest = Interest { native_transfers: true, ..Interest::default() };
        let chain = chain(&[&node], |_| {});
        for height in [4, 7] {
            let fetched = fetch(&chain, height, height, &interest).await.unwrap();
            assert_eq!(fetched.blocks[0].defects.len(), 1);
            assert!(fetched.blocks[0].defects[0].reason.contains("balances"));
        }
        // Twice or thrice until that is known, once from then on.
        assert_eq!(node.asked("get"), if unknown_field.is_some() { 4 } else { 3 });
        assert!(chain.endpoints().iter().all(|endpoint| endpoint.state == "ok"));
    }
}

#[tokio::test]
async fn a_node_that_refuses_the_request_says_why() {
    let node = Node::start(9).await;
    node.change(|state| state.unknown_field = Some("events_digest"));
    let error = fetch(&chain(&[&node], |_| {}), 4, 4, &events()).await.unwrap_err();
    assert!(
        matches!(&error, ChainError::Unavailable { reason, .. } if reason.contains("read_mask")),
        "{error}"
    );
}

#[tokio::test]
async fn lists_are_used_where_they_are_offered_and_remembered_where_not() {
    let listing = Node::start(60).await;
    listing.change(|state| state.list = Some(15));
    let with = chain(&[&listing], |_| {});
    assert_eq!(heights(&fetch(&with, 1, 40, &events()).await.unwrap()).len(), 40);
    assert_eq!((listing.asked("list"), listing.asked("get")), (3, 0));
    // What the list does not have is asked for by itself, and says why.
    assert!(matches!(fetch(&with, 55, 61, &events()).await, Err(ChainError::NotYet(Height(61)))));
    let plain = Node::start(60).await;
    let without = chain(&[&plain], |_| {});
    for from in [1, 20] {
        assert_eq!(heights(&fetch(&without, from, from + 9, &events()).await.unwrap()).len(), 10);
    }
    assert_eq!((plain.asked("list"), plain.asked("get")), (1, 20));
    let off = chain(&[&listing], |config| config.list = false);
    let before = listing.asked("list");
    fetch(&off, 1, 40, &events()).await.unwrap();
    assert_eq!(listing.asked("list"), before);
}

#[tokio::test]
async fn a_list_that_breaks_off_or_lies_is_completed_one_by_one() {
    let node = Node::start(60).await;
    node.change(|state| state.list = Some(1_000));
    node.spoil(|number, checkpoint| match checkpoint.sequence_number {
        Some(20) if number == 0 => Err(Status::internal("out of memory")),
        _ => Ok(checkpoint),
    });
    let fetched = fetch(&chain(&[&node], |_| {}), 10, 30, &events()).await.unwrap();
    assert_eq!(heights(&fetched).len(), 21);
    assert!(node.asked("get") >= 11);
    let liar = Node::start(60).await;
    liar.change(|state| state.list = Some(1_000));
    liar.spoil(|number, checkpoint| match checkpoint.sequence_number {
        Some(20) if number == 0 => Ok(checkpoint.with_sequence_number(22)),
        _ => Ok(checkpoint),
    });
    let fetched = fetch(&chain(&[&liar], |_| {}), 10, 30, &events()).await.unwrap();
    assert_eq!(heights(&fetched), (10..=30).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_transaction_is_found_by_its_digest() {
    let node = Node::start(9).await;
    let chain = chain(&[&node], |_| {});
    let id = |text: &str| chain.dialect().parse_tx_id(text).unwrap();
    assert_eq!(chain.locate(&id(&digest("transaction 5 1"))).await.unwrap(), Some(Height(5)));
    assert_eq!(chain.locate(&id(&digest("nothing"))).await.unwrap(), None);
    assert_eq!(chain.locate(&TxId::from_slice(&[1, 2]).unwrap()).await.unwrap(), None);
}

#[tokio::test]
async fn endpoints_of_another_network_are_refused() {
    let (ours, theirs) = (Node::start(3).await, Node::start(3).await);
    theirs.change(|state| state.network = digest("another network"));
    let known = id(0);
    let fitting = chain(&[&ours], |config| config.chain_id = Some(known.clone()));
    assert_eq!(fitting.identity().await.unwrap(), format!("sui:{known}"));
    for (nodes, expected) in [(vec![&theirs], Some(known.clone())), (vec![&ours, &theirs], None)] {
        let wrong = chain(&nodes, |config| config.chain_id = expected);
        let error = wrong.identity().await.unwrap_err();
        assert!(matches!(&error, ChainError::Misconfigured(_)), "{error}");
    }
    let nonsense = Node::start(3).await;
    nonsense.change(|state| state.network = "x".repeat(10_000));
    let error = chain(&[&nonsense], |_| {}).identity().await.unwrap_err();
    assert!(error.to_string().len() < 300, "{error}");
}

#[tokio::test]
async fn only_what_is_asked_for_travels() {
    let node = Node::start(9).await;
    // The node cuts its answers to the mask: what is not in it is not there.
    let chain = chain(&[&node], |_| {});
    let calls = Interest { calls: Contracts::Of([bytes(PACKAGE)].into()), ..Interest::default() };
    let block = fetch(&chain, 4, 4, &calls).await.unwrap().blocks.remove(0);
    assert_eq!((block.calls.len(), block.events.len(), block.transfers.len()), (1, 0, 0));
    let with_details = Interest { details: true, ..events() };
    let block = fetch(&chain, 4, 4, &with_details).await.unwrap().blocks.remove(0);
    assert!(!block.transactions[0].details.is_empty());
    let others = Interest { calls: Contracts::Of([bytes(ALICE)].into()), ..Interest::default() };
    assert!(fetch(&chain, 4, 4, &others).await.unwrap().blocks[0].transactions.is_empty());
    assert_eq!(checkpoint(4).transactions.len(), 1);
}
