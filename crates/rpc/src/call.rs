//! A call and its answer.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use crate::{RpcError, redact::bounded};

/// One endpoint of a [`crate::Pool`], in the order of its configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointId(pub(crate) usize);

/// The parameters of a call, written into the request without a detour.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
pub enum Params<'a> {
    /// Built in memory.
    Value(&'a Value),
    /// Already JSON text.
    Raw(&'a RawValue),
}

impl<'a> From<&'a Value> for Params<'a> {
    fn from(value: &'a Value) -> Self {
        Self::Value(value)
    }
}

impl<'a> From<&'a RawValue> for Params<'a> {
    fn from(value: &'a RawValue) -> Self {
        Self::Raw(value)
    }
}

/// Whether a call may be sent to two endpoints at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hedging {
    /// When it takes longer than usual.
    #[default]
    Allowed,
    /// Never: it is not idempotent, or too expensive.
    Off,
}

/// One method called with parameters.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The method.
    pub method: &'a str,
    /// Its parameters: an array or an object.
    pub params: Params<'a>,
    /// Prefer any other endpoint, but use this one where it is the only one.
    pub avoid: Option<EndpointId>,
    /// Whether it may be hedged, where the pool does that.
    pub hedging: Hedging,
}

impl<'a> Call<'a> {
    /// A call that any endpoint may answer.
    pub fn new(method: &'a str, params: impl Into<Params<'a>>) -> Self {
        Self { method, params: params.into(), avoid: None, hedging: Hedging::Allowed }
    }

    /// The same call, preferring other endpoints than `endpoint`.
    #[must_use]
    pub fn avoiding(self, endpoint: Option<EndpointId>) -> Self {
        Self { avoid: endpoint, ..self }
    }

    /// The same call, never sent to two endpoints at once.
    #[must_use]
    pub fn without_hedging(self) -> Self {
        Self { hedging: Hedging::Off, ..self }
    }
}

/// The `result` of an answer: a slice of the response body, neither copied nor parsed.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Who gave it.
    pub endpoint: EndpointId,
    result: Bytes,
}

impl Reply {
    /// `result` is checked JSON text.
    pub(crate) fn new(endpoint: EndpointId, result: Bytes) -> Self {
        Self { endpoint, result }
    }

    /// The JSON text.
    pub fn raw(&self) -> &str {
        std::str::from_utf8(&self.result).expect("a result is cut out of text that was checked")
    }

    /// The JSON text as shared bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.result
    }

    /// Whether the node answered `null`: mostly that it does not know the thing asked for.
    pub fn is_null(&self) -> bool {
        &*self.result == b"null"
    }

    /// Reads the result, borrowing text from it where `T` does.
    ///
    /// # Errors
    /// [`RpcError::Malformed`]. The endpoint is not blamed: [`crate::Pool::report_bad_answer`] does that.
    pub fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, RpcError> {
        serde_json::from_str(self.raw())
            .map_err(|error| RpcError::Malformed { reason: bounded(&error.to_string()) })
    }
}

#[derive(Serialize)]
struct Request<'a> {
    jsonrpc: &'static str,
    id: u64,
    method: &'a str,
    params: Params<'a>,
}

impl<'a> Request<'a> {
    fn new(id: u64, call: &Call<'a>) -> Self {
        Self { jsonrpc: "2.0", id, method: call.method, params: call.params }
    }
}

/// The request body of one call.
pub(crate) fn encode(id: u64, call: &Call<'_>) -> Bytes {
    to_json(&Request::new(id, call))
}

/// The request body of a batch whose ids count up from `first_id`.
pub(crate) fn encode_batch<'a>(first_id: u64, calls: impl Iterator<Item = &'a Call<'a>>) -> Bytes {
    let requests: Vec<_> =
        calls.zip(0..).map(|(call, offset)| Request::new(first_id.wrapping_add(offset), call)).collect();
    to_json(&requests)
}

fn to_json(request: &impl Serialize) -> Bytes {
    serde_json::to_vec(request).expect("text, numbers and JSON values always serialize").into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_kinds_of_parameters_are_written_as_they_are() {
        let value = json!(["0x1", false]);
        let raw = RawValue::from_string("[ 1 ]".into()).unwrap();
        let calls = [Call::new("a", &value), Call::new("b", &*raw)];
        assert_eq!(
            encode_batch(7, calls.iter()),
            r#"[{"jsonrpc":"2.0","id":7,"method":"a","params":["0x1",false]},{"jsonrpc":"2.0","id":8,"method":"b","params":[ 1 ]}]"#
        );
        assert_eq!(encode(1, &calls[0]), r#"{"jsonrpc":"2.0","id":1,"method":"a","params":["0x1",false]}"#);
    }

    #[test]
    fn a_result_of_another_shape_is_malformed_and_not_repeated_at_length() {
        let reply = Reply::new(EndpointId(0), Bytes::from(format!("\"{}\"", "x".repeat(100_000))));
        let RpcError::Malformed { reason } = reply.parse::<u64>().unwrap_err() else { panic!("malformed") };
        assert!(reason.len() < 1_000);
        assert_eq!(reply.parse::<&str>().unwrap().len(), 100_000);
    }
}
