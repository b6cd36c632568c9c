//! The bytes by which an event or an instruction is told from others.

use chainbell_model::EventKey;
use sha2::{Digest, Sha256};

use crate::payload::{self, DISCRIMINATOR_LEN};

/// What a program puts before an event that it tells by calling itself: sha256("anchor:event"), the first eight bytes
/// reversed. Payloads come without it.
const CPI_TAG: [u8; DISCRIMINATOR_LEN] = [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d];

/// Constants at places of the data, and sometimes its length. Without any of them, everything fits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Discriminator {
    constants: Vec<(usize, Box<[u8]>)>,
    size: Option<usize>,
}

impl Discriminator {
    /// At the beginning of the data.
    pub(super) fn leading(bytes: &[u8]) -> Self {
        let mut one = Self::default();
        one.add(0, bytes);
        one
    }

    /// As Anchor makes it: of `event:` and the event's name.
    pub(super) fn of_event(name: &str) -> Self {
        Self::hashed("event", name)
    }

    /// As Anchor makes it: of `global:` and the function's name in snake case.
    pub(super) fn of_instruction(name: &str) -> Self {
        Self::hashed("global", &snake_case(name))
    }

    fn hashed(space: &str, name: &str) -> Self {
        let hash = Sha256::new().chain_update(space).chain_update(":").chain_update(name).finalize();
        Self::leading(&hash[..DISCRIMINATOR_LEN])
    }

    pub(super) fn add(&mut self, offset: usize, bytes: &[u8]) {
        let same = |known: &(usize, Box<[u8]>)| known.0 == offset && *known.1 == *bytes;
        if !bytes.is_empty() && !self.constants.iter().any(same) {
            self.constants.push((offset, bytes.into()));
            self.constants.sort();
        }
    }

    pub(super) fn set_size(&mut self, size: usize) {
        self.size = Some(size);
    }

    /// How many bytes of the beginning of the data it takes, constant after constant.
    pub(super) fn leading_len(&self) -> usize {
        let mut end = 0;
        for (offset, bytes) in &self.constants {
            if *offset <= end {
                end = end.max(offset.saturating_add(bytes.len()));
            }
        }
        end
    }

    /// Without the tag of an event that is told by a call, which payloads do not have; and how many bytes that were.
    pub(super) fn without_cpi_tag(mut self) -> (Self, usize) {
        let tagged = self.constants.iter().any(|(offset, bytes)| *offset == 0 && bytes.starts_with(&CPI_TAG));
        if !tagged {
            return (self, 0);
        }
        let constants = std::mem::take(&mut self.constants);
        for (offset, bytes) in constants {
            match offset.checked_sub(DISCRIMINATOR_LEN) {
                Some(offset) => self.add(offset, &bytes),
                None => self.add(0, bytes.get(DISCRIMINATOR_LEN - offset..).unwrap_or_default()),
            }
        }
        self.size = self.size.map(|size| size.saturating_sub(DISCRIMINATOR_LEN));
        (self, DISCRIMINATOR_LEN)
    }

    /// The key of events and calls that have it; `None` when it is too short for one.
    pub(super) fn key(&self) -> Option<EventKey> {
        self.constants.iter().filter(|(offset, _)| *offset == 0).find_map(|(_, bytes)| payload::key(bytes))
    }

    /// Whether the data has it.
    pub(super) fn fits(&self, data: &[u8]) -> bool {
        let stands = |(offset, bytes): &(usize, Box<[u8]>)| {
            data.get(*offset..).is_some_and(|rest| rest.starts_with(bytes))
        };
        self.size.is_none_or(|size| data.len() == size) && self.constants.iter().all(stands)
    }
}

/// `swapExactOutV2` as `swap_exact_out_v2`; words that are in snake case already stay.
pub(super) fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (place, letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|place| letters.get(place));
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| {
                let lower_follows = letters.get(place + 1).is_some_and(|next| next.is_lowercase());
                before.is_lowercase() || before.is_ascii_digit() || (before.is_uppercase() && lower_follows)
            });
        if begins {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_hashes_are_those_of_known_programs() {
        let hex = |one: Discriminator| const_hex::encode(&one.key().unwrap()[..8]);
        assert_eq!(hex(Discriminator::of_event("SwapEvent")), "40c6cde8260871e2");
        assert_eq!(hex(Discriminator::of_event("TradeEvent")), "bddb7fd34ee661ee");
        assert_eq!(hex(Discriminator::of_instruction("sell")), "33e685a4017f83ad");
        assert_eq!(
            Discriminator::of_instruction("sharedAccountsRoute"),
            Discriminator::of_instruction("shared_accounts_route")
        );
    }

    #[test]
    fn names_turn_into_snake_case() {
        for (name, snake) in [
            ("swapV2", "swap_v2"),
            ("swap2ExactOut", "swap2_exact_out"),
            ("initializeLBPair", "initialize_lb_pair"),
            ("set_fee", "set_fee"),
            ("buy", "buy"),
        ] {
            assert_eq!(snake_case(name), snake);
        }
    }

    #[test]
    fn the_tag_of_events_told_by_a_call_is_taken_off() {
        let mut apart = Discriminator::leading(&CPI_TAG);
        apart.add(8, &[1, 2]);
        let together = Discriminator::leading(&[CPI_TAG.as_slice(), &[1, 2]].concat());
        for tagged in [apart, together] {
            assert_eq!(tagged.without_cpi_tag(), (Discriminator::leading(&[1, 2]), 8));
        }
        let plain = Discriminator::leading(&[1; 8]);
        assert_eq!(plain.clone().without_cpi_tag(), (plain, 0));
    }

    #[test]
    fn what_fits_has_every_constant_and_the_length() {
        let mut one = Discriminator::leading(&[3]);
        assert!(one.fits(&[3, 9]) && !one.fits(&[4]) && !one.fits(&[]));
        assert_eq!(one.key(), None);
        one.add(2, &[7]);
        one.set_size(4);
        assert!(one.fits(&[3, 0, 7, 0]) && !one.fits(&[3, 0, 7]) && !one.fits(&[3, 0, 8, 0]));
        assert_eq!(one.leading_len(), 1);
    }
}
