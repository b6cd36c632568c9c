//! Blocks as they are held: a transaction's content is shared by all the blocks, on whatever fork, that include it.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{
    base58::{Base58, Blockhash, Pubkey, Signature},
    execute::{FEE, Outcome},
    known,
    ledger::{Ledger, TokenAccount},
    message::Message,
    spec::TxSpec,
};

/// A transaction wherever it is included.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) spec: TxSpec,
    pub(crate) message: Message,
    /// The first is the transaction's id.
    pub(crate) signatures: Vec<Signature>,
    /// Which of its payer's transactions it is.
    pub(crate) sequence: u64,
}

impl Body {
    /// Signs `message`, so to speak: the signatures follow from the content, the seed and the sequence.
    pub(crate) fn new(seed: u64, sequence: u64, spec: TxSpec, message: Message) -> Self {
        let bytes = message.bytes();
        let half = |signer: u8, half: u8| -> [u8; 32] {
            let mut hash = Sha256::new();
            hash.update([signer, half]);
            hash.update(seed.to_le_bytes());
            hash.update(sequence.to_le_bytes());
            hash.update(&bytes);
            hash.finalize().into()
        };
        let sign = |signer: u8| {
            let mut signature = [0; 64];
            signature[..32].copy_from_slice(&half(signer, 0));
            signature[32..].copy_from_slice(&half(signer, 1));
            Base58(signature)
        };
        Self { signatures: (0..message.required_signatures).map(sign).collect(), spec, message, sequence }
    }

    pub(crate) fn id(&self) -> Signature {
        self.signatures.first().copied().unwrap_or_default()
    }

    /// Whether it does nothing but vote.
    pub(crate) fn is_vote(&self) -> bool {
        matches!(&self.spec.instructions[..], [only] if only.program == known::VOTE)
    }

    pub(crate) fn fee(&self) -> u64 {
        FEE * u64::from(self.message.required_signatures)
    }

    /// Its notes, as lists of signatures show them.
    pub(crate) fn memo(&self) -> Option<String> {
        let memos = self.spec.instructions.iter().filter(|instruction| instruction.program == known::MEMO);
        let note = |data: &[u8]| format!("[{}] {}", data.len(), String::from_utf8_lossy(data));
        let notes: Vec<String> = memos.map(|instruction| note(&instruction.data)).collect();
        (!notes.is_empty()).then(|| notes.join("; "))
    }
}

/// A transaction in its place.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) body: Arc<Body>,
    pub(crate) outcome: Outcome,
    /// By key.
    pub(crate) before: Vec<u64>,
    /// By key.
    pub(crate) after: Vec<u64>,
    /// The token accounts among the keys: the index, and the account before and after.
    pub(crate) tokens: Vec<(u8, TokenAccount, TokenAccount)>,
}

/// The balances of a transaction's keys.
pub(crate) struct Balances {
    pub(crate) lamports: Vec<u64>,
    pub(crate) tokens: Vec<(u8, TokenAccount)>,
}

impl Balances {
    pub(crate) fn of(keys: &[Pubkey], ledger: &Ledger) -> Self {
        let token = |(index, key)| Some((index, *ledger.token(key)?));
        Self {
            lamports: keys.iter().map(|key| ledger.lamports(key)).collect(),
            tokens: (0..=u8::MAX).zip(keys).filter_map(token).collect(),
        }
    }
}

/// A block.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) hash: Blockhash,
    pub(crate) header: Header,
    pub(crate) transactions: Vec<Placed>,
}

/// What a block says of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) slot: u64,
    pub(crate) parent_slot: u64,
    pub(crate) parent_hash: Blockhash,
    pub(crate) height: u64,
    /// Seconds since the Unix epoch.
    pub(crate) time: i64,
    /// Who made it.
    pub(crate) leader: Pubkey,
    /// What the leader got, and holds now.
    pub(crate) reward: (u64, u64),
}

impl Block {
    /// Hashes the block; `lineage` tells forks apart.
    pub(crate) fn new(header: Header, transactions: Vec<Placed>, lineage: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(header.parent_hash.0);
        hash.update(header.slot.to_le_bytes());
        hash.update(lineage);
        transactions.iter().for_each(|placed| hash.update(placed.body.id().0));
        Self { hash: Base58(hash.finalize().into()), header, transactions }
    }

    pub(crate) fn slot(&self) -> u64 {
        self.header.slot
    }
}
