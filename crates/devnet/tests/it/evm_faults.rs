//! Each fault does what it says, and only where and as often as it was asked for.

use std::{error::Error, io, time::Duration};

use chainbell_devnet::evm::{Fault, FaultPlan, LimitStyle, RangeLimits};
use serde_json::{Value, json};

use crate::client::{Client, devnet, number};

fn chain_id() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"})
}

fn all_logs() -> Value {
    json!([{"fromBlock": "0x0", "toBlock": "latest"}])
}

#[tokio::test]
async fn http_statuses_come_with_their_headers_and_only_as_often_as_asked() {
    let (devnet, client) = devnet(1).await;
    devnet.set_faults(vec![
        Fault::RateLimited { retry_after: Some(7) }.times(1),
        Fault::Status { code: 503 }.times(1),
    ]);
    let limited = client.post(&chain_id()).await.unwrap();
    assert_eq!(limited.status(), 429);
    assert_eq!(limited.headers()["retry-after"], "7");
    assert_eq!(client.post(&chain_id()).await.unwrap().status(), 503);
    assert_eq!(client.post(&chain_id()).await.unwrap().status(), 200);
    assert_eq!(devnet.stats().faults, 2);
    assert_eq!(devnet.stats().http_requests, 3);
    assert_eq!(devnet.stats().total_calls(), 1);
}

#[tokio::test]
async fn a_reset_is_a_reset_of_the_connection() {
    let (devnet, client) = devnet(1).await;
    devnet.set_faults(Fault::Reset.times(1));
    let error = client.post(&chain_id()).await.unwrap_err();
    let mut source: Option<&dyn Error> = Some(&error);
    let mut kinds = Vec::new();
    while let Some(error) = source {
        kinds.extend(error.downcast_ref::<io::Error>().map(io::Error::kind));
        source = error.source();
    }
    assert!(kinds.contains(&io::ErrorKind::ConnectionReset), "{error:?}");
    assert_eq!(client.call("eth_chainId", json!([])).await, json!("0x7a69"));
}

#[tokio::test]
async fn a_truncated_body_ends_before_its_announced_length() {
    let (devnet, client) = devnet(20).await;
    for (method, params) in [("eth_chainId", json!([])), ("eth_getLogs", all_logs())] {
        devnet.set_faults(Fault::Truncated.times(1));
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let response = client.post(&request).await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(response.content_length().unwrap() > 20);
        assert!(response.bytes().await.is_err());
    }
}

#[tokio::test]
async fn invalid_json_is_a_complete_body_that_does_not_parse() {
    let (devnet, client) = devnet(1).await;
    devnet.set_faults(Fault::InvalidJson.times(1));
    let body = client.post(&chain_id()).await.unwrap().bytes().await.unwrap();
    assert!(serde_json::from_slice::<Value>(&body).is_err());
}

#[tokio::test]
async fn a_hang_never_answers_until_the_network_stops() {
    let (devnet, client) = devnet(1).await;
    devnet.set_faults(Fault::Hang.always());
    let request = chain_id();
    let pending = client.post(&request);
    tokio::pin!(pending);
    assert!(tokio::time::timeout(Duration::from_millis(50), &mut pending).await.is_err());
    devnet.shutdown().await;
    assert_eq!(pending.await.unwrap().status(), 503);
    assert!(client.post(&chain_id()).await.unwrap_err().is_connect());
}

#[tokio::test]
async fn errors_strike_by_method_also_inside_a_batch() {
    let (devnet, client) = devnet(1).await;
    devnet.set_faults(
        Fault::Error { code: -32603, message: "internal error".into() }.always().on("eth_blockNumber"),
    );
    let batch = json!([chain_id(), {"jsonrpc": "2.0", "id": 2, "method": "eth_blockNumber"}]);
    let answers: Value = client.post(&batch).await.unwrap().json().await.unwrap();
    assert_eq!(answers[0]["result"], "0x7a69");
    assert_eq!(answers[1]["error"], json!({"code": -32603, "message": "internal error"}));
}

#[tokio::test]
async fn ranges_are_limited_in_the_words_of_the_chosen_provider() {
    let (devnet, client) = devnet(20).await;
    let limits = RangeLimits { max_blocks: Some(10), max_logs: Some(30), ..RangeLimits::default() };
    devnet.set_faults(RangeLimits { style: LimitStyle::Alchemy, ..limits.clone() });
    let range = |to: &str| json!([{"fromBlock": "0x1", "toBlock": to}]);
    let (code, message) = client.error("eth_getLogs", range("0xb")).await;
    assert_eq!(code, -32602);
    assert!(message.ends_with("this block range should work: [0x1, 0xa]"), "{message}");
    devnet.set_faults(limits);
    let (code, message) = client.error("eth_getLogs", range("0xa")).await;
    assert_eq!(code, -32005);
    assert!(message.starts_with("query returned more than 30 results. Try with this block range [0x1, 0x"));
    let suggested = message.trim_end_matches("].").rsplit(' ').next().unwrap();
    let logs = client.call("eth_getLogs", range(suggested)).await;
    assert!((1..=30).contains(&logs.as_array().unwrap().len()));
}

