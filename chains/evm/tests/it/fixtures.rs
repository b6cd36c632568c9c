//! Recorded blocks, receipts and logs are read whole, and their own checks hold.

use std::path::Path;

use chainbell_evm::{
    EvmDialect,
    assemble::{self, Frame},
    bloom::Bloom,
    wire::{WireBlock, WireHeader, WireLog, WireReceipt, WireTransaction},
};
use chainbell_model::{Block, Dialect, Event, Standard, Transfer, Value, value};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::recorded::{self, Recorded, everything, files, read, text};

#[test]
fn recorded_blocks_hold_what_is_known_of_them() {
    for recorded in Recorded::all() {
        let block = recorded.assembled();
        let success = EvmDialect.transaction_schema().index_of("success").unwrap();
        let failed = block.transactions.iter().filter(|it| it.details[success] == Some(Value::Bool(false)));
        assert_eq!(block.reference.height.0, recorded.facts["number"].as_u64().unwrap());
        assert_eq!(block.time.0, recorded.facts["timestamp"].as_i64().unwrap() * 1000);
        assert_eq!(block.transactions.len(), recorded.fact("txs"));
        assert_eq!(failed.count(), recorded.fact("failed"), "{}", recorded.name());
        assert_eq!(block.events.len(), recorded.fact("logs"));
        assert_eq!(
            of(&block, Standard::Fungible).count(),
            recorded.fact("transfer_erc20"),
            "{}",
            recorded.name()
        );
        assert_eq!(
            of(&block, Standard::NonFungible).count(),
            recorded.fact("transfer_erc721"),
            "{}",
            recorded.name()
        );
        let usdc = EvmDialect.parse_address("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48").unwrap();
        let moved: Vec<_> = of(&block, Standard::Fungible).filter(|it| it.token == Some(usdc)).collect();
        if recorded.facts["usdc_transfers"].is_u64() {
            let sum = moved.iter().map(|it| it.amount.to_u64().unwrap()).sum::<u64>();
            assert_eq!(moved.len(), recorded.fact("usdc_transfers"));
            assert_eq!(recorded.facts["usdc_sum"], sum.to_string().as_str());
        }
    }
}

fn of(block: &Block, standard: Standard) -> impl Iterator<Item = &Transfer> {
    block.transfers.iter().filter(move |transfer| transfer.standard == standard)
}

#[test]
fn blooms_recomputed_from_the_logs_are_those_of_the_headers() {
    for recorded in Recorded::all() {
        let header = Bloom::from(recorded.block.header.logs_bloom.as_deref().unwrap());
        assert_eq!(Bloom::of(recorded.logs()), header, "{}", recorded.name());
        assert!(recorded.logs().all(|log| header.may_contain_log(log)));
        assert_eq!(header.is_empty(), recorded.logs().count() == 0);
    }
}

#[test]
fn events_alone_are_the_events_of_the_whole_block() {
    for recorded in Recorded::all() {
        let whole = recorded.assembled();
        let frame = Frame::of_header(&recorded.block.header).unwrap();
        let alone = assemble::events_block(frame, recorded.logs().cloned().collect(), &everything()).unwrap();
        let facts = |block: &Block| -> Vec<_> {
            let event =
                |it: &Event| (block.transactions[it.transaction as usize].id, it.index, it.payload.clone());
            block.events.iter().map(event).collect()
        };
        assert_eq!(facts(&alone), facts(&whole), "{}", recorded.name());
        let tokens = whole.transfers.iter().filter(|transfer| transfer.token.is_some()).count();
        assert_eq!(alone.transfers.len(), tokens);
    }
}

#[test]
fn each_header_names_the_one_before() {
    let Some(folder) = recorded::folder().map(|path| path.join("header-chain")) else { return };
    let mut headers = Vec::new();
    for path in files(&folder, ".json") {
        let block: WireBlock = read(&path);
        let header: WireHeader = read(&path);
        assert_eq!(block.header, header);
        assert!(block.transactions.iter().all(|transaction| transaction.kind.is_some_and(|kind| kind <= 4)));
        headers.extend(path.to_string_lossy().contains("22431").then_some(header));
    }
    assert_eq!(headers.len(), 7);
    for pair in headers.windows(2) {
        assert_eq!(pair[1].parent(), pair[0].reference().unwrap().id);
        assert_eq!(pair[1].number, pair[0].number.map(|number| number + 1));
    }
}

