//! The layouts of payloads. An event's: its kind, its topics, its value. A call's: its depth, its operation, its function,
//! its arguments.
//!
//! Topics, value and arguments are `ScVal`s in XDR as the node sent them, read only where something is asked of them. The
//! topics' lengths stand before them, so that each is found without reading the others.

use chainbell_model::{EventKey, Payload};
use sha2::{Digest, Sha256};

/// `SCV_STRING` and `SCV_SYMBOL`, the types of `ScVal` that name an event.
const STRING: [u8; 4] = [0, 0, 0, 14];
const SYMBOL: [u8; 4] = [0, 0, 0, 15];

/// What kind of event it is, in the numbers of `ContractEventType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The host's own (`executable_update`, …).
    System = 0,
    /// A contract's.
    Contract = 1,
}

impl EventKind {
    /// The word that the RPC uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Contract => "contract",
        }
    }
}

/// An event's payload, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventParts<'a> {
    /// Its kind.
    pub kind: EventKind,
    /// Its topics.
    pub topics: Topics<'a>,
    /// One `ScVal` in XDR.
    pub value: &'a [u8],
}

/// The topics of an event, each one `ScVal` in XDR.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Topics<'a> {
    lengths: &'a [[u8; 4]],
    bytes: &'a [u8],
}

impl<'a> Topics<'a> {
    /// How many.
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut rest = self.bytes;
        self.lengths.iter().map_while(move |length| {
            let (topic, behind) = rest.split_at_checked(usize_of(*length))?;
            rest = behind;
            Some(topic)
        })
    }

    /// The topic at `place`.
    pub fn get(&self, place: usize) -> Option<&'a [u8]> {
        self.iter().nth(place)
    }
}

/// A call's payload, taken apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallParts<'a> {
    /// 0 is the host function of the operation; what it called in turn is deeper.
    pub depth: u8,
    /// Which operation of the transaction it belongs to.
    pub operation: u16,
    /// The function's name, a symbol of at most 32 bytes.
    pub function: &'a [u8],
    /// An `ScVec` in XDR: the number of arguments in four bytes, then an `ScVal` for each.
    pub arguments: &'a [u8],
}

/// An event's payload, of topics and a value in XDR. Topics beyond the 65,535th, more than a transaction has room for, are
/// left out.
pub fn event(kind: EventKind, topics: &[impl AsRef<[u8]>], value: &[u8]) -> Payload {
    let count = u16::try_from(topics.len()).unwrap_or(u16::MAX);
    let topics = &topics[..usize::from(count)];
    let total: usize = topics.iter().map(|topic| 4 + topic.as_ref().len()).sum();
    let mut bytes = Vec::with_capacity(3 + total + value.len());
    bytes.push(kind as u8);
    bytes.extend(count.to_le_bytes());
    for topic in topics {
        bytes.extend(u32::try_from(topic.as_ref().len()).unwrap_or(u32::MAX).to_le_bytes());
    }
    for topic in topics {
        bytes.extend_from_slice(topic.as_ref());
    }
    bytes.extend_from_slice(value);
    Payload(bytes.into())
}

/// An event's parts. Total: a payload that is none is a contract's event without topics and value.
pub fn event_parts(payload: &Payload) -> EventParts<'_> {
    let none = EventParts { kind: EventKind::Contract, topics: Topics::default(), value: &[] };
    let [kind, low, high, rest @ ..] = &*payload.0 else { return none };
    let count = usize::from(u16::from_le_bytes([*low, *high]));
    let Some((lengths, rest)) = rest.split_at_checked(count * 4) else { return none };
    let lengths = lengths.as_chunks().0;
    let total = lengths.iter().map(|length| usize_of(*length)).fold(0, usize::saturating_add);
    let Some((bytes, value)) = rest.split_at_checked(total) else { return none };
    let kind = if *kind == EventKind::System as u8 { EventKind::System } else { EventKind::Contract };
    EventParts { kind, topics: Topics { lengths, bytes }, value }
}

fn usize_of(length: [u8; 4]) -> usize {
    usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX)
}

/// A call's payload. Of a function's name, which has at most 32 bytes, no more than 255 are kept.
pub fn call(parts: &CallParts<'_>) -> Payload {
    let length = u8::try_from(parts.function.len()).unwrap_or(u8::MAX);
    let function = &parts.function[..usize::from(length)];
    let mut bytes = Vec::with_capacity(4 + function.len() + parts.arguments.len());
    bytes.push(parts.depth);
    bytes.extend(parts.operation.to_le_bytes());
    bytes.push(length);
    bytes.extend_from_slice(function);
    bytes.extend_from_slice(parts.arguments);
    Payload(bytes.into())
}

