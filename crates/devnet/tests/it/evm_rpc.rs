//! Blocks, receipts and logs agree with each other and with the oracle.

use alloy_primitives::{Address, B256, Bloom, U256};
use chainbell_devnet::{
    EvmDevnetConfig,
    evm::{LogSpec, SimLog, TxSpec},
};
use serde_json::{Value, json};

use crate::client::{devnet, devnet_with, number, quantity};

fn sim_log(log: &Value) -> SimLog {
    let text = |key: &str| log[key].as_str().unwrap();
    SimLog {
        block_number: number(&log["blockNumber"]),
        block_hash: text("blockHash").parse().unwrap(),
        transaction_hash: text("transactionHash").parse().unwrap(),
        transaction_index: number(&log["transactionIndex"]),
        log_index: number(&log["logIndex"]),
        address: text("address").parse().unwrap(),
        topics: log["topics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| t.as_str().unwrap().parse().unwrap())
            .collect(),
        data: text("data").parse().unwrap(),
    }
}

fn sim_logs(logs: &Value) -> Vec<SimLog> {
    logs.as_array().unwrap().iter().map(sim_log).collect()
}

#[tokio::test]
async fn logs_by_range_receipts_and_the_oracle_are_the_same() {
    let (devnet, client) = devnet(30).await;
    devnet.reorg(3, 4);
    let truth = devnet.canonical_logs();
    assert!(truth.len() > 100);
    let range = json!([{"fromBlock": "0x0", "toBlock": "latest"}]);
    assert_eq!(sim_logs(&client.call("eth_getLogs", range).await), truth);
    let mut from_receipts = Vec::new();
    for height in 0..=devnet.head() {
        let receipts = client.call("eth_getBlockReceipts", json!([quantity(height)])).await;
        for receipt in receipts.as_array().unwrap() {
            from_receipts.extend(sim_logs(&receipt["logs"]));
        }
    }
    assert_eq!(from_receipts, truth);
}

#[tokio::test]
async fn blocks_link_and_their_receipts_add_up() {
    let (devnet, client) = devnet(10).await;
    for block in devnet.canonical_blocks().iter().skip(1) {
        let answer = client.call("eth_getBlockByNumber", json!([quantity(block.number), true])).await;
        assert_eq!(answer["parentHash"], json!(block.parent_hash));
        assert_eq!(answer["transactions"].as_array().unwrap().len(), block.transactions.len());
        let by_hash = client.call("eth_getBlockByHash", json!([block.hash, true])).await;
        assert_eq!(answer, by_hash);
        let receipts = client.call("eth_getBlockReceipts", json!([block.hash])).await;
        let receipts = receipts.as_array().unwrap();
        assert_eq!(receipts.last().unwrap()["cumulativeGasUsed"], answer["gasUsed"]);
        let mut bloom = Bloom::ZERO;
        for (receipt, transaction) in receipts.iter().zip(&block.transactions) {
            assert_eq!(receipt["status"], json!(quantity(u64::from(transaction.success))));
            assert_eq!(receipt["transactionHash"], json!(transaction.hash));
            bloom |= receipt["logsBloom"].as_str().unwrap().parse::<Bloom>().unwrap();
            let single = client.call("eth_getTransactionReceipt", json!([transaction.hash])).await;
            assert_eq!(&single, receipt);
        }
        assert_eq!(answer["logsBloom"].as_str().unwrap().parse::<Bloom>().unwrap(), bloom);
    }
}

#[tokio::test]
async fn logs_are_filtered_by_address_topics_and_block_hash() {
    let (devnet, client) = devnet(20).await;
    let truth = devnet.canonical_logs();
    let wanted = truth.iter().find(|log| log.topics.len() == 3).unwrap();
    type Keeps<'a> = Box<dyn Fn(&SimLog) -> bool + 'a>;
    let filters: [(Value, Keeps<'_>); 4] = [
        (json!({"address": wanted.address}), Box::new(|log| log.address == wanted.address)),
        (json!({"topics": [wanted.topics[0]]}), Box::new(|log| log.topics.first() == wanted.topics.first())),
        (
            json!({"topics": [null, [wanted.topics[1], B256::ZERO]]}),
            Box::new(|log| log.topics.get(1) == wanted.topics.get(1)),
        ),
        (json!({"topics": [null, null, null, null]}), Box::new(|log| log.topics.len() == 4)),
    ];
    for (mut filter, keeps) in filters {
        filter["fromBlock"] = json!("earliest");
        filter["toBlock"] = json!("latest");
        let expected: Vec<_> = truth.iter().filter(|log| keeps(log)).cloned().collect();
        assert!(!expected.is_empty());
        assert_eq!(sim_logs(&client.call("eth_getLogs", json!([filter])).await), expected);
    }
    let in_block: Vec<_> = truth.iter().filter(|log| log.block_hash == wanted.block_hash).cloned().collect();
    let by_hash = client.call("eth_getLogs", json!([{"blockHash": wanted.block_hash}])).await;
    assert_eq!(sim_logs(&by_hash), in_block);
}

#[tokio::test]
async fn bad_log_queries_get_geths_errors() {
    let (_devnet, client) = devnet(5).await;
    for (filter, code, message) in [
        (json!({"blockHash": B256::ZERO}), -32000, "unknown block"),
        (
            json!({"fromBlock": "0x1", "toBlock": "0x6"}),
            -32602,
            "block range extends beyond current head block",
        ),
        (json!({"fromBlock": "0x3", "toBlock": "0x2"}), -32602, "invalid block range params"),
        (
            json!({"blockHash": B256::ZERO, "fromBlock": "0x3"}),
            -32602,
            "invalid argument 0: cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other",
        ),
    ] {
        assert_eq!(client.error("eth_getLogs", json!([filter])).await, (code, message.to_owned()));
    }
    assert_eq!(client.call("eth_getBlockReceipts", json!(["0x6"])).await, Value::Null);
    assert_eq!(client.call("eth_getBlockByNumber", json!(["0x6", false])).await, Value::Null);
    assert_eq!(client.error("eth_nonsense", json!([])).await.0, -32601);
}

#[tokio::test]
async fn orphaned_blocks_stay_reachable_by_hash_but_not_by_number() {
    let (devnet, client) = devnet(10).await;
    let orphan = devnet.canonical_blocks().pop().unwrap();
    devnet.reorg(2, 3);
    let by_hash = client.call("eth_getBlockByHash", json!([orphan.hash, false])).await;
    assert_eq!(by_hash["hash"], json!(orphan.hash));
    let by_number = client.call("eth_getBlockByNumber", json!([quantity(orphan.number), false])).await;
    assert_ne!(by_number["hash"], json!(orphan.hash));
    assert_eq!(by_number["hash"], json!(devnet.block_hash(orphan.number).unwrap()));
    let logs = client.call("eth_getLogs", json!([{"blockHash": orphan.hash}])).await;
    assert_eq!(
        logs.as_array().unwrap().len(),
        orphan.transactions.iter().map(|t| t.logs.len()).sum::<usize>()
    );
    devnet.rollback(4);
    assert_eq!(client.call("eth_blockNumber", json!([])).await, json!("0x7"));
    for transaction in &orphan.transactions {
        assert_eq!(client.call("eth_getTransactionReceipt", json!([transaction.hash])).await, Value::Null);
    }
}

#[tokio::test]
async fn blocks_made_by_hand_hold_exactly_what_was_asked_for() {
    let (devnet, client) = devnet(0).await;
    let [token, from, to] = [1, 2, 3].map(Address::with_last_byte);
    let mut anonymous = TxSpec::transfer(token, from, to, U256::from(7));
    anonymous.logs.push(LogSpec { address: token, topics: vec![], data: vec![1, 2].into() });
    devnet.mine_with(vec![
        anonymous.clone(),
        TxSpec::transfer(token, from, to, U256::from(8)).reverted(),
        TxSpec::native(from, to, U256::MAX),
    ]);
    devnet.mine_with(Vec::new());
    let blocks = devnet.canonical_blocks();
    assert_eq!(blocks[2].transactions.len(), 0);
    let answer = client.call("eth_getBlockByNumber", json!(["0x1", true])).await;
    assert_eq!(answer["transactions"][2]["value"], json!(U256::MAX));
    assert_eq!(answer["transactions"][0]["input"], json!(anonymous.input));
    let receipts = client.call("eth_getBlockReceipts", json!(["0x1"])).await;
    let statuses: Vec<_> = (0..3).map(|index| receipts[index]["status"].clone()).collect();
    assert_eq!(statuses, ["0x1", "0x0", "0x1"]);
    assert_eq!(receipts[0]["logs"][1]["topics"], json!([]));
}

#[tokio::test]
async fn tags_follow_the_configured_finality_or_are_refused() {
    let (_devnet, client) = devnet(20).await;
    for (tag, height) in [("latest", 20), ("pending", 20), ("safe", 16), ("finalized", 12), ("earliest", 0)] {
        let block = client.call("eth_getBlockByNumber", json!([tag, false])).await;
        assert_eq!(number(&block["number"]), height, "{tag}");
    }
    let config = EvmDevnetConfig { finality: None, ..EvmDevnetConfig::default() };
    let (_devnet, client) = devnet_with(config, 20).await;
    assert_eq!(client.error("eth_getBlockByNumber", json!(["finalized", false])).await.0, -32602);
}

#[tokio::test]
async fn rollups_add_deposits_and_fees_of_their_parent_chain() {
    let config = EvmDevnetConfig { l2_fields: true, ..EvmDevnetConfig::default() };
    let (_devnet, client) = devnet_with(config, 2).await;
    let block = client.call("eth_getBlockByNumber", json!(["0x2", true])).await;
    assert_eq!(block["transactions"][0]["type"], json!("0x7e"));
    let receipts = client.call("eth_getBlockReceipts", json!(["0x2"])).await;
    assert!(receipts[0]["depositNonce"].is_string());
    assert!(receipts[1]["l1Fee"].is_string());
}

#[tokio::test]
async fn nodes_can_lack_block_receipts_and_limit_batches() {
    let config = EvmDevnetConfig { block_receipts: false, max_batch: 2, ..EvmDevnetConfig::default() };
    let (_devnet, client) = devnet_with(config, 1).await;
    assert_eq!(client.error("eth_getBlockReceipts", json!(["0x1"])).await.0, -32601);
    let call = |id: u64| json!({"jsonrpc": "2.0", "id": id, "method": "eth_chainId"});
    let answers: Value = client.post(&json!([call(1), call(2)])).await.unwrap().json().await.unwrap();
    assert_eq!(answers[1], json!({"jsonrpc": "2.0", "id": 2, "result": "0x7a69"}));
    let refused: Value =
        client.post(&json!([call(1), call(2), call(3)])).await.unwrap().json().await.unwrap();
    assert_eq!(refused[0]["error"]["message"], "batch too large");
}

#[tokio::test]
async fn the_workload_can_be_reorganised_like_any_chain() {
    let (devnet, client) = devnet_with(EvmDevnetConfig::workload(20, 50, 50), 0).await;
    let logs = client.call("eth_getLogs", json!([{"fromBlock": "0x0", "toBlock": "latest"}])).await;
    assert_eq!(sim_logs(&logs), devnet.canonical_logs());
    assert_eq!(logs.as_array().unwrap().len(), 1000);
    devnet.reorg(3, 5);
    let truth = devnet.canonical_logs();
    let logs = client.call("eth_getLogs", json!([{"fromBlock": "0x0", "toBlock": "latest"}])).await;
    assert_eq!(sim_logs(&logs), truth);
    assert_eq!(devnet.head(), 23);
}

#[tokio::test]
async fn commands_can_come_over_http() {
    let (devnet, client) = devnet(3).await;
    let control = crate::client::Client::new(format!("{}/devnet", devnet.http_url()));
    let run = async |command: Value| -> Value { control.post(&command).await.unwrap().json().await.unwrap() };
    assert_eq!(run(json!({"mine": 2})).await["head"], 5);
    assert_eq!(run(json!({"reorg": {"depth": 2, "blocks": 3}})).await["head"], 6);
    assert_eq!(run(json!({"rollback": 1})).await["hash"], json!(devnet.block_hash(5).unwrap()));
    assert_eq!(run(json!("logs")).await, json!(devnet.canonical_logs()));
    assert_eq!(run(json!({"mine_with": [{"value": "0x5"}]})).await["head"], 6);
    run(json!({"faults": {"rules": [{"fault": "null", "times": 1}]}})).await;
    assert_eq!(client.call("eth_chainId", json!([])).await, Value::Null);
    assert_eq!(run(json!("stats")).await["calls"]["eth_chainId"], 1);
    assert_eq!(control.post(&json!("nonsense")).await.unwrap().status(), 400);
    let url = run(json!({"replica": {"rules": []}})).await;
    let replica = crate::client::Client::new(url.as_str().unwrap().to_owned());
    assert_eq!(replica.call("eth_blockNumber", json!([])).await, json!("0x6"));
}
