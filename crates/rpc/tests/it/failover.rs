//! One endpoint fails, another answers.

use std::time::{Duration, Instant};

use axum::{http::StatusCode, response::IntoResponse as _};
use chainbell_rpc::{Call, Hedging, Pool, RpcError};
use serde_json::json;

use crate::node::{Act, Node, ask, ask_text, config, error, pool, result, status};

fn too_many(retry_after: &'static str) -> Act {
    Act::Http((StatusCode::TOO_MANY_REQUESTS, [("retry-after", retry_after)], "slow down").into_response())
}

#[tokio::test]
async fn a_limited_endpoint_is_left_alone_for_as_long_as_it_asks() {
    let limited = Node::start(|_, _| too_many("60")).await;
    let other = Node::answering(json!(7)).await;
    let pool = pool(&[&limited, &other]);
    for _ in 0..3 {
        assert_eq!(ask_text(&pool).await, Ok("7".into()));
    }
    assert_eq!((limited.requests(), other.requests()), (1, 3));
    assert_eq!(pool.status()[0].state, "degraded");
}

#[tokio::test]
async fn the_only_endpoint_is_waited_for_within_the_timeout_and_named_beyond_it() {
    let brief =
        Node::start(|n, request| if n == 0 { too_many("1") } else { Act::Json(result(request, json!(1))) })
            .await;
    let started = Instant::now();
    assert_eq!(ask_text(&pool(&[&brief])).await, Ok("1".into()));
    assert!(started.elapsed() >= Duration::from_millis(990));
    let long = Node::start(|_, _| too_many("60")).await;
    let Err(RpcError::RateLimited { retry_after: Some(wait) }) = ask(&pool(&[&long])).await else {
        panic!("limited")
    };
    assert!(wait > Duration::from_secs(50) && wait <= Duration::from_secs(60));
}

#[tokio::test]
async fn server_errors_are_repeated_on_the_only_endpoint() {
    let node = Node::start(
        |n, request| if n < 3 { status(502, "bad") } else { Act::Json(result(request, json!(1))) },
    )
    .await;
    assert_eq!(ask_text(&pool(&[&node])).await, Ok("1".into()));
    assert_eq!((node.requests(), pool(&[&node]).len()), (4, 1));
    let broken = Node::start(|_, _| status(500, "broken")).await;
    let error = ask(&pool(&[&broken])).await.unwrap_err();
    assert!(matches!(&error, RpcError::Unavailable { reason, .. } if reason.contains("500")), "{error}");
    assert_eq!(broken.requests(), 4);
}

#[tokio::test]
async fn nobody_at_the_address_is_told_with_the_cause() {
    let gone = Node::answering(json!(1)).await;
    let closed = pool(&[&gone]);
    drop(gone);
    // The listener closes when its task is dropped by the runtime.
    let deadline = Instant::now() + Duration::from_secs(5);
    let error = loop {
        match ask(&closed).await {
            Err(error) => break error,
            Ok(_) => assert!(Instant::now() < deadline),
        }
    };
    assert!(matches!(&error, RpcError::Unavailable { .. }), "{error}");
}

#[tokio::test]
async fn a_silent_endpoint_is_left_for_another_and_two_of_them_end_the_call() {
    let silent = Node::start(|_, _| Act::Hang).await;
    let other = Node::answering(json!(1)).await;
    let mut config = config(&[&silent, &other]);
    config.timeout = Duration::from_millis(200);
    config.endpoints[1].priority = 1;
    assert_eq!(ask_text(&Pool::new(config.clone()).unwrap()).await, Ok("1".into()));
    let second = Node::start(|_, _| Act::Hang).await;
    config.endpoints[1].url = second.url.clone();
    let timeout = RpcError::Timeout { after: Duration::from_millis(200) };
    assert_eq!(ask(&Pool::new(config).unwrap()).await.unwrap_err(), timeout);
}

