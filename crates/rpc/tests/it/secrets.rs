//! Whatever goes wrong, no key is shown.

use axum::{http::StatusCode, response::IntoResponse as _};
use chainbell_rpc::{Call, Pool, Subscription, SubscriptionConfig};
use serde_json::json;

use crate::node::{Act, Node, ask, config, error, status};

const SECRETS: [&str; 4] = ["pathkey0123456789", "querykey", "passw0rd", "headerkey"];

fn assert_hidden(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} is shown: {text}");
    }
}

#[tokio::test]
async fn no_failure_shows_a_key() {
    let echo = "cannot serve /v3/pathkey0123456789?key=querykey for me:passw0rd with headerkey";
    let acts: [fn(&'static str) -> Act; 8] = [
        |echo| status(500, echo),
        |echo| status(401, echo),
        |echo| status(200, echo),
        |echo| Act::Http((StatusCode::FOUND, [("location", echo)], echo).into_response()),
        |echo| Act::Json(error(&json!({"id": null}), -32000, echo)),
        |echo| Act::Json(error(&json!({"id": null}), -32602, echo)),
        |echo| Act::Json(error(&json!({"id": null}), -32000, &format!("{echo}: server busy"))),
        |_| Act::Hang,
    ];
    for act in acts {
        let node = Node::start(move |_, _| act(echo)).await;
        let mut settings = config(&[&node]);
        settings.timeout = std::time::Duration::from_millis(200);
        let url = &mut settings.endpoints[0].url;
        url.set_path("/v3/pathkey0123456789");
        url.set_query(Some("key=querykey"));
        url.set_username("me").unwrap();
        url.set_password(Some("passw0rd")).unwrap();
        settings.endpoints[0].add_header("x-api-key", "headerkey").unwrap();
        assert_hidden(&format!("{settings:?}"));
        let pool = Pool::new(settings).unwrap();
        let failure = ask(&pool).await.unwrap_err();
        assert_hidden(&format!("{failure} {failure:?} {pool:?} {:?}", pool.status()));
        let params = json!([]);
        let calls = vec![Call::new("m", &params); 2];
        assert_hidden(&format!("{:?}", pool.batch(&calls).await.map(|_| ())));
        let (headers, _) = &node.seen()[0];
        assert_eq!(headers["authorization"], "Basic bWU6cGFzc3cwcmQ=");
        assert_eq!(headers["x-api-key"], "headerkey");
        drop(node);
        assert_hidden(&format!("{:?}", ask(&pool).await));
    }
}

#[tokio::test]
async fn a_bad_header_is_refused_without_its_value() {
    let node = Node::answering(json!(1)).await;
    let mut settings = config(&[&node]);
    let failure = settings.endpoints[0].add_header("x-api-key", "headerkey\n").unwrap_err();
    assert_hidden(&failure.to_string());
    assert!(failure.to_string().contains("x-api-key"));
    assert!(settings.endpoints[0].add_header("no name", "v").is_err());
}

#[tokio::test]
async fn a_subscription_that_cannot_connect_shows_no_key() {
    let node = Node::start(|_, _| status(401, "pathkey0123456789")).await;
    let url = format!("ws://me:passw0rd@{}/pathkey0123456789?k=querykey", node.url.authority());
    let config = SubscriptionConfig::new(url.parse().unwrap(), "eth_subscribe", json!(["newHeads"]));
    let subscription = Subscription::start(config).unwrap();
    let state = crate::pushes::until(&subscription, |state| state.last_error.is_some()).await;
    assert_hidden(&format!("{state:?} {subscription:?}"));
    assert!(state.last_error.unwrap().contains("401"));
    assert_eq!(node.seen()[0].0["authorization"], "Basic bWU6cGFzc3cwcmQ=");
}
