//! How the servers of a Stellar network take parameters: filters, pages, and what they refuse.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chainbell_devnet::StellarDevnetConfig;
use serde_json::{Value, json};
use stellar_xdr::{
    AccountId, ContractDataDurability, ContractId, Hash, LedgerEntryData, LedgerKey, LedgerKeyAccount,
    LedgerKeyContractData, LedgerKeyTtl, Limits, PublicKey, ScAddress, ScVal, Uint256, WriteXdr,
};

use crate::{
    client::Client,
    stellar_rpc::all_events,
    stellar_support::{devnet, devnet_with, each, xdr},
};

fn encoded(value: &impl WriteXdr) -> String {
    STANDARD.encode(value.to_xdr(Limits::none()).unwrap())
}

fn symbol(name: &str) -> String {
    encoded(&ScVal::Symbol(name.try_into().unwrap()))
}

async fn count(client: &Client, filters: Value) -> usize {
    all_events(client, filters, 1_000).await.len()
}

#[tokio::test]
async fn filters_choose_by_contract_topics_and_type() {
    let (devnet, client) = devnet(23, 40).await;
    let known = devnet.canonical_events();
    let of = |test: &dyn Fn(&str, &str) -> bool| {
        known.iter().filter(|event| test(&event.contract, &event.name)).count()
    };
    let (demo, token) = (&devnet.contracts()[0], &devnet.tokens()[0]);
    assert_eq!(count(&client, json!([{"contractIds": [demo]}])).await, of(&|contract, _| contract == demo));
    let transfers = of(&|_, name| name == "transfer");
    let swaps = of(&|_, name| name == "Swapped");
    for (topics, expected) in [
        (json!([[symbol("transfer"), "**"]]), transfers),
        (json!([[symbol("transfer"), "*", "*", "*"]]), transfers),
        (json!([[symbol("transfer"), "*", "*"]]), 0),
        (json!([[symbol("swapped"), "*", "**"], [symbol("transfer"), "**"]]), swaps + transfers),
        (json!([[symbol("swapped"), symbol("XLM_EUR"), "*", "*", "**"], ["*", symbol("none")]]), {
            let pair = json!([{"topics": [["*", symbol("XLM_EUR"), "*", "*"]]}]);
            count(&client, pair).await
        }),
    ] {
        assert_eq!(
            count(&client, json!([{"type": "contract", "topics": topics}])).await,
            expected,
            "{topics}"
        );
    }
    let everything = known.len() + devnet.canonical_fees().len();
    assert_eq!(count(&client, json!([])).await, everything);
    assert_eq!(count(&client, json!([{"topics": [["**"]]}])).await, everything);
    assert_eq!(count(&client, json!([{"type": "system"}])).await, 0);
    assert_eq!(count(&client, json!([{"type": "contract,system"}])).await, everything);
    // A filter without contracts does not widen what others look at.
    let mixed = json!([{"contractIds": [token], "topics": [[symbol("mint"), "**"]]}, {"topics": [[symbol("transfer"), "**"]]}]);
    let expected = of(&|contract, name| contract == token && (name == "mint" || name == "transfer"));
    assert_eq!(count(&client, mixed).await, expected);
}

