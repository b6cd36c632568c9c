//! JSON-RPC response envelopes, read without copying or parsing the result. Pure; the input is hostile.

use std::{fmt, ops::Range};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// Longer error texts are not read.
const MAX_ERROR_BYTES: usize = 64 << 10;
/// Longer `data` is no explanation (revert data, traces).
const MAX_DATA_BYTES: usize = 512;

/// What one envelope holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Where in the body the result stands.
    Result(Range<usize>),
    /// The node refused.
    Error(NodeError),
}

/// A JSON-RPC error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeError {
    pub(crate) code: i64,
    /// With the text of `data` appended.
    pub(crate) message: String,
}

/// The answer to a batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BatchContent {
    /// In the order of the calls; `None` where the answer is missing.
    Each(Vec<Option<Content>>),
    /// One error for the whole batch.
    Refused(NodeError),
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    // A result of `null` is an answer, an absent one is not.
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// Reads the answer to the call `id`.
pub(crate) fn read_single(body: &str, id: u64) -> Result<Content, String> {
    let envelope: Envelope<'_> = parse(body)?;
    let content = content(body, &envelope)?;
    // A node that could not read the request answers without its id.
    let unread = matches!(content, Content::Error(_)) && envelope.id.is_none();
    if !unread && id_of(&envelope) != Some(id) {
        return Err("it answers another request".to_owned());
    }
    Ok(content)
}

/// Reads the answer to the batch of `calls` calls whose ids count up from `first_id`, in whatever order it is.
pub(crate) fn read_batch(body: &str, first_id: u64, calls: usize) -> Result<BatchContent, String> {
    if body.trim_start().starts_with('{') {
        return match content(body, &parse(body)?)? {
            Content::Error(error) => Ok(BatchContent::Refused(error)),
            Content::Result(_) => Err("one answer to a batch".to_owned()),
        };
    }
    let mut parts = vec![None; calls];
    let mut deserializer = serde_json::Deserializer::from_str(body);
    let read = Parts { body, first_id, parts: &mut parts }.deserialize(&mut deserializer);
    read.and_then(|()| deserializer.end()).map_err(shape_error)?;
    Ok(BatchContent::Each(parts))
}

/// The error in the body of an HTTP failure, where there is one.
pub(crate) fn read_error(body: &str) -> Option<NodeError> {
    match content(body, &parse(body).ok()?).ok()? {
        Content::Error(error) => Some(error),
        Content::Result(_) => None,
    }
}

fn parse(body: &str) -> Result<Envelope<'_>, String> {
    serde_json::from_str(body).map_err(shape_error)
}

/// Says where reading stopped; the words of the parser could repeat the body.
fn shape_error(error: serde_json::Error) -> String {
    if error.is_eof() {
        return "it ends early".to_owned();
    }
    format!("it is not a JSON-RPC answer (line {}, column {})", error.line(), error.column())
}

fn content(body: &str, envelope: &Envelope<'_>) -> Result<Content, String> {
    if let Some(error) = envelope.error {
        return Ok(Content::Error(node_error(error.get())));
    }
    let Some(result) = envelope.result else { return Err("it has neither result nor error".to_owned()) };
    let start = result.get().as_ptr() as usize - body.as_ptr() as usize;
    Ok(Content::Result(start..start + result.get().len()))
}

/// Our ids are numbers; some proxies turn them into text.
fn id_of(envelope: &Envelope<'_>) -> Option<u64> {
    envelope.id?.get().trim_matches('"').parse().ok()
}

/// Nodes do not agree on the shape of an error: code and message may be missing or of other types, the whole may be text.
fn node_error(raw: &str) -> NodeError {
    #[derive(Deserialize)]
    struct Parts<'a> {
        #[serde(borrow, default)]
        code: Option<&'a RawValue>,
        #[serde(borrow, default)]
        message: Option<&'a RawValue>,
        #[serde(borrow, default)]
        data: Option<&'a RawValue>,
    }
    if raw.len() > MAX_ERROR_BYTES {
        return NodeError { code: 0, message: "an error longer than anybody reads".to_owned() };
    }
    let Ok(parts) = serde_json::from_str::<Parts<'_>>(raw) else {
        return NodeError { code: 0, message: text(raw) };
    };
    let code = parts.code.and_then(|code| code.get().trim_matches('"').parse().ok()).unwrap_or(0);
    let mut message = parts.message.map_or_else(String::new, |message| text(message.get()));
    let data = parts.data.map(RawValue::get).filter(|data| data.len() <= MAX_DATA_BYTES);
    // Hexadecimal data is what a contract returned, not an explanation.
    if let Some(data) = data.filter(|data| !data.starts_with("\"0x")) {
        message.push_str(": ");
        message.push_str(&text(data));
    }
    NodeError { code, message }
}

fn text(raw: &str) -> String {
    serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned())
}

/// Puts the envelopes of an array at the places of their calls. Memory is bounded by the number of calls, not by the body.
struct Parts<'a> {
    body: &'a str,
    first_id: u64,
    parts: &'a mut Vec<Option<Content>>,
}

