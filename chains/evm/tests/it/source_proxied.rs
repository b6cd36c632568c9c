//! Networks that say less than Ethereum and nodes that say nonsense, played by a proxy that rewrites a node's answers.

use std::sync::Arc;

use alloy_primitives::{B256, Bloom, BloomInput};
use axum::{Json, Router, extract::State, routing::post};
use chainbell_devnet::evm::{EvmDevnet, EvmDevnetConfig, Fault};
use chainbell_model::{Chain, Height, Interest, Proof};
use chainbell_rpc::{Call, EndpointConfig, Pool, PoolConfig};
use serde_json::{Value, json};

use crate::source_support::{
    assert_complete, chain, chain_of, config, events, everything, expected, network, range, two_tokens,
};

type Rewrite = Arc<dyn Fn(&mut Value) + Send + Sync>;

/// Serves what `network` answers, each result changed by `rewrite`; gives the URL.
async fn proxy(network: &EvmDevnet, rewrite: impl Fn(&mut Value) + Send + Sync + 'static) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let endpoint = EndpointConfig::new(network.http_url().parse().unwrap());
    let pool = Pool::new(PoolConfig::new(vec![endpoint])).unwrap();
    let rewrite: Rewrite = Arc::new(rewrite);
    let app = Router::new().route("/", post(answer)).with_state((pool, rewrite));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, app).into_future());
    url
}

async fn answer(State((pool, rewrite)): State<(Pool, Rewrite)>, Json(request): Json<Value>) -> Json<Value> {
    let Some(calls) = request.as_array() else {
        return Json(answer_one(&pool, &rewrite, &request).await);
    };
    let mut answers = Vec::new();
    for call in calls {
        answers.push(answer_one(&pool, &rewrite, call).await);
    }
    Json(answers.into())
}

async fn answer_one(pool: &Pool, rewrite: &Rewrite, call: &Value) -> Value {
    let asked = Call::new(call["method"].as_str().unwrap(), &call["params"]);
    let mut result: Value = pool.call(&asked).await.unwrap().parse().unwrap();
    rewrite(&mut result);
    json!({ "jsonrpc": "2.0", "id": call["id"], "result": result })
}

async fn assert_all_ways_complete(network: &EvmDevnet, url: String) {
    let chain = chain_of(config(), &[url]);
    for interest in [everything(), two_tokens(network)] {
        for (from, to, proof) in [(10, 15, Proof::Linked), (1, 20, Proof::Linked), (1, 20, Proof::Sparse)] {
            assert_complete(&chain, network, range(from, to), &interest, proof).await;
        }
        let blocks = Interest { transactions: true, ..interest };
        let fetched = chain.fetch(range(1, 20), &blocks, Proof::Linked).await.unwrap();
        assert_eq!(events(&fetched.blocks), expected(network, range(1, 20), &blocks));
    }
}

#[tokio::test]
async fn a_network_with_empty_blooms_is_read_all_the_same() {
    let network = network(EvmDevnetConfig::default(), 20).await;
    let empty = |result: &mut Value| {
        if let Some(bloom) = result.get_mut("logsBloom") {
            *bloom = json!(Bloom::ZERO);
        }
    };
    let url = proxy(&network, empty).await;
    assert_all_ways_complete(&network, url).await;
}

#[tokio::test]
async fn a_network_without_blooms_is_read_all_the_same() {
    let network = network(EvmDevnetConfig::default(), 20).await;
    let without = |result: &mut Value| {
        if let Some(block) = result.as_object_mut() {
            block.remove("logsBloom");
        }
    };
    let url = proxy(&network, without).await;
    assert_all_ways_complete(&network, url).await;
}

#[tokio::test]
async fn logs_outside_their_blooms_are_read_all_the_same() {
    let network = network(EvmDevnetConfig::default(), 20).await;
    let logs = network.canonical_logs();
    let partial = move |result: &mut Value| {
        let hash: Option<B256> =
            result.get("hash").and_then(|hash| serde_json::from_value(hash.clone()).ok());
        let Some(bloom) = result.get_mut("logsBloom") else { return };
        let mut of_some = Bloom::ZERO;
        for log in logs.iter().filter(|log| Some(log.block_hash) == hash).skip(2) {
            of_some.accrue(BloomInput::Raw(&log.address[..]));
            log.topics.iter().for_each(|topic| of_some.accrue(BloomInput::Raw(&topic[..])));
        }
        *bloom = json!(of_some);
    };
    let url = proxy(&network, partial).await;
    assert_all_ways_complete(&network, url).await;
}

