//! What a rollback takes back, in every state a delivery can be in.

use chainbell_model::{DeliveryId, Finality, Height, Message, MessageKind, Timestamp};
use chainbell_store::{
    DeliveryState::{self, Cancelled, Dead, Delivered, Pending, Sending},
    EventQuery, Ledger, Outbox, Reader, RetrySelection, RolledBack, Verdict,
};

use crate::world::{World, block, hit, network, reference, tenant};

/// A world with one delivery in block 2, claimed.
async fn claimed() -> (World, Message) {
    let world = World::new().await;
    world.commit(vec![block(1, 0, &[])]).await;
    let mut claimed = world.commit_reserving(vec![block(2, 0, &[hit(&["t"])])], true).await.claimed;
    (world, claimed.remove(0))
}

async fn roll_back(world: &World) -> RolledBack {
    world.store.rollback(&network(), reference(1, 0)).await.unwrap()
}

async fn expect_retraction_of(world: &World, id: DeliveryId) {
    let retractions = world.claim("t").await;
    assert_eq!(retractions.len(), 1);
    let retraction = &retractions[0];
    assert_eq!(retraction.kind, MessageKind::Retraction { of: id });
    assert_eq!(retraction.id, id.retraction());
    assert_eq!((retraction.attempt, retraction.facts.block.height), (1, Height(2)));
}

fn later(world: &World, maybe_received: bool) -> Verdict {
    Verdict::RetryAt { at: Timestamp(world.now().0 + 5000), maybe_received }
}

#[tokio::test]
async fn what_was_not_sent_is_cancelled() {
    let world = World::new().await;
    world.commit(vec![block(1, 0, &[])]).await;
    world.commit(vec![block(2, 0, &[hit(&["t"]), hit(&["t"]).at(Finality::Finalized)])]).await;
    let rolled_back = roll_back(&world).await;
    assert_eq!((rolled_back.facts, rolled_back.cancelled, rolled_back.retractions), (2, 2, 0));
    assert_eq!(world.states().await, [Cancelled, Cancelled]);
    assert_eq!(world.cursor().await, Some(reference(1, 0)));
    assert!(world.claim("t").await.is_empty());
    world.store.finality(&network(), Height(9), Height(9)).await.unwrap();
    assert!(world.claim("t").await.is_empty());
}

#[tokio::test]
async fn what_was_delivered_is_retracted_once() {
    let (world, message) = claimed().await;
    world.settle(&message, Verdict::Delivered).await;
    let rolled_back = roll_back(&world).await;
    assert_eq!((rolled_back.cancelled, rolled_back.retractions), (0, 1));
    assert_eq!(rolled_back.waiting[0].at, world.now());
    assert_eq!(roll_back(&world).await.retractions, 0);
    assert_eq!(world.states().await, [Delivered, Pending]);
    expect_retraction_of(&world, message.id).await;
}

#[tokio::test]
async fn what_surely_was_not_received_is_cancelled_though_it_was_tried() {
    let (world, message) = claimed().await;
    world.settle(&message, later(&world, false)).await;
    assert_eq!(roll_back(&world).await.cancelled, 1);
    assert_eq!(world.states().await, [Cancelled]);
}

#[tokio::test]
async fn what_may_have_been_received_is_retracted_and_tried_no_more() {
    let (world, message) = claimed().await;
    world.settle(&message, later(&world, true)).await;
    let rolled_back = roll_back(&world).await;
    assert_eq!((rolled_back.cancelled, rolled_back.retractions), (0, 1));
    assert_eq!(world.states().await, [Cancelled, Pending]);
    world.wait(10_000);
    expect_retraction_of(&world, message.id).await;
}

