//! The layout of an event's payload: one byte with the number of topics, the topics of 32 bytes each, the data.
//!
//! A call's payload is its input as it stands.

use chainbell_model::{EventKey, Payload};

/// The EVM has `LOG0` to `LOG4`.
pub(crate) const MAX_TOPICS: usize = 4;

/// The bytes of a call's input that tell the function.
pub(crate) const SELECTOR_LEN: usize = 4;

/// A payload with these topics and room for `data_len` bytes of data, which begin at the returned place.
pub(crate) fn with_topics(topics: &[[u8; 32]], data_len: usize) -> (Box<[u8]>, usize) {
    let data_at = 1 + topics.len() * 32;
    let mut body = Vec::with_capacity(data_at + data_len);
    // Callers hold at most MAX_TOPICS.
    body.push(topics.len() as u8);
    body.extend_from_slice(topics.as_flattened());
    body.resize(data_at + data_len, 0);
    (body.into_boxed_slice(), data_at)
}

/// Topics and data of an event's payload. Total: a payload that is none has neither.
pub(crate) fn split(payload: &Payload) -> (&[[u8; 32]], &[u8]) {
    let Some((&count, rest)) = payload.0.split_first() else { return (&[], &[]) };
    let Some((topics, data)) = rest.split_at_checked(usize::from(count) * 32) else { return (&[], &[]) };
    (topics.as_chunks().0, data)
}

/// The topics of an event's payload.
pub(crate) fn topics(payload: &Payload) -> &[[u8; 32]] {
    split(payload).0
}

/// The data of an event's payload.
pub(crate) fn data(payload: &Payload) -> &[u8] {
    split(payload).1
}

/// The key of a call with this input: its selector, padded with zeros; `None` where the input is too short for one.
pub(crate) fn call_key(input: &[u8]) -> Option<EventKey> {
    let mut key = [0; 32];
    key[..SELECTOR_LEN].copy_from_slice(input.get(..SELECTOR_LEN)?);
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_comes_apart_as_it_was_put_together() {
        let (mut body, data_at) = with_topics(&[[1; 32], [2; 32]], 3);
        body[data_at..].copy_from_slice(&[7, 8, 9]);
        let payload = Payload(body);
        assert_eq!(split(&payload), (&[[1; 32], [2; 32]][..], &[7, 8, 9][..]));
    }

    #[test]
    fn a_payload_that_is_none_has_no_parts() {
        for bytes in [&[][..], &[1, 2, 3], &[255; 40]] {
            assert_eq!(split(&Payload(bytes.into())), (&[][..], &[][..]));
        }
    }
}