impl<'de> DeserializeSeed<'de> for Parts<'de> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Parts<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of answers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut answers: A) -> Result<(), A::Error> {
        let mut seen = 0;
        while let Some(envelope) = answers.next_element::<Envelope<'de>>()? {
            seen += 1;
            if seen > self.parts.len() {
                return Err(A::Error::custom("more answers than calls"));
            }
            let offset = id_of(&envelope).and_then(|id| id.checked_sub(self.first_id));
            let place = offset.and_then(|offset| self.parts.get_mut(usize::try_from(offset).ok()?));
            let Some(place) = place else { continue };
            if place.is_some() {
                return Err(A::Error::custom("two answers to one call"));
            }
            *place = content(self.body, &envelope).ok();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn result(body: &str, id: u64) -> Result<&str, String> {
        match read_single(body, id)? {
            Content::Result(range) => Ok(&body[range]),
            Content::Error(error) => Err(error.message),
        }
    }

    #[test]
    fn the_result_is_a_slice_of_the_body_wherever_it_stands() {
        assert_eq!(result(r#"{"jsonrpc":"2.0","id":1,"result":{"a": [1]}}"#, 1), Ok(r#"{"a": [1]}"#));
        assert_eq!(result(r#" { "result" : null, "id": "7", "error": null } "#, 7), Ok("null"));
    }

    #[test]
    fn answers_to_another_request_or_without_content_are_refused() {
        for bad in [
            r#"{"id":2,"result":1}"#,
            r#"{"result":1}"#,
            r#"{"id":1}"#,
            r#"{"id":1,"result":1,"result":2}"#,
            r#"{"id":1,"result":1} x"#,
            r#"{"id":1,"result":[1"#,
            "<html>",
            "",
            "[]",
        ] {
            assert!(result(bad, 1).is_err(), "{bad}");
        }
    }

    #[test]
    fn errors_of_every_shape_are_read() {
        let read = |error: &str| match read_single(&format!(r#"{{"id":null,"error":{error}}}"#), 1) {
            Ok(Content::Error(error)) => (error.code, error.message),
            other => panic!("{other:?}"),
        };
        assert_eq!(read(r#"{"code":-32000,"message":"no"}"#), (-32000, "no".into()));
        assert_eq!(read(r#"{"code":"-5","message":{"a":1}}"#), (-5, r#"{"a":1}"#.into()));
        assert_eq!(read(r#"{"code":3,"message":"m","data":"why"}"#), (3, "m: why".into()));
        assert_eq!(read(r#"{"code":3,"message":"m","data":"0x08c379a0"}"#), (3, "m".into()));
        assert_eq!(read(r#""plain text""#), (0, "plain text".into()));
        assert_eq!(read("{}"), (0, String::new()));
    }

    #[test]
    fn a_batch_is_put_in_the_order_of_the_calls() {
        let body =
            r#"[{"id":12,"result":"c"},{"id":99,"result":0},{"id":10,"error":{"code":1,"message":"x"}}]"#;
        let Ok(BatchContent::Each(parts)) = read_batch(body, 10, 3) else { panic!("a batch") };
        assert!(matches!(&parts[0], Some(Content::Error(error)) if error.code == 1));
        assert_eq!(parts[1], None);
        assert!(matches!(&parts[2], Some(Content::Result(range)) if &body[range.clone()] == "\"c\""));
    }

    #[test]
    fn a_batch_with_doubled_or_surplus_answers_is_refused() {
        assert!(read_batch(r#"[{"id":1,"result":1},{"id":1,"result":2}]"#, 1, 2).is_err());
        assert!(read_batch(r#"[{"id":1,"result":1},{},{}]"#, 1, 2).is_err());
        assert!(read_batch(r#"{"id":1,"result":1}"#, 1, 2).is_err());
        let refused = read_batch(r#"{"id":null,"error":{"code":-32600,"message":"no batches"}}"#, 1, 2);
        assert!(matches!(refused, Ok(BatchContent::Refused(error)) if error.code == -32600));
    }

    #[test]
    fn deep_nesting_is_refused() {
        let deep = format!(r#"{{"id":1,"result":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        // Skipping is not recursive, reading is bounded by the parser: neither may overflow the stack.
        if let Ok(raw) = result(&deep, 1) {
            assert!(serde_json::from_str::<serde_json::Value>(raw).is_err());
        }
    }

    fn json_like() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"id\"",
            "\"result\"",
            "\"error\"",
            "\"code\"",
            "\"message\"",
            "1",
            "-1",
            "null",
            "\"é\\u00e9\"",
            "1e999",
            "18446744073709551616",
            " ",
        ]);
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in prop_oneof![".*", json_like()]) {
            for content in [read_single(&text, 1).ok(), None].into_iter().flatten() {
                if let Content::Result(range) = content {
                    prop_assert!(serde_json::from_str::<&RawValue>(&text[range]).is_ok());
                }
            }
            let _ = read_batch(&text, u64::MAX, 2);
            let _ = read_error(&text);
        }

        #[test]
        fn what_is_wrapped_is_read_back(value in "[a-zé\"\\\\]*", id in any::<u64>(), swap in any::<bool>()) {
            let value = serde_json::to_string(&value).unwrap();
            let body = if swap { format!(r#"{{"result":{value},"id":{id}}}"#) } else { format!(r#"{{"id":{id},"result":{value}}}"#) };
            prop_assert_eq!(result(&body, id), Ok(&*value));
        }
    }
}
