//! What a simulated Solana node answers over HTTP.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chainbell_devnet::{
    SolanaDevnetConfig,
    solana::{InstructionSpec, Told, TxSpec},
};
use serde_json::{Value, json};

use crate::solana_support::{config, confirmed, devnet, devnet_with, program, transfer};

#[tokio::test]
async fn commitments_trail_the_head() {
    let (devnet, client) = devnet(20).await;
    for (commitment, slot) in [("processed", 20), ("confirmed", 19), ("finalized", 14)] {
        assert_eq!(client.call("getSlot", json!([{"commitment": commitment}])).await, slot);
        assert_eq!(client.call("getBlockHeight", json!([{"commitment": commitment}])).await, slot);
        let latest = client.call("getLatestBlockhash", json!([{"commitment": commitment}])).await;
        assert_eq!(latest["value"]["blockhash"], json!(devnet.block_hash(slot).unwrap()));
        assert_eq!(latest["context"], json!({"slot": slot, "apiVersion": "3.0.6"}));
    }
    assert_eq!(client.call("getSlot", json!([])).await, 14);
    let too_early = client.answer("getSlot", json!([{"minContextSlot": 15}])).await;
    assert_eq!(
        too_early["error"],
        json!({"code": -32016, "message": "Minimum context slot has not been reached", "data": {"contextSlot": 14}})
    );
    assert_eq!(client.call("getGenesisHash", json!([])).await, json!(devnet.block_hash(0).unwrap()));
    assert_eq!(client.call("getHealth", json!([])).await, "ok");
    assert_eq!(client.call("getVersion", json!([])).await["solana-core"], "3.0.6");
    assert_eq!(client.call("getEpochInfo", json!([])).await["absoluteSlot"], 14);
    assert_eq!(client.error("getNothing", json!([])).await, (-32601, "Method not found".into()));
}

