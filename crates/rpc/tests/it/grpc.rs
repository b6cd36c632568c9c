//! The gRPC pool: one endpoint fails, another answers.

use std::time::{Duration, Instant};

use chainbell_rpc::{GrpcCall, GrpcPool, RpcError};
use tonic::{Code, Status};

use crate::grpc_node::{Act, METHOD, Node, ask, config, pool, say, word};

#[tokio::test]
async fn the_preferred_endpoint_answers_and_another_when_it_does_not() {
    let first =
        Node::start(|n| if n == 0 { Act::Say("one") } else { Act::Fail(Status::unavailable("gone")) }).await;
    let second = Node::saying("two").await;
    let pool = pool(&[&first, &second]);
    assert_eq!(word(&pool).await, Ok("one".into()));
    assert_eq!(second.requests(), 0);
    assert_eq!(word(&pool).await, Ok("two".into()));
    let status = pool.status();
    assert_eq!((status[0].state, status[0].failures, status[1].state), ("degraded", 1, "ok"));
    assert!(status[0].last_error.as_deref().unwrap().contains("gone"));
    assert_eq!(pool.len(), 2);
}

#[tokio::test]
async fn a_server_that_fails_is_asked_again_when_it_is_the_only_one() {
    let node =
        Node::start(|n| if n < 3 { Act::Fail(Status::internal("hiccup")) } else { Act::Say("one") }).await;
    assert_eq!(word(&pool(&[&node])).await, Ok("one".into()));
    let broken = Node::failing(|| Status::unknown("broken")).await;
    let error = word(&pool(&[&broken])).await.unwrap_err();
    assert!(matches!(&error, RpcError::Unavailable { reason, .. } if reason.contains("broken")), "{error}");
    assert_eq!(broken.requests(), 4);
}

#[tokio::test]
async fn nobody_at_the_address_is_told_with_the_cause() {
    let gone = Node::saying("one").await;
    let pool = pool(&[&gone]);
    drop(gone);
    let deadline = Instant::now() + Duration::from_secs(5);
    let error = loop {
        match word(&pool).await {
            Err(error) => break error.to_string(),
            Ok(_) => assert!(Instant::now() < deadline),
        }
    };
    assert!(error.contains("refused") || error.contains("closed") || error.contains("broken"), "{error}");
}

#[tokio::test]
async fn a_silent_endpoint_is_left_for_another() {
    let silent = Node::start(|_| Act::Hang).await;
    let other = Node::saying("two").await;
    let mut config = config(&[&silent, &other]);
    config.timeout = Duration::from_millis(200);
    assert_eq!(word(&GrpcPool::new(config.clone()).unwrap()).await, Ok("two".into()));
    config.endpoints.truncate(1);
    let timeout = RpcError::Timeout { after: Duration::from_millis(200) };
    assert_eq!(word(&GrpcPool::new(config).unwrap()).await, Err(timeout));
}

#[tokio::test]
async fn an_endpoint_slower_than_usual_is_raced_by_another() {
    let slow = Node::start(|n| if n < 30 { Act::Say("one") } else { Act::Hang }).await;
    let other = Node::saying("two").await;
    let pool = pool(&[&slow, &other]);
    for _ in 0..30 {
        word(&pool).await.unwrap();
    }
    let started = Instant::now();
    assert_eq!(word(&pool).await, Ok("two".into()));
    assert!(started.elapsed() < Duration::from_millis(1_000));
}

#[tokio::test]
async fn a_limited_endpoint_is_left_alone_for_as_long_as_it_asks() {
    let by_status = || {
        let mut status = Status::resource_exhausted("slow down");
        status.metadata_mut().insert("retry-after", "60".parse().unwrap());
        status
    };
    let by_proxy = |_| Act::Http(429, &[("retry-after", "60")]);
    for limited in [Node::failing(by_status).await, Node::start(by_proxy).await] {
        let other = Node::saying("two").await;
        let both = pool(&[&limited, &other]);
        for _ in 0..3 {
            assert_eq!(word(&both).await, Ok("two".into()));
        }
        assert_eq!((limited.requests(), other.requests()), (1, 3));
        assert_eq!(both.status()[0].state, "degraded");
        let Err(RpcError::RateLimited { retry_after: Some(wait) }) = word(&pool(&[&limited])).await else {
            panic!("limited")
        };
        assert!(wait > Duration::from_secs(50));
    }
}

#[tokio::test]
async fn the_rate_budget_is_kept() {
    let node = Node::saying("one").await;
    let mut config = config(&[&node]);
    config.endpoints[0].rate_limit = std::num::NonZeroU32::new(5);
    let pool = GrpcPool::new(config).unwrap();
    let started = Instant::now();
    for _ in 0..6 {
        word(&pool).await.unwrap();
    }
    assert!(started.elapsed() >= Duration::from_millis(950));
}

#[tokio::test]
async fn missing_data_is_looked_for_elsewhere_and_then_told() {
    let lacking = Node::failing(|| Status::not_found("checkpoint 7")).await;
    let other = Node::saying("two").await;
    let both = pool(&[&lacking, &other]);
    assert_eq!(word(&both).await, Ok("two".into()));
    assert_eq!(both.status()[0].state, "ok");
    let code = i64::from(i32::from(Code::NotFound));
    let alone = word(&pool(&[&lacking])).await;
    assert_eq!(alone, Err(RpcError::Node { code, message: "checkpoint 7".into() }));
    assert_eq!(lacking.requests(), 2);
}

