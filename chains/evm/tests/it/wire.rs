//! Whatever a node answers, reading it ends in a value or an error.

use chainbell_evm::wire::{WireBlock, WireHeader, WireLog, WireReceipt};
use proptest::{collection::vec, prelude::*};

const LOG: &str = r#"{"address":"0x7dcd17433742f4c0ca53122ab541d0ba67fc27df",
    "topics":["0x00000000000000000000000000000000000000000000000000000000656d6974"],"data":"0x00ff",
    "blockNumber":"0x4","blockTimestamp":"0x28","transactionIndex":"0x1","logIndex":0,"removed":false}"#;

/// A receipt, which is a transaction, a block and a log at once.
fn answer() -> String {
    let hash = format!("0x{}", "ab".repeat(32));
    let own = &LOG[1..LOG.len() - 1];
    format!(
        "{{{own},\"hash\":\"{hash}\",\"parentHash\":\"{hash}\",\"timestamp\":\"0x5\",\"logsBloom\":null,\
         \"transactionHash\":\"{hash}\",\"status\":\"0x1\",\"gasUsed\":\"0x5208\",\"logs\":[{LOG}],\"transactions\":[]}}"
    )
}

fn parse_as_everything(json: &[u8]) {
    if let Ok(log) = serde_json::from_slice::<WireLog>(json) {
        assert!(log.topics().len() <= 4);
        assert!(log.topics().len() * 64 + log.data().len() * 2 <= json.len());
    }
    let _ = serde_json::from_slice::<WireHeader>(json);
    let _ = serde_json::from_slice::<WireBlock>(json);
    let _ = serde_json::from_slice::<WireReceipt>(json);
}

#[test]
fn the_answer_that_the_others_are_made_of_is_whole() {
    let json = answer();
    assert_eq!(serde_json::from_str::<WireLog>(&json).unwrap().data(), [0, 0xff]);
    assert_eq!(serde_json::from_str::<WireReceipt>(&json).unwrap().logs.len(), 1);
    assert!(serde_json::from_str::<WireBlock>(&json).is_ok());
}

proptest! {
    #[test]
    fn spoilt_answers_do_not_panic(spoilt in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut json = answer().into_bytes();
        for (place, byte) in spoilt {
            let place = place.index(json.len());
            json[place] = byte;
        }
        parse_as_everything(&json);
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in vec(any::<u8>(), 0..200)) {
        parse_as_everything(&bytes);
    }
}
