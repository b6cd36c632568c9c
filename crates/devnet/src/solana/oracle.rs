//! What the chain truly holds, for tests to compare with.

use serde::{Deserialize, Serialize};

use super::{
    base58::{Blockhash, Pubkey, Signature},
    block::{Block, Placed},
    chain::Chain,
    execute::Emitted,
    spec::Told,
};

/// An event of a demo program on the canonical chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimEvent {
    /// Its block's slot.
    pub slot: u64,
    /// Its block's hash.
    pub blockhash: Blockhash,
    /// Its transaction's id.
    pub signature: Signature,
    /// Its transaction's place in the block.
    pub transaction_index: u32,
    /// Its place among the events of the transaction, in the order they were emitted. Those of all programs count, and one
    /// that was told both ways counts once; those that the log lost do not.
    pub index: u32,
    /// Who emitted it.
    pub program: Pubkey,
    /// Its name in the description; `None` for bytes that are no event there.
    pub name: Option<String>,
    /// Its `amount`.
    pub amount: Option<u64>,
    /// How it was told.
    pub told: Told,
    /// How deep its program was: 1 at the top level.
    pub depth: u8,
    /// The top-level instruction that it belongs to.
    pub instruction: u8,
    /// Whether its transaction failed, so that nothing of it happened.
    pub failed: bool,
    /// Discriminator and Borsh.
    pub data: Vec<u8>,
}

/// A block of the canonical chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimBlock {
    /// Its slot.
    pub slot: u64,
    /// Its id.
    pub blockhash: Blockhash,
    /// The slot of the block before.
    pub parent_slot: u64,
    /// The id of the block before.
    pub previous_blockhash: Blockhash,
    /// How many blocks are below it.
    pub height: u64,
    /// Seconds since the Unix epoch.
    pub time: i64,
    /// In order.
    pub transactions: Vec<SimTransaction>,
}

/// A transaction of the canonical chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimTransaction {
    /// Its id.
    pub signature: Signature,
    /// Its place in the block.
    pub index: u32,
    /// Who paid its fee.
    pub payer: Pubkey,
    /// What it cost.
    pub fee: u64,
    /// Whether it failed.
    pub failed: bool,
    /// Whether it does nothing but vote.
    pub vote: bool,
    /// Whether the node cut its log off.
    pub log_truncated: bool,
    /// Each account with more or less lamports after than before, with both.
    pub lamports: Vec<(Pubkey, u64, u64)>,
    /// Each token account with more or less after than before.
    pub tokens: Vec<SimTokenChange>,
    /// The events of the demo programs.
    pub events: Vec<SimEvent>,
}

/// What a transaction did to a token account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimTokenChange {
    /// The account.
    pub account: Pubkey,
    /// The token.
    pub mint: Pubkey,
    /// Whose it is.
    pub owner: Pubkey,
    /// What it held.
    pub before: u64,
    /// What it holds.
    pub after: u64,
}

/// Every block of the chain in order.
pub(crate) fn canonical_blocks(chain: &Chain) -> Vec<SimBlock> {
    chain.blocks(0, chain.head()).map(|block| sim_block(chain, block)).collect()
}

/// Every event of the demo programs in order.
pub(crate) fn canonical_events(chain: &Chain) -> Vec<SimEvent> {
    let mut all = Vec::new();
    for block in chain.blocks(0, chain.head()) {
        for (index, placed) in (0..).zip(&block.transactions) {
            all.extend(events(chain, block, index, placed));
        }
    }
    all
}

fn sim_block(chain: &Chain, block: &Block) -> SimBlock {
    let transactions = (0..).zip(&block.transactions);
    SimBlock {
        slot: block.slot(),
        blockhash: block.hash,
        parent_slot: block.header.parent_slot,
        previous_blockhash: block.header.parent_hash,
        height: block.header.height,
        time: block.header.time,
        transactions: transactions.map(|(index, placed)| transaction(chain, block, index, placed)).collect(),
    }
}

fn transaction(chain: &Chain, block: &Block, index: u32, placed: &Placed) -> SimTransaction {
    let keys = &placed.body.message.keys;
    let changes = keys.iter().zip(placed.before.iter().zip(&placed.after));
    let changed_tokens = placed.tokens.iter().filter(|(_, before, after)| before.amount != after.amount);
    SimTransaction {
        signature: placed.body.id(),
        index,
        payer: placed.body.spec.payer,
        fee: placed.body.fee(),
        failed: placed.outcome.failure.is_some(),
        vote: placed.body.is_vote(),
        log_truncated: placed.outcome.logs.iter().any(|line| line == "Log truncated"),
        lamports: changes
            .filter(|(_, (before, after))| before != after)
            .map(|(key, (before, after))| (*key, *before, *after))
            .collect(),
        tokens: changed_tokens
            .map(|(index, before, after)| SimTokenChange {
                account: keys.get(usize::from(*index)).copied().unwrap_or_default(),
                mint: before.mint,
                owner: before.owner,
                before: before.amount,
                after: after.amount,
            })
            .collect(),
        events: events(chain, block, index, placed).collect(),
    }
}

fn events<'a>(
    chain: &'a Chain,
    block: &'a Block,
    transaction_index: u32,
    placed: &'a Placed,
) -> impl Iterator<Item = SimEvent> + 'a {
    let programs = &chain.producer().cast.programs;
    let visible = placed.outcome.events.iter().filter(|emitted| emitted.visible);
    let of_demo =
        (0..).zip(visible).filter(|(_, emitted): &(u32, &Emitted)| programs.contains(&emitted.program));
    of_demo.map(move |(index, emitted)| SimEvent {
        slot: block.slot(),
        blockhash: block.hash,
        signature: placed.body.id(),
        transaction_index,
        index,
        program: emitted.program,
        name: emitted.event.name().map(str::to_owned),
        amount: emitted.event.amount(),
        told: emitted.told,
        depth: emitted.depth,
        instruction: emitted.instruction,
        failed: placed.outcome.failure.is_some(),
        data: emitted.event.data(),
    })
}
