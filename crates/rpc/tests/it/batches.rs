//! Batches, as nodes take and mistake them.

use std::sync::atomic::{AtomicUsize, Ordering};

use chainbell_rpc::{Call, Pool, RpcError};
use serde_json::{Value, json};

use crate::node::{Act, Node, config, error, pool, result, status};

/// Calls `eth_echo` with each number; the answers, in order.
async fn echo(pool: &Pool, count: u64) -> Result<Vec<Result<u64, RpcError>>, RpcError> {
    let params: Vec<Value> = (0..count).map(|number| json!([number])).collect();
    let calls: Vec<_> = params.iter().map(|params| Call::new("eth_echo", params)).collect();
    let answers = pool.batch(&calls).await?;
    Ok(answers.into_iter().map(|answer| answer.and_then(|reply| reply.parse())).collect())
}

fn echoed(count: u64) -> Result<Vec<Result<u64, RpcError>>, RpcError> {
    Ok((0..count).map(Ok).collect())
}

fn each(request: &Value, answer: impl Fn(&Value) -> Value) -> Value {
    match request.as_array() {
        Some(calls) => calls.iter().map(answer).collect(),
        None => answer(request),
    }
}

fn echo_back(call: &Value) -> Value {
    result(call, call["params"][0].clone())
}

fn len(request: &Value) -> usize {
    request.as_array().map_or(1, Vec::len)
}

#[tokio::test]
async fn answers_in_any_order_are_put_in_the_order_of_the_calls() {
    let node = Node::start(|_, request| {
        let mut answers = each(request, echo_back);
        answers.as_array_mut().unwrap().reverse();
        Act::Json(answers)
    })
    .await;
    let pool = pool(&[&node]);
    assert_eq!(echo(&pool, 150).await, echoed(150));
    assert_eq!(node.requests(), 2, "a hundred at a time");
    assert_eq!(echo(&pool, 0).await, Ok(vec![]));
}

#[tokio::test]
async fn a_node_without_batches_gets_single_calls_and_is_remembered() {
    let node = Node::start(|_, request| {
        if request.is_array() {
            return Act::Json(error(&Value::Null, -32600, "batch requests are not supported"));
        }
        Act::Json(echo_back(request))
    })
    .await;
    let pool = pool(&[&node]);
    assert_eq!(echo(&pool, 5).await, echoed(5));
    assert_eq!(node.requests(), 6);
    assert_eq!(echo(&pool, 5).await, echoed(5));
    assert_eq!(node.requests(), 11, "no second batch is tried");
}

#[tokio::test]
async fn a_batch_that_is_too_large_is_halved() {
    for refusal in [413, 200] {
        let node = Node::start(move |_, request| match (len(request) > 10, refusal) {
            (true, 413) => status(413, "too large"),
            (true, _) => Act::Json(error(&Value::Null, -32005, "batch limit 10 exceeded")),
            _ => Act::Json(each(request, echo_back)),
        })
        .await;
        let pool = pool(&[&node]);
        assert_eq!(echo(&pool, 32).await, echoed(32));
        assert_eq!(node.requests(), 6, "32, 16, then four times 8");
    }
}

#[tokio::test]
async fn calls_and_batches_can_be_made_from_other_threads() {
    let node = Node::start(|_, request| Act::Json(each(request, echo_back))).await;
    let pool = pool(&[&node]);
    let batch = tokio::spawn(async move {
        let params = json!([7]);
        let call = Call::new("eth_echo", &params);
        (pool.call(&call).await.map(|_| ()), pool.batch(&[call, call]).await.map(|_| ()))
    });
    assert_eq!(batch.await.unwrap(), (Ok(()), Ok(())));
}

#[tokio::test]
async fn a_refused_call_does_not_hurt_its_neighbours() {
    let node = Node::start(|_, request| {
        Act::Json(each(request, |call| match call["params"][0].as_u64() {
            Some(1) => error(call, -32602, "invalid argument 0"),
            _ => echo_back(call),
        }))
    })
    .await;
    let answers = echo(&pool(&[&node]), 3).await.unwrap();
    assert_eq!(answers[0], Ok(0));
    assert!(matches!(answers[1], Err(RpcError::Node { code: -32602, .. })));
    assert_eq!((answers[2].clone(), node.requests()), (Ok(2), 1));
}

