//! Subscriptions whose connection drops, stays silent or talks nonsense.

use std::time::Duration;

use axum::extract::ws::Message;
use serde_json::json;

use crate::pushes::{PushNode, next, until};

#[tokio::test]
async fn notifications_come_in_order_and_again_after_a_drop() {
    let node = PushNode::start(|number, mut peer| async move {
        peer.confirm().await;
        peer.head(number as u64 * 10).await;
        peer.head(number as u64 * 10 + 1).await;
        if number > 0 {
            peer.listen().await;
        }
    })
    .await;
    let subscription = node.subscribe(|_| {});
    for expected in ["0", "1", "10", "11"] {
        assert_eq!(next(&subscription).await, expected);
    }
    let state = subscription.state();
    assert!(state.connected && state.reconnects == 1, "{state:?}");
    assert_eq!(state.subscription.as_deref(), Some("\"0x5\""));
    assert!(state.since_last_message.is_some());
}

#[tokio::test]
async fn nonsense_ends_the_connection_and_the_next_one_delivers() {
    let nonsense = [
        Message::Text("garbage".into()),
        Message::Text(format!("{{\"a\":\"{}\"}}", "x".repeat(100_000)).into()),
        Message::Text("{}".repeat(3).into()),
        Message::Text("[".repeat(50_000).into()),
    ];
    for message in nonsense {
        let node = PushNode::start(move |number, mut peer| {
            let message = message.clone();
            async move {
                peer.confirm().await;
                if number == 0 {
                    peer.send(message).await;
                } else {
                    peer.head(7).await;
                }
                peer.listen().await;
            }
        })
        .await;
        let subscription = node.subscribe(|config| config.max_message_bytes = 64 << 10);
        assert_eq!(next(&subscription).await, "7");
        assert!(subscription.state().last_error.is_some());
    }
}

#[tokio::test]
async fn what_is_not_for_this_subscription_is_passed_over() {
    let node = PushNode::start(|_, mut peer| async move {
        peer.confirm().await;
        peer.send(Message::Binary(vec![1, 2, 3].into())).await;
        peer.send(Message::Ping(vec![1].into())).await;
        peer.say(
            json!({"method": "eth_subscription", "params": {"subscription": "0x6", "result": 1}}).to_string(),
        )
        .await;
        peer.say(json!({"id": 99, "result": true}).to_string()).await;
        peer.head(2).await;
        peer.listen().await;
    })
    .await;
    let subscription = node.subscribe(|_| {});
    assert_eq!(next(&subscription).await, "2");
    assert_eq!(subscription.state().reconnects, 0);
}

#[tokio::test]
async fn a_subscription_that_falls_silent_is_made_anew() {
    let node = PushNode::start(|number, mut peer| async move {
        peer.confirm().await;
        if number > 0 {
            peer.head(7).await;
        }
        peer.listen().await;
    })
    .await;
    let subscription = node.subscribe(|config| {
        config.ping_interval = Duration::from_millis(50);
        config.silence_timeout = Duration::from_millis(300);
    });
    assert_eq!(next(&subscription).await, "7");
    assert!(subscription.state().last_error.unwrap().contains("nothing came"));
}

#[tokio::test]
async fn a_connection_without_pongs_is_dead() {
    let node = PushNode::start(|number, mut peer| async move {
        peer.confirm().await;
        if number == 0 {
            return peer.freeze().await;
        }
        peer.head(7).await;
        peer.listen().await;
    })
    .await;
    let subscription = node.subscribe(|config| config.ping_interval = Duration::from_millis(100));
    assert_eq!(next(&subscription).await, "7");
    assert!(subscription.state().last_error.unwrap().contains("no pong"));
}

#[tokio::test]
async fn a_request_that_is_never_confirmed_or_refused_is_made_again() {
    let node = PushNode::start(|number, mut peer| async move {
        match number {
            0 => peer.listen().await,
            1 => {
                let request = peer.request().await;
                let error = json!({"code": -32601, "message": "notifications not supported"});
                peer.say(json!({"id": request["id"], "error": error}).to_string()).await;
                peer.listen().await;
            }
            _ => {
                peer.confirm().await;
                peer.head(7).await;
                peer.listen().await;
            }
        }
    })
    .await;
    let subscription = node.subscribe(|config| config.connect_timeout = Duration::from_millis(300));
    assert_eq!(next(&subscription).await, "7");
    let state = subscription.state();
    assert_eq!(state.reconnects, 2);
    assert!(state.last_error.unwrap().contains("not supported"));
}

#[tokio::test]
async fn a_connection_that_delivers_nothing_is_no_progress() {
    let node = PushNode::start(|_, mut peer| async move { peer.confirm().await }).await;
    let subscription = node.subscribe(|config| config.first_backoff = Duration::from_millis(40));
    until(&subscription, |state| state.reconnects >= 4).await;
    let times = node.connections.lock().unwrap().clone();
    for (pair, least) in times.windows(2).zip([20, 40, 80, 160]) {
        assert!(pair[1] - pair[0] >= Duration::from_millis(least), "{times:?}");
    }
}

#[tokio::test]
async fn a_slow_reader_loses_the_oldest() {
    let node = PushNode::start(|_, mut peer| async move {
        peer.confirm().await;
        for number in 0..10 {
            peer.head(number).await;
        }
        peer.listen().await;
    })
    .await;
    let subscription = node.subscribe(|config| config.buffer = 2);
    until(&subscription, |state| state.dropped == 8).await;
    assert_eq!((next(&subscription).await, next(&subscription).await), ("8".into(), "9".into()));
}

#[tokio::test]
async fn several_subscriptions_share_one_connection() {
    let node = PushNode::start(|number, mut peer| async move {
        let base = number as u64 * 100;
        assert_eq!(peer.confirm_as(base + 1).await["params"], json!(["newHeads"]));
        let second = peer.confirm_as(base + 2).await;
        assert_eq!((&second["method"], &second["params"]), (&json!("logsSubscribe"), &json!(["a"])));
        peer.tell(base + 2, json!("second")).await;
        peer.tell(base + 1, json!("first")).await;
        if number > 0 {
            peer.listen().await;
        }
    })
    .await;
    let subscription =
        node.subscribe(|config| config.more = vec![("logsSubscribe".to_owned(), json!(["a"]))]);
    for _ in 0..2 {
        subscription.established().await;
        for (topic, result) in [(1, "\"second\""), (0, "\"first\"")] {
            let notification = subscription.next_notification().await;
            assert_eq!((notification.topic, &*notification.result), (topic, result.as_bytes()));
        }
    }
    let state = until(&subscription, |state| state.connected).await;
    assert_eq!((state.subscription.as_deref(), state.more), (Some("101"), vec!["102".to_owned()]));
}

#[tokio::test]
async fn a_connection_on_which_one_subscription_is_refused_is_not_established() {
    let node = PushNode::start(|number, mut peer| async move {
        peer.confirm_as(1).await;
        if number == 0 {
            let request = peer.request().await;
            let error = json!({"code": -32602, "message": "only one address is supported"});
            peer.say(json!({"id": request["id"], "error": error}).to_string()).await;
            return peer.listen().await;
        }
        peer.confirm_as(2).await;
        peer.listen().await;
    })
    .await;
    let subscription =
        node.subscribe(|config| config.more = vec![("logsSubscribe".to_owned(), json!(["a"]))]);
    let state = until(&subscription, |state| state.last_error.is_some()).await;
    assert!(state.last_error.unwrap().contains("only one address"));
    subscription.established().await;
    assert_eq!(subscription.state().reconnects, 1);
}