#[test]
fn the_conformance_vectors_parse() {
    let Some(folder) = recorded::folder().map(|path| path.join("execution-apis")) else { return };
    let mut results = 0;
    for method in [
        "eth_getBlockByHash",
        "eth_getBlockByNumber",
        "eth_getBlockReceipts",
        "eth_getLogs",
        "eth_getTransactionReceipt",
    ] {
        for path in files(&folder.join(method), ".io") {
            for answer in text(&path).lines().filter_map(|line| line.strip_prefix("<< ")) {
                let answer: Json = serde_json::from_str(answer).unwrap();
                let Some(result) = answer.get("result") else { continue };
                let parsed = match method {
                    "eth_getBlockReceipts" => parse::<Vec<WireReceipt>>(result),
                    "eth_getLogs" => parse::<Vec<WireLog>>(result),
                    "eth_getTransactionReceipt" => parse::<WireReceipt>(result),
                    _ if result["transactions"].get(0).is_some_and(Json::is_object) => {
                        parse::<WireBlock>(result)
                    }
                    _ => parse::<WireHeader>(result),
                };
                parsed.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                results += usize::from(!result.is_null());
            }
        }
    }
    assert!(results >= 15, "{results} results");
}

/// Both from a tree and from text, as the two come by different ways.
fn parse<T: DeserializeOwned + PartialEq>(json: &Json) -> serde_json::Result<()> {
    let of_tree: Option<T> = serde_json::from_value(json.clone())?;
    let of_text: Option<T> = serde_json::from_str(&json.to_string())?;
    assert!(of_tree == of_text);
    Ok(())
}

#[test]
fn receipts_and_logs_agree_with_what_another_indexer_made_of_them() {
    let Some(folder) = recorded::folder().map(|path| path.join("ethereum-etl/stream_1755634_1755635")) else {
        return;
    };
    let rows = |name: &str| -> Vec<Json> {
        text(&folder.join(name)).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let result = |path: &Path| read::<Json>(path)["result"].take();
    let block: WireBlock =
        serde_json::from_value(result(&folder.join("web3_response.eth_getBlockByNumber_0x1ac9f3_true.json")))
            .unwrap();
    let mut receipts: Vec<WireReceipt> = files(&folder, ".json")
        .iter()
        .filter(|path| path.to_string_lossy().contains("Receipt"))
        .map(|path| serde_json::from_value(result(path)).unwrap())
        .collect();
    receipts.sort_by_key(|receipt| receipt.transaction_index);
    let block = assemble::full_block(block, receipts, &everything()).unwrap();
    for (transaction, row) in block.transactions.iter().zip(rows("expected_transactions.json")) {
        let mut json = String::new();
        let details = transaction.details.iter().map(Option::as_ref);
        value::write_json_record(EvmDialect.transaction_schema(), details, &EvmDialect, &mut json);
        let ours: Json = serde_json::from_str(&json).unwrap();
        assert_eq!(ours["hash"], row["hash"]);
        assert_eq!(ours["gas_used"], row["receipt_gas_used"].to_string().as_str());
        assert_eq!(ours["value"], row["value"].to_string().as_str());
        assert_eq!(ours["from"].as_str().unwrap().to_lowercase(), row["from_address"].as_str().unwrap());
        assert_eq!(ours.get("success"), None, "nobody knew before Byzantium");
    }
    let logs = rows("expected_logs.json");
    assert_eq!(block.events.len(), logs.len());
    let transfers: Vec<_> =
        of(&block, Standard::Fungible).map(|transfer| transfer.amount.to_string()).collect();
    let expected: Vec<_> =
        rows("expected_token_transfers.json").iter().map(|row| row["value"].to_string()).collect();
    assert_eq!(transfers, expected);
}

#[test]
fn blocks_and_receipts_of_second_layers_parse() {
    let Some(folder) = recorded::folder().map(|path| path.join("l2")) else { return };
    for name in ["arb_fixtureheader.json", "base_withdrawal_getblockheaderresponse.json"] {
        let block: WireBlock = read(&folder.join(name));
        assert!(!block.transactions.is_empty());
    }
    let base: WireReceipt = read(&folder.join("base_withdrawal_gettransactionreceipt.json"));
    assert_eq!(base.l1_fee.map(|fee| fee.to_string()), Some("103293999423780".to_owned()));
    assert_eq!(base.logs[0].topics().len(), 4);
    for name in ["arb_fixturereceipt_1.json", "arb_fixturereceipt_2.json"] {
        let receipt: WireReceipt = read(&folder.join(name));
        assert_eq!(receipt.status, Some(0));
    }
    let transactions: Vec<WireTransaction> =
        read::<WireBlock>(&folder.join("arb_fixtureheader.json")).transactions;
    assert!(transactions.iter().all(|transaction| transaction.to.is_some()));
}
