//! The events of tokens, in every variant that networks of protocol 20 to 27 and contracts of SEP-41 make.

use serde_json::json;
use stellar_xdr::ScVal;

use crate::decode_support::{
    account, bytes, contract, decode, event, fault, fields, i128, interface, list, names, string, strkey,
    symbol,
};

const ASSET: &str = "USDC:GA5ZSEJYB37JRC5AVCIA5MOP4RHTM335X2KGX3IHOJAPP5RE34K4KZVN";

fn token(name: &str) -> std::sync::Arc<dyn chainbell_model::Decoder> {
    let mut decoders = interface("sac").events(name).unwrap();
    assert_eq!(decoders.len(), 1, "{name}");
    decoders.remove(0)
}

/// What is read of the event, without its kind.
fn read(topics: &[ScVal], data: &ScVal) -> Option<serde_json::Value> {
    let ScVal::Symbol(name) = &topics[0] else { panic!("an event has a name") };
    let decoder = token(&name.0.to_utf8_string().unwrap());
    let payload = event(topics, data);
    if !decoder.fits(&payload) {
        return None;
    }
    let mut json = decode(&*decoder, &payload).unwrap();
    assert_eq!(json.as_object_mut().unwrap().remove("type"), Some(json!("contract")));
    Some(json)
}

#[test]
fn transfers_come_with_and_without_asset_and_whom_they_are_for() {
    let (from, to) = (account(1), contract(2));
    let (from_text, to_text) = (strkey(&from), strkey(&to));
    let plain = [symbol("transfer"), from, to];
    let asset = [&plain[..], &[string(ASSET)]].concat();
    let json = |asset: Option<&str>, amount: &str, id: Option<&str>| {
        Some(json!({"from": from_text, "to": to_text, "asset": asset, "amount": amount, "to_muxed_id": id}))
    };
    assert_eq!(read(&plain, &i128(5)), json(None, "5", None));
    assert_eq!(read(&asset, &i128(-5)), json(Some(ASSET), "-5", None));
    for (id, text) in [
        (ScVal::U64(u64::MAX), "18446744073709551615"),
        (string("order 7"), "order 7"),
        (bytes(&[7; 32]), &format!("0x{}", "07".repeat(32))),
    ] {
        let data = fields([("amount", i128(1)), ("to_muxed_id", id)]);
        assert_eq!(read(&asset, &data), json(Some(ASSET), "1", Some(text)));
    }
    let alone = fields([("amount", i128(i128::MAX))]);
    assert_eq!(read(&plain, &alone), json(None, "170141183460469231731687303715884105727", None));
}

#[test]
fn the_admin_is_a_topic_up_to_protocol_22() {
    let (admin, who) = (account(1), account(2));
    let (admin_text, who_text) = (strkey(&admin), strkey(&who));
    let native = || string("native");
    let minted = |admin: Option<&str>, asset: Option<&str>| {
        Some(json!({"admin": admin, "to": who_text, "asset": asset, "amount": "9", "to_muxed_id": null}))
    };
    let mint = |topics: &[ScVal]| read(&[&[symbol("mint")], topics].concat(), &i128(9));
    assert_eq!(mint(&[admin.clone(), who.clone(), native()]), minted(Some(&admin_text), Some("native")));
    assert_eq!(mint(&[admin.clone(), who.clone()]), minted(Some(&admin_text), None));
    assert_eq!(mint(&[who.clone(), native()]), minted(None, Some("native")));
    assert_eq!(mint(std::slice::from_ref(&who)), minted(None, None));
    assert_eq!(mint(&[]), None);
    assert_eq!(mint(&[native(), who.clone()]), None);
    let clawed = read(&[symbol("clawback"), admin.clone(), who.clone(), native()], &i128(1)).unwrap();
    assert_eq!((&clawed["admin"], &clawed["from"]), (&json!(admin_text), &json!(who_text)));
    let allowed = read(&[symbol("set_authorized"), who.clone(), native()], &ScVal::Bool(true)).unwrap();
    assert_eq!(allowed, json!({"admin": null, "id": who_text, "asset": "native", "authorize": true}));
    let before = read(&[symbol("set_authorized"), admin, who, native()], &ScVal::Bool(false)).unwrap();
    assert_eq!((&before["admin"], &before["id"]), (&json!(admin_text), &json!(who_text)));
}

#[test]
fn the_other_events_of_tokens_are_read() {
    let (one, two) = (account(1), account(2));
    let (one_text, two_text) = (strkey(&one), strkey(&two));
    let approved = read(
        &[symbol("approve"), one.clone(), two.clone(), string("native")],
        &list([i128(3), ScVal::U32(100)]),
    );
    assert_eq!(
        approved.unwrap(),
        json!({"from": one_text, "spender": two_text, "asset": "native", "amount": "3", "live_until_ledger": 100})
    );
    assert_eq!(
        read(&[symbol("burn"), one.clone(), string("native")], &i128(4)).unwrap(),
        json!({"from": one_text, "asset": "native", "amount": "4"})
    );
    assert_eq!(
        read(&[symbol("set_admin"), one.clone(), string(ASSET)], &two).unwrap(),
        json!({"admin": one_text, "asset": ASSET, "new_admin": two_text})
    );
    assert_eq!(
        read(&[symbol("fee"), one], &i128(-9_527_413)).unwrap(),
        json!({"from": one_text, "asset": null, "amount": "-9527413"})
    );
}

#[test]
fn events_of_that_name_that_are_none_of_tokens_do_not_fit() {
    let (from, to) = (account(1), account(2));
    let named = |topics: &[ScVal]| [&[symbol("transfer")], topics].concat();
    // A token of SEP-50, one of a kind.
    assert_eq!(read(&named(&[from.clone(), to.clone()]), &ScVal::U32(7)), None);
    assert_eq!(read(&named(std::slice::from_ref(&from)), &i128(1)), None);
    assert_eq!(read(&named(&[from.clone(), ScVal::U32(1)]), &i128(1)), None);
    let five = named(&[from.clone(), to.clone(), string("x"), string("y")]);
    assert_eq!(read(&five, &i128(1)), None);
    let payload = event(&named(&[from, to]), &fields([("sum", i128(1))]));
    assert!(fault(&*token("transfer"), &payload).contains("the field is missing"));
}

#[test]
fn only_what_is_asked_for_is_read() {
    let decoder = token("transfer");
    let payload = event(
        &[symbol("transfer"), account(1), account(2), string(ASSET)],
        &fields([("amount", i128(1)), ("to_muxed_id", string("x"))]),
    );
    assert_eq!(names(&*decoder), ["from", "to", "asset", "amount", "to_muxed_id", "type"]);
    for place in 0..6 {
        let mut values = Vec::new();
        decoder.decode(&payload, 1 << place, &mut values).unwrap();
        let there: Vec<_> = values.iter().map(Option::is_some).collect();
        assert_eq!(there.iter().position(|there| *there), Some(place));
        assert_eq!(there.iter().filter(|there| **there).count(), 1);
    }
}

#[test]
fn a_topic_may_be_a_string_where_a_symbol_is_usual() {
    let payload = event(&[string("transfer"), account(1), account(2)], &i128(1));
    assert!(token("transfer").fits(&payload));
    assert!(!token("burn").fits(&payload));
}
