//! What goes wrong on demand with a Stellar network's servers.

use std::{collections::BTreeSet, time::Duration};

use chainbell_devnet::{
    FaultPlan, StellarDevnetConfig,
    stellar::{DemoEvent, EventSpec, Fault, Movement, RefundStage, Token, TxSpec},
};
use serde_json::{Value, json};

use crate::{
    client::Client,
    stellar_support::{devnet, devnet_with, each},
};

async fn page(client: &Client, params: Value) -> (Vec<String>, Value) {
    let page = client.call("getEvents", params).await;
    let ids = each(&page["events"], "id").into_iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    (ids, page["cursor"].clone())
}

fn from(start: u32, limit: u32) -> Value {
    json!({"startLedger": start, "filters": [], "pagination": {"limit": limit}})
}

fn after(cursor: &Value, limit: u32) -> Value {
    json!({"filters": [], "pagination": {"limit": limit, "cursor": cursor}})
}

#[tokio::test]
async fn events_are_left_out_without_a_word() {
    let (devnet, client) = devnet(23, 5).await;
    let (all, end) = page(&client, from(1, 30)).await;
    devnet.set_faults(vec![Fault::DropEvents { count: 3 }.times(1).on("getEvents")]);
    let (some, same_end) = page(&client, from(1, 30)).await;
    assert_eq!((all.len(), some.len()), (30, 27));
    assert_eq!(end, same_end);
    let all: BTreeSet<_> = all.into_iter().collect();
    assert!(some.iter().all(|id| all.contains(id)) && some.is_sorted());
    assert_eq!(page(&client, from(1, 30)).await.0.len(), 30);
    devnet.set_faults(vec![Fault::DropEvents { count: usize::MAX }.always()]);
    assert_eq!(page(&client, from(1, 30)).await.0.len(), 0);
    assert_eq!(devnet.stats().faults, 2);
}

