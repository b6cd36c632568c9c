//! JSON-RPC requests as they come in: single or batch, their parameters, and the frame around the answers.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::RpcError;

/// How a node frames answers, and words what is wrong with a request as such.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manners {
    /// Where the id stands in an answer.
    pub(crate) id_first: bool,
    /// For a body that is not JSON.
    pub(crate) parse_error: &'static str,
    /// For JSON that is no call.
    pub(crate) invalid_request: &'static str,
    /// For `[]`.
    pub(crate) empty_batch: &'static str,
    /// For more calls than one batch may hold.
    pub(crate) batch_too_large: &'static str,
}

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
    /// All parameters: a list, or an object by name.
    pub(crate) fn params(&self) -> &Value {
        &self.params
    }

    /// The parameter at `index`, unless absent or null.
    pub(crate) fn param(&self, index: usize) -> Option<&Value> {
        self.params.get(index).filter(|value| !value.is_null())
    }
}

/// The calls of a request body.
pub(crate) enum Request<'a> {
    Single(Box<Call<'a>>),
    Batch(Vec<Option<Call<'a>>>),
}

impl<'a> Request<'a> {
    /// Reads a body; the error is the answer to one that is not JSON-RPC at all.
    pub(crate) fn parse(body: &'a [u8], manners: Manners) -> Result<Self, RpcError> {
        let malformed = |_| RpcError::new(-32700, manners.parse_error);
        if body.trim_ascii_start().first() != Some(&b'[') {
            let raw: &RawValue = serde_json::from_slice(body).map_err(malformed)?;
            return serde_json::from_str(raw.get())
                .map(|call| Self::Single(Box::new(call)))
                .map_err(|_| RpcError::new(-32600, manners.invalid_request));
        }
        let raw: Vec<&RawValue> = serde_json::from_slice(body).map_err(malformed)?;
        if raw.is_empty() {
            return Err(RpcError::new(-32600, manners.empty_batch));
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
        manners: Manners,
        max_batch: usize,
        answer: impl FnMut(&Call<'_>, &mut Vec<u8>) -> Result<(), RpcError>,
    ) -> Vec<u8> {
        let mut writer = Writer { manners, answer, out: Vec::new() };
        match self {
            Self::Single(call) => writer.respond(Some(call)),
            Self::Batch(calls) if calls.len() > max_batch => {
                let id = calls.iter().flatten().next().and_then(|call| call.id);
                writer.out.push(b'[');
                let error = RpcError::new(-32600, manners.batch_too_large);
                refuse(&mut writer.out, manners, id, &error);
                writer.out.push(b']');
            }
            Self::Batch(calls) => {
                writer.out.push(b'[');
                for (index, call) in calls.iter().enumerate() {
                    if index > 0 {
                        writer.out.push(b',');
                    }
                    writer.respond(call.as_ref());
                }
                writer.out.push(b']');
            }
        }
        writer.out
    }
}

/// The answer to a body that could not be read.
pub(crate) fn refusal(manners: Manners, error: &RpcError) -> Vec<u8> {
    let mut out = Vec::new();
    refuse(&mut out, manners, None, error);
    out
}

struct Writer<F> {
    manners: Manners,
    answer: F,
    out: Vec<u8>,
}

impl<F: FnMut(&Call<'_>, &mut Vec<u8>) -> Result<(), RpcError>> Writer<F> {
    fn respond(&mut self, call: Option<&Call<'_>>) {
        let manners = self.manners;
        let Some(call) = call else {
            return refuse(&mut self.out, manners, None, &RpcError::new(-32600, manners.invalid_request));
        };
        let before = self.out.len();
        begin(&mut self.out, manners, call.id);
        self.out.extend_from_slice(b",\"result\":");
        match (self.answer)(call, &mut self.out) {
            Ok(()) => end(&mut self.out, manners, call.id),
            Err(error) => {
                self.out.truncate(before);
                refuse(&mut self.out, manners, call.id, &error);
            }
        }
    }
}

fn refuse(out: &mut Vec<u8>, manners: Manners, id: Option<&RawValue>, error: &RpcError) {
    begin(out, manners, id);
    out.extend_from_slice(b",\"error\":");
    serde_json::to_writer(&mut *out, error).expect("an error object is JSON");
    end(out, manners, id);
}

fn begin(out: &mut Vec<u8>, manners: Manners, id: Option<&RawValue>) {
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\"");
    if manners.id_first {
        write_id(out, id);
    }
}

fn end(out: &mut Vec<u8>, manners: Manners, id: Option<&RawValue>) {
    if !manners.id_first {
        write_id(out, id);
    }
    out.push(b'}');
}

fn write_id(out: &mut Vec<u8>, id: Option<&RawValue>) {
    out.extend_from_slice(b",\"id\":");
    out.extend_from_slice(id.map_or("null", RawValue::get).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANNERS: Manners = Manners {
        id_first: true,
        parse_error: "parse error",
        invalid_request: "invalid request",
        empty_batch: "empty batch",
        batch_too_large: "batch too large",
    };

    fn answer(body: &str) -> String {
        answer_as(MANNERS, body)
    }

    fn answer_as(manners: Manners, body: &str) -> String {
        let bytes = match Request::parse(body.as_bytes(), manners) {
            Err(error) => refusal(manners, &error),
            Ok(request) => request.answer(manners, 2, |call, out| {
                out.extend_from_slice(b"1");
                if call.method == "bad" { Err(RpcError::new(-32601, "no such method")) } else { Ok(()) }
            }),
        };
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn single_calls_batches_and_nonsense_are_framed() {
        assert_eq!(answer(r#"{"id":"a","method":"m"}"#), r#"{"jsonrpc":"2.0","id":"a","result":1}"#);
        assert_eq!(
            answer(r#" [{"id":1,"method":"m","params":[]},{"id":2,"method":"bad"}]"#),
            concat!(
                r#"[{"jsonrpc":"2.0","id":1,"result":1},{"jsonrpc":"2.0","id":2,"error":"#,
                r#"{"code":-32601,"message":"no such method"}}]"#
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
    fn the_id_stands_where_the_node_puts_it() {
        let manners = Manners { id_first: false, ..MANNERS };
        let call = |method| answer_as(manners, &format!(r#"{{"id":7,"method":"{method}"}}"#));
        assert_eq!(call("m"), r#"{"jsonrpc":"2.0","result":1,"id":7}"#);
        assert_eq!(
            call("bad"),
            r#"{"jsonrpc":"2.0","error":{"code":-32601,"message":"no such method"},"id":7}"#
        );
    }
}