#[tokio::test]
async fn what_real_servers_refuse_is_refused_in_their_words() {
    let (devnet, client) = devnet(23, 3).await;
    let demo = &devnet.contracts()[0];
    let filtered = |filter: Value| json!({"startLedger": 1, "filters": [filter]});
    let range = "startLedger must be within the ledger range: 1 - 4";
    for (params, code, text) in [
        (json!({"filters": []}), -32602, "startLedger must be positive"),
        (json!({"startLedger": 5}), -32600, range),
        (json!({"startLedger": 1, "pagination": {"limit": 10_001}}), -32602, "limit must not exceed 10000"),
        (
            json!({"startLedger": 1, "pagination": {"cursor": "0000000004294967296-0000000000"}}),
            -32602,
            "ledger ranges and cursor cannot both be set",
        ),
        (json!({"pagination": {"cursor": "nonsense"}}), -32602, "invalid parameters"),
        (json!([1]), -32602, "invalid parameters"),
        (json!({"startLedger": "1"}), -32602, "invalid parameters"),
        (json!({"startLedger": 1, "filters": vec![json!({}); 6]}), -32602, "maximum 5 filters per request"),
        (
            filtered(json!({"contractIds": vec![demo; 6]})),
            -32602,
            "filter 1 invalid: maximum 5 contract IDs per filter",
        ),
        (filtered(json!({"contractIds": ["CAAA"]})), -32602, "filter 1 invalid: contract ID 1 invalid"),
        (
            filtered(json!({"topics": vec![["*"]; 6]})),
            -32602,
            "filter 1 invalid: maximum 5 topics per filter",
        ),
        (
            filtered(json!({"topics": [["*", "*", "*", "*", "*"]]})),
            -32602,
            "filter 1 invalid: topic 1 invalid: topic cannot have more than 4 segments",
        ),
        (
            filtered(json!({"topics": [["*"], []]})),
            -32602,
            "filter 1 invalid: topic 2 invalid: topic must have at least 1 segment",
        ),
        (
            filtered(json!({"topics": [["*", "**", "*"]]})),
            -32602,
            "filter 1 invalid: topic 1 invalid: segment 2 invalid: wildcard '**' is only allowed as the last segment",
        ),
        (filtered(json!({"topics": [["AAAA"]]})), -32602, "invalid parameters"),
        (
            filtered(json!({"type": "diagnostic"})),
            -32602,
            "filter 1 invalid: filter type invalid: if set, type must be either 'system' or 'contract'",
        ),
        (
            json!({"startLedger": 1, "xdrFormat": "json"}),
            -32602,
            "this simulated server does not offer xdrFormat 'json'",
        ),
    ] {
        assert_eq!(client.error("getEvents", params).await, (code, text.to_owned()));
    }
    let answer = client.answer("getStuff", json!({})).await;
    assert_eq!(answer["error"], json!({"code": -32601, "message": "method not found", "data": "getStuff"}));
    for method in ["getLedgers", "getTransactions"] {
        let (code, text) =
            client.error(method, json!({"startLedger": 1, "pagination": {"limit": 201}})).await;
        assert_eq!((code, &*text), (-32600, "limit must not exceed 200"));
        let both = json!({"startLedger": 1, "pagination": {"cursor": "2"}});
        let (_, text) = client.error(method, both).await;
        assert_eq!(text, "startLedger (1) and cursor (2) cannot both be set");
    }
    let (_, text) = client.error("getTransaction", json!({"hash": "00"})).await;
    assert_eq!(text, "unexpected hash length (2)");
}

#[tokio::test]
async fn a_request_looks_through_a_window_of_ledgers() {
    let config = StellarDevnetConfig { scan_limit: 5, ..StellarDevnetConfig::default() };
    let (devnet, client) = devnet_with(config, 20).await;
    let demo = &devnet.contracts()[1];
    let filters = json!([{"contractIds": [demo]}]);
    let mut params = json!({"startLedger": 1, "filters": filters});
    let mut ids = Vec::new();
    let mut ends = Vec::new();
    loop {
        let page = client.call("getEvents", params).await;
        ids.extend(each(&page["events"], "id").into_iter().cloned());
        let cursor = page["cursor"].as_str().unwrap();
        let toid: u64 = cursor.split('-').next().unwrap().parse().unwrap();
        ends.push(toid >> 32);
        if toid >> 32 == u64::from(devnet.head()) {
            break;
        }
        params = json!({"filters": filters, "pagination": {"cursor": cursor}});
    }
    // What a window ends in counts with the next one.
    assert_eq!(ends, [5, 9, 13, 17, 21]);
    let known = devnet.canonical_events();
    let known: Vec<_> =
        known.iter().filter(|event| event.contract == *demo).map(|event| json!(event.id)).collect();
    assert_eq!(ids, known);
    let bounded = json!({"startLedger": 2, "endLedger": 4, "filters": []});
    let page = client.call("getEvents", bounded).await;
    let ledgers = each(&page["events"], "ledger");
    assert!(ledgers.contains(&&json!(3)) && !ledgers.contains(&&json!(4)));
}

#[tokio::test]
async fn older_servers_do_not_know_open_topics() {
    let (_devnet, client) = devnet(22, 3).await;
    let params = json!({"startLedger": 1, "filters": [{"topics": [[symbol("transfer"), "**"]]}]});
    let answer = client.answer("getEvents", params).await;
    assert_eq!(
        (&answer["error"]["code"], &answer["error"]["message"]),
        (&json!(-32602), &json!("invalid parameters"))
    );
    let diagnoses = json!({"startLedger": 1, "filters": [{"type": "diagnostic"}]});
    assert!(!each(&client.call("getEvents", diagnoses).await["events"], "id").is_empty());
}