#[tokio::test]
async fn dead_letters_are_retracted_only_where_they_may_have_been_received() {
    for (maybe_received, states) in [(false, &[Cancelled][..]), (true, &[Dead, Pending])] {
        let (world, message) = claimed().await;
        world.settle(&message, Verdict::Dead { maybe_received }).await;
        roll_back(&world).await;
        assert_eq!(world.states().await, states);
        assert_eq!(world.store.retry(&tenant(), &RetrySelection::Dead(None), world.now()).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn what_was_being_sent_is_decided_by_its_outcome() {
    let outcomes = |world: &World| -> [(Verdict, &'static [DeliveryState]); 5] {
        [
            (Verdict::Delivered, &[Delivered, Pending]),
            (later(world, false), &[Cancelled]),
            (later(world, true), &[Cancelled, Pending]),
            (Verdict::Dead { maybe_received: false }, &[Cancelled]),
            (Verdict::Dead { maybe_received: true }, &[Cancelled, Pending]),
        ]
    };
    for index in 0..5 {
        let (world, message) = claimed().await;
        let rolled_back = roll_back(&world).await;
        assert_eq!((rolled_back.cancelled, rolled_back.retractions), (0, 0));
        assert_eq!(world.states().await, [Sending]);
        let (verdict, states) = outcomes(&world)[index];
        let due = world.store.settle(vec![world.settlement(&message, verdict)]).await.unwrap();
        assert_eq!(world.states().await, states, "{verdict:?}");
        assert_eq!(due.len(), states.len() - 1);
        if states.len() == 2 {
            expect_retraction_of(&world, message.id).await;
        }
    }
}

#[tokio::test]
async fn what_was_being_sent_when_the_process_died_is_retracted_by_the_recovery() {
    let (world, message) = claimed().await;
    roll_back(&world).await;
    assert_eq!(world.store.recover().await.unwrap(), 1);
    assert_eq!(world.states().await, [Cancelled, Pending]);
    expect_retraction_of(&world, message.id).await;
}

#[tokio::test]
async fn what_is_given_back_after_a_rollback_is_cancelled() {
    let (world, message) = claimed().await;
    roll_back(&world).await;
    world.store.release(&[message.id]).await.unwrap();
    assert_eq!(world.states().await, [Cancelled]);
}

#[tokio::test]
async fn what_is_given_back_after_a_rollback_is_retracted_where_an_earlier_attempt_may_have_been_received() {
    let (world, message) = claimed().await;
    world.settle(&message, Verdict::RetryAt { at: world.now(), maybe_received: true }).await;
    let again = world.claim("t").await.remove(0);
    roll_back(&world).await;
    world.store.release(&[again.id]).await.unwrap();
    assert_eq!(world.states().await, [Cancelled, Pending]);
    expect_retraction_of(&world, message.id).await;
}

#[tokio::test]
async fn retractions_come_newest_block_first_and_only_to_those_who_received() {
    let world = World::new().await;
    world.commit(vec![block(1, 0, &[])]).await;
    world.commit((2..=4).map(|height| block(height, 0, &[hit(&["t", "u"])])).collect()).await;
    assert_eq!(world.deliver_all("t").await.len(), 3);
    let rolled_back = roll_back(&world).await;
    assert_eq!((rolled_back.cancelled, rolled_back.retractions), (3, 3));
    let heights: Vec<u64> =
        world.claim("t").await.iter().map(|message| message.facts.block.height.0).collect();
    assert_eq!(heights, [4, 3, 2]);
    assert!(world.claim("u").await.is_empty());
}

#[tokio::test]
async fn a_block_that_returns_is_delivered_anew_after_its_retraction() {
    let (world, first) = claimed().await;
    world.settle(&first, Verdict::Delivered).await;
    roll_back(&world).await;
    let committed = world.commit_reserving(vec![block(2, 0, &[hit(&["t"])])], true).await;
    assert_eq!((committed.facts, committed.matches, committed.deliveries), (0, 1, 1));
    assert!(committed.claimed.is_empty(), "it must not overtake the retraction");
    let messages = world.deliver_all("t").await;
    assert_eq!(messages[0].kind, MessageKind::Retraction { of: first.id });
    assert_eq!(messages[1].kind, MessageKind::Match);
    assert_eq!(messages[1].match_id, first.match_id);
    assert_eq!(messages[1].id, DeliveryId::derive(&first.match_id, &first.target, 1));

    // And once more.
    assert_eq!(roll_back(&world).await.retractions, 1);
    world.commit(vec![block(2, 0, &[hit(&["t"])])]).await;
    let messages = world.deliver_all("t").await;
    assert_eq!(messages[1].id, DeliveryId::derive(&first.match_id, &first.target, 2));
}

#[tokio::test]
async fn events_of_blocks_that_left_are_shown_only_on_request() {
    let (world, _) = claimed().await;
    roll_back(&world).await;
    world.commit(vec![block(2, 1, &[hit(&["t"])])]).await;
    let mut query = EventQuery { limit: 10, ..EventQuery::default() };
    assert_eq!(world.store.events(&tenant(), &query).await.unwrap().len(), 1);
    query.retracted = true;
    let all = world.store.events(&tenant(), &query).await.unwrap();
    let finality: Vec<_> = all.iter().map(|event| event.finality).collect();
    assert_eq!(finality, [Some(Finality::Seen), None]);
    assert_eq!(all[1].monitors, ["m".into()]);
}

#[tokio::test]
async fn a_rollback_of_one_network_leaves_the_others_alone() {
    let (world, message) = claimed().await;
    world.settle(&message, Verdict::Delivered).await;
    let other = "other".into();
    world.store.open_network(&other, "evm", "7").await.unwrap();
    assert!(world.store.rollback(&other, reference(0, 0)).await.is_err());
    let mut batch_block = block(5, 0, &[]);
    batch_block.reference = reference(5, 3);
    let batch = chainbell_store::CommitBatch {
        network: other.clone(),
        after: None,
        through: reference(5, 3),
        confirmed: Height(0),
        finalized: Height(0),
        now: world.now(),
        blocks: vec![batch_block],
    };
    world.store.commit(batch, &mut |_, _| false).await.unwrap();
    assert_eq!(world.store.rollback(&other, reference(0, 0)).await.unwrap().retractions, 0);
    assert_eq!(world.states().await, [Delivered]);
}
