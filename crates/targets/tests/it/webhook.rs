//! The webhook target against receivers that behave and receivers that do not.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chainbell_model::{Outcome, Reached, Target};
use chainbell_targets::{BuildContext, kinds, render_cloudevent, validate};
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};

use crate::{
    message::{facts, message},
    receiver::{Behaviour, Receiver},
};

fn target(mut settings: Value) -> Arc<dyn Target> {
    settings["type"] = "webhook".into();
    let valid = validate(kinds(), &settings).unwrap();
    valid.settings.build(&BuildContext::new(true)).unwrap()
}

async fn send(target: &Arc<dyn Target>) -> Outcome {
    let mut outcomes = target.send(&[message(facts())]).await;
    assert_eq!(outcomes.len(), 1);
    outcomes.remove(0)
}

async fn send_to(behaviour: Behaviour) -> Outcome {
    let receiver = Receiver::start(behaviour).await;
    send(&target(json!({"url": receiver.url(), "timeout": "300ms"}))).await
}

fn ok() -> Behaviour {
    Behaviour::status("200 OK", "", "thanks")
}

#[tokio::test]
async fn a_message_arrives_signed_with_its_headers() {
    let receiver = Receiver::start(ok()).await;
    let target = target(json!({
        "url": receiver.url(), "method": "PUT", "secret": ["first key", "whsec_c2Vjb25kIGtleQ=="],
        "headers": {"Authorization": "Bearer t0ken", "x-team": "treasury"},
    }));
    assert_eq!(send(&target).await, Outcome::Delivered { detail: "200 OK: thanks".into() });
    let got = receiver.received().remove(0);
    let message = message(facts());
    assert_eq!(got.request_line, "PUT /hook HTTP/1.1");
    assert_eq!(got.body, render_cloudevent(&message));
    let header = |name: &str| got.headers[name].as_str();
    assert_eq!(header("webhook-id"), message.id.to_string());
    assert_eq!(header("content-type"), "application/cloudevents+json");
    assert_eq!(header("user-agent"), concat!("chainbell/", env!("CARGO_PKG_VERSION")));
    assert_eq!((header("authorization"), header("x-team")), ("Bearer t0ken", "treasury"));

    let timestamp = header("webhook-timestamp");
    let age = jiff::Timestamp::now().as_second() - timestamp.parse::<i64>().unwrap();
    assert!((0..60).contains(&age), "{age}");
    let expected: Vec<_> = ["first key", "second key"]
        .iter()
        .map(|key| {
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap();
            mac.update(format!("{}.{timestamp}.", message.id).as_bytes());
            mac.update(&got.body);
            format!(
                "v1,{}",
                base64::Engine::encode(&base64::prelude::BASE64_STANDARD, mac.finalize().into_bytes())
            )
        })
        .collect();
    assert_eq!(header("webhook-signature"), expected.join(" "));
}

