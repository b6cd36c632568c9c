//! Claiming, settling, giving back and recovering.

use chainbell_model::{DeliveryId, Timestamp};
use chainbell_store::{
    DeliveryState::{Dead, Delivered, Pending, Sending},
    Outbox, Reader, Verdict,
};

use crate::world::{START, World, block, hit, target, tenant};

async fn three_pending() -> World {
    let world = World::new().await;
    world.commit((1..=3).map(|height| block(height, 0, &[hit(&["t"])])).collect()).await;
    world
}

#[tokio::test]
async fn claims_take_the_oldest_first_and_no_more_than_asked() {
    let world = three_pending().await;
    let mut heights = Vec::new();
    for limit in [2, 2, 2] {
        let messages = world.store.claim(&tenant(), &target("t"), world.now(), limit).await.unwrap();
        heights.push(messages.iter().map(|message| message.facts.block.height.0).collect::<Vec<_>>());
    }
    assert_eq!(heights, [vec![1, 2], vec![3], vec![]]);
    assert_eq!(world.states().await, [Sending; 3]);
}

#[tokio::test]
async fn a_claim_for_a_target_or_tenant_without_work_is_empty() {
    let world = three_pending().await;
    assert!(world.claim("nobody").await.is_empty());
    let claimed = world.store.claim(&"stranger".into(), &target("t"), world.now(), 9).await.unwrap();
    assert!(claimed.is_empty());
}

#[tokio::test]
async fn a_retry_is_due_at_its_time_and_counts_its_attempts() {
    let world = three_pending().await;
    let message = world.claim("t").await.remove(0);
    let at = Timestamp(START + 5000);
    let settlement = world.settlement(&message, Verdict::RetryAt { at, maybe_received: false });
    let due = world.store.settle(vec![settlement]).await.unwrap();
    assert_eq!((due[0].target.clone(), due[0].at), (target("t"), at));
    assert_eq!(world.store.due_targets().await.unwrap(), due);
    world.wait(4999);
    assert!(world.claim("t").await.is_empty());
    world.wait(1);
    let again = world.claim("t").await.remove(0);
    assert_eq!((again.id, again.attempt), (message.id, 2));
    world.settle(&again, Verdict::Dead { maybe_received: false }).await;
    let detail = world.store.delivery(&tenant(), &message.id).await.unwrap().unwrap();
    assert_eq!(detail.row.state, Dead);
    assert_eq!(detail.row.last_detail.as_deref(), Some("attempt 2"));
    let attempts: Vec<_> =
        detail.attempts.iter().map(|row| (row.attempt, row.outcome.as_str(), row.took_ms)).collect();
    assert_eq!(attempts, [(1, "retry", 7), (2, "dead", 7)]);
}

#[tokio::test]
async fn settling_twice_changes_nothing() {
    let world = three_pending().await;
    let message = world.claim("t").await.remove(0);
    world.settle(&message, Verdict::Delivered).await;
    world.settle(&message, Verdict::Dead { maybe_received: true }).await;
    let detail = world.store.delivery(&tenant(), &message.id).await.unwrap().unwrap();
    assert_eq!((detail.row.state, detail.attempts.len()), (Delivered, 1));
}

#[tokio::test]
async fn what_is_given_back_goes_out_as_if_never_claimed() {
    let world = three_pending().await;
    let before = world.deliveries().await;
    let ids: Vec<DeliveryId> = world.claim("t").await.iter().map(|message| message.id).collect();
    world.store.release(&ids).await.unwrap();
    assert_eq!(world.deliveries().await, before);
    world.store.release(&ids).await.unwrap();
    assert_eq!(world.deliveries().await, before);
}

#[tokio::test]
async fn what_was_being_sent_when_the_process_died_is_sent_again_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chainbell.db");
    let world = World::at(&path).await;
    world.commit((1..=3).map(|height| block(height, 0, &[hit(&["t"])])).collect()).await;
    let first = world.store.claim(&tenant(), &target("t"), world.now(), 2).await.unwrap();
    drop(world);
    let world = World::at(&path).await;
    assert_eq!(world.store.recover().await.unwrap(), 2);
    assert_eq!(world.store.recover().await.unwrap(), 0);
    assert_eq!(world.states().await, [Pending; 3]);
    let again = world.claim("t").await;
    assert_eq!(again[0].id, first[0].id);
    let attempts: Vec<u32> = again.iter().map(|message| message.attempt).collect();
    assert_eq!(attempts, [2, 2, 1]);
}

#[tokio::test]
async fn details_of_attempts_are_kept_short() {
    let world = three_pending().await;
    let message = world.claim("t").await.remove(0);
    let mut settlement = world.settlement(&message, Verdict::Delivered);
    settlement.detail = "ü".repeat(5000);
    world.store.settle(vec![settlement]).await.unwrap();
    let detail = world.store.delivery(&tenant(), &message.id).await.unwrap().unwrap();
    assert_eq!(detail.attempts[0].detail, "ü".repeat(250));
}

#[tokio::test]
async fn many_settle_at_once() {
    let world = World::new().await;
    world.commit((1..=700).map(|height| block(height, 0, &[hit(&["t"])])).collect()).await;
    let messages = world.store.claim(&tenant(), &target("t"), world.now(), 700).await.unwrap();
    assert_eq!(messages.len(), 700);
    let settlements = messages.iter().map(|message| world.settlement(message, Verdict::Delivered)).collect();
    assert!(world.store.settle(settlements).await.unwrap().is_empty());
    assert!(world.states().await.iter().all(|state| *state == Delivered));
}
