//! Made-up balances, and the transfers that they tell of.

use chainbell_model::{Block, Contracts, Interest, Standard};
use serde_json::{Value as Json, json};

use crate::assemble_support::{SYSTEM, Sample, call, key, name};

const TOKEN: &str = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";

/// Index, the first byte of token, giver and taker (0 for none), amount.
type Moved = (u32, u8, u8, u8, u64);

fn moved(block: &Block) -> Vec<Moved> {
    let byte = |address: Option<chainbell_model::Address>| address.map_or(0, |address| address[0]);
    let moved = |it: &chainbell_model::Transfer| {
        assert_eq!((it.sub, it.token_id, &it.asset), (0, None, &None));
        assert_eq!(it.standard == Standard::Native, it.token.is_none());
        (it.index, byte(it.token), byte(it.from), byte(it.to), it.amount.to_u64().unwrap())
    };
    block.transfers.iter().map(moved).collect()
}

fn wanted(native: bool, tokens: Contracts) -> Interest {
    Interest { native_transfers: native, token_transfers: tokens, ..Interest::default() }
}

/// Keys 1, 2, 3 … with these lamports before and after; the first pays 5000 more.
fn native(changes: &[(u64, u64)]) -> Sample {
    let mut sample = Sample::of(vec![]);
    let keys: Vec<_> = (1..).map(name).take(changes.len()).collect();
    sample.json["transaction"]["message"]["accountKeys"] = json!(keys);
    let before: Vec<_> = changes.iter().map(|change| change.0).collect();
    let mut after: Vec<_> = changes.iter().map(|change| change.1).collect();
    after[0] -= 5000;
    sample.with_meta("preBalances", json!(before)).with_meta("postBalances", json!(after))
}

/// A token balance: of the account in that place, of the token and owner of that byte.
fn holds(place: u8, mint: u8, owner: u8, amount: u64) -> Json {
    let amount =
        json!({ "amount": amount.to_string(), "decimals": 6, "uiAmount": 0.1, "uiAmountString": "0.1" });
    json!({ "accountIndex": place, "mint": name(mint), "owner": name(owner), "programId": TOKEN,
        "uiTokenAmount": amount })
}

fn tokens(before: &[Json], after: &[Json]) -> Sample {
    native(&[(9000, 9000); 6])
        .with_meta("preTokenBalances", json!(before))
        .with_meta("postTokenBalances", json!(after))
}

#[test]
fn the_fee_is_no_transfer() {
    let block = native(&[(9000, 9000), (1, 1)]).read(&wanted(true, Contracts::None));
    assert!(block.transfers.is_empty() && block.transactions.is_empty());
}

#[test]
fn losses_and_gains_are_paired_in_the_order_of_accounts() {
    let interest = wanted(true, Contracts::None);
    let block = native(&[(9000, 8000), (0, 1000)]).read(&interest);
    assert_eq!(moved(&block), [(0, 0, 1, 2, 1000)]);
    assert_eq!(block.transactions[0].details.len(), 10);
    let block = native(&[(9000, 8700), (100, 0), (0, 250), (0, 50), (0, 100)]).read(&interest);
    assert_eq!(moved(&block), [(0, 0, 1, 3, 250), (1, 0, 1, 4, 50), (2, 0, 2, 5, 100)]);
    let block = native(&[(9000, 8700), (100, 0), (0, 350), (0, 50)]).read(&interest);
    assert_eq!(moved(&block), [(0, 0, 1, 3, 300), (1, 0, 2, 3, 50), (2, 0, 2, 4, 50)]);
}

#[test]
fn lamports_that_do_not_add_up_are_shown() {
    let interest = wanted(true, Contracts::None);
    assert_eq!(
        moved(&native(&[(9000, 8000), (0, 400)]).read(&interest)),
        [(0, 0, 1, 2, 400), (1, 0, 1, 0, 600)]
    );
    assert_eq!(moved(&native(&[(9000, 9000), (0, 400)]).read(&interest)), [(0, 0, 0, 2, 400)]);
    let most = native(&[(u64::MAX, u64::MAX), (0, u64::MAX), (u64::MAX, 0)]).read(&interest);
    assert_eq!(moved(&most), [(0, 0, 3, 2, u64::MAX)]);
}