#[tokio::test]
async fn a_template_replaces_the_body_and_its_type() {
    let receiver = Receiver::start(ok()).await;
    let body = r#"{"content":{{ monitor|tojson }}}"#;
    send(&target(json!({"url": receiver.url(), "body": body}))).await;
    let rejected = send(&target(json!({"url": receiver.url(), "body": "{{ event.args.nothing }}"}))).await;
    assert!(matches!(rejected, Outcome::Rejected { .. }), "{rejected:?}");
    let got = receiver.received();
    assert_eq!(got.len(), 1, "what cannot be rendered is not sent");
    assert_eq!(got[0].body, br#"{"content":"large-usdc-transfers"}"#);
    assert_eq!(got[0].headers["content-type"], "application/json");
    assert!(!got[0].headers.contains_key("webhook-signature"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Receiver::start(ok()).await;
    let location = format!("location: {}\r\n", elsewhere.url());
    let outcome = send_to(Behaviour::status("307 Temporary Redirect", &location, "")).await;
    let Outcome::Retry { reason, reached: Reached::No, .. } = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("redirects are refused"), "{reason}");
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn gone_is_final_and_retry_after_is_told() {
    let gone = send_to(Behaviour::status("410 Gone", "", "")).await;
    assert_eq!(gone, Outcome::Rejected { reason: "410 Gone".into() });
    let busy = send_to(Behaviour::status("429 Too Many Requests", "retry-after: 17\r\n", "slow down")).await;
    let reason = "429 Too Many Requests: slow down".into();
    assert_eq!(busy, Outcome::Retry { after: Some(Duration::from_secs(17)), reason, reached: Reached::No });
}

#[tokio::test]
async fn no_answer_leaves_open_whether_it_was_taken() {
    for behaviour in
        [Behaviour::Silence, Behaviour::HangUp, Behaviour::Trickle(b"HTTP/1.1 200 OK\r\nx: ".to_vec())]
    {
        let started = Instant::now();
        let outcome = send_to(behaviour.clone()).await;
        assert!(
            matches!(outcome, Outcome::Retry { reached: Reached::Maybe, .. }),
            "{behaviour:?}: {outcome:?}"
        );
        assert!(started.elapsed() < Duration::from_secs(5), "{behaviour:?}");
    }
}

#[tokio::test]
async fn the_time_out_covers_a_body_that_trickles() {
    let started = Instant::now();
    let head = b"HTTP/1.1 500 Oops\r\ncontent-length: 100000\r\n\r\nwhy".to_vec();
    let outcome = send_to(Behaviour::Trickle(head)).await;
    assert!(
        matches!(&outcome, Outcome::Retry { reason, .. } if reason.starts_with("500 Internal")),
        "{outcome:?}"
    );
    assert!(started.elapsed() < Duration::from_secs(5));
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n".to_vec();
    assert!(matches!(send_to(Behaviour::Trickle(head)).await, Outcome::Delivered { .. }), "200 is 200");
}

#[tokio::test]
async fn a_giant_body_is_not_read() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n".to_vec();
    let receiver = Receiver::start(Behaviour::Flood(head)).await;
    let outcome = send(&target(json!({"url": receiver.url()}))).await;
    let Outcome::Delivered { detail } = outcome else { panic!("{outcome:?}") };
    assert_eq!(detail, format!("200 OK: {}", "x".repeat(200)));
    // What was written beyond the cap stands in socket buffers; a gigabyte would not.
    assert!(receiver.flooded_bytes() < 64 << 20, "{}", receiver.flooded_bytes());
}

#[tokio::test]
async fn private_receivers_are_refused_by_address_and_by_name() {
    let receiver = Receiver::start(ok()).await;
    let strict = BuildContext::new(false);
    let valid = |url: String| validate(kinds(), &json!({"type": "webhook", "url": url})).unwrap().settings;
    let error = valid(receiver.url()).build(&strict).unwrap_err().to_string();
    assert_eq!(
        error,
        "127.0.0.1 is a loopback address, not a public address; set allow_private = true if this is meant"
    );
    let by_name = valid(format!("http://localhost:{}/hook", receiver.port)).build(&strict).unwrap();
    let outcome = send(&by_name).await;
    let reason = "localhost is a loopback address, not a public address".into();
    assert_eq!(outcome, Outcome::Retry { after: None, reason, reached: Reached::No });
    assert_eq!(receiver.connections(), 0);

    let table = json!({"type": "webhook", "url": receiver.url(), "allow_private": true});
    let meant = validate(kinds(), &table).unwrap().settings.build(&strict).unwrap();
    assert!(matches!(send(&meant).await, Outcome::Delivered { .. }));
}

#[tokio::test]
async fn a_receiver_that_is_not_there_was_not_reached() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let refused = send(&target(json!({"url": url}))).await;
    let Outcome::Retry { reason, reached: Reached::No, .. } = refused else { panic!("{refused:?}") };
    assert!(reason.starts_with("could not connect: Connection refused"), "{reason}");
    let unknown = send(&target(json!({"url": "http://no-such-host.invalid/"}))).await;
    assert!(matches!(unknown, Outcome::Retry { reached: Reached::No, .. }), "{unknown:?}");
}

#[tokio::test]
async fn a_connection_that_ends_before_it_is_encrypted_did_not_reach_the_receiver() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let outcome = send(&target(json!({"url": url}))).await;
    let Outcome::Retry { reason, reached: Reached::No, .. } = outcome else { panic!("{outcome:?}") };
    assert!(reason.starts_with("could not connect: "), "{reason}");
}

