//! What people and the API see.

use chainbell_model::{Finality, Height, PositionKind};
use chainbell_store::{
    DeliveryQuery,
    DeliveryState::{Dead, Delivered, Pending},
    EventQuery, Ledger, Reader, RetrySelection, Verdict,
};

use crate::world::{World, block, hit, network, reference, stored, target, tenant};

async fn heights(world: &World, query: EventQuery) -> Vec<u64> {
    let query = EventQuery { limit: query.limit.max(100), ..query };
    let events = world.store.events(&tenant(), &query).await.unwrap();
    events.iter().map(|event| event.facts.block.height.0).collect()
}

#[tokio::test]
async fn events_are_found_by_each_of_their_properties() {
    let world = World::new().await;
    let other = hit(&[]).of("other");
    world.commit((1..=4).map(|height| block(height, 0, &[stored()])).collect()).await;
    world.commit(vec![block(5, 0, &[hit(&["t"]), other])]).await;
    let all = EventQuery::default;
    assert_eq!(heights(&world, all()).await, [5, 5, 4, 3, 2, 1]);
    assert_eq!(heights(&world, EventQuery { network: Some(network()), ..all() }).await.len(), 6);
    assert!(heights(&world, EventQuery { network: Some("none".into()), ..all() }).await.is_empty());
    assert_eq!(heights(&world, EventQuery { monitor: Some("other".into()), ..all() }).await, [5]);
    assert_eq!(heights(&world, EventQuery { contract: Some("0xabc1".into()), ..all() }).await, [5]);
    assert_eq!(heights(&world, EventQuery { name: Some("Transfer".into()), ..all() }).await.len(), 6);
    assert!(heights(&world, EventQuery { name: Some("Burn".into()), ..all() }).await.is_empty());
    let range = EventQuery { from: Some(Height(2)), to: Some(Height(3)), ..all() };
    assert_eq!(heights(&world, range).await, [3, 2]);
    assert!(heights(&world, EventQuery { from: Some(Height(6)), ..all() }).await.is_empty());
}

#[tokio::test]
async fn events_are_read_page_by_page() {
    let world = World::new().await;
    world.commit((1..=5).map(|height| block(height, 0, &[stored()])).collect()).await;
    let mut query = EventQuery { limit: 2, ..EventQuery::default() };
    let mut pages = Vec::new();
    loop {
        let page = world.store.events(&tenant(), &query).await.unwrap();
        let Some(last) = page.last() else { break };
        query.before = Some(last.id);
        pages.push(page.len());
    }
    assert_eq!(pages, [2, 2, 1]);
}

#[tokio::test]
async fn tenants_see_only_what_is_theirs() {
    let world = World::new().await;
    let theirs = hit(&["t"]).for_tenant("them");
    world.commit(vec![block(1, 0, &[hit(&["t"]), theirs])]).await;
    let them = "them".into();
    let query = EventQuery { limit: 10, ..EventQuery::default() };
    assert_eq!(world.store.events(&them, &query).await.unwrap().len(), 1);
    let list = DeliveryQuery { limit: 10, ..DeliveryQuery::default() };
    let deliveries = world.store.deliveries(&them, &list).await.unwrap();
    assert_eq!(deliveries.len(), 1);
    assert!(world.store.delivery(&tenant(), &deliveries[0].id).await.unwrap().is_none());
    let one = RetrySelection::One(deliveries[0].id);
    assert_eq!(world.store.retry(&tenant(), &one, world.now()).await.unwrap(), 0);
    assert!(world.store.events(&"nobody".into(), &query).await.unwrap().is_empty());
}

#[tokio::test]
async fn finality_is_that_of_the_marks() {
    let world = World::new().await;
    world.commit((1..=3).map(|height| block(height, 0, &[stored()])).collect()).await;
    world.store.finality(&network(), Height(2), Height(1)).await.unwrap();
    let query = EventQuery { limit: 10, ..EventQuery::default() };
    let events = world.store.events(&tenant(), &query).await.unwrap();
    let finality: Vec<_> = events.iter().map(|event| event.finality.unwrap()).collect();
    assert_eq!(finality, [Finality::Seen, Finality::Confirmed, Finality::Finalized]);
}

#[tokio::test]
async fn deliveries_are_found_by_each_of_their_properties() {
    let world = World::new().await;
    world.commit(vec![block(1, 0, &[hit(&["t", "u"]), hit(&["u"]).of("other")])]).await;
    world.deliver_all("t").await;
    let count = async |query: DeliveryQuery| {
        let query = DeliveryQuery { limit: 10, ..query };
        world.store.deliveries(&tenant(), &query).await.unwrap().len()
    };
    let all = DeliveryQuery::default;
    assert_eq!(count(all()).await, 3);
    assert_eq!(count(DeliveryQuery { state: Some(Delivered), ..all() }).await, 1);
    assert_eq!(count(DeliveryQuery { target: Some(target("u")), ..all() }).await, 2);
    assert_eq!(count(DeliveryQuery { monitor: Some("other".into()), ..all() }).await, 1);
    assert_eq!(count(DeliveryQuery { before: Some(2), ..all() }).await, 1);
}

#[tokio::test]
async fn a_delivery_retried_by_hand_keeps_its_id_and_is_retracted_if_it_had_been_received() {
    let world = World::new().await;
    world.commit(vec![block(1, 0, &[]), block(2, 0, &[hit(&["t"])])]).await;
    let sent = world.deliver_all("t").await.remove(0);
    let one = RetrySelection::One(sent.id);
    assert_eq!(world.store.retry(&tenant(), &one, world.now()).await.unwrap(), 1);
    assert_eq!(world.store.retry(&tenant(), &one, world.now()).await.unwrap(), 0);
    let again = world.claim("t").await.remove(0);
    assert_eq!((again.id, again.attempt), (sent.id, 2));
    world.settle(&again, Verdict::RetryAt { at: world.now(), maybe_received: false }).await;
    let rolled_back = world.store.rollback(&network(), reference(1, 0)).await.unwrap();
    assert_eq!(rolled_back.retractions, 1);
    assert_eq!(world.store.retry(&tenant(), &one, world.now()).await.unwrap(), 0);
}

#[tokio::test]
async fn dead_letters_are_retried_by_target() {
    let world = World::new().await;
    world.commit(vec![block(1, 0, &[hit(&["t", "u"])])]).await;
    for name in ["t", "u"] {
        let message = world.claim(name).await.remove(0);
        world.settle(&message, Verdict::Dead { maybe_received: false }).await;
    }
    let of_t = RetrySelection::Dead(Some(target("t")));
    assert_eq!(world.store.retry(&tenant(), &of_t, world.now()).await.unwrap(), 1);
    assert_eq!(world.states().await, [Pending, Dead]);
    assert_eq!(world.store.retry(&tenant(), &RetrySelection::Dead(None), world.now()).await.unwrap(), 1);
}

#[tokio::test]
async fn counts_leave_out_what_is_no_longer_on_the_chain() {
    let world = World::new().await;
    world.commit(vec![block(1, 0, &[stored()]), block(2, 0, &[hit(&["t"])])]).await;
    world.deliver_all("t").await;
    world.store.rollback(&network(), reference(1, 0)).await.unwrap();
    let counts = world.store.counts(&tenant()).await.unwrap();
    assert_eq!(counts.facts, [(PositionKind::Event, 1)]);
    assert_eq!(counts.deliveries, [(Pending, 1), (Delivered, 1)]);
}
