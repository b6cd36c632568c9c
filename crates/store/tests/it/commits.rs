//! What a batch becomes.

use std::sync::Arc;

use chainbell_model::{BlockFacts, Facts, Finality, Height, Position, PositionKind};
use chainbell_store::{
    CommitBatch,
    DeliveryState::{Pending, Sending, Waiting},
    EventQuery, Ledger, Outbox, Reader,
};

use crate::world::{World, block, hit, network, reference, stored, target, tenant};

#[tokio::test]
async fn a_repeated_batch_changes_nothing() {
    let world = World::new().await;
    let blocks = || vec![block(1, 0, &[hit(&["a", "b"]), stored()]), block(2, 0, &[hit(&["a"])])];
    let first = world.commit(blocks()).await;
    assert_eq!((first.facts, first.matches, first.deliveries), (3, 2, 3));
    let before = world.deliveries().await;
    let again = world.try_commit(None, reference(2, 0), blocks(), true).await.unwrap();
    assert_eq!((again.facts, again.matches, again.deliveries), (0, 0, 0));
    assert!(again.claimed.is_empty() && again.waiting.is_empty());
    assert_eq!(world.deliveries().await, before);
}

#[tokio::test]
async fn reserved_deliveries_come_back_ready_and_count_as_being_sent() {
    let world = World::new().await;
    let batch = CommitBatch {
        network: network(),
        after: None,
        through: reference(1, 0),
        confirmed: Height(0),
        finalized: Height(0),
        now: world.now(),
        blocks: vec![block(1, 0, &[hit(&["mine", "other"])])],
    };
    let facts = Arc::clone(&batch.blocks[0].found[0].facts);
    let committed = world.store.commit(batch, &mut |_, target| target.as_str() == "mine").await.unwrap();
    assert_eq!(world.states().await, [Sending, Pending]);
    let [message] = &committed.claimed[..] else { panic!("one was reserved") };
    assert_eq!((message.target.as_str(), message.attempt), ("mine", 1));
    assert!(Arc::ptr_eq(&message.facts, &facts));
    let waiting: Vec<_> = committed.waiting.iter().map(|due| due.target.as_str()).collect();
    assert_eq!(waiting, ["other"]);

    // Given back and claimed again it says the same.
    world.store.release(&[message.id]).await.unwrap();
    let again = &world.claim("mine").await[0];
    assert_eq!((again.id, again.match_id, again.attempt), (message.id, message.match_id, 1));
    assert_eq!(
        (again.created, again.kind, again.deliver_at),
        (message.created, message.kind, message.deliver_at)
    );
    assert_eq!(again.facts, message.facts);
}

#[tokio::test]
async fn facts_come_back_exactly_as_they_were() {
    let world = World::new().await;
    let mut new = block(7, 0, &[hit(&["t"])]);
    new.facts = Arc::new(BlockFacts { id: "9sHc…Ω".to_owned(), ..(*new.facts).clone() });
    let facts = Arc::new(Facts {
        block: Arc::clone(&new.facts),
        transaction_id: "0xABCdef".to_owned(),
        transaction_index: u32::MAX,
        transaction_json: Some(r#"{"from":"0x1"}"#.into()),
        position: Position { kind: PositionKind::Transfer, index: u32::MAX, sub: u32::MAX },
        contract: None,
        name: "transfer".into(),
        signature: "".into(),
        attributes_json: None,
        args_json: r#"{"memo":"quote \" and 'quote'"}"#.into(),
    });
    new.found[0].facts = Arc::clone(&facts);
    world.commit(vec![new]).await;
    assert_eq!(world.claim("t").await[0].facts, facts);
    let events =
        world.store.events(&tenant(), &EventQuery { limit: 1, ..EventQuery::default() }).await.unwrap();
    assert_eq!(events[0].facts, *facts);
}

#[tokio::test]
async fn deliveries_wait_for_the_finality_they_ask_for() {
    let world = World::new().await;
    let hits = [hit(&["t"]), hit(&["t"]).at(Finality::Confirmed), hit(&["t"]).at(Finality::Finalized)];
    let committed = world.commit_reserving(vec![block(1, 0, &hits), block(2, 0, &hits)], true).await;
    assert_eq!(committed.claimed.len(), 2);
    assert_eq!(world.states().await, [Sending, Waiting, Waiting, Sending, Waiting, Waiting]);
    world.wait(5);
    let released = world.store.finality(&network(), Height(1), Height(0)).await.unwrap();
    assert_eq!((released.deliveries, released.waiting[0].at), (1, world.now()));
    assert_eq!(released.waiting[0].target, target("t"));
    assert_eq!(world.states().await, [Sending, Pending, Waiting, Sending, Waiting, Waiting]);
    let released = world.store.finality(&network(), Height(2), Height(2)).await.unwrap();
    assert_eq!(released.deliveries, 3);
    let heights: Vec<u64> =
        world.claim("t").await.iter().map(|message| message.facts.block.height.0).collect();
    assert_eq!(heights, [1, 1, 2, 2]);
}

#[tokio::test]
async fn marks_of_a_batch_count_for_it_and_for_what_waited() {
    let world = World::new().await;
    let hits = [hit(&["t"]).at(Finality::Finalized)];
    world.commit(vec![block(1, 0, &hits)]).await;
    let batch = CommitBatch {
        network: network(),
        after: Some(reference(1, 0)),
        through: reference(3, 0),
        confirmed: Height(2),
        finalized: Height(2),
        now: world.now(),
        blocks: vec![block(2, 0, &hits), block(3, 0, &hits)],
    };
    let committed = world.store.commit(batch, &mut |_, _| false).await.unwrap();
    assert_eq!(world.states().await, [Pending, Pending, Waiting]);
    assert_eq!(committed.waiting.len(), 1);
    let state = &world.store.networks().await.unwrap()[0];
    assert_eq!((state.confirmed, state.finalized), (Height(2), Height(2)));
}

#[tokio::test]
async fn a_new_monitor_finds_its_matches_in_blocks_already_stored() {
    let world = World::new().await;
    world.commit(vec![block(1, 0, &[stored()])]).await;
    let blocks = vec![block(1, 0, &[hit(&["t"])])];
    let committed = world.try_commit(None, reference(1, 0), blocks, false).await.unwrap();
    assert_eq!((committed.facts, committed.matches, committed.deliveries), (0, 1, 1));
}

#[tokio::test]
async fn the_same_fact_twice_in_a_batch_is_one() {
    let world = World::new().await;
    let mut new = block(1, 0, &[hit(&["t"])]);
    let twin = block(1, 0, &[hit(&["t"])]).found.remove(0);
    new.found.push(twin);
    let committed = world.commit(vec![new]).await;
    assert_eq!((committed.facts, committed.matches, committed.deliveries), (1, 1, 1));
}
