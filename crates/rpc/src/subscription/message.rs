//! What a node says on a subscription's connection. Pure; the input is hostile.

use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::envelope::{self, Content};

/// Longer ids are not believed.
const MAX_SUBSCRIPTION_BYTES: usize = 128;

/// One message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming<'a> {
    /// The node accepted; the id as JSON text.
    Confirmed(&'a str),
    /// The node did not accept.
    Refused { code: i64, message: String },
    /// A notification of this subscription; where in the text the result stands.
    Notification(Range<usize>),
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

/// Reads a message, on a connection whose subscribe request has the id `request` and was confirmed as `subscription`.
///
/// # Errors
/// It is not JSON, or not an answer to the request.
pub(super) fn read<'a>(
    text: &'a str,
    request: u64,
    subscription: Option<&str>,
) -> Result<Incoming<'a>, String> {
    let kind: Kind<'_> = serde_json::from_str(text).map_err(|_| "a message is not JSON-RPC".to_owned())?;
    if kind.params.is_some() {
        return Ok(notification(text, subscription).map_or(Incoming::Other, Incoming::Notification));
    }
    if subscription.is_some() || kind.id.is_some_and(|id| id.get().trim_matches('"') != request.to_string()) {
        return Ok(Incoming::Other);
    }
    match envelope::read_single(text, request)? {
        Content::Result(range) if range.len() > MAX_SUBSCRIPTION_BYTES => {
            Err("the subscription's id is too long".to_owned())
        }
        Content::Result(range) => Ok(Incoming::Confirmed(&text[range])),
        Content::Error(error) => Ok(Incoming::Refused { code: error.code, message: error.message }),
    }
}

/// Where the result stands, if it is a notification of `subscription`.
fn notification(text: &str, subscription: Option<&str>) -> Option<Range<usize>> {
    let Notification { params } = serde_json::from_str(text).ok()?;
    if Some(params.subscription.get()) != subscription {
        return None;
    }
    let result = params.result.get();
    let start = result.as_ptr() as usize - text.as_ptr() as usize;
    Some(start..start + result.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn confirmations_notifications_and_the_rest_are_told_apart() {
        assert_eq!(read(r#"{"id":1,"result":"0xab"}"#, 1, None), Ok(Incoming::Confirmed(r#""0xab""#)));
        assert_eq!(
            read(r#"{"id":1,"error":{"code":-32601,"message":"no"}}"#, 1, None),
            Ok(Incoming::Refused { code: -32601, message: "no".into() })
        );
        let head =
            r#"{"method":"eth_subscription","params":{"subscription":"0xab","result":{"number":"0x1"}}}"#;
        let Ok(Incoming::Notification(range)) = read(head, 1, Some(r#""0xab""#)) else {
            panic!("a notification")
        };
        assert_eq!(&head[range], r#"{"number":"0x1"}"#);
        for other in [head, r#"{"id":2,"result":1}"#, r#"{"method":"x","params":[1]}"#] {
            assert_eq!(read(other, 1, Some("7")), Ok(Incoming::Other), "{other}");
        }
        assert!(read("garbage", 1, None).is_err());
        assert!(read("{}", 1, None).is_err(), "neither an answer nor a notification");
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in ".*", confirmed in any::<bool>()) {
            let _ = read(&text, 1, confirmed.then_some("1"));
        }
    }
}
