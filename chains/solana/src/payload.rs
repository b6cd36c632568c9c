//! The layouts of payloads. An event's: its source, its depth, its top-level instruction, its data. A call's: its depth,
//! its top-level instruction, its accounts, its data.

use chainbell_model::{EventKey, Payload};

/// The bytes by which Anchor tells events and instructions.
pub(crate) const DISCRIMINATOR_LEN: usize = 8;

/// How a program told of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A `Program data:` line of the log (`emit!`).
    Log,
    /// An instruction of the program to itself (`emit_cpi!`).
    Cpi,
}

/// An event's payload, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventParts<'a> {
    /// How it was told.
    pub source: Source,
    /// How deep in the invocations the program was: 1 is a top-level instruction.
    pub depth: u8,
    /// Which top-level instruction of the transaction it belongs to.
    pub instruction: u16,
    /// Discriminator and Borsh.
    pub data: &'a [u8],
}

/// A call's payload, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallParts<'a> {
    /// How deep in the invocations: 1 is a top-level instruction.
    pub depth: u8,
    /// Which top-level instruction of the transaction it belongs to.
    pub instruction: u16,
    /// Its accounts.
    pub accounts: &'a [[u8; 32]],
    /// The instruction data.
    pub data: &'a [u8],
}

/// An event's payload.
pub fn event(parts: &EventParts<'_>) -> Payload {
    let mut bytes = Vec::with_capacity(4 + parts.data.len());
    bytes.extend([parts.source as u8, parts.depth]);
    bytes.extend(parts.instruction.to_le_bytes());
    bytes.extend_from_slice(parts.data);
    Payload(bytes.into())
}

/// An event's parts. Total: a payload that is none is an event without data.
pub fn event_parts(payload: &Payload) -> EventParts<'_> {
    let [source, depth, low, high, data @ ..] = &*payload.0 else {
        return EventParts { source: Source::Log, depth: 0, instruction: 0, data: &[] };
    };
    let source = if *source == Source::Cpi as u8 { Source::Cpi } else { Source::Log };
    EventParts { source, depth: *depth, instruction: u16::from_le_bytes([*low, *high]), data }
}

/// A call's payload. Accounts beyond the 65,535th, which no transaction has room for, are left out.
pub fn call(parts: &CallParts<'_>) -> Payload {
    let count = u16::try_from(parts.accounts.len()).unwrap_or(u16::MAX);
    let accounts = &parts.accounts[..usize::from(count)];
    let mut bytes = Vec::with_capacity(5 + accounts.len() * 32 + parts.data.len());
    bytes.push(parts.depth);
    bytes.extend(parts.instruction.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend_from_slice(accounts.as_flattened());
    bytes.extend_from_slice(parts.data);
    Payload(bytes.into())
}

/// A call's parts. Total: a payload that is none is a call without accounts and data.
pub fn call_parts(payload: &Payload) -> CallParts<'_> {
    let none = CallParts { depth: 0, instruction: 0, accounts: &[], data: &[] };
    let [depth, low, high, count_low, count_high, rest @ ..] = &*payload.0 else { return none };
    let count = usize::from(u16::from_le_bytes([*count_low, *count_high]));
    let Some((accounts, data)) = rest.split_at_checked(count * 32) else { return none };
    let instruction = u16::from_le_bytes([*low, *high]);
    CallParts { depth: *depth, instruction, accounts: accounts.as_chunks().0, data }
}

/// The key of an event or call with this data: its first eight bytes, padded with zeros; `None` when it is shorter.
pub fn key(data: &[u8]) -> Option<EventKey> {
    let mut key = [0; 32];
    key[..DISCRIMINATOR_LEN].copy_from_slice(data.get(..DISCRIMINATOR_LEN)?);
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_come_apart_as_they_were_put_together() {
        let parts = EventParts { source: Source::Cpi, depth: 3, instruction: 513, data: &[1, 2, 3] };
        assert_eq!(event_parts(&event(&parts)), parts);
        let accounts = [[7; 32], [8; 32]];
        let parts = CallParts { depth: 2, instruction: 300, accounts: &accounts, data: &[9] };
        assert_eq!(call_parts(&call(&parts)), parts);
    }

    #[test]
    fn a_payload_that_is_none_has_no_parts() {
        for bytes in [&[][..], &[1, 2, 3], &[255; 40]] {
            assert!(call_parts(&Payload(bytes.into())).accounts.is_empty());
        }
        assert!(event_parts(&Payload([1, 2, 3].into())).data.is_empty());
    }
}
