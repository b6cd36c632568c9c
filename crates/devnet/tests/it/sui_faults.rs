//! The Sui network misbehaving.

use std::time::{Duration, Instant};

use chainbell_devnet::{
    SuiDevnet,
    sui::{Fault, FaultRule},
};
use serde_json::{Value, json};
use sui_rpc::{
    Client,
    client::ResponseExt as _,
    proto::sui::rpc::v2::{
        GetServiceInfoRequest, ListCheckpointsRequest, SubscribeCheckpointsRequest,
        SubscribeCheckpointsResponse,
    },
};
use tonic::{Code, Status, Streaming};

use crate::sui_support::{checkpoint, client, devnet, mask};

/// The status of a call while these faults strike, and that all is well after them.
async fn struck(devnet: &SuiDevnet, client: &Client, fault: Fault) -> Status {
    devnet.set_faults(fault.times(1));
    let status = checkpoint(client, 1, "digest").await.unwrap_err();
    assert!(checkpoint(client, 1, "digest").await.is_ok(), "{status}");
    status
}

#[tokio::test]
async fn calls_fail_as_told() {
    let (devnet, client) = devnet(3).await;
    let limited = struck(&devnet, &client, Fault::RateLimited { retry_after: Some(7) }).await;
    assert_eq!(limited.code(), Code::ResourceExhausted);
    assert_eq!(limited.metadata().get("retry-after").unwrap(), "7");
    let code = async |fault| struck(&devnet, &client, fault).await.code();
    assert_eq!(code(Fault::RateLimited { retry_after: None }).await, Code::ResourceExhausted);
    // What the body of a proxy holds is no message.
    assert_eq!(code(Fault::Status { code: 503 }).await, Code::Internal);
    assert_eq!(code(Fault::Error { code: 14, message: "busy".into() }).await, Code::Unavailable);
    assert_eq!(code(Fault::Error { code: 13, message: "broken".into() }).await, Code::Internal);
    assert_eq!(code(Fault::NotFoundLie).await, Code::NotFound);
    for fault in [Fault::Reset, Fault::Truncated, Fault::InvalidJson] {
        let code = code(fault.clone()).await;
        assert!(matches!(code, Code::Unknown | Code::Unavailable | Code::Internal), "{fault:?}: {code:?}");
    }
    assert_eq!(devnet.stats().faults, 9);
    assert!(devnet.stats().calls_of("GetCheckpoint") >= 18);
}

#[tokio::test]
async fn answers_come_late_or_never() {
    let (devnet, client) = devnet(3).await;
    devnet.set_faults(Fault::Delay { millis: 300 }.times(1));
    let begun = Instant::now();
    assert!(checkpoint(&client, 1, "digest").await.is_ok());
    assert!(begun.elapsed() >= Duration::from_millis(300));
    devnet.set_faults(Fault::Hang.times(1));
    let never = tokio::time::timeout(Duration::from_millis(300), checkpoint(&client, 1, "digest")).await;
    assert!(never.is_err());
    assert!(checkpoint(&client, 1, "digest").await.is_ok());
}

#[tokio::test]
async fn replicas_lag_and_forget() {
    let (devnet, _) = devnet(9).await;
    let plan = vec![Fault::Behind { blocks: 4 }.always(), Fault::Pruned { below: 2 }.always()];
    let replica = devnet.replica(plan).await.unwrap();
    let behind = client(&replica.http_url());
    let info = behind.clone().ledger_client().get_service_info(GetServiceInfoRequest::default()).await;
    let info = info.unwrap();
    assert_eq!((info.checkpoint_height(), info.lowest_available_checkpoint()), (Some(5), Some(2)));
    assert_eq!((info.get_ref().checkpoint_height(), info.get_ref().lowest_available_checkpoint()), (5, 2));
    let code =
        async |height| checkpoint(&behind, height, "digest").await.map_err(|status| status.code()).err();
    assert_eq!(code(6).await, Some(Code::NotFound));
    assert_eq!(code(1).await, Some(Code::NotFound));
    assert_eq!(code(5).await, None);
    let mut stream = subscribe(&behind).await;
    devnet.mine(7);
    assert_eq!(heights(&mut stream, 3).await, [10, 11, 12]);
    let next = tokio::time::timeout(Duration::from_millis(200), stream.message()).await;
    assert!(next.is_err(), "it told more than a replica that is behind can know");
    replica.stop();
    assert!(checkpoint(&behind, 5, "digest").await.is_err());
    assert!(checkpoint(&client(&devnet.grpc_url()), 16, "digest").await.is_ok());
}

#[tokio::test]
async fn checkpoints_lack_what_they_should_hold() {
    let (devnet, client) = devnet(9).await;
    let whole = checkpoint(&client, 8, "*").await.unwrap();
    assert!(whole.transactions.iter().any(|one| one.events.is_some()));
    let told = async |fault: Fault| {
        devnet.set_faults(fault.times(1));
        checkpoint(&client, 8, "*").await.unwrap()
    };
    let without = told(Fault::MissingEvents).await;
    assert!(without.transactions.iter().all(|one| one.events.is_none()));
    assert!(without.transactions.iter().any(|one| one.effects().events_digest.is_some()));
    let without = told(Fault::MissingTransaction).await;
    assert_eq!(without.transactions.len() + 1, whole.transactions.len());
    let without = told(Fault::MissingBalances).await;
    assert!(without.transactions.iter().all(|one| one.balance_changes.is_empty()));
    let wrong = told(Fault::WrongPrevious).await;
    assert_ne!(wrong.summary().previous_digest, whole.summary().previous_digest);
    assert_eq!(wrong.digest, whole.digest);
    assert_eq!(checkpoint(&client, 8, "*").await.unwrap(), whole);
}

