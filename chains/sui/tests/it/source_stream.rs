//! Pushed checkpoints are read once; a subscription that breaks is repaired, and nothing depends on it.

use std::time::Duration;

use chainbell_model::{Chain as _, Height, Interest};
use chainbell_sui::SuiChain;

use crate::source_support::{Node, chain, events, eventually, everything, fetch};

/// Reads up to the tip as the engine does, and returns how many events that were.
async fn follow(chain: &SuiChain, next: &mut u64, interest: &Interest) -> usize {
    let tip = chain.tip().await.unwrap();
    assert_eq!((tip.confirmed, tip.finalized), (tip.head, tip.head));
    if tip.head.0 < *next {
        return 0;
    }
    let fetched = fetch(chain, *next, tip.head.0, interest).await.unwrap();
    *next = tip.head.0 + 1;
    fetched.blocks.iter().map(|block| block.events.len()).sum()
}

#[tokio::test]
async fn pushed_checkpoints_are_not_asked_for_again() {
    let node = Node::start(10).await;
    node.offer_subscriptions();
    let chain = chain(&[&node], |_| {});
    assert!(chain.subscriptions().is_empty());
    let mut next = 8;
    assert_eq!(follow(&chain, &mut next, &events()).await, 3);
    node.subscribed("contents").await;
    let asked = node.asked("get");
    for _ in 0..30 {
        let height = node.produce();
        eventually(|| chain.subscriptions().first().is_some_and(|it| it.last_height == Some(Height(height))))
            .await;
        chain.changed().await;
        assert_eq!(follow(&chain, &mut next, &events()).await as u64, height % 3);
        assert_eq!(next, height + 1);
    }
    assert_eq!((node.asked("get"), node.asked("info")), (asked, 1));
    let status = chain.subscriptions().remove(0);
    assert!(status.listening && status.topic == "checkpoints" && status.reconnects == 0);
    assert_eq!(chain.tip().await.unwrap().head_id, Some(chain.block_at(Height(40)).await.unwrap().0.id));
}

#[tokio::test]
async fn what_was_missed_is_filled_and_the_subscription_comes_back() {
    let node = Node::start(10).await;
    node.offer_subscriptions();
    let chain = chain(&[&node], |_| {});
    let mut next = 10;
    follow(&chain, &mut next, &events()).await;
    node.subscribed("contents").await;
    for _ in 0..5 {
        // It breaks off, and checkpoints come that nobody is told of.
        node.push(None);
        eventually(|| node.subscribers() == 0).await;
        node.change(|state| {
            for height in state.checkpoints.len() as u64..state.checkpoints.len() as u64 + 3 {
                state.checkpoints.insert(height, crate::source_support::checkpoint(height));
            }
        });
        eventually(|| node.subscribers() == 1).await;
        let height = node.produce();
        eventually(|| chain.subscriptions()[0].last_height == Some(Height(height))).await;
        let expected: u64 = (next..=height).map(|height| height % 3).sum();
        assert_eq!(follow(&chain, &mut next, &events()).await as u64, expected, "height {height}");
        assert_eq!(next, height + 1);
    }
    assert!(chain.subscriptions()[0].reconnects >= 5);
}

#[tokio::test]
async fn a_silent_subscription_leaves_the_tip_to_polling_and_is_replaced() {
    let node = Node::start(10).await;
    node.offer_subscriptions();
    let chain = chain(&[&node], |config| {
        config.subscription_silence = Duration::from_millis(200);
        config.poll_interval = Duration::from_millis(50);
    });
    let mut next = 10;
    follow(&chain, &mut next, &events()).await;
    node.subscribed("contents").await;
    node.change(|state| drop(state.checkpoints.insert(11, crate::source_support::checkpoint(11))));
    chain.changed().await;
    assert_eq!(follow(&chain, &mut next, &events()).await, 2);
    eventually(|| chain.subscriptions()[0].reconnects >= 2).await;
}