#[tokio::test]
async fn answers_carry_the_id_last_as_agave_writes_them() {
    let (_devnet, client) = devnet(1).await;
    let request = json!({"jsonrpc": "2.0", "id": "x", "method": "getHealth"});
    let text = client.post(&request).await.unwrap().text().await.unwrap();
    assert_eq!(text, r#"{"jsonrpc":"2.0","result":"ok","id":"x"}"#);
    let long = json!({"jsonrpc": "2.0", "id": 1, "method": "getHealth", "params": ["x".repeat(60_000)]});
    assert_eq!(client.post(&long).await.unwrap().status(), 413);
}

#[tokio::test]
async fn blocks_are_the_oracles_in_all_details() {
    let (devnet, client) = devnet(12).await;
    for known in devnet.canonical_blocks().iter().skip(1).take(11) {
        let ask = async |details: &str| {
            let mut options = confirmed();
            options["transactionDetails"] = details.into();
            options["rewards"] = false.into();
            client.call("getBlock", json!([known.slot, options])).await
        };
        let block = ask("full").await;
        assert_eq!(block["blockhash"], json!(known.blockhash));
        assert_eq!(block["previousBlockhash"], json!(known.previous_blockhash));
        assert_eq!(block["parentSlot"], known.parent_slot);
        assert_eq!(block["blockTime"], known.time);
        assert_eq!(block["blockHeight"], known.height);
        assert!(block.get("rewards").is_none() && block.get("signatures").is_none());
        let transactions = block["transactions"].as_array().unwrap();
        let ids: Vec<_> = known.transactions.iter().map(|transaction| json!(transaction.signature)).collect();
        let first = |entry: &Value| entry["transaction"]["signatures"][0].clone();
        assert_eq!(transactions.iter().map(first).collect::<Vec<_>>(), ids);
        for (entry, known) in transactions.iter().zip(&known.transactions) {
            assert_eq!(entry["meta"]["err"].is_null(), !known.failed);
            assert_eq!(entry["meta"]["fee"], known.fee);
            assert_eq!(entry["transaction"]["message"]["accountKeys"][0], json!(known.payer));
            balances_add_up(entry);
        }
        assert_eq!(ask("signatures").await["signatures"], json!(ids));
        let accounts = ask("accounts").await;
        let accounts = accounts["transactions"].as_array().unwrap();
        assert_eq!(accounts.iter().map(first).collect::<Vec<_>>(), ids);
        assert_eq!(accounts[0]["transaction"]["accountKeys"][0]["signer"], true);
        assert!(accounts[0]["meta"].get("logMessages").is_none());
        let none = ask("none").await;
        assert!(none.get("transactions").is_none() && none.get("signatures").is_none());
        assert_eq!(none["blockhash"], json!(known.blockhash));
    }
}

/// Lamports and tokens are neither made nor lost, but for the fee, and by mints and burns.
fn balances_add_up(entry: &Value) {
    let sum = |list: &Value| list.as_array().unwrap().iter().map(|held| held.as_u64().unwrap()).sum::<u64>();
    let meta = &entry["meta"];
    assert_eq!(sum(&meta["preBalances"]), sum(&meta["postBalances"]) + meta["fee"].as_u64().unwrap());
    let message = &entry["transaction"]["message"];
    let loaded = &meta["loadedAddresses"];
    let count = |list: &Value| list.as_array().unwrap().len();
    let keys = count(&message["accountKeys"]) + count(&loaded["writable"]) + count(&loaded["readonly"]);
    assert_eq!(count(&meta["preBalances"]), keys);
    let minted = meta["logMessages"].as_array().unwrap().iter().any(|line| {
        let line = line.as_str().unwrap();
        line.ends_with("Instruction: MintTo") || line.ends_with("Instruction: Burn")
    });
    let tokens = |list: &Value| -> u128 {
        let amount =
            |held: &Value| held["uiTokenAmount"]["amount"].as_str().unwrap().parse::<u128>().unwrap();
        list.as_array().unwrap().iter().map(amount).sum()
    };
    let same = tokens(&meta["preTokenBalances"]) == tokens(&meta["postTokenBalances"]);
    assert!(same || minted);
}

#[tokio::test]
async fn slots_that_are_skipped_absent_or_above_are_told_apart() {
    let config = SolanaDevnetConfig { skip_rate: 0.4, ..config() };
    let (devnet, client) = devnet_with(config, 60).await;
    let head = devnet.head();
    let finalized = devnet.finalized();
    let blocks = client.call("getBlocks", json!([0, head, {"commitment": "confirmed"}])).await;
    let listed: Vec<u64> = blocks.as_array().unwrap().iter().map(|slot| slot.as_u64().unwrap()).collect();
    let mut skipped = 0;
    for slot in 0..head {
        let there = devnet.block_hash(slot).is_some();
        assert_eq!(listed.contains(&slot), there && slot < head, "slot {slot}");
        if there {
            continue;
        }
        let (code, message) = client.error("getBlock", json!([slot, confirmed()])).await;
        if slot <= finalized {
            skipped += 1;
            let words = format!("Slot {slot} was skipped, or missing due to ledger jump to recent snapshot");
            assert_eq!((code, message), (-32007, words));
        } else {
            assert_eq!((code, message), (-32004, format!("Block not available for slot {slot}")));
        }
    }
    assert!(skipped > 5);
    assert_eq!(client.error("getBlock", json!([head + 1, confirmed()])).await.0, -32004);
    assert_eq!(client.error("getBlock", json!([finalized + 1])).await.0, -32004);
    let unsupported = client.error("getBlock", json!([1, {"commitment": "processed"}])).await;
    assert_eq!(unsupported, (-32602, "Method does not support commitment below `confirmed`".into()));
}

#[tokio::test]
async fn ranges_of_slots_have_agaves_limits() {
    let (_devnet, client) = devnet(20).await;
    let blocks = async |params: Value| client.call("getBlocks", params).await;
    assert_eq!(blocks(json!([12])).await, json!([12, 13, 14]));
    assert_eq!(
        blocks(json!([12, {"commitment": "confirmed"}])).await,
        json!([12, 13, 14, 15, 16, 17, 18, 19])
    );
    assert_eq!(blocks(json!([12, 13])).await, json!([12, 13]));
    assert_eq!(blocks(json!([13, 12])).await, json!([]));
    assert_eq!(blocks(json!([90, 100])).await, json!([]));
    let limited = async |params: Value| client.call("getBlocksWithLimit", params).await;
    assert_eq!(limited(json!([12, 2])).await, json!([12, 13]));
    assert_eq!(limited(json!([13, 9])).await, json!([13, 14]));
    let wide = client.error("getBlocksWithLimit", json!([0, 500_001])).await;
    assert_eq!(wide, (-32602, "Limit too large; max 500000".into()));
    let wrong = client.error("getBlocks", json!([])).await;
    assert_eq!(wrong, (-32602, "`params` should have at least 1 argument(s)".into()));
    let wrong = client.error("getBlocks", json!(["1"])).await;
    assert_eq!(wrong, (-32602, "Invalid params: invalid type: string \"1\", expected u64.".into()));
}

#[tokio::test]
async fn versions_are_served_only_to_those_who_know_them() {
    let (devnet, client) = devnet(1).await;
    devnet.mine_with(vec![transfer(&devnet, 5, Told::Cpi).nested_under(devnet.router()).versioned()]);
    devnet.mine(2);
    let signature = devnet.canonical_blocks()[2].transactions[0].signature;
    let words = "Transaction version (0) is not supported by the requesting client. Please try the request again with the \
                 following configuration parameter: \"maxSupportedTransactionVersion\": 0";
    let old = json!({"commitment": "confirmed"});
    assert_eq!(client.error("getBlock", json!([2, old])).await, (-32015, words.into()));
    assert_eq!(client.error("getTransaction", json!([signature, old])).await, (-32015, words.into()));
    let mut headers = old.clone();
    headers["transactionDetails"] = "none".into();
    assert_eq!(client.call("getBlock", json!([2, headers])).await["blockHeight"], 2);
    let transaction = client.call("getTransaction", json!([signature, confirmed()])).await;
    assert_eq!(transaction["version"], 0);
    assert_eq!(transaction["slot"], 2);
    let message = &transaction["transaction"]["message"];
    let lookups = &message["addressTableLookups"][0];
    let loaded = &transaction["meta"]["loadedAddresses"];
    assert_eq!(loaded["writable"], json!([devnet.accounts()[1]]));
    assert_eq!(lookups["writableIndexes"], json!([0]));
    // The demo program is called from within, and its event authority is given to it.
    assert!(loaded["readonly"].as_array().unwrap().contains(&json!(program(&devnet))));
    assert_eq!(lookups["readonlyIndexes"], json!([1, 2]));
    let inner = &transaction["meta"]["innerInstructions"][0]["instructions"];
    assert_eq!(inner[0]["programIdIndex"], inner[1]["programIdIndex"]);
    assert_eq!((&inner[0]["stackHeight"], &inner[1]["stackHeight"]), (&json!(2), &json!(3)));
    let data = bs58::decode(inner[1]["data"].as_str().unwrap()).into_vec().unwrap();
    assert_eq!(data[..8], [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d]);
    assert_eq!(data[8..], devnet.canonical_events().iter().find(|event| event.slot == 2).unwrap().data);
}

#[tokio::test]
async fn transactions_come_in_several_encodings() {
    let (devnet, client) = devnet(0).await;
    devnet.mine_with(vec![transfer(&devnet, 5, Told::Log)]);
    devnet.mine(1);
    let signature = devnet.canonical_events()[0].signature;
    let ask = async |encoding: &str| {
        let mut options = confirmed();
        options["encoding"] = encoding.into();
        client.call("getTransaction", json!([signature, options])).await
    };
    let wire = ask("base64").await["transaction"].clone();
    assert_eq!(wire[1], "base64");
    let bytes = STANDARD.decode(wire[0].as_str().unwrap()).unwrap();
    assert_eq!((bytes[0], &bytes[1..65]), (1, &signature.0[..]));
    assert_eq!(&bytes[65..69], [1, 0, 1, 3]);
    assert_eq!(&bytes[69..101], devnet.accounts()[0].0);
    let short = ask("base58").await["transaction"].clone();
    assert_eq!(bs58::decode(short[0].as_str().unwrap()).into_vec().unwrap(), bytes);
    assert_eq!(ask("binary").await["transaction"], short[0]);
    let mut parsed = confirmed();
    parsed["encoding"] = "jsonParsed".into();
    assert_eq!(client.error("getTransaction", json!([signature, parsed])).await.0, -32602);
    assert_eq!(client.call("getTransaction", json!(["1".repeat(64), confirmed()])).await, Value::Null);
    let wrong = client.error("getTransaction", json!(["22", confirmed()])).await;
    assert_eq!(wrong, (-32602, "Invalid param: WrongSize".into()));
}

#[tokio::test]
async fn orphaned_transactions_are_forgotten() {
    let (devnet, client) = devnet(10).await;
    devnet.mine_with(vec![transfer(&devnet, 5, Told::Log)]);
    devnet.mine(1);
    let signature = devnet.canonical_events().iter().find(|event| event.slot == 11).unwrap().signature;
    let ask = async || client.call("getTransaction", json!([signature, confirmed()])).await;
    assert_eq!(ask().await["slot"], 11);
    devnet.rollback(2);
    devnet.mine(3);
    assert_eq!(ask().await, Value::Null);
    let status = client.call("getSignatureStatuses", json!([[signature]])).await;
    assert_eq!(status["value"], json!([null]));
}

#[tokio::test]
async fn statuses_tell_how_sure_a_transaction_is() {
    let (devnet, client) = devnet(0).await;
    devnet.mine_with(vec![transfer(&devnet, 5, Told::Log).failing()]);
    let signature = devnet.canonical_events()[0].signature;
    for (mined, status) in [(0, "processed"), (1, "confirmed"), (5, "finalized")] {
        devnet.mine(mined);
        let answer = client.call("getSignatureStatuses", json!([[signature, "1".repeat(64)]])).await;
        let known = &answer["value"][0];
        assert_eq!(known["confirmationStatus"], status);
        assert_eq!(known["err"], json!({"InstructionError": [0, {"Custom": 6000}]}));
        assert_eq!(known["status"], json!({"Err": known["err"]}));
        assert_eq!(known["confirmations"].is_null(), status == "finalized");
        assert_eq!(answer["value"][1], Value::Null);
    }
    devnet.mine(200);
    let ask = async |options: Value| client.call("getSignatureStatuses", json!([[signature], options])).await;
    assert_eq!(ask(json!({})).await["value"][0], Value::Null);
    assert_eq!(ask(json!({"searchTransactionHistory": true})).await["value"][0]["slot"], 1);
}

#[tokio::test]
async fn balances_are_as_of_the_commitment_asked_for() {
    let (devnet, client) = devnet(0).await;
    let [alice, bob] = [0, 1].map(|index| devnet.accounts()[index]);
    let held = async |key, commitment: &str| {
        client.call("getBalance", json!([key, {"commitment": commitment}])).await["value"].clone()
    };
    let before = held(bob, "processed").await.as_u64().unwrap();
    devnet.mine_with(vec![TxSpec::new(alice, vec![InstructionSpec::system_transfer(alice, bob, 7)])]);
    assert_eq!(held(bob, "processed").await, before + 7);
    assert_eq!(held(alice, "processed").await, before - 5007);
    assert_eq!(held(bob, "confirmed").await, before);
    assert_eq!(held(bob, "finalized").await, before);
}

#[tokio::test]
async fn the_description_of_a_demo_program_is_in_its_account() {
    use std::io::Read;

    let (devnet, client) = devnet(0).await;
    let address = client.call("getAccountInfo", json!([program(&devnet)])).await;
    assert_eq!(address["value"], Value::Null);
    let known = chainbell_devnet::solana::idl_address(&program(&devnet));
    let info = client.call("getAccountInfo", json!([known, {"encoding": "base64"}])).await;
    assert_eq!(info["value"]["owner"], json!(program(&devnet)));
    let data = STANDARD.decode(info["value"]["data"][0].as_str().unwrap()).unwrap();
    let len = u32::from_le_bytes(data[40..44].try_into().unwrap()) as usize;
    assert_eq!(data.len(), 44 + len);
    let mut text = String::new();
    flate2::read::ZlibDecoder::new(&data[44..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, devnet.idl());
    let slice = json!({"encoding": "base64", "dataSlice": {"offset": 40, "length": 4}});
    let info = client.call("getAccountInfo", json!([known, slice])).await;
    assert_eq!(STANDARD.decode(info["value"]["data"][0].as_str().unwrap()).unwrap(), data[40..44]);
    let several = client.call("getMultipleAccounts", json!([[known, program(&devnet)]])).await;
    assert_eq!(several["value"][0]["space"], data.len());
    assert_eq!(several["value"][1], Value::Null);
    assert_eq!(client.error("getAccountInfo", json!([known])).await.0, -32600);
}

#[tokio::test]
async fn the_oracle_knows_the_events_of_hand_made_transactions() {
    let (devnet, _) = devnet(0).await;
    let make = |amount, told| transfer(&devnet, amount, told);
    devnet.mine_with(vec![
        make(1, Told::Log),
        make(2, Told::Cpi),
        make(3, Told::Both),
        make(4, Told::Cpi).nested_under(devnet.router()),
        make(5, Told::Log).failing(),
        make(6, Told::Log).after_chatter(11_000),
    ]);
    let events = devnet.canonical_events();
    let told: Vec<_> = events.iter().map(|event| (event.amount.unwrap(), event.index, event.depth)).collect();
    assert_eq!(told, [(1, 0, 1), (2, 0, 1), (3, 0, 1), (4, 0, 2), (5, 0, 1)]);
    assert_eq!(
        events.iter().map(|event| event.failed).collect::<Vec<_>>(),
        [false, false, false, false, true]
    );
    let blocks = devnet.canonical_blocks();
    assert!(blocks[1].transactions[5].log_truncated);
    assert_eq!(blocks[1].transactions.iter().map(|one| one.events.len()).sum::<usize>(), events.len());
}

#[tokio::test]
async fn commands_can_come_over_http() {
    let (devnet, client) = devnet(0).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let command = async |body: Value| {
        let url = format!("{}/devnet", devnet.http_url());
        let answer = http.post(url).body(body.to_string()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, answer) = command(json!({"mine": 3})).await;
    assert_eq!(status, 200);
    let hash = devnet.block_hash(3).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&answer).unwrap(), json!({"head": 3, "hash": hash}));
    let spec = transfer(&devnet, 9, Told::Log);
    assert_eq!(command(json!({"mine_with": [spec]})).await.0, 200);
    let events: Value = serde_json::from_str(&command(json!("events")).await.1).unwrap();
    assert_eq!(events.as_array().unwrap().last().unwrap()["amount"], 9);
    assert_eq!(
        serde_json::from_str::<Value>(&command(json!("idl")).await.1).unwrap()["metadata"]["name"],
        "demo"
    );
    assert_eq!(command(json!({"faults": {"rules": [{"fault": {"pruned": {"below": 2}}}]}})).await.0, 200);
    assert_eq!(client.call("getFirstAvailableBlock", json!([])).await, 2);
    let (status, reason) = command(json!("nonsense")).await;
    assert_eq!(status, 400);
    assert!(reason.contains("unknown variant `nonsense`"), "{reason}");
}
