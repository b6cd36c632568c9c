//! Calls, with and without a description.

use chainbell_model::{Dialect, Payload};
use chainbell_stellar::{
    StellarDialect,
    payload::{self, CallParts},
};
use serde_json::json;
use stellar_xdr::ScVal;

use crate::decode_support::{
    account, call, decode, decode_some, fault, i128, interface, list, names, strkey, symbol,
};

#[test]
fn a_call_has_its_arguments_by_name_and_what_the_chain_says_of_it() {
    let decoder = interface("sac").calls("transfer").unwrap().remove(0);
    assert_eq!(decoder.signature(), "transfer(from: address, to: muxed_address, amount: i128)");
    assert_eq!(names(&*decoder), ["from", "to", "amount", "function", "depth", "operation"]);
    assert_eq!((decoder.attributes(), decoder.key()), (3, payload::call_key(b"transfer")));
    let arguments = [account(1), account(2), i128(77)];
    let honest = call("transfer", &arguments);
    let parts = CallParts { depth: 2, operation: 300, ..payload::call_parts(&honest) };
    let deep = payload::call(&parts);
    assert!(decoder.fits(&deep) && !decoder.fits(&call("transfers", &arguments)));
    assert_eq!(
        decode(&*decoder, &deep).unwrap(),
        json!({
            "from": strkey(&account(1)), "to": strkey(&account(2)), "amount": "77",
            "function": "transfer", "depth": 2, "operation": 300
        })
    );
    assert_eq!(decode_some(&*decoder, &deep, 0b100).unwrap(), json!({"amount": "77"}));
    assert_eq!(decode_some(&*decoder, &deep, 0b10000).unwrap(), json!({"depth": 2}));
}

#[test]
fn a_call_that_is_not_as_described_is_told() {
    let decoder = interface("sac").calls("balance").unwrap().remove(0);
    assert!(fault(&*decoder, &call("balance", &[])).contains("another number of arguments"));
    assert!(fault(&*decoder, &call("balance", &[ScVal::U32(1)])).contains("argument id"));
    let cut = |length: usize| Payload(call("balance", &[account(1)]).0[..length].into());
    assert!(fault(&*decoder, &cut(20)).contains("ends too early"));
}

#[test]
fn without_a_description_arguments_are_a_list() {
    let interface = StellarDialect.empty_interface();
    let payload = call("swap", &[ScVal::U32(1), list([symbol("x")])]);
    for (reference, fits_others) in [("*", true), ("swap", false), ("swap(...)", false)] {
        let decoder = interface.calls(reference).unwrap().remove(0);
        assert_eq!(decoder.fits(&call("other", &[])), fits_others);
        assert_eq!(
            decode(&*decoder, &payload).unwrap(),
            json!({"args": [1, ["x"]], "function": "swap", "depth": 0, "operation": 0})
        );
    }
    let written = interface.calls("fn swap(count: u32, path: vec<symbol>)").unwrap().remove(0);
    let json = decode(&*written, &payload).unwrap();
    assert_eq!((&json["count"], &json["path"]), (&json!(1), &json!(["x"])));
    assert!(interface.calls("event swap()").is_err());
}
