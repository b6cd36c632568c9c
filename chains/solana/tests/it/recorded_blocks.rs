//! Blocks of the main network, from its first year and from its second.

use chainbell_model::{Interest, Timestamp, Value};
use serde_json::Value as Json;

use crate::{
    assemble_support::{VOTE, address, events_of, everything},
    recorded,
};

#[test]
fn a_block_of_the_first_year_holds_what_is_known_of_it() {
    let Some(folder) = recorded::folder() else { return };
    let answer = recorded::read(&folder.join("blocks/getBlock-mainnet-43200000-with-votes.json"));
    let block = recorded::block(&answer, 43_200_000, &everything()).unwrap();
    assert_eq!(block.transactions.len(), 208);
    assert_eq!(block.time, Timestamp(1_603_254_141_000));
    let votes = Value::List(vec![Value::Address(address(VOTE))]);
    let details = |place: usize, value: &Value| {
        block.transactions.iter().filter(|it| it.details[place].as_ref() == Some(value)).count()
    };
    assert_eq!(details(9, &votes), 192);
    assert_eq!(details(6, &Value::Bool(false)), 3);
    assert_eq!(details(7, &Value::Text(r#"{"rawBincode":"CAAAAAAZAAAAAAAAAA=="}"#.into())), 3);
    assert!(block.events.is_empty() && block.calls.len() > 208);
    // Everything that one account lost another one gained.
    assert!(block.transfers.iter().all(|it| it.from.is_some() && it.to.is_some()));
    assert!(block.transactions.iter().enumerate().all(|(place, it)| it.index as usize == place));
}

#[test]
fn programs_of_the_first_year_cannot_have_emitted() {
    let Some(folder) = recorded::folder() else { return };
    let answer = recorded::read(&folder.join("blocks/getBlock-mainnet-43200000-with-votes.json"));
    let interest = events_of(Some(&["EUqojwWA2rd19FZrzeBncJsm38Jm1hEhE3zsmX3bRc2o"]));
    let block = recorded::block(&answer, 43_200_000, &interest).unwrap();
    assert!(block.events.is_empty());
    assert!(block.defects.is_empty(), "{:?}", block.defects);
}

#[test]
fn trimmed_blocks_read_whole() {
    let Some(folder) = recorded::folder() else { return };
    for (name, transactions, failed) in
        [("chainstorage-getBlock-v1.json", 10, 2), ("chainstorage-getBlock-tx-err.json", 3, 2)]
    {
        let answer = recorded::read(&folder.join("blocks").join(name));
        let block = recorded::block(&answer, 100_000_000, &everything()).unwrap();
        assert_eq!(block.transactions.len(), transactions);
        let fails = block.transactions.iter().filter(|it| it.details[6] == Some(Value::Bool(false)));
        assert_eq!(fails.count(), failed, "{name}");
        assert!(block.defects.is_empty(), "{:?}", block.defects);
    }
}

#[test]
fn the_encoding_json_parsed_is_refused() {
    let Some(folder) = recorded::folder() else { return };
    let answer: Json = recorded::read(&folder.join("blocks/chainstorage-getBlock-v2.json"));
    assert!(recorded::block(&answer, 100_000_000, &Interest::default()).is_err());
}
