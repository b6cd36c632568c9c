//! The layouts of payloads. An event's: who emitted it, its type, its contents, the node's rendering. A call's: its
//! function, its type arguments, its arguments.
//!
//! Parts that vary in length stand behind their length in four bytes, little endian.

use chainbell_model::{EventKey, Payload};
use sha2::{Digest, Sha256};

const ID_LEN: usize = 32;

/// Whether a rendering follows the contents.
const WITHOUT_JSON: u8 = 0;
const WITH_JSON: u8 = 1;

const PURE: u8 = 0;
const OBJECT: u8 = 1;
const OTHER: u8 = 2;

/// An event's payload, taken apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventParts<'a> {
    /// The package of the function called, which differs from the one that defines the type after an upgrade.
    pub package: [u8; ID_LEN],
    /// The module of the function called.
    pub module: &'a str,
    /// Who sent the transaction.
    pub sender: [u8; ID_LEN],
    /// The canonical text of the event's type: addresses of 64 digits after `0x`, type arguments included.
    pub struct_tag: &'a str,
    /// BCS; empty when the node did not give it.
    pub contents: &'a [u8],
    /// The node's rendering, when it gave one.
    pub json: Option<&'a str>,
}

/// A call's payload, taken apart. Its package is [`chainbell_model::Call::contract`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallParts<'a> {
    /// The module called.
    pub module: &'a str,
    /// The function called.
    pub function: &'a str,
    /// Canonical texts of types, as in [`EventParts::struct_tag`].
    pub type_arguments: Vec<&'a str>,
    /// In the function's own order.
    pub arguments: Vec<Argument<'a>>,
}

/// What was given for a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument<'a> {
    /// A value in BCS.
    Pure(&'a [u8]),
    /// The object of this id.
    Object([u8; ID_LEN]),
    /// The gas coin or the result of another command: the transaction does not tell what it was.
    Other,
}

/// An event's payload.
pub fn event(parts: &EventParts<'_>) -> Payload {
    let variable = parts.module.len() + parts.struct_tag.len() + parts.contents.len();
    let json = parts.json.unwrap_or_default();
    let mut bytes = Vec::with_capacity(2 * ID_LEN + 13 + variable + json.len());
    bytes.extend_from_slice(&parts.package);
    bytes.extend_from_slice(&parts.sender);
    push_part(&mut bytes, parts.struct_tag.as_bytes());
    push_part(&mut bytes, parts.module.as_bytes());
    push_part(&mut bytes, parts.contents);
    bytes.push(if parts.json.is_some() { WITH_JSON } else { WITHOUT_JSON });
    bytes.extend_from_slice(json.as_bytes());
    Payload(bytes.into())
}

/// An event's parts. Total: what a payload that is none lacks is empty.
pub fn event_parts(payload: &Payload) -> EventParts<'_> {
    let mut cut = Cut(&payload.0);
    let mut parts = EventParts {
        package: cut.id().unwrap_or_default(),
        sender: cut.id().unwrap_or_default(),
        struct_tag: cut.text().unwrap_or_default(),
        module: cut.text().unwrap_or_default(),
        contents: cut.part().unwrap_or_default(),
        json: None,
    };
    if cut.byte() == Some(WITH_JSON) {
        parts.json = std::str::from_utf8(cut.0).ok();
    }
    parts
}

/// The type of an event alone: all that is needed to tell whether a decoder fits.
pub(crate) fn struct_tag(payload: &Payload) -> &str {
    payload.0.get(2 * ID_LEN..).and_then(|rest| Cut(rest).text()).unwrap_or_default()
}

/// A call's payload.
pub fn call(parts: &CallParts<'_>) -> Payload {
    let mut bytes = Vec::with_capacity(256);
    push_part(&mut bytes, parts.module.as_bytes());
    push_part(&mut bytes, parts.function.as_bytes());
    push_length(&mut bytes, parts.type_arguments.len());
    for argument in &parts.type_arguments {
        push_part(&mut bytes, argument.as_bytes());
    }
    for argument in &parts.arguments {
        match argument {
            Argument::Pure(value) => {
                bytes.push(PURE);
                push_part(&mut bytes, value);
            }
            Argument::Object(id) => {
                bytes.push(OBJECT);
                bytes.extend_from_slice(id);
            }
            Argument::Other => bytes.push(OTHER),
        }
    }
    Payload(bytes.into())
}