#[tokio::test]
async fn a_refusal_of_the_request_is_returned_at_once() {
    let text = "query returned more than 10000 results";
    let node = Node::start(move |_, request| Act::Json(error(request, -32005, text))).await;
    let other = Node::answering(json!(1)).await;
    let pool = pool(&[&node, &other]);
    assert_eq!(ask(&pool).await.unwrap_err(), RpcError::Node { code: -32005, message: text.into() });
    assert_eq!(other.requests(), 0);
    assert_eq!(pool.status()[0].state, "ok");
}

#[tokio::test]
async fn a_refusal_with_an_http_status_counts_by_its_words() {
    let refused =
        Node::start(|_, request| status(400, error(request, -32602, "block range is too wide").to_string()))
            .await;
    let other = Node::answering(json!(1)).await;
    let error_of = ask(&pool(&[&refused, &other])).await.unwrap_err();
    assert!(matches!(error_of, RpcError::Node { code: -32602, .. }));
    let too_large = Node::start(|_, _| status(413, "")).await;
    assert_eq!(ask(&pool(&[&too_large, &other])).await.unwrap_err(), RpcError::RequestTooLarge);
    assert_eq!(other.requests(), 0);
}

#[tokio::test]
async fn missing_data_is_looked_for_elsewhere_and_then_told() {
    let lacking = Node::start(|_, request| Act::Json(error(request, -32000, "header not found"))).await;
    let other = Node::answering(json!(1)).await;
    assert_eq!(ask_text(&pool(&[&lacking, &other])).await, Ok("1".into()));
    let alone = ask(&pool(&[&lacking])).await.unwrap_err();
    assert_eq!(alone, RpcError::Node { code: -32000, message: "header not found".into() });
    assert_eq!(lacking.requests(), 2);
}

#[tokio::test]
async fn an_endpoint_without_the_method_is_remembered() {
    let old = Node::start(|_, request| Act::Json(error(request, -32601, "the method does not exist"))).await;
    let new = Node::answering(json!(1)).await;
    let both = pool(&[&old, &new]);
    for _ in 0..3 {
        assert_eq!(ask_text(&both).await, Ok("1".into()));
    }
    assert_eq!((old.requests(), new.requests()), (1, 3));
    let missing = RpcError::MethodMissing { method: "eth_test".into() };
    assert_eq!(ask(&pool(&[&old])).await.unwrap_err(), missing);
}

#[tokio::test]
async fn a_wrong_key_is_told_unless_the_endpoint_has_answered_before() {
    let node =
        Node::start(|n, request| if n == 0 { Act::Json(result(request, json!(1))) } else { status(403, "") })
            .await;
    let proven = pool(&[&node]);
    ask(&proven).await.unwrap();
    assert!(matches!(ask(&proven).await, Err(RpcError::Unavailable { .. })));
    let Err(RpcError::Misconfigured { reason, .. }) = ask(&pool(&[&node])).await else {
        panic!("misconfigured")
    };
    assert!(reason.contains("403"), "{reason}");
}

#[tokio::test]
async fn the_avoided_endpoint_is_asked_only_when_it_is_the_only_one() {
    let first = Node::answering(json!(1)).await;
    let second = Node::answering(json!(2)).await;
    let both = pool(&[&first, &second]);
    let endpoint = ask(&both).await.unwrap().endpoint;
    let params = json!([]);
    let call = Call::new("eth_test", &params).avoiding(Some(endpoint)).without_hedging();
    assert_eq!(call.hedging, Hedging::Off);
    assert_eq!(both.call(&call).await.unwrap().raw(), "2");
    assert_eq!(pool(&[&first]).call(&call).await.unwrap().raw(), "1");
    assert_eq!(both.call_on(endpoint, &call).await.unwrap().raw(), "1");
}

#[tokio::test]
async fn a_pool_needs_usable_endpoints() {
    let node = Node::answering(json!(1)).await;
    let mut config = config(&[&node]);
    config.endpoints[0].url = "ftp://user:hunter2@host/secretpath".parse().unwrap();
    let text = format!("{:?}", Pool::new(config.clone()).unwrap_err());
    assert!(text.contains("ftp://host") && !text.contains("hunter2") && !text.contains("secret"), "{text}");
    config.endpoints.clear();
    assert!(matches!(Pool::new(config), Err(RpcError::Misconfigured { .. })));
}
