//! What a node says on a subscription's connection. Pure; the input is hostile.

use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::envelope::{self, Content};

/// Longer ids are not believed.
const MAX_SUBSCRIPTION_BYTES: usize = 128;

/// One message. Subscriptions are told by their place in the configuration.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming<'a> {
    /// The node accepted; the id as JSON text.
    Confirmed { topic: usize, id: &'a str },
    /// The node did not accept.
    Refused { code: i64, message: String },
    /// A notification of this subscription; where in the text the result stands.
    Notification { topic: usize, result: Range<usize> },
    /// Something else, of no interest.
    Other,
}

#[derive(Deserialize)]
struct Notification<'a> {
    #[serde(borrow)]
    params: Params<'a>,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow)]
    subscription: &'a RawValue,
    #[serde(borrow)]
    result: &'a RawValue,
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

/// The id of the request that subscribes to this topic.
pub(super) fn request_id(topic: usize) -> u64 {
    topic as u64 + 1
}

/// Reads a message, on a connection whose subscriptions have these ids so far.
///
/// # Errors
/// It is not JSON, or not an answer to a request.
pub(super) fn read<'a>(text: &'a str, ids: &[Option<String>]) -> Result<Incoming<'a>, String> {
    let kind: Kind<'_> = serde_json::from_str(text).map_err(|_| "a message is not JSON-RPC".to_owned())?;
    if kind.params.is_some() {
        return Ok(notification(text, ids).unwrap_or(Incoming::Other));
    }
    let answers =
        |topic: usize| kind.id.is_none_or(|id| id.get().trim_matches('"') == request_id(topic).to_string());
    let Some(topic) = (0..ids.len()).find(|&topic| ids[topic].is_none() && answers(topic)) else {
        return Ok(Incoming::Other);
    };
    match envelope::read_single(text, request_id(topic))? {
        Content::Result(range) if range.len() > MAX_SUBSCRIPTION_BYTES => {
            Err("the subscription's id is too long".to_owned())
        }
        Content::Result(range) => Ok(Incoming::Confirmed { topic, id: &text[range] }),
        Content::Error(error) => Ok(Incoming::Refused { code: error.code, message: error.message }),
    }
}

/// If it is a notification of one of these subscriptions: of which, and where its result stands.
fn notification(text: &str, ids: &[Option<String>]) -> Option<Incoming<'static>> {
    let Notification { params } = serde_json::from_str(text).ok()?;
    let topic = ids.iter().position(|id| id.as_deref() == Some(params.subscription.get()))?;
    let result = params.result.get();
    let start = result.as_ptr() as usize - text.as_ptr() as usize;
    Some(Incoming::Notification { topic, result: start..start + result.len() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(id: Option<&str>) -> [Option<String>; 1] {
        [id.map(str::to_owned)]
    }

    #[test]
    fn confirmations_notifications_and_the_rest_are_told_apart() {
        assert_eq!(
            read(r#"{"id":1,"result":"0xab"}"#, &one(None)),
            Ok(Incoming::Confirmed { topic: 0, id: r#""0xab""# })
        );
        assert_eq!(
            read(r#"{"id":1,"error":{"code":-32601,"message":"no"}}"#, &one(None)),
            Ok(Incoming::Refused { code: -32601, message: "no".into() })
        );
        let head =
            r#"{"method":"eth_subscription","params":{"subscription":"0xab","result":{"number":"0x1"}}}"#;
        let Ok(Incoming::Notification { topic: 0, result }) = read(head, &one(Some(r#""0xab""#))) else {
            panic!("a notification")
        };
        assert_eq!(&head[result], r#"{"number":"0x1"}"#);
        for other in [head, r#"{"id":2,"result":1}"#, r#"{"method":"x","params":[1]}"#] {
            assert_eq!(read(other, &one(Some("7"))), Ok(Incoming::Other), "{other}");
        }
        assert!(read("garbage", &one(None)).is_err());
        assert!(read("{}", &one(None)).is_err(), "neither an answer nor a notification");
    }

    #[test]
    fn several_subscriptions_are_told_by_their_ids() {
        let ids = [Some("7".to_owned()), None, Some("9".to_owned())];
        assert_eq!(read(r#"{"result":8,"id":2}"#, &ids), Ok(Incoming::Confirmed { topic: 1, id: "8" }));
        assert_eq!(read(r#"{"result":8,"id":3}"#, &ids), Ok(Incoming::Other), "it was confirmed before");
        let Ok(Incoming::Notification { topic, .. }) =
            read(r#"{"params":{"result":{},"subscription":9}}"#, &ids)
        else {
            panic!("a notification")
        };
        assert_eq!(topic, 2);
        assert_eq!(read(r#"{"params":{"result":{},"subscription":8}}"#, &ids), Ok(Incoming::Other));
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in ".*", confirmed in any::<bool>()) {
            let _ = read(&text, &one(confirmed.then_some("1")));
        }
    }
}
