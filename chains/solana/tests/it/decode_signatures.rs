//! Signatures in place of IDLs, and the descriptions that have names.

use chainbell_model::{ArgMask, Dialect as _, InterfaceError};
use chainbell_solana::SolanaDialect;
use serde_json::json;

use super::decode_support::{
    arguments, call, call_payload, data, event, event_payload, interface, json as decoded,
};

#[test]
fn a_signature_needs_no_description() {
    let empty = SolanaDialect.empty_interface();
    let decoder =
        event(&empty, "Transfer(pubkey from, Pubkey, u64 amount, vec<option<u8>> list, (u8, [u16; 2]) pair)");
    assert_eq!(decoder.signature(), "Transfer(pubkey,pubkey,u64,vec<option<u8>>,(u8,[u16;2]))");
    let names: Vec<_> = decoder.schema().fields.iter().map(|field| &*field.name).collect();
    assert_eq!(names, ["from", "arg1", "amount", "list", "pair", "source", "depth", "instruction"]);
    let bytes =
        data(&decoder, &[&[0; 64], &[7, 0, 0, 0, 0, 0, 0, 0], &[2, 0, 0, 0, 0, 1, 5], &[1, 2, 0, 3, 0]]);
    let values = arguments(&decoder, &event_payload(&bytes)).unwrap();
    assert_eq!(values["list"], json!([null, 5]));
    assert_eq!(values["pair"], json!({"arg0": 1, "arg1": [2, 3]}));
    let call = call(&empty, "sell(u64 amount, u64 minSolOutput)");
    assert_eq!(call.key().unwrap()[..8], [0x33, 0xe6, 0x85, 0xa4, 0x01, 0x7f, 0x83, 0xad]);
    assert_eq!(call.schema().index_of("accounts"), None);
}

#[test]
fn descriptions_are_lines_of_signatures() {
    let interface = interface(
        "# a shop\n\nPaid(u64 amount)\npay(u64 amount) [payer, vault?]\nevent paid(u8 x);\r\ninstruction 0x0102 Odd() // no\n"
            .replace(" // no", "")
            .as_str(),
    );
    assert_eq!(interface.all_events().len(), 2);
    assert_eq!(event(&interface, "Paid").signature(), "Paid(u64)");
    assert_eq!(event(&interface, "paid").signature(), "paid(u8)");
    assert_eq!(interface.events("PAID").unwrap().len(), 2, "neither is written so");
    let pay = call(&interface, "pay");
    let values =
        decoded(&pay, &call_payload(&[[0; 32]], &data(&pay, &[&[1, 0, 0, 0, 0, 0, 0, 0]])), ArgMask::MAX);
    assert_eq!(values.unwrap()["accounts"], json!({"payer": "1".repeat(32), "vault": null}));
    assert!(call(&interface, "odd").fits(&call_payload(&[], &[1, 2])));
}

#[test]
fn what_is_wrong_with_a_signature_is_told_with_the_offset() {
    for (text, at, part) in [
        ("Paid(u64 amount)\nLost(u65 x)", "u65", "no type \"u65\"; \"u64\" is the nearest"),
        ("Paid(u64 amount", "", "',' or ')' was expected"),
        ("Paid(u64 amount) x", "x", "should end here"),
        ("Paid(vec<u8 x)", "x)", "'>' was expected"),
        ("Paid([u8; x] a)", "x]", "an array's length"),
        ("Paid()[a]", "[a]", "should end here"),
        ("0x0 pay()", "0x0", "two hexadecimal digits"),
        ("Paid(string<i8> x)", "> x", "a length is"),
        ("(u8)", "(u8)", "a name"),
    ] {
        let error = SolanaDialect.interface(text.as_bytes()).unwrap_err();
        let InterfaceError::Malformed { reason, offset } = error else { panic!("{error}") };
        assert!(reason.contains(part), "{text}: {reason}");
        let expected = if at.is_empty() { text.len() } else { text.find(at).unwrap() };
        assert_eq!(offset, Some(expected), "{text}: {reason}");
    }
    let deep = format!("Paid({}u8{} x)", "vec<".repeat(10_000), ">".repeat(10_000));
    assert!(SolanaDialect.interface(deep.as_bytes()).is_err());
    let empty = SolanaDialect.empty_interface();
    assert!(empty.events("Paid").is_err());
    assert!(empty.events("instruction pay()").is_err());
}