#[tokio::test]
async fn a_replica_lags_while_the_main_endpoint_does_not() {
    let (devnet, client) = devnet(20).await;
    let replica = devnet.replica(Fault::Behind { blocks: 5 }.always()).await.unwrap();
    let lagging = Client::new(replica.http_url());
    assert_eq!(number(&client.call("eth_blockNumber", json!([])).await), 20);
    assert_eq!(number(&lagging.call("eth_blockNumber", json!([])).await), 15);
    assert_eq!(lagging.call("eth_getBlockByNumber", json!(["0x10", false])).await, Value::Null);
    let hash = devnet.block_hash(16).unwrap();
    assert_eq!(lagging.call("eth_getBlockByHash", json!([hash, false])).await, Value::Null);
    assert_eq!(lagging.error("eth_getLogs", json!([{"blockHash": hash}])).await.1, "unknown block");
    let range = json!([{"fromBlock": "0xe", "toBlock": "0x12"}]);
    assert_eq!(lagging.error("eth_getLogs", range.clone()).await.0, -32602);
    let plan = FaultPlan { clamp_future: true, ..Fault::Behind { blocks: 5 }.always().into() };
    replica.set_faults(plan);
    let logs = lagging.call("eth_getLogs", range).await;
    assert_eq!(number(&logs.as_array().unwrap().last().unwrap()["blockNumber"]), 15);
    assert_eq!(replica.stats().calls_of("eth_getLogs"), 3);
    assert_eq!(devnet.stats().calls_of("eth_getLogs"), 0);
}

#[tokio::test]
async fn liars_lose_one_log_all_logs_or_a_receipt() {
    let (devnet, client) = devnet(20).await;
    let truth = client.call("eth_getLogs", all_logs()).await;
    let truth = truth.as_array().unwrap();
    devnet.set_faults(Fault::MissingLog.times(1));
    let missing = client.call("eth_getLogs", all_logs()).await;
    let missing = missing.as_array().unwrap();
    assert_eq!(missing.len(), truth.len() - 1);
    assert!(missing.iter().all(|log| truth.contains(log)));
    devnet.set_faults(Fault::NoLogs.times(1));
    assert_eq!(client.call("eth_getLogs", all_logs()).await, json!([]));
    assert_eq!(client.call("eth_getLogs", all_logs()).await, json!(truth));

    let logs_of = |receipts: &Value| -> usize {
        receipts.as_array().unwrap().iter().map(|receipt| receipt["logs"].as_array().unwrap().len()).sum()
    };
    let receipts = client.call("eth_getBlockReceipts", json!(["0x5"])).await;
    devnet.set_faults(vec![Fault::MissingLog.times(1), Fault::MissingReceipt.times(1).after(1)]);
    let lost = client.call("eth_getBlockReceipts", json!(["0x5"])).await;
    assert_eq!(logs_of(&lost), logs_of(&receipts) - 1);
    let short = client.call("eth_getBlockReceipts", json!(["0x5"])).await;
    assert_eq!(short.as_array().unwrap().len(), receipts.as_array().unwrap().len() - 1);
}

#[tokio::test]
async fn another_fork_is_consistent_in_itself_and_never_becomes_the_chain() {
    let (devnet, client) = devnet(10).await;
    let replica = devnet.replica(Fault::OtherFork { depth: 2 }.always()).await.unwrap();
    let other = Client::new(replica.http_url());
    let block = async |client: &Client, height: &str| {
        client.call("eth_getBlockByNumber", json!([height, false])).await
    };
    assert_eq!(block(&other, "0x8").await, block(&client, "0x8").await);
    let (nine, ten) = (block(&other, "0x9").await, block(&other, "0xa").await);
    assert_ne!(nine["hash"], block(&client, "0x9").await["hash"]);
    assert_eq!(nine["parentHash"], block(&client, "0x8").await["hash"]);
    assert_eq!(ten["parentHash"], nine["hash"]);
    let logs = other.call("eth_getLogs", json!([{"fromBlock": "0xa", "toBlock": "0xa"}])).await;
    assert!(logs.as_array().unwrap().iter().all(|log| log["blockHash"] == ten["hash"]));
    assert_eq!(block(&client, "latest").await["hash"], json!(devnet.block_hash(10).unwrap()));
}
