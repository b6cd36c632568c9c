//! Breaker, lag, hedging, rate and books.

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use chainbell_rpc::{Call, Pool, RpcError};
use serde_json::json;

use crate::node::{Act, Node, ask, ask_text, config, pool, result, status};

/// A node that answers `value` while the switch is on, and 500 while it is off.
async fn switched(value: u64, on: &Arc<AtomicBool>) -> Node {
    let on = Arc::clone(on);
    Node::start(move |_, request| {
        if on.load(Ordering::Relaxed) { Act::Json(result(request, json!(value))) } else { status(500, "") }
    })
    .await
}

#[tokio::test]
async fn a_failing_endpoint_is_left_alone_and_found_again() {
    let on = Arc::new(AtomicBool::new(false));
    let first = switched(1, &on).await;
    let second = Node::answering(json!(2)).await;
    let pool = pool(&[&first, &second]);
    for _ in 0..20 {
        assert_eq!(ask_text(&pool).await, Ok("2".into()));
    }
    assert!(first.requests() < 8, "{} requests to a dead endpoint", first.requests());
    assert_eq!(pool.status()[0].state, "open");
    on.store(true, Ordering::Relaxed);
    let deadline = Instant::now() + Duration::from_secs(10);
    while ask_text(&pool).await != Ok("1".into()) {
        assert!(Instant::now() < deadline, "it never came back: {:?}", pool.status());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(pool.status()[0].state, "ok");
}

#[tokio::test]
async fn with_every_endpoint_dead_calls_end_quickly_and_recovery_is_noticed() {
    let on = Arc::new(AtomicBool::new(false));
    let node = switched(1, &on).await;
    let pool = pool(&[&node]);
    for _ in 0..3 {
        let started = Instant::now();
        assert!(matches!(ask(&pool).await, Err(RpcError::Unavailable { .. })));
        assert!(started.elapsed() < Duration::from_secs(3));
    }
    on.store(true, Ordering::Relaxed);
    let started = Instant::now();
    while ask(&pool).await.is_err() {
        assert!(started.elapsed() < Duration::from_secs(10));
    }
}

#[tokio::test]
async fn an_endpoint_that_answers_wrongly_is_left_alone_however_promptly_it_answers() {
    let liar = Node::answering(json!(1)).await;
    let honest = Node::answering(json!(2)).await;
    let pool = pool(&[&liar, &honest]);
    let endpoint = ask(&pool).await.unwrap().endpoint;
    pool.note_head(endpoint, u64::MAX);
    assert_eq!(pool.best_head(), Some(u64::MAX));
    for _ in 0..2 {
        pool.report_bad_answer(endpoint, "it names a parent that does not exist");
        assert_eq!(ask(&pool).await.unwrap().endpoint, endpoint, "once or twice may be a race");
    }
    pool.report_bad_answer(endpoint, "it names a parent that does not exist");
    assert_eq!(ask_text(&pool).await, Ok("2".into()));
    let status = &pool.status()[0];
    assert_eq!((status.state, status.failures), ("open", 3));
    assert!(status.last_error.as_ref().unwrap().contains("parent"));
    assert_eq!(pool.best_head(), None, "its head does not count any more");
}

#[tokio::test]
async fn an_endpoint_behind_the_best_is_not_asked() {
    let behind = Node::answering(json!(1)).await;
    let ahead = Node::answering(json!(2)).await;
    let pool = pool(&[&behind, &ahead]);
    let [first, second] = pool.endpoints().collect::<Vec<_>>()[..] else { panic!("two") };
    pool.note_head(first, 100);
    pool.note_head(second, 103);
    assert_eq!(ask_text(&pool).await, Ok("1".into()));
    pool.note_head(second, 104);
    assert_eq!(ask_text(&pool).await, Ok("2".into()));
    assert_eq!((pool.status()[0].state, pool.status()[0].head), ("lagging", Some(100)));
    pool.note_head(second, 44);
    assert_eq!(ask_text(&pool).await, Ok("1".into()), "heads may fall back");
}

#[tokio::test]
async fn a_request_slower_than_usual_is_hedged() {
    let slow =
        Node::start(|n, request| if n < 25 { Act::Json(result(request, json!(1))) } else { Act::Hang }).await;
    let other = Node::answering(json!(2)).await;
    let hedged = pool(&[&slow, &other]);
    for _ in 0..25 {
        assert_eq!(ask_text(&hedged).await, Ok("1".into()));
    }
    let started = Instant::now();
    assert_eq!(ask_text(&hedged).await, Ok("2".into()));
    assert!(started.elapsed() < Duration::from_millis(1_200), "before the time-out");
    assert!(started.elapsed() >= Duration::from_millis(50), "not at once");
    assert_eq!((hedged.status()[0].failures, other.requests()), (0, 1));
    let params = json!([]);
    let call = Call::new("eth_test", &params).without_hedging();
    let started = Instant::now();
    assert_eq!(hedged.call(&call).await.unwrap().raw(), "2");
    assert!(started.elapsed() >= Duration::from_millis(1_450), "only after the time-out");
}

#[tokio::test]
async fn the_rate_limit_is_kept_and_another_endpoint_with_budget_preferred() {
    let limited = Node::answering(json!(1)).await;
    let other = Node::answering(json!(2)).await;
    let mut settings = config(&[&limited, &other]);
    settings.endpoints[0].rate_limit = NonZeroU32::new(5);
    settings.endpoints[1].priority = 1;
    let both = Pool::new(settings.clone()).unwrap();
    for _ in 0..8 {
        ask(&both).await.unwrap();
    }
    assert_eq!((limited.requests(), other.requests()), (5, 3));
    settings.endpoints.truncate(1);
    let alone = Pool::new(settings).unwrap();
    let started = Instant::now();
    for _ in 0..6 {
        ask(&alone).await.unwrap();
    }
    assert!(started.elapsed() >= Duration::from_millis(990));
}

#[tokio::test]
async fn beyond_the_timeout_the_rate_limit_is_an_error() {
    let node = Node::answering(json!(1)).await;
    let mut settings = config(&[&node]);
    settings.endpoints[0].rate_limit = NonZeroU32::new(1);
    let pool = Pool::new(settings).unwrap();
    let asks = (0..4).map(|_| ask(&pool));
    let answers = futures_util::future::join_all(asks).await;
    let limited =
        answers.iter().filter(|answer| matches!(answer, Err(RpcError::RateLimited { retry_after: Some(_) })));
    assert_eq!(limited.count(), 2);
    assert_eq!(node.requests(), 2);
}

#[tokio::test]
async fn the_books_are_kept() {
    let node = Node::answering(json!(1)).await;
    let pool = pool(&[&node]);
    for _ in 0..20 {
        ask(&pool).await.unwrap();
    }
    let status = pool.status().remove(0);
    assert_eq!((status.requests, status.failures, status.state), (20, 0, "ok"));
    assert!(status.p95.is_some());
    assert_eq!(status.url, node.url.as_str().trim_end_matches('/'));
}