#[tokio::test]
async fn calls_without_an_answer_are_asked_of_another_endpoint() {
    let forgetful = Node::start(|_, request| {
        let mut answers = each(request, echo_back);
        answers.as_array_mut().unwrap().remove(1);
        Act::Json(answers)
    })
    .await;
    let other = Node::start(|_, request| Act::Json(each(request, echo_back))).await;
    assert_eq!(echo(&pool(&[&forgetful, &other]), 3).await, echoed(3));
    assert_eq!(len(&other.seen()[0].1), 1, "only what is missing");
    // Alone it says for which call it failed.
    let alone = echo(&pool(&[&forgetful]), 3).await.unwrap();
    assert!(alone[0].is_ok() && alone[1].is_err() && alone[2].is_ok(), "{alone:?}");
}

#[tokio::test]
async fn calls_limited_within_a_batch_are_asked_again() {
    let limits = AtomicUsize::new(0);
    let node = Node::start(move |n, request| {
        Act::Json(each(request, |call| {
            if n == 0 && limits.fetch_add(1, Ordering::Relaxed) >= 2 {
                return error(call, 429, "exceeded its compute units per second capacity");
            }
            echo_back(call)
        }))
    })
    .await;
    let other = Node::start(|_, request| Act::Json(each(request, echo_back))).await;
    assert_eq!(echo(&pool(&[&node, &other]), 4).await, echoed(4));
    assert_eq!((len(&other.seen()[0].1), node.requests()), (2, 1));
}

#[tokio::test]
async fn doubled_answers_and_dead_nodes_fail_the_whole_batch() {
    let doubling = Node::start(|_, request| {
        let mut answers = each(request, echo_back);
        answers[1] = answers[0].clone();
        Act::Json(answers)
    })
    .await;
    assert!(matches!(echo(&pool(&[&doubling]), 2).await, Err(RpcError::Malformed { .. })));
    let dead = Node::start(|_, _| status(503, "")).await;
    assert!(matches!(echo(&pool(&[&dead]), 2).await, Err(RpcError::Unavailable { .. })));
    let other = Node::start(|_, request| Act::Json(each(request, echo_back))).await;
    assert_eq!(echo(&pool(&[&doubling, &dead, &other]), 2).await, echoed(2));
}

#[tokio::test]
async fn a_batch_with_an_answer_beyond_the_limit_is_halved_for_this_time_only() {
    let node =
        Node::start(|_, request| Act::Json(each(request, |call| result(call, json!("x".repeat(1_000))))))
            .await;
    let mut settings = config(&[&node]);
    settings.max_response_bytes = 5_000;
    let pool = Pool::new(settings).unwrap();
    let params = json!([]);
    let calls = vec![Call::new("eth_test", &params); 8];
    assert!(pool.batch(&calls).await.unwrap().iter().all(Result::is_ok));
    assert_eq!(node.requests(), 3);
    assert!(pool.batch(&calls).await.is_ok());
    assert_eq!(node.requests(), 6);
}

#[tokio::test]
async fn a_batch_larger_than_the_rate_is_spread_over_seconds_even_beyond_the_timeout() {
    let node = Node::start(|_, request| Act::Json(each(request, echo_back))).await;
    let mut settings = config(&[&node]);
    settings.endpoints[0].rate_limit = std::num::NonZeroU32::new(4);
    let pool = Pool::new(settings).unwrap();
    let started = std::time::Instant::now();
    assert_eq!(echo(&pool, 12).await, echoed(12));
    assert!(started.elapsed() >= std::time::Duration::from_millis(1_990));
    assert_eq!(node.seen().iter().map(|(_, request)| len(request)).collect::<Vec<_>>(), [4, 4, 4]);
}
