//! Programs that every Solana network has, and addresses derived from others.

use std::collections::HashMap;

use curve25519_dalek::edwards::CompressedEdwardsY;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use super::base58::{Base58, Pubkey};

macro_rules! known {
    ($($name:ident = $text:literal: $doc:literal;)*) => {
        $(#[doc = $doc] pub(crate) const $name: Pubkey = parse($text);)*
    };
}

known! {
    SYSTEM = "11111111111111111111111111111111": "Moves lamports.";
    VOTE = "Vote111111111111111111111111111111111111111": "Takes the validators' votes.";
    COMPUTE_BUDGET = "ComputeBudget111111111111111111111111111111": "Takes limits and prices.";
    TOKEN = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA": "SPL Token.";
    TOKEN_2022 = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb": "SPL Token-2022.";
    MEMO = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr": "SPL Memo.";
}

/// Programs within the validator: they log no consumption.
pub(crate) fn is_builtin(program: &Pubkey) -> bool {
    [SYSTEM, VOTE, COMPUTE_BUDGET].contains(program)
}

/// Reads a key at compile time.
const fn parse(text: &str) -> Pubkey {
    const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let text = text.as_bytes();
    let mut bytes = [0; 32];
    let mut at = 0;
    while at < text.len() {
        let mut digit = 0;
        while ALPHABET[digit] != text[at] {
            digit += 1;
        }
        let mut carry = digit as u32;
        let mut index = 32;
        while index > 0 {
            index -= 1;
            carry += bytes[index] as u32 * 58;
            bytes[index] = carry as u8;
            carry >>= 8;
        }
        at += 1;
    }
    Base58(bytes)
}

/// The address that `program` derives from `seeds`: the first with a bump from 255 down that is no public key.
pub(crate) fn derived(seeds: &[&[u8]], program: &Pubkey) -> Pubkey {
    let address = |bump: u8| {
        let mut hash = Sha256::new();
        seeds.iter().for_each(|seed| hash.update(seed));
        hash.update([bump]);
        hash.update(program.0);
        hash.update(b"ProgramDerivedAddress");
        let bytes: [u8; 32] = hash.finalize().into();
        CompressedEdwardsY(bytes).decompress().is_none().then_some(Base58(bytes))
    };
    (0..=u8::MAX).rev().find_map(address).unwrap_or_default()
}

/// What an Anchor program signs its event instructions with.
pub(crate) fn event_authority(program: &Pubkey) -> Pubkey {
    derived(&[b"__event_authority"], program)
}

/// The event authorities of programs, each derived once: that is slow.
#[derive(Debug, Default)]
pub(crate) struct EventAuthorities(Mutex<HashMap<Pubkey, Pubkey>>);

impl EventAuthorities {
    pub(crate) fn of(&self, program: &Pubkey) -> Pubkey {
        *self.0.lock().entry(*program).or_insert_with(|| event_authority(program))
    }
}

/// Where Anchor keeps a program's description.
pub fn idl_address(program: &Pubkey) -> Pubkey {
    let base = derived(&[], program);
    let mut hash = Sha256::new();
    hash.update(base.0);
    hash.update(b"anchor:idl");
    hash.update(program.0);
    Base58(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_their_texts() {
        assert_eq!(SYSTEM.0, [0; 32]);
        assert_eq!(TOKEN_2022.to_string(), "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
        assert_eq!(VOTE.to_string(), "Vote111111111111111111111111111111111111111");
    }

    #[test]
    fn event_authorities_are_those_of_mainnet() {
        for (program, authority) in [
            ("6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P", "Ce6TQqeHC9p8KetsN6JsjHK7UTZk7nasjjnr7XxXp9F1"),
            ("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4", "D8cy77BBepLMngZx6ZukaTff5hCt1HrWyKk3Hnd9oitf"),
        ] {
            assert_eq!(event_authority(&program.parse().unwrap()).to_string(), authority);
        }
    }
}