#[tokio::test]
async fn pages_are_repeated_or_empty() {
    let (devnet, client) = devnet(23, 5).await;
    let (first, cursor) = page(&client, from(1, 20)).await;
    let (second, _) = page(&client, after(&cursor, 20)).await;
    devnet.set_faults(vec![Fault::RepeatPage.times(1)]);
    assert_eq!(page(&client, after(&cursor, 20)).await, (first, cursor.clone()));
    devnet.set_faults(vec![Fault::EmptyPage.times(1)]);
    assert_eq!(page(&client, after(&cursor, 20)).await, (Vec::new(), cursor.clone()));
    assert_eq!(page(&client, after(&cursor, 20)).await.0, second);

    let transactions = async |params: Value| client.call("getTransactions", params).await;
    let one = transactions(json!({"startLedger": 2, "pagination": {"limit": 8}})).await;
    let next = json!({"pagination": {"limit": 8, "cursor": one["cursor"]}});
    devnet.set_faults(vec![Fault::RepeatPage.times(1)]);
    let again = transactions(next.clone()).await;
    assert_eq!(again["transactions"], one["transactions"]);
    assert_eq!(again["cursor"], one["cursor"]);
    devnet.set_faults(vec![Fault::EmptyPage.times(1)]);
    let none = transactions(next.clone()).await;
    assert_eq!((&none["transactions"], &none["cursor"]), (&json!([]), &one["cursor"]));
    assert_ne!(transactions(next).await["transactions"], one["transactions"]);

    devnet.set_faults(vec![Fault::RepeatPage.times(1), Fault::EmptyPage.times(1).after(1)]);
    let ledgers = async || {
        let page = client.call("getLedgers", json!({"startLedger": 4, "pagination": {"limit": 2}})).await;
        each(&page["ledgers"], "sequence").into_iter().map(|it| it.as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!([ledgers().await, ledgers().await, ledgers().await], [vec![2, 3], vec![], vec![4, 5]]);
}

#[tokio::test]
async fn what_is_kept_moves_on() {
    let (devnet, client) = devnet(23, 20).await;
    let window = async || {
        let health = client.call("getHealth", json!({})).await;
        [&health["oldestLedger"], &health["latestLedger"]].map(|it| it.as_u64().unwrap())
    };
    assert_eq!(window().await, [1, 21]);
    devnet.set_retention(10);
    assert_eq!(window().await, [12, 21]);
    devnet.mine(3);
    assert_eq!(window().await, [15, 24]);
    devnet.set_faults(vec![Fault::MovingRetention { ledgers: 4 }.always().after(1)]);
    assert_eq!(window().await, [15, 24]);
    assert_eq!(window().await, [21, 24]);
    let gone = "startLedger must be within the ledger range: 21 - 24";
    assert_eq!(client.error("getEvents", from(20, 5)).await, (-32600, gone.to_owned()));
    let cursor = json!("0000000085899345920-0000000000");
    assert_eq!(client.error("getEvents", after(&cursor, 5)).await, (-32600, gone.to_owned()));
    let gone = "start ledger (20) must be between the oldest ledger: 21 and the latest ledger: 24 for this rpc instance";
    for method in ["getLedgers", "getTransactions"] {
        let error = client.error(method, json!({"startLedger": 20})).await;
        assert_eq!(error, (-32600, gone.to_owned()));
    }
    let (_, message) = client.error("getLedgers", json!({"pagination": {"cursor": "19"}})).await;
    assert!(message.starts_with("cursor ('19') must be between"));
    let cursor = (20_u64 << 32).to_string();
    let (_, message) = client.error("getTransactions", json!({"pagination": {"cursor": cursor}})).await;
    assert_eq!(message, "database does not contain metadata for ledger: 20");
    let forgotten = &devnet.canonical_ledgers()[3].transactions[0].0;
    let answer = client.call("getTransaction", json!({"hash": forgotten})).await;
    assert_eq!(answer["status"], "NOT_FOUND");
    devnet.set_faults(FaultPlan::default());
    devnet.set_retention(u32::MAX);
    assert_eq!(window().await, [1, 24]);
    assert_eq!(client.call("getTransaction", json!({"hash": forgotten})).await["ledger"], 4);
}

#[tokio::test]
async fn replicas_lag_and_have_faults_of_their_own() {
    let (devnet, client) = devnet(23, 10).await;
    let replica = devnet.replica(vec![Fault::Behind { blocks: 3 }.always()]).await.unwrap();
    let lagging = Client::new(replica.http_url());
    let latest = async |client: &Client| client.call("getLatestLedger", json!({})).await["sequence"].clone();
    assert_eq!((latest(&client).await, latest(&lagging).await), (json!(11), json!(8)));
    let (code, _) = lagging.error("getEvents", from(9, 5)).await;
    assert_eq!(code, -32600);
    let (events, cursor) = page(&lagging, from(8, 10_000)).await;
    assert!(!events.is_empty());
    assert_eq!(cursor, "0000000038654705663-4294967295");
    replica.set_faults(vec![
        Fault::Null.times(1),
        Fault::Error { code: -32603, message: "no".into() }.always().after(1),
    ]);
    assert_eq!(lagging.call("getLatestLedger", json!({})).await, Value::Null);
    assert_eq!(lagging.error("getLatestLedger", json!({})).await, (-32603, "no".to_owned()));
    assert_eq!(latest(&client).await, 11);
    devnet.shutdown().await;
    assert!(client.post(&json!({})).await.is_err());
}

#[tokio::test]
async fn the_transport_fails() {
    let (devnet, client) = devnet(23, 3).await;
    let ask = async || client.post(&json!({"jsonrpc": "2.0", "id": 1, "method": "getHealth"})).await;
    devnet.set_faults(vec![Fault::RateLimited { retry_after: Some(2) }.times(1)]);
    let refused = ask().await.unwrap();
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (429, &"2".parse().unwrap()));
    devnet.set_faults(vec![Fault::Status { code: 503 }.times(1)]);
    assert_eq!(ask().await.unwrap().status(), 503);
    devnet.set_faults(vec![Fault::Reset.times(1)]);
    assert!(ask().await.is_err());
    devnet.set_faults(vec![Fault::Truncated.times(1)]);
    assert!(ask().await.unwrap().bytes().await.is_err());
    devnet.set_faults(vec![Fault::InvalidJson.times(1)]);
    assert!(ask().await.unwrap().json::<Value>().await.is_err());
    devnet.set_faults(vec![Fault::Hang.times(1)]);
    assert!(tokio::time::timeout(Duration::from_millis(100), ask()).await.is_err());
    assert_eq!(ask().await.unwrap().status(), 200);
}

#[tokio::test]
async fn ledgers_close_by_themselves_and_are_never_taken_back() {
    let (devnet, client) = devnet(23, 1).await;
    devnet.auto_mine(Duration::from_millis(5));
    while devnet.head() < 6 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    devnet.auto_mine(Duration::ZERO);
    let command = async |body: Value| {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/devnet", devnet.http_url());
        http.post(url).body(body.to_string()).send().await.unwrap().json::<Value>().await.unwrap()
    };
    let before = devnet.canonical_ledgers();
    command(json!({"reorg": {"depth": 2, "blocks": 5}})).await;
    command(json!({"rollback": 2})).await;
    assert_eq!(devnet.canonical_ledgers(), before);
    let transfer = TxSpec::transfer(Token::Issued, devnet.accounts()[0], devnet.accounts()[1], 77);
    let summary = command(json!({"mine_with": [transfer]})).await;
    assert_eq!(summary["head"], devnet.head());
    let events = command(json!("events")).await;
    assert_eq!(events.as_array().unwrap().last().unwrap()["amount"], "77");
    assert_eq!(command(json!("cast")).await["tokens"], json!(devnet.tokens()));
    assert_eq!(client.call("getLatestLedger", json!({})).await["id"], summary["hash"]);
}

#[tokio::test]
async fn the_same_seed_and_commands_make_the_same_ledgers() {
    let make = async |seed| {
        let config = StellarDevnetConfig { seed, first_ledger: 1_000, ..StellarDevnetConfig::default() };
        let (devnet, _) = devnet_with(config, 8).await;
        let accounts = devnet.accounts();
        let (one, other) = (accounts[0], accounts[1]);
        let burn =
            EventSpec::Token { token: Token::Issued, movement: Movement::Burn { from: one, amount: 1 } };
        devnet.mine_with(vec![
            TxSpec::demo(one, DemoEvent::PriceSet { feed: "a".into(), price: 1 }).and(burn),
            TxSpec::payment(Token::Native, one, other, 5).with_memo(9).failing(),
            TxSpec::transfer(Token::Native, one, other, 5).refunding(7, RefundStage::AfterTransaction),
        ]);
        assert_eq!(devnet.head(), 1_009);
        (devnet.canonical_ledgers(), devnet.canonical_events())
    };
    assert_eq!(make(3).await, make(3).await);
    assert_ne!(make(3).await, make(4).await);
}