async fn subscribe(client: &Client) -> Streaming<SubscribeCheckpointsResponse> {
    let mut request = SubscribeCheckpointsRequest::default();
    request.read_mask = Some(mask("sequence_number,summary.previous_digest"));
    client.clone().subscription_client().subscribe_checkpoints(request).await.unwrap().into_inner()
}

async fn heights(stream: &mut Streaming<SubscribeCheckpointsResponse>, count: usize) -> Vec<u64> {
    let mut heights = Vec::new();
    for _ in 0..count {
        let frame = tokio::time::timeout(Duration::from_secs(10), stream.message()).await.unwrap();
        heights.push(frame.unwrap().unwrap().checkpoint.unwrap().sequence_number());
    }
    heights
}

async fn pushed(rule: FaultRule, count: usize) -> (Vec<u64>, Streaming<SubscribeCheckpointsResponse>) {
    let (devnet, client) = devnet(0).await;
    devnet.set_faults(rule);
    let mut stream = subscribe(&client).await;
    devnet.mine(5);
    let heights = heights(&mut stream, count).await;
    // The network lives as long as the stream.
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        drop(devnet);
    });
    (heights, stream)
}

#[tokio::test]
async fn pushes_come_twice_late_or_not_at_all() {
    assert_eq!(pushed(Fault::DuplicateHead.times(1), 6).await.0, [1, 1, 2, 3, 4, 5]);
    assert_eq!(pushed(Fault::LateHead.times(1).after(1), 5).await.0, [1, 3, 2, 4, 5]);
    assert_eq!(pushed(Fault::SilentHead.times(2).after(1), 3).await.0, [1, 4, 5]);
    let (_, mut silent) = pushed(Fault::SilentHead.always(), 0).await;
    assert!(tokio::time::timeout(Duration::from_millis(300), silent.message()).await.is_err());
    let (heights, mut dropped) = pushed(Fault::DropSocket.times(1).after(3), 3).await;
    assert_eq!(heights, [1, 2, 3]);
    assert_eq!(dropped.message().await.unwrap_err().code(), Code::Unavailable);
    let rule = Fault::WrongPrevious.times(1).on("SubscribeCheckpoints");
    let (_, mut stream) = pushed(rule, 0).await;
    let first = stream.message().await.unwrap().unwrap().checkpoint.unwrap();
    let second = stream.message().await.unwrap().unwrap().checkpoint.unwrap();
    assert_ne!(first.summary().previous_digest, second.summary().previous_digest);
}

#[tokio::test]
async fn a_reset_breaks_all_that_goes_on_over_the_connection() {
    let (devnet, client) = devnet(3).await;
    let mut stream = subscribe(&client).await;
    devnet.set_faults(Fault::Reset.times(1));
    assert!(checkpoint(&client, 1, "digest").await.is_err());
    assert!(stream.message().await.is_err());
    assert!(checkpoint(&client, 1, "digest").await.is_ok());
}

#[tokio::test]
async fn lists_break_off() {
    let (devnet, client) = devnet(9).await;
    devnet.set_faults(Fault::DropSocket.times(1).after(4).on("ListCheckpoints"));
    let mut request = ListCheckpointsRequest::default();
    request.start_checkpoint = Some(1);
    let mut stream = client.clone().ledger_client().list_checkpoints(request).await.unwrap().into_inner();
    for height in 1..=4 {
        let frame = stream.message().await.unwrap().unwrap();
        assert_eq!(frame.checkpoint.unwrap().sequence_number(), height);
    }
    assert_eq!(stream.message().await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn commands_come_over_http_too() {
    let (devnet, client) = devnet(2).await;
    let http = crate::client::Client::new(format!("{}/devnet", devnet.grpc_url()));
    let command = async |body: Value| http.post(&body).await.unwrap().json::<Value>().await.unwrap();
    let head = command(json!({"mine": 2})).await;
    assert_eq!(head["head"], 4);
    assert_eq!(head["hash"], devnet.digest(4).unwrap());
    let faults = json!({"faults": {"rules": [{"fault": "not_found_lie", "times": 1}]}});
    command(faults).await;
    assert_eq!(checkpoint(&client, 1, "digest").await.unwrap_err().code(), Code::NotFound);
    let sender = devnet.accounts()[0];
    let events = json!([{"transferred": {"to": sender, "amount": 3}}]);
    let call = json!({"call": {"package": devnet.package(), "events": events}});
    let spec = json!({"mine_with": [{"sender": sender, "commands": [call]}]});
    assert_eq!(command(spec).await["head"], 5);
    let events = command(json!("events")).await;
    assert_eq!(events.as_array().unwrap().last().unwrap()["amount"], 3);
}