#[test]
fn tokens_move_between_owners_and_not_accounts() {
    let before = [holds(1, 50, 21, 100), holds(2, 50, 21, 7), holds(3, 50, 22, 0)];
    let after = [holds(1, 50, 21, 90), holds(2, 50, 21, 8), holds(3, 50, 22, 9)];
    let block = tokens(&before, &after).read(&wanted(false, Contracts::Any));
    assert_eq!(moved(&block), [(0, 50, 21, 22, 9)]);
}

#[test]
fn what_is_not_paired_was_minted_or_burnt() {
    let minted = tokens(&[], &[holds(1, 50, 21, 5)]);
    assert_eq!(moved(&minted.read(&wanted(false, Contracts::Any))), [(0, 50, 0, 21, 5)]);
    let burnt = tokens(&[holds(1, 50, 21, 5), holds(2, 50, 22, 1)], &[holds(2, 50, 22, 3)]);
    assert_eq!(moved(&burnt.read(&wanted(false, Contracts::Any))), [(0, 50, 21, 22, 2), (1, 50, 21, 0, 3)]);
}

#[test]
fn an_account_that_changes_hands_moves_what_it_holds() {
    let block = tokens(&[holds(1, 50, 21, 5)], &[holds(1, 50, 22, 5)]).read(&wanted(false, Contracts::Any));
    assert_eq!(moved(&block), [(0, 50, 21, 22, 5)]);
}

#[test]
fn an_index_does_not_depend_on_the_interest() {
    let before = [holds(1, 51, 21, 5), holds(2, 50, 21, 5)];
    let after = [holds(1, 51, 22, 5), holds(2, 50, 22, 5)];
    let sample = native(&[(9000, 8000), (0, 1000), (0, 0)])
        .with_meta("preTokenBalances", json!(before))
        .with_meta("postTokenBalances", json!(after));
    let all = [(0, 0, 1, 2, 1000), (1, 51, 21, 22, 5), (2, 50, 21, 22, 5)];
    assert_eq!(moved(&sample.read(&wanted(true, Contracts::Any))), all);
    assert_eq!(moved(&sample.read(&wanted(true, Contracts::None))), all[..1]);
    assert_eq!(moved(&sample.read(&wanted(false, Contracts::Of([key(50)].into())))), all[2..]);
    let other = sample.read(&wanted(false, Contracts::Of([key(77)].into())));
    assert!(other.transactions.is_empty());
}

#[test]
fn where_no_owner_is_told_the_account_itself_holds() {
    let mut before = holds(1, 50, 21, 5);
    let mut after = holds(2, 50, 21, 5);
    before.as_object_mut().unwrap().remove("owner");
    after["owner"] = Json::Null;
    let block = tokens(&[before], &[after]).read(&wanted(false, Contracts::Any));
    assert_eq!(moved(&block), [(0, 50, 2, 3, 5)]);
}

#[test]
fn a_failed_transaction_moves_nothing() {
    let sample = native(&[(9000, 8000), (0, 1000)]).with_meta("err", json!("InsufficientFundsForFee"));
    assert!(sample.read(&wanted(true, Contracts::Any)).transactions.is_empty());
}

#[test]
fn balances_that_a_node_does_not_keep_are_shown() {
    let block = |program: &str| {
        let sample = Sample::of(vec![call(program, &[], vec![])]);
        let sample = sample.with_meta("preTokenBalances", Json::Null);
        sample.read(&wanted(false, Contracts::Any))
    };
    assert_eq!(block(TOKEN).defects.len(), 1);
    assert!(block(SYSTEM).defects.is_empty(), "no token can have moved");
}

#[test]
fn balances_that_contradict_the_keys_are_refused() {
    let interest = wanted(true, Contracts::Any);
    let error = |before: &[Json]| tokens(before, &[]).try_read(&interest).unwrap_err();
    assert!(error(&[holds(6, 50, 21, 5)]).contains("account 6"));
    assert!(error(&vec![holds(1, 50, 21, 5); 7]).contains("more accounts"));
    let mut wrong = holds(1, 50, 21, 5);
    wrong["uiTokenAmount"]["amount"] = json!("-1");
    assert!(error(&[wrong]).contains("no number"));
    let mut wrong = holds(1, 50, 21, 5);
    wrong["mint"] = json!("0");
    assert!(error(&[wrong]).contains("no key"));
}