#[tokio::test]
async fn servers_of_protocol_20_have_words_of_their_own() {
    let (_devnet, client) = devnet(20, 5).await;
    assert_eq!(client.call("getHealth", json!({})).await, json!({"status": "healthy"}));
    assert_eq!(client.call("getNetwork", json!({})).await["protocolVersion"], "20");
    let page = client.call("getEvents", json!({"startLedger": 2, "pagination": {"limit": 3}})).await;
    assert_eq!(page["events"][0]["ledger"], "2");
    assert!(page.get("cursor").is_none() && page.get("oldestLedger").is_none());
    let token = &page["events"][2]["pagingToken"];
    let next = client.call("getEvents", json!({"pagination": {"cursor": token, "limit": 1}})).await;
    assert!(next["events"][0]["id"].as_str() > token.as_str());
    let outside = async |start: u32| client.error("getEvents", json!({"startLedger": start})).await.1;
    assert_eq!(outside(7).await, "start is after newest ledger");
    let transactions = client.call("getTransactions", json!({"startLedger": 2})).await;
    assert!(transactions["transactions"][0].get("txHash").is_none());
    assert!(transactions["transactions"][0].get("events").is_none());
}

#[tokio::test]
async fn transactions_begin_anew_where_nothing_follows() {
    let (devnet, client) = devnet(23, 2).await;
    let last = client.call("getTransactions", json!({"startLedger": 3})).await;
    assert_eq!(last["cursor"], ((3_u64 << 32) | (6 << 12) | 1).to_string());
    let next = json!({"pagination": {"cursor": last["cursor"]}});
    let nothing = client.call("getTransactions", next.clone()).await;
    assert_eq!(nothing["transactions"], json!([]));
    assert_eq!(nothing["cursor"], ((3_u64 << 32) | 1).to_string());
    devnet.mine(1);
    let page = client.call("getTransactions", next).await;
    assert!(each(&page["transactions"], "ledger").iter().all(|ledger| **ledger == 4));
    assert_eq!(page["transactions"].as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn entries_hold_contracts_code_and_accounts() {
    let (devnet, client) = devnet(23, 10).await;
    let id = |text: &str| match text.parse().unwrap() {
        chainbell_devnet::stellar::Party::Contract(id) => id,
        _ => panic!("a contract"),
    };
    let instance = |id: [u8; 32]| {
        encoded(&LedgerKey::ContractData(LedgerKeyContractData {
            contract: ScAddress::Contract(ContractId(Hash(id))),
            key: ScVal::LedgerKeyContractInstance,
            durability: ContractDataDurability::Persistent,
        }))
    };
    let payer = devnet.canonical_fees()[0].from.unwrap();
    let chainbell_devnet::stellar::Party::Account(key) = payer else { panic!("an account") };
    let account = LedgerKey::Account(LedgerKeyAccount {
        account_id: AccountId(PublicKey::PublicKeyTypeEd25519(Uint256(key))),
    });
    let keys = [instance(id(&devnet.contracts()[0])), instance([9; 32]), encoded(&account)];
    let answer = client.call("getLedgerEntries", json!({"keys": keys})).await;
    assert_eq!(each(&answer["entries"], "key"), [&keys[0], &keys[2]]);
    let LedgerEntryData::Account(entry) = xdr(&answer["entries"][1]["xdr"]) else { panic!("an account") };
    let paid: i64 = devnet
        .canonical_fees()
        .iter()
        .filter(|fee| fee.from == Some(payer))
        .map(|fee| fee.amount.as_ref().unwrap().parse::<i64>().unwrap())
        .sum();
    assert_eq!(entry.balance, 1_000_000_000_000 - paid);
    let ttl = encoded(&LedgerKey::Ttl(LedgerKeyTtl { key_hash: Hash([0; 32]) }));
    let (_, text) = client.error("getLedgerEntries", json!({"keys": [ttl]})).await;
    assert_eq!(text, "ledger ttl entries cannot be queried directly");
    let (_, text) = client.error("getLedgerEntries", json!({"keys": ["AAAA"]})).await;
    assert_eq!(text, "cannot unmarshal key value AAAA at index 0");
}
