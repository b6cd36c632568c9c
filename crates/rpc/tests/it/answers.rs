//! Answers that are no answers.

use axum::{
    body::{Body, Bytes},
    http::StatusCode,
    response::IntoResponse as _,
};
use chainbell_rpc::{Pool, RpcError};
use futures_util::stream;
use serde_json::json;

use crate::node::{Act, Node, ask, ask_text, config, pool, result, status};

const LIMIT: usize = 64 << 10;

/// What the pool says of a node, alone and beside a good one.
async fn error_of(bad: Node) -> RpcError {
    let good = Node::answering(json!("good")).await;
    let mut settings = config(&[&bad, &good]);
    settings.max_response_bytes = LIMIT;
    settings.endpoints[1].priority = 1;
    let both = Pool::new(settings.clone()).unwrap();
    assert_eq!(ask_text(&both).await, Ok("\"good\"".into()));
    settings.endpoints.truncate(1);
    ask(&Pool::new(settings).unwrap()).await.unwrap_err()
}

#[tokio::test]
async fn a_page_of_html_is_malformed() {
    let error = error_of(Node::start(|_, _| status(200, "<html>login</html>")).await).await;
    assert!(matches!(error, RpcError::Malformed { .. }), "{error}");
}

#[tokio::test]
async fn an_answer_to_another_request_is_malformed() {
    let node =
        Node::start(|_, _| Act::Json(json!({"jsonrpc": "2.0", "id": 999_999, "result": "other"}))).await;
    let error = error_of(node).await;
    assert!(
        matches!(&error, RpcError::Malformed { reason } if reason.contains("another request")),
        "{error}"
    );
}

#[tokio::test]
async fn bytes_that_are_not_text_are_malformed() {
    let error = error_of(Node::start(|_, _| status(200, vec![0xff; 100])).await).await;
    assert!(matches!(error, RpcError::Malformed { .. }), "{error}");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_broken_connection() {
    let node = Node::start(|_, _| {
        let part = Ok(Bytes::from_static(br#"{"jsonrpc":"2.0","id":1,"res"#));
        let broken = Err(std::io::Error::other("gone"));
        status(200, Body::from_stream(stream::iter([part, broken])))
    })
    .await;
    let error = error_of(node).await;
    assert!(matches!(error, RpcError::Unavailable { .. }), "{error}");
    let cut = Node::start(|_, _| status(200, r#"{"jsonrpc":"2.0","id":1,"result":[1,2"#)).await;
    assert!(matches!(error_of(cut).await, RpcError::Malformed { .. }));
}

#[tokio::test]
async fn a_giant_body_is_refused_announced_or_not() {
    let announced = Node::start(|_, _| status(200, " ".repeat(LIMIT + 1))).await;
    assert_eq!(error_of(announced).await, RpcError::ResponseTooLarge { limit: LIMIT });
    let endless = Node::start(|_, _| {
        let chunks = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 1_024])));
        status(200, Body::from_stream(chunks))
    })
    .await;
    assert_eq!(error_of(endless).await, RpcError::ResponseTooLarge { limit: LIMIT });
}

/// A gzip member of spaces by hand: one literal, then references of 258 bytes back by one (RFC 1951, fixed codes).
fn gzip_bomb(references: usize) -> Vec<u8> {
    let mut bits: Vec<bool> = vec![true, true, false];
    let mut code = |text: &str| bits.extend(text.bytes().map(|bit| bit == b'1'));
    code("01010000");
    for _ in 0..references {
        code("1100010100000");
    }
    code("0000000");
    let mut bomb = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    bomb.extend(bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |acc, bit| acc << 1 | u8::from(*bit))));
    bomb
}

#[tokio::test]
async fn a_compressed_bomb_is_counted_by_what_it_becomes() {
    let bomb = gzip_bomb(1_000);
    assert!(bomb.len() < 2_000 && 1_000 * 258 > LIMIT);
    let node = Node::start(move |_, _| {
        Act::Http((StatusCode::OK, [("content-encoding", "gzip")], bomb.clone()).into_response())
    })
    .await;
    assert_eq!(error_of(node).await, RpcError::ResponseTooLarge { limit: LIMIT });
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let target = Node::answering(json!("stolen")).await;
    let url = target.url.to_string();
    let node = Node::start(move |_, _| {
        Act::Http((StatusCode::TEMPORARY_REDIRECT, [("location", url.clone())], "").into_response())
    })
    .await;
    let error = error_of(node).await;
    assert!(
        matches!(&error, RpcError::Misconfigured { reason, .. } if reason.contains("redirect")),
        "{error}"
    );
    assert_eq!(target.requests(), 0);
}

#[tokio::test]
async fn the_result_is_handed_over_as_it_was_sent() {
    let value = json!({"number": "0x1", "deep": [[[null]]]});
    let node = Node::start({
        let value = value.clone();
        move |n, request| Act::Json(result(request, if n == 0 { value.clone() } else { json!(null) }))
    })
    .await;
    let pool = pool(&[&node]);
    let reply = ask(&pool).await.unwrap();
    assert_eq!(reply.raw(), value.to_string());
    assert_eq!(reply.parse::<serde_json::Value>(), Ok(value));
    assert!(!reply.is_null());
    assert!(ask(&pool).await.unwrap().is_null());
    let sent = node.seen();
    assert_eq!(sent[0].1["method"], "eth_test");
    assert_ne!(sent[0].1["id"], sent[1].1["id"]);
}