#[tokio::test]
async fn a_node_without_subscriptions_is_polled() {
    let node = Node::start(10).await;
    let chain = chain(&[&node], |config| config.poll_interval = Duration::from_millis(20));
    let mut next = 10;
    for height in 11..15 {
        follow(&chain, &mut next, &events()).await;
        node.produce();
        chain.changed().await;
        assert_eq!(follow(&chain, &mut next, &events()).await as u64, height % 3);
    }
    assert!(node.asked("subscribe") <= 1);
    assert!(!chain.subscriptions()[0].listening);
}

#[tokio::test]
async fn more_interest_widens_the_subscription() {
    let node = Node::start(10).await;
    node.offer_subscriptions();
    let chain = chain(&[&node], |_| {});
    let mut next = 10;
    follow(&chain, &mut next, &events()).await;
    node.subscribed("contents").await;
    // Read for events alone it does not serve an interest in everything.
    let height = node.produce();
    eventually(|| chain.subscriptions()[0].last_height == Some(Height(height))).await;
    let before = node.asked("get");
    follow(&chain, &mut next, &everything()).await;
    assert_eq!(node.asked("get"), before + 1);
    node.subscribed("balance_changes").await;
    let height = node.produce();
    eventually(|| chain.subscriptions()[0].last_height == Some(Height(height))).await;
    follow(&chain, &mut next, &everything()).await;
    assert_eq!(node.asked("get"), before + 1);
    // And serves those who want less as well.
    let height = node.produce();
    eventually(|| chain.subscriptions()[0].last_height == Some(Height(height))).await;
    follow(&chain, &mut next, &events()).await;
    assert_eq!(node.asked("get"), before + 1);
}

#[tokio::test]
async fn a_pushed_checkpoint_that_lacks_something_is_asked_for() {
    let node = Node::start(10).await;
    node.offer_subscriptions();
    let chain = chain(&[&node], |_| {});
    let mut next = 10;
    follow(&chain, &mut next, &events()).await;
    node.subscribed("contents").await;
    node.spoil(|number, mut checkpoint| {
        if number == 0 {
            checkpoint.transactions.iter_mut().for_each(|transaction| transaction.events = None);
        }
        Ok(checkpoint)
    });
    let height = node.produce();
    eventually(|| chain.subscriptions()[0].last_height == Some(Height(height))).await;
    assert_eq!(follow(&chain, &mut next, &events()).await, 2);
    assert_eq!(node.asked(&format!("get {height}")), 1);
}

#[tokio::test]
async fn a_backlog_nobody_reads_is_bounded_and_read_by_asking() {
    let node = Node::start(10).await;
    node.offer_subscriptions();
    let chain = chain(&[&node], |config| config.buffered_checkpoints = 5);
    let mut next = 10;
    follow(&chain, &mut next, &events()).await;
    node.subscribed("contents").await;
    let before = node.asked("get");
    let mut last = 0;
    for _ in 0..20 {
        last = node.produce();
    }
    eventually(|| chain.subscriptions()[0].last_height == Some(Height(last))).await;
    assert_eq!(follow(&chain, &mut next, &events()).await, 20);
    assert_eq!(node.asked("get"), before + 15);
}

#[tokio::test]
async fn the_subscription_moves_to_another_node_when_its_own_goes() {
    let (first, second) = (Node::start(10).await, Node::start(10).await);
    first.offer_subscriptions();
    second.offer_subscriptions();
    let chain = chain(&[&first, &second], |_| {});
    let mut next = 10;
    follow(&chain, &mut next, &events()).await;
    first.subscribed("contents").await;
    drop(first);
    second.subscribed("contents").await;
    let height = second.produce();
    eventually(|| chain.subscriptions()[0].last_height == Some(Height(height))).await;
    assert_eq!(follow(&chain, &mut next, &events()).await, 2);
}