#[tokio::test]
async fn log_indexes_with_gaps_are_read_all_the_same() {
    let network = network(EvmDevnetConfig::default(), 20).await;
    let widen = |log: &mut Value| {
        let index = log["logIndex"].as_str().and_then(|text| u64::from_str_radix(&text[2..], 16).ok());
        log["logIndex"] = json!(format!("{:#x}", index.unwrap() * 3 + 1));
    };
    let rewrite = move |result: &mut Value| {
        for item in result.as_array_mut().into_iter().flatten() {
            match item.get_mut("logs") {
                Some(logs) => logs.as_array_mut().into_iter().flatten().for_each(widen),
                None => widen(item),
            }
        }
    };
    let url = proxy(&network, rewrite).await;
    let chain = chain_of(config(), &[url]);
    let count = expected(&network, range(1, 20), &everything()).len();
    for interest in [everything(), Interest { transactions: true, ..everything() }] {
        for (from, to) in [(1, 5), (6, 20)] {
            let fetched = chain.fetch(range(from, to), &interest, Proof::Linked).await.unwrap();
            let found = events(&fetched.blocks).len();
            assert_eq!(found, expected(&network, range(from, to), &everything()).len());
            assert!(found < count);
        }
    }
}

#[tokio::test]
async fn a_block_whose_logs_are_indexed_late_is_waited_for() {
    let network = network(EvmDevnetConfig::default(), 20).await;
    network.set_faults(Fault::NoLogs.times(4).on("eth_getLogs"));
    assert_complete(&chain(&network), &network, range(20, 20), &everything(), Proof::Linked).await;
    assert_eq!(network.stats().faults, 4);
}

#[tokio::test]
async fn logs_missing_at_the_end_of_a_range_are_noticed_without_headers() {
    let network = network(EvmDevnetConfig::default(), 20).await;
    let shorten = |result: &mut Value| {
        let Some(logs) = result.as_array_mut() else { return };
        // Only answers for more than the last block.
        if logs.iter().any(|log| log["blockNumber"] == "0x13") {
            logs.retain(|log| log["blockNumber"] != "0x14");
        }
    };
    let url = proxy(&network, shorten).await;
    let chain = chain_of(config(), &[url]);
    assert_complete(&chain, &network, range(1, 20), &everything(), Proof::Sparse).await;
    assert_complete(&chain, &network, range(1, 20), &two_tokens(&network), Proof::Sparse).await;
}

/// A new pool for each question: one that has seen this much nonsense leaves the endpoint alone for a while.
async fn assert_refused(network: &EvmDevnet, nonsense: Value) {
    let url = proxy(network, move |result| *result = nonsense.clone()).await;
    let chain = || chain_of(config(), std::slice::from_ref(&url));
    let blocks = Interest { transactions: true, ..everything() };
    let read = async |interest, proof| chain().fetch(range(1, 1), &interest, proof).await.is_err();
    let refused = tokio::join!(
        read(everything(), Proof::Linked),
        read(everything(), Proof::Sparse),
        read(blocks, Proof::Linked),
        async { chain().tip().await.is_err() },
        async { chain().block_at(Height(1)).await.is_err() },
    );
    assert_eq!(refused, (true, true, true, true, true));
}

#[tokio::test]
async fn nonsense_is_an_error_and_nothing_worse() {
    let network = network(EvmDevnetConfig::default(), 5).await;
    let log = json!({ "address": "0x", "topics": [1, 2, 3, 4, 5], "data": "0xzz" });
    let block = json!({ "number": "0xffffffffffffffff", "hash": "0x00" });
    let all = [Value::Null, json!(5), json!("x"), json!({}), json!([1]), json!([{}]), json!([log]), block];
    futures_util::future::join_all(all.map(|nonsense| assert_refused(&network, nonsense))).await;
}