#[test]
fn a_signature_takes_what_it_lacks_from_the_description() {
    let interface =
        interface("event 0x0909090909090909 Paid(u64 amount, pubkey by)\npay(u64 amount) [payer]");
    assert_eq!(event(&interface, "Paid(u64,pubkey)").schema().index_of("amount"), Some(0));
    let renamed = event(&interface, "Paid(u64 value, pubkey)");
    assert_eq!(renamed.key().unwrap()[..8], [9; 8]);
    assert_eq!((renamed.schema().index_of("value"), renamed.schema().index_of("by")), (Some(0), Some(1)));
    assert!(call(&interface, "pay(u64 x)").schema().index_of("accounts").is_some());
    let error = interface.events("Paid(u32,pubkey)").unwrap_err();
    let InterfaceError::Unknown { similar, .. } = error else { panic!("{error}") };
    assert_eq!(similar, ["Paid(u64,pubkey)"]);
    assert!(interface.events("Other(u32 x)").is_ok(), "it says all by itself");
    let error = interface.events("Pade").unwrap_err();
    assert!(error.to_string().contains("it has Paid"), "{error}");
}

#[test]
fn everything_raw() {
    let empty = SolanaDialect.empty_interface();
    let raw = event(&empty, "*");
    let payload = event_payload(&[1, 2]);
    assert!(raw.fits(&payload) && raw.key().is_none());
    let expected = json!({"data": "0x0102", "source": "log", "depth": 2, "instruction": 3});
    assert_eq!(decoded(&raw, &payload, ArgMask::MAX).unwrap(), expected);
    assert_eq!(decoded(&raw, &payload, 1 << 2).unwrap(), json!({"depth": 2}));
    let raw = call(&empty, " * ");
    let expected = json!({"data": "0x05", "depth": 1, "instruction": 4, "all_accounts": ["1".repeat(32)]});
    assert_eq!(decoded(&raw, &call_payload(&[[0; 32]], &[5]), ArgMask::MAX).unwrap(), expected);
}

#[test]
fn token_and_system_instructions_are_known_by_name() {
    let token = interface("spl-token");
    let transfer = call(&token, "transferChecked");
    let payload =
        call_payload(&[[1; 32], [2; 32], [3; 32], [4; 32], [5; 32]], &[12, 7, 0, 0, 0, 0, 0, 0, 0, 6]);
    assert!(transfer.fits(&payload) && transfer.key().is_none());
    assert!(!call(&token, "transfer").fits(&payload));
    let values = decoded(&transfer, &payload, ArgMask::MAX).unwrap();
    assert_eq!((&values["amount"], &values["decimals"]), (&"7".into(), &6.into()));
    assert_eq!(values["accounts"].as_object().unwrap().len(), 4);
    let mint = call(&token, "initializeMint2");
    let bytes = [&[20, 9][..], &[1; 32], &[0]].concat();
    assert_eq!(
        decoded(&mint, &call_payload(&[[1; 32]], &bytes), 0b111).unwrap()["freezeAuthority"],
        json!(null)
    );

    let system = interface("system");
    let seeded = call(&system, "create_account_with_seed");
    let bytes = [&[3, 0, 0, 0][..], &[1; 32], &[2, 0, 0, 0, 0, 0, 0, 0], b"ab", &[5; 16], &[0; 32]].concat();
    let values = decoded(&seeded, &call_payload(&[[1; 32], [2; 32]], &bytes), ArgMask::MAX).unwrap();
    assert_eq!((&values["seed"], &values["accounts"]["baseAccount"]), (&"ab".into(), &json!(null)));
    assert!(call(&system, "transfer").fits(&call_payload(&[], &[2, 0, 0, 0, 1])));
    assert!(!call(&system, "transfer").fits(&call_payload(&[], &[2, 0, 1, 0, 1])));

    let error = SolanaDialect.interface(b"spl_token\n").unwrap_err();
    assert!(error.to_string().contains("it has spl-token"), "{error}");
}
