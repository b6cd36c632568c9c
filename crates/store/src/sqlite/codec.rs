//! How values are written in columns, and read back.

use chainbell_model::{BlockId, DeliveryId, Finality, Height, MatchId, PositionKind};
use sqlx::{Decode, Row, Sqlite, Type, sqlite::SqliteRow};

use crate::{DeliveryState, StoreError};

const PLAIN: u8 = 0;
const HEX: u8 = 1;

/// Text in few bytes: lower-case `0x…` hex, which most ids are, takes half.
pub(super) fn compact(text: &str) -> Vec<u8> {
    if let Some(digits) = text.strip_prefix("0x")
        && digits.len() % 2 == 0
        && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    {
        let mut bytes = vec![HEX; 1 + digits.len() / 2];
        if const_hex::decode_to_slice(digits, &mut bytes[1..]).is_ok() {
            return bytes;
        }
    }
    let mut bytes = Vec::with_capacity(1 + text.len());
    bytes.push(PLAIN);
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// The inverse of [`compact`].
pub(super) fn expand(bytes: &[u8], what: &'static str) -> Result<String, StoreError> {
    match bytes.split_first() {
        Some((&HEX, digits)) => Ok(const_hex::encode_prefixed(digits)),
        Some((&PLAIN, text)) => {
            String::from_utf8(text.to_vec()).map_err(|error| corrupt(what, error.to_string()))
        }
        _ => Err(corrupt(what, "of an unknown form".to_owned())),
    }
}

/// A height as a column holds it. Heights beyond 2^63 - 1 do not exist; they are held as that.
pub(super) fn from_height(height: Height) -> i64 {
    i64::try_from(height.0).unwrap_or(i64::MAX)
}

/// The inverse of [`from_height`].
pub(super) fn to_height(column: i64) -> Height {
    Height(u64::try_from(column).unwrap_or(0))
}

/// A block's id.
pub(super) fn block_id(bytes: &[u8]) -> Result<BlockId, StoreError> {
    fixed(bytes, "block id").map(BlockId)
}

/// A match's id.
pub(super) fn match_id(bytes: &[u8]) -> Result<MatchId, StoreError> {
    fixed(bytes, "match id").map(MatchId)
}

/// A delivery's id.
pub(super) fn delivery_id(bytes: &[u8]) -> Result<DeliveryId, StoreError> {
    fixed(bytes, "delivery id").map(DeliveryId)
}

fn fixed<const N: usize>(bytes: &[u8], what: &'static str) -> Result<[u8; N], StoreError> {
    bytes.try_into().map_err(|_| corrupt(what, format!("{} bytes long", bytes.len())))
}

/// An unsigned number of at most 32 bits.
pub(super) fn small(column: i64, what: &'static str) -> Result<u32, StoreError> {
    u32::try_from(column).map_err(|_| corrupt(what, format!("{column} is out of range")))
}

/// The number of a finality.
pub(super) fn from_finality(finality: Finality) -> i64 {
    match finality {
        Finality::Seen => 0,
        Finality::Confirmed => 1,
        Finality::Finalized => 2,
    }
}

/// The inverse of [`from_finality`].
pub(super) fn to_finality(column: i64) -> Result<Finality, StoreError> {
    match column {
        0 => Ok(Finality::Seen),
        1 => Ok(Finality::Confirmed),
        2 => Ok(Finality::Finalized),
        other => Err(corrupt("finality", format!("unknown number {other}"))),
    }
}

/// What kind of fact.
pub(super) fn to_kind(column: i64) -> Result<PositionKind, StoreError> {
    u8::try_from(column)
        .ok()
        .and_then(PositionKind::from_code)
        .ok_or_else(|| corrupt("kind of fact", format!("unknown number {column}")))
}

const STATES: [DeliveryState; 6] = [
    DeliveryState::Waiting,
    DeliveryState::Pending,
    DeliveryState::Sending,
    DeliveryState::Delivered,
    DeliveryState::Dead,
    DeliveryState::Cancelled,
];

/// The number of a state; partial indexes name these numbers.
pub(super) fn from_state(state: DeliveryState) -> i64 {
    state as i64
}

/// The inverse of [`from_state`].
pub(super) fn to_state(column: i64) -> Result<DeliveryState, StoreError> {
    usize::try_from(column)
        .ok()
        .and_then(|index| STATES.get(index).copied())
        .ok_or_else(|| corrupt("delivery state", format!("unknown number {column}")))
}

/// A column by name.
pub(super) fn column<'r, T>(row: &'r SqliteRow, name: &str) -> Result<T, StoreError>
where
    T: Decode<'r, Sqlite> + Type<Sqlite>,
{
    Ok(row.try_get(name)?)
}

/// A row that should not be.
pub(super) fn corrupt(what: &'static str, reason: String) -> StoreError {
    StoreError::Corrupt { what, reason }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_comes_back_as_it_was(text in "(0x[0-9a-fA-F]{0,9})|.{0,20}") {
            prop_assert_eq!(expand(&compact(&text), "text").unwrap(), text);
        }
    }

    #[test]
    fn lower_case_hex_takes_half() {
        assert_eq!(compact("0xabcd"), [HEX, 0xab, 0xcd]);
        assert!(expand(&[], "text").is_err());
        assert!(expand(&[9, 1], "text").is_err());
    }

    #[test]
    fn every_state_and_finality_keeps_its_number() {
        for (number, state) in (0..).zip(STATES) {
            assert_eq!(from_state(state), number);
            assert_eq!(to_state(number).unwrap(), state);
        }
        assert!(to_state(6).is_err() && to_state(-1).is_err());
        for finality in [Finality::Seen, Finality::Confirmed, Finality::Finalized] {
            assert_eq!(to_finality(from_finality(finality)).unwrap(), finality);
        }
    }
}