/// A call's parts. Total: what a payload that is none lacks is empty.
pub fn call_parts(payload: &Payload) -> CallParts<'_> {
    let mut cut = Cut(&payload.0);
    let mut parts = CallParts {
        module: cut.text().unwrap_or_default(),
        function: cut.text().unwrap_or_default(),
        ..CallParts::default()
    };
    for _ in 0..cut.length().unwrap_or_default() {
        let Some(argument) = cut.text() else { return parts };
        parts.type_arguments.push(argument);
    }
    while let Some(argument) = cut.argument() {
        parts.arguments.push(argument);
    }
    parts
}

/// The module of a call alone: all that is needed to tell whether a decoder of a whole module fits.
pub(crate) fn called_module(payload: &Payload) -> &str {
    Cut(&payload.0).text().unwrap_or_default()
}

/// The key of an event of the type `module::name`, whichever package defines it and whatever its type arguments are.
pub fn event_key(module: &str, name: &str) -> EventKey {
    key(module, name)
}

/// The key of a call of `module::function`.
pub fn call_key(module: &str, function: &str) -> EventKey {
    key(module, function)
}

fn key(module: &str, name: &str) -> EventKey {
    Sha256::new_with_prefix(module).chain_update("::").chain_update(name).finalize().into()
}

fn push_length(bytes: &mut Vec<u8>, length: usize) {
    bytes.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
}

/// A length and what it counts. No node sends four gigabytes in one part.
fn push_part(bytes: &mut Vec<u8>, part: &[u8]) {
    push_length(bytes, part.len());
    bytes.extend_from_slice(part);
}

/// What is left of a payload.
struct Cut<'a>(&'a [u8]);

impl<'a> Cut<'a> {
    fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| *byte)
    }

    fn id(&mut self) -> Option<[u8; ID_LEN]> {
        self.take().copied()
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(*self.take()?)).ok()
    }

    fn part(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        let (part, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(part)
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.part()?).ok()
    }

    fn argument(&mut self) -> Option<Argument<'a>> {
        match self.byte()? {
            PURE => self.part().map(Argument::Pure),
            OBJECT => self.id().map(Argument::Object),
            OTHER => Some(Argument::Other),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn payloads_come_apart_as_they_were_put_together() {
        for json in [None, Some(""), Some("{\"a\":1}")] {
            let parts = EventParts {
                package: [1; 32],
                module: "pool",
                sender: [2; 32],
                struct_tag: "0x2::m::N<u8>",
                contents: &[1, 2, 3],
                json,
            };
            let payload = event(&parts);
            assert_eq!(event_parts(&payload), parts);
            assert_eq!(struct_tag(&payload), parts.struct_tag);
        }
        let parts = CallParts {
            module: "pool",
            function: "swap",
            type_arguments: vec!["u8", "bool"],
            arguments: vec![
                Argument::Pure(&[]),
                Argument::Object([9; 32]),
                Argument::Other,
                Argument::Pure(&[7]),
            ],
        };
        let payload = call(&parts);
        assert_eq!(call_parts(&payload), parts);
        assert_eq!(called_module(&payload), "pool");
    }

    #[test]
    fn a_key_is_the_hash_of_module_and_name() {
        assert_eq!(event_key("m", "N"), <[u8; 32]>::from(Sha256::digest("m::N")));
        assert_eq!(call_key("m", "f"), <[u8; 32]>::from(Sha256::digest("m::f")));
    }

    proptest! {
        #[test]
        fn no_payload_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..200) {
            let payload = Payload(bytes.into());
            let _ = (event_parts(&payload), call_parts(&payload), struct_tag(&payload), called_module(&payload));
            let honest = event(&EventParts { struct_tag: "a", contents: &payload.0, ..EventParts::default() });
            let short = Payload(honest.0[..cut.min(honest.0.len())].into());
            prop_assert!(event_parts(&short).contents.len() <= payload.0.len());
        }
    }
}
