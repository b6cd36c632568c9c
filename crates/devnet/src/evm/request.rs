//! JSON-RPC requests as they come in: single or batch, their parameters, and the frame around the answers.

use std::borrow::Cow;

use alloy_primitives::B256;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::error::RpcError;

/// One call.
#[derive(Deserialize)]
pub(crate) struct Call<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    /// What is asked for.
    #[serde(borrow)]
    pub(crate) method: Cow<'a, str>,
    #[serde(default)]
    params: Value,
}

impl Call<'_> {
    /// The parameter at `index`, unless absent or null.
    pub(crate) fn param(&self, index: usize) -> Option<&Value> {
        self.params.get(index).filter(|value| !value.is_null())
    }

    /// A hash that must be there.
    pub(crate) fn hash(&self, index: usize) -> Result<B256, RpcError> {
        let value = self.param(index).ok_or_else(|| RpcError::missing_argument(index))?;
        parse_hash(value).ok_or_else(|| {
            RpcError::invalid_argument(index, "hex string has length other than 64, want 64 for common.Hash")
        })
    }

    /// A block by number or tag that must be there.
    pub(crate) fn height(&self, index: usize) -> Result<HeightArg, RpcError> {
        let value = self.param(index).ok_or_else(|| RpcError::missing_argument(index))?;
        HeightArg::parse(value).map_err(|reason| RpcError::invalid_argument(index, reason))
    }
}

/// A block named by number or tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeightArg {
    Number(u64),
    Latest,
    Safe,
    Finalized,
    Earliest,
}

impl HeightArg {
    pub(crate) fn parse(value: &Value) -> Result<Self, &'static str> {
        let Value::String(text) = value else { return Err("json: cannot unmarshal into rpc.BlockNumber") };
        match text.as_str() {
            // Nothing is ever pending here: the next block is made in one piece.
            "latest" | "pending" => Ok(Self::Latest),
            "safe" => Ok(Self::Safe),
            "finalized" => Ok(Self::Finalized),
            "earliest" => Ok(Self::Earliest),
            text => match text.strip_prefix("0x") {
                None => Err("hex string without 0x prefix"),
                Some(digits) => {
                    u64::from_str_radix(digits, 16).map(Self::Number).map_err(|_| "invalid hex string")
                }
            },
        }
    }
}

/// A 32-byte hash in hex.
pub(crate) fn parse_hash(value: &Value) -> Option<B256> {
    let digits = value.as_str()?.strip_prefix("0x")?;
    const_hex::decode_to_array(digits).ok().map(B256::new)
}

/// The calls of a request body.
pub(crate) enum Request<'a> {
    Single(Box<Call<'a>>),
    Batch(Vec<Option<Call<'a>>>),
}

impl<'a> Request<'a> {
    /// Reads a body; the error is the answer to one that is not JSON-RPC at all.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, RpcError> {
        let malformed = |_| RpcError::new(-32700, "parse error");
        if body.trim_ascii_start().first() != Some(&b'[') {
            let raw: &RawValue = serde_json::from_slice(body).map_err(malformed)?;
            return serde_json::from_str(raw.get())
                .map(|call| Self::Single(Box::new(call)))
                .map_err(|_| RpcError::new(-32600, "invalid request"));
        }
        let raw: Vec<&RawValue> = serde_json::from_slice(body).map_err(malformed)?;
        if raw.is_empty() {
            return Err(RpcError::new(-32600, "empty batch"));
        }
        Ok(Self::Batch(raw.into_iter().map(|raw| serde_json::from_str(raw.get()).ok()).collect()))
    }

    /// The methods called.
    pub(crate) fn methods(&self) -> Vec<&str> {
        match self {
            Self::Single(call) => vec![&call.method],
            Self::Batch(calls) => calls.iter().flatten().map(|call| &*call.method).collect(),
        }
    }

    /// The whole answer; `answer` appends the result of one call to the buffer.
    pub(crate) fn answer(
        &self,
        max_batch: usize,
        mut answer: impl FnMut(&Call<'_>, &mut Vec<u8>) -> Result<(), RpcError>,
    ) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Single(call) => respond(&mut out, Some(call), &mut answer),
            Self::Batch(calls) if calls.len() > max_batch => {
                let first = calls.iter().flatten().next();
                out.push(b'[');
                respond(&mut out, first, &mut |_, _| Err(RpcError::new(-32600, "batch too large")));
                out.push(b']');
            }
            Self::Batch(calls) => {
                super::json::array(&mut out, calls, |out, call| respond(out, call.as_ref(), &mut answer));
            }
        }
        out
    }
}

/// The answer to a body that could not be read.
pub(crate) fn refusal(error: &RpcError) -> Vec<u8> {
    let mut out = b"{\"jsonrpc\":\"2.0\",\"id\":null".to_vec();
    write_error(&mut out, error);
    out
}

fn respond(
    out: &mut Vec<u8>,
    call: Option<&Call<'_>>,
    answer: &mut impl FnMut(&Call<'_>, &mut Vec<u8>) -> Result<(), RpcError>,
) {
    let Some(call) = call else {
        return out.extend(refusal(&RpcError::new(-32600, "invalid request")));
    };
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    out.extend_from_slice(call.id.map_or("null", RawValue::get).as_bytes());
    let before = out.len();
    out.extend_from_slice(b",\"result\":");
    match answer(call, out) {
        Ok(()) => out.push(b'}'),
        Err(error) => {
            out.truncate(before);
            write_error(out, &error);
        }
    }
}

fn write_error(out: &mut Vec<u8>, error: &RpcError) {
    out.extend_from_slice(b",\"error\":");
    serde_json::to_writer(&mut *out, error).expect("an error object of a number and a text is JSON");
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> String {
        let bytes = match Request::parse(body.as_bytes()) {
            Err(error) => refusal(&error),
            Ok(request) => request.answer(2, |call, out| {
                out.extend_from_slice(b"1");
                if call.method == "bad" { Err(RpcError::unknown_method("bad")) } else { Ok(()) }
            }),
        };
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn single_calls_batches_and_nonsense_are_framed_as_geth_does() {
        assert_eq!(answer(r#"{"id":"a","method":"m"}"#), r#"{"jsonrpc":"2.0","id":"a","result":1}"#);
        assert_eq!(
            answer(r#" [{"id":1,"method":"m","params":[]},{"id":2,"method":"bad"}]"#),
            concat!(
                r#"[{"jsonrpc":"2.0","id":1,"result":1},{"jsonrpc":"2.0","id":2,"error":"#,
                r#"{"code":-32601,"message":"the method bad does not exist/is not available"}}]"#
            )
        );
        assert_eq!(
            answer(r#"[{"id":1,"method":"m"},{"id":2,"method":"m"},{"id":3,"method":"m"}]"#),
            r#"[{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"batch too large"}}]"#
        );
        assert!(answer("[]").contains("empty batch"));
        assert!(answer("{").contains("-32700"));
        assert!(answer("[7]").contains("-32600"));
        assert!(answer("7").contains("-32600"));
    }

    #[test]
    fn heights_are_hex_numbers_or_tags() {
        let parse = |text: &str| HeightArg::parse(&Value::from(text));
        assert_eq!(parse("0x10"), Ok(HeightArg::Number(16)));
        assert_eq!(parse("pending"), Ok(HeightArg::Latest));
        assert!(parse("16").is_err());
        assert!(parse("0x").is_err());
        assert!(HeightArg::parse(&Value::from(16)).is_err());
    }
}