#[tokio::test]
async fn a_refusal_of_the_request_is_returned_at_once() {
    let node = Node::failing(|| Status::invalid_argument("no such field")).await;
    let other = Node::saying("two").await;
    let pool = pool(&[&node, &other]);
    assert!(matches!(word(&pool).await, Err(RpcError::Node { code: 3, .. })));
    assert_eq!((other.requests(), pool.status()[0].state), (0, "ok"));
}

#[tokio::test]
async fn an_endpoint_without_the_method_is_remembered() {
    let old = Node::failing(|| Status::unimplemented("")).await;
    let new = Node::saying("two").await;
    let both = pool(&[&old, &new]);
    for _ in 0..3 {
        assert_eq!(word(&both).await, Ok("two".into()));
    }
    assert_eq!((old.requests(), new.requests()), (1, 3));
    assert_eq!(word(&pool(&[&old])).await, Err(RpcError::MethodMissing { method: METHOD.into() }));
}

#[tokio::test]
async fn a_wrong_key_is_told_unless_the_endpoint_has_answered_before() {
    let denied = || Status::permission_denied("no");
    let node = Node::start(move |n| if n == 0 { Act::Say("one") } else { Act::Fail(denied()) }).await;
    let proven = pool(&[&node]);
    word(&proven).await.unwrap();
    assert!(matches!(word(&proven).await, Err(RpcError::Unavailable { .. })));
    for node in [node, Node::start(|_| Act::Http(401, &[])).await] {
        let error = word(&pool(&[&node])).await.unwrap_err();
        assert!(matches!(&error, RpcError::Misconfigured { .. }), "{error}");
    }
}

#[tokio::test]
async fn too_large_a_message_is_not_read() {
    let node = Node::start(|_| Act::Large(100_000)).await;
    let mut config = config(&[&node]);
    config.max_response_bytes = 50_000;
    let small = GrpcPool::new(config.clone()).unwrap();
    assert_eq!(word(&small).await, Err(RpcError::ResponseTooLarge { limit: 50_000 }));
    config.max_response_bytes = 200_000;
    assert_eq!(word(&GrpcPool::new(config).unwrap()).await.unwrap().len(), 100_000);
}

#[tokio::test]
async fn an_endpoint_behind_the_best_head_is_not_asked() {
    let (behind, ahead) = (Node::saying("one").await, Node::saying("two").await);
    let pool = pool(&[&behind, &ahead]);
    let endpoints: Vec<_> = pool.endpoints().collect();
    pool.note_head(endpoints[0], 90);
    pool.note_head(endpoints[1], 100);
    assert_eq!((word(&pool).await, pool.best_head()), (Ok("two".into()), Some(100)));
    assert_eq!(pool.status()[0].state, "lagging");
    pool.note_head(endpoints[0], 100);
    assert_eq!(word(&pool).await, Ok("one".into()));
    // And one that was caught with wrong answers is left alone.
    for _ in 0..3 {
        pool.report_bad_answer(endpoints[0], "it contradicts itself");
    }
    assert_eq!(word(&pool).await, Ok("two".into()));
    assert_eq!(pool.status()[0].state, "open");
}

#[tokio::test]
async fn exactly_the_one_asked_answers_and_the_avoided_one_does_not() {
    let (first, second) = (Node::saying("one").await, Node::saying("two").await);
    let pool = pool(&[&first, &second]);
    let chosen = ask(&pool).await.unwrap().endpoint;
    let call = GrpcCall::new(METHOD).avoiding(Some(chosen)).without_hedging();
    assert_eq!(pool.call(call, say).await.unwrap().value, "two");
    for (endpoint, word) in pool.endpoints().zip(["one", "two"]) {
        assert_eq!(pool.call_on(endpoint, METHOD, say).await.unwrap(), word);
    }
    let error = pool.report_broken(chosen, METHOD, &Status::unavailable("the stream ended"));
    assert!(matches!(error, RpcError::Unavailable { .. }));
    assert_eq!(pool.status()[0].failures, 1);
}

#[tokio::test]
async fn keys_travel_in_headers_and_path_and_show_nowhere() {
    let node = Node::failing(|| Status::internal("cannot serve topsecretkey at /v9/pathsecretkey")).await;
    let mut config = config(&[&node]);
    let endpoint = &mut config.endpoints[0];
    endpoint.url =
        format!("{}v9/pathsecretkey/", node.url).replace("http://", "http://me:hunter2@").parse().unwrap();
    endpoint.add_header("x-api-key", "topsecretkey").unwrap();
    let pool = GrpcPool::new(config.clone()).unwrap();
    let told = format!("{:?} {pool:?} {:?}", word(&pool).await.unwrap_err(), pool.status());
    for secret in ["topsecretkey", "pathsecretkey", "hunter2"] {
        assert!(!told.contains(secret), "{told}");
    }
    let (path, headers) = node.seen().remove(0);
    assert_eq!(path, "/v9/pathsecretkey/test.Echo/Say");
    assert_eq!(headers["x-api-key"], "topsecretkey");
    assert_eq!(headers["authorization"], "Basic bWU6aHVudGVyMg==");
    for url in ["ftp://host/", "http://host/?key=topsecretkey"] {
        config.endpoints[0].url = url.parse().unwrap();
        let error = format!("{:?}", GrpcPool::new(config.clone()).unwrap_err());
        assert!(error.contains("Misconfigured") && !error.contains("topsecretkey"), "{error}");
    }
    config.endpoints[0].url = "https://host/".parse().unwrap();
    assert!(GrpcPool::new(config.clone()).is_ok());
    config.endpoints.clear();
    assert!(GrpcPool::new(config).is_err());
}