/// A call's parts. Total: a payload that is none is a call of a function without name and arguments.
pub fn call_parts(payload: &Payload) -> CallParts<'_> {
    let [depth, low, high, length, rest @ ..] = &*payload.0 else { return CallParts::default() };
    let Some((function, arguments)) = rest.split_at_checked(usize::from(*length)) else {
        return CallParts::default();
    };
    CallParts { depth: *depth, operation: u16::from_le_bytes([*low, *high]), function, arguments }
}

/// The key of an event with this first topic: a symbol or string of at most 32 bytes, padded with zeros; the hash of the
/// XDR of any other. `None` for an event without topics.
pub fn event_key(first_topic: Option<&[u8]>) -> Option<EventKey> {
    let topic = first_topic?;
    Some(name_of(topic).and_then(padded).unwrap_or_else(|| Sha256::digest(topic).into()))
}

/// The key of a call of `function`, and of an event whose first topic is that name. `None` for what is too long to be a
/// symbol.
pub fn call_key(function: &[u8]) -> Option<EventKey> {
    padded(function)
}

/// The bytes of a symbol or string that is the whole of `topic`.
pub(crate) fn name_of(topic: &[u8]) -> Option<&[u8]> {
    let (tag, rest) = topic.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let whole = rest.len() == length.checked_next_multiple_of(4)?;
    (whole && matches!(*tag, STRING | SYMBOL)).then(|| rest.get(..length))?
}

fn padded(name: &[u8]) -> Option<EventKey> {
    let mut key = [0; 32];
    key.get_mut(..name.len())?.copy_from_slice(name);
    Some(key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stellar_xdr::{Limits, ScString, ScSymbol, ScVal, WriteXdr};

    use super::*;

    fn xdr(value: &ScVal) -> Vec<u8> {
        value.to_xdr(Limits::none()).unwrap()
    }

    fn symbol(text: &str) -> Vec<u8> {
        xdr(&ScVal::Symbol(ScSymbol(text.try_into().unwrap())))
    }

    fn string(text: &str) -> Vec<u8> {
        xdr(&ScVal::String(ScString(text.try_into().unwrap())))
    }

    #[test]
    fn payloads_come_apart_as_they_were_put_together() {
        let topics = [symbol("transfer"), xdr(&ScVal::U32(7)), xdr(&ScVal::Void)];
        let value = xdr(&ScVal::Bool(true));
        for kind in [EventKind::System, EventKind::Contract] {
            let payload = event(kind, &topics, &value);
            let parts = event_parts(&payload);
            assert_eq!((parts.kind, parts.value), (kind, &value[..]));
            assert_eq!(parts.topics.iter().collect::<Vec<_>>(), topics);
            assert_eq!((parts.topics.len(), parts.topics.get(1)), (3, Some(&topics[1][..])));
            assert_eq!(parts.topics.get(3), None);
        }
        let parts = CallParts { depth: 2, operation: 300, function: b"swap", arguments: &[0, 0, 0, 0] };
        assert_eq!(call_parts(&call(&parts)), parts);
    }

    #[test]
    fn a_key_is_the_padded_name_or_the_hash_of_what_is_no_name() {
        let key = |topic: &[u8]| event_key(Some(topic)).unwrap();
        assert_eq!(Some(key(&symbol("transfer"))), call_key(b"transfer"));
        assert_eq!(key(&string("transfer")), key(&symbol("transfer")));
        assert_eq!(key(&symbol("transfer"))[..9], *b"transfer\0");
        let long = string(&"x".repeat(33));
        assert_eq!(key(&long), <[u8; 32]>::from(Sha256::digest(&long)));
        let number = xdr(&ScVal::U64(1));
        assert_eq!(key(&number), <[u8; 32]>::from(Sha256::digest(&number)));
        assert_eq!((event_key(None), call_key(&[b'x'; 33])), (None, None));
        assert_eq!(call_key(&[b'x'; 32]), Some([b'x'; 32]));
    }

    proptest! {
        #[test]
        fn no_payload_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..200) {
            let payload = Payload(bytes.into());
            let parts = event_parts(&payload);
            prop_assert!(parts.topics.iter().count() == parts.topics.len());
            let _ = (call_parts(&payload), event_key(Some(&payload.0)));
            let honest = event(EventKind::Contract, &[&payload.0, &payload.0], b"1234");
            let short = Payload(honest.0[..cut.min(honest.0.len())].into());
            prop_assert!(event_parts(&short).value.len() <= 4);
        }
    }
}