#[tokio::test]
async fn connections_are_used_again_and_bounded_by_the_sends_at_a_time() {
    let receiver = Receiver::start(ok()).await;
    let target = target(json!({"url": receiver.url()}));
    let senders = (0..8).map(|_| async {
        for _ in 0..50 {
            assert!(matches!(send(&target).await, Outcome::Delivered { .. }));
        }
    });
    futures_util::future::join_all(senders).await;
    assert_eq!(receiver.received().len(), 400);
    assert!(receiver.connections() <= 8, "{}", receiver.connections());
}

#[tokio::test]
async fn secrets_are_shown_nowhere() {
    let table = |url: &str| {
        json!({
            "type": "webhook", "url": url, "secret": "hush-signing",
            "headers": {"authorization": "Bearer hush-header"},
        })
    };
    let hidden = ["hush-signing", "hush-header", "hush-query", "hush-path"];
    let shows = |text: &str| hidden.iter().find(|secret| text.contains(*secret)).copied();

    let echo = "you said Bearer hush-header to /hook/hush-path with key=hush-query";
    let receiver = Receiver::start(Behaviour::status("200 OK", "", echo)).await;
    let url = format!("{}/hush-path?key=hush-query", receiver.url());
    let settings = validate(kinds(), &table(&url)).unwrap().settings;
    let target = settings.build(&BuildContext::new(true)).unwrap();
    assert_eq!(shows(&format!("{settings:?} {target:?}")), None);
    let outcome = format!("{:?}", send(&target).await);
    assert_eq!(shows(&outcome), None, "{outcome}");
    assert!(outcome.contains("you said *** to *** with ***"), "{outcome}");

    for behaviour in [Behaviour::HangUp, Behaviour::Answer(b"nonsense\r\n\r\n".to_vec())] {
        let receiver = Receiver::start(behaviour).await;
        let url = format!("{}/hush-path?key=hush-query", receiver.url());
        let target =
            validate(kinds(), &table(&url)).unwrap().settings.build(&BuildContext::new(true)).unwrap();
        assert_eq!(shows(&format!("{:?}", send(&target).await)), None);
    }
    let errors = validate(kinds(), &table("https://user:hush-path@x.example/?hush-query")).unwrap_err();
    assert_eq!(shows(&format!("{errors:?}")), None, "{errors:?}");
}

#[test]
fn settings_that_could_not_work_are_refused() {
    for (key, value, message) in [
        ("url", json!("nonsense"), "is not a URL: relative URL without a base"),
        (
            "url",
            json!("https://a:b@x.example"),
            "must not hold credentials; set the header authorization instead",
        ),
        ("method", json!("GET"), "must be POST, PUT or PATCH"),
        ("secret", json!(["good", ""]), "is empty"),
        ("secret", json!("whsec_!"), "must be base64 after whsec_"),
        ("secret", json!([]), "must be text or a list of 1 to 8 texts"),
        ("timeout", json!("0s"), "must be longer than nothing"),
        ("timeout", json!("1h"), "must be at most 300s"),
        ("body", json!("{{ x }}"), "the template names the unknown variable \"x\""),
        ("content_type", json!("a\nb"), "must be a media type"),
        ("allow_private", json!("yes"), "must be true or false"),
    ] {
        let mut table = json!({"type": "webhook", "url": "https://x.example"});
        table[key] = value;
        let errors = validate(kinds(), &table).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!((errors[0].key.as_str(), errors[0].message.as_str()), (key, message));
    }
    let belongs = "cannot be set: it belongs to the message or the connection";
    for (name, value, message) in [
        ("Webhook-Id", "x", belongs),
        ("webhook-anything", "x", belongs),
        ("HOST", "x", belongs),
        ("content-length", "1", belongs),
        ("Content-Type", "text/plain", "is set with content_type"),
        ("x y", "x", "is not a header's name"),
        ("x", "a\r\nb: c", "holds characters that a header cannot"),
    ] {
        let table = json!({"type": "webhook", "url": "https://x.example", "headers": {name: value}});
        let errors = validate(kinds(), &table).unwrap_err();
        assert_eq!(errors[0].to_string(), format!("headers.{name}: {message}"));
    }
}
