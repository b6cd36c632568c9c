//! Turns a node's answers into the common model, and refuses answers that contradict themselves.
//!
//! Events, calls and transfers are looked for only in transactions that hold a program or token that is wanted. Votes, which
//! are most of a block, tell of no events and are passed over.

use chainbell_model::{
    Address, Block, BlockId, BlockRef, Call, Defect, Height, Interest, Timestamp, Transaction, TxId,
};

use crate::{
    details, events,
    invocations::{Invocation, Invocations},
    payload::{self, CallParts},
    transfers,
    wanted::Wanted,
    wire::{self, Lines, Message},
};

/// `Vote111111111111111111111111111111111111111`.
const VOTE: [u8; 32] = [
    0x07, 0x61, 0x48, 0x1d, 0x35, 0x74, 0x74, 0xbb, 0x7c, 0x4d, 0x76, 0x24, 0xeb, 0xd3, 0xbd, 0xb3, 0xd8,
    0x35, 0x5e, 0x73, 0xd1, 0x10, 0x43, 0xfc, 0x0d, 0xa3, 0x53, 0x80, 0x00, 0x00, 0x00, 0x00,
];

const MAX_KEYS: usize = 256;

/// A block with what `interest` asks for: the transactions that hold some of it, or all when they are asked for themselves.
/// The error says what contradicts what.
pub fn block(wire: &wire::Block<'_>, slot: u64, interest: &Interest) -> Result<Block, String> {
    let transactions = wire.transactions.as_ref().ok_or("a block without its transactions")?;
    let mut block = header(wire, slot);
    let mut reader = Reader::new(interest);
    for (index, transaction) in (0..).zip(transactions) {
        let added = reader.add(transaction, index, &mut block);
        added.map_err(|reason| format!("transaction {index}: {reason}"))?;
    }
    Ok(block)
}

/// A block without transactions yet. Its time is 0 where the node does not know it (the chain's first months).
pub fn header(wire: &wire::Block<'_>, slot: u64) -> Block {
    let known = slot == 0 || wire.previous_blockhash.0 != [0; 32];
    Block {
        reference: BlockRef { height: Height(slot), id: BlockId(wire.blockhash.0) },
        parent: known.then_some(BlockId(wire.previous_blockhash.0)),
        time: Timestamp(wire.block_time.unwrap_or(0).saturating_mul(1000)),
        transactions: Vec::new(),
        events: Vec::new(),
        calls: Vec::new(),
        transfers: Vec::new(),
        defects: Vec::new(),
    }
}

/// Adds the transaction in place `index` of its block with what `interest` asks of it; says whether that was anything. After
/// an error, which says what contradicts what, `into` is as before.
pub fn transaction(
    wire: &wire::Transaction<'_>,
    index: u32,
    interest: &Interest,
    into: &mut Block,
) -> Result<bool, String> {
    if let Some(slot) = wire.slot.filter(|&slot| slot != into.reference.height.0) {
        return Err(format!("a transaction of slot {slot} in the block of slot {}", into.reference.height));
    }
    let before = Lengths::of(into);
    let added = Reader::new(interest).add(wire, index, into);
    if added.is_err() {
        before.restore(into);
    }
    added
}

/// A key as an address.
pub(crate) fn address(key: [u8; 32]) -> Address {
    Address::from_slice(&key).expect("an address has room for 32 bytes")
}

/// How much of everything a block holds.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Lengths {
    transactions: usize,
    events: usize,
    calls: usize,
    transfers: usize,
    defects: usize,
}

impl Lengths {
    fn of(block: &Block) -> Self {
        Self {
            transactions: block.transactions.len(),
            events: block.events.len(),
            calls: block.calls.len(),
            transfers: block.transfers.len(),
            defects: block.defects.len(),
        }
    }

    fn restore(self, block: &mut Block) {
        block.transactions.truncate(self.transactions);
        block.events.truncate(self.events);
        block.calls.truncate(self.calls);
        block.transfers.truncate(self.transfers);
        block.defects.truncate(self.defects);
    }
}

/// Reads transactions one after the other, with buffers used again.
struct Reader<'i> {
    wanted: Wanted<'i>,
    keys: Vec<[u8; 32]>,
    bytes: Vec<u8>,
}

impl<'i> Reader<'i> {
    fn new(interest: &'i Interest) -> Self {
        Self { wanted: Wanted::new(interest), keys: Vec::new(), bytes: Vec::new() }
    }

    fn add(&mut self, wire: &wire::Transaction<'_>, index: u32, into: &mut Block) -> Result<bool, String> {
        let message = wire.body.message(&mut self.bytes)?;
        let signature = message.signature;
        read_keys(&message, wire, &mut self.keys)?;
        let signers = self.keys.get(..usize::from(message.required_signatures));
        let signers = signers.ok_or("more signers than keys")?;
        let found = Found { wire, keys: &self.keys, wanted: &self.wanted };
        let interest = self.wanted.interest;
        let before = Lengths::of(into);
        let place = u32::try_from(before.transactions).map_err(|_| "too many transactions")?;
        found.transfers(place, into)?;
        let moved = before != Lengths::of(into);
        let mut invocations = None;
        if interest.transactions || found.concerned() || (moved && interest.needs_blocks()) {
            let read = Invocations::read(message, wire.meta.as_ref(), &self.keys)?;
            found.events(place, &read, into)?;
            found.calls(place, &read, into)?;
            invocations = Some(read);
        }
        if !interest.transactions && before == Lengths::of(into) {
            return Ok(false);
        }
        let mut details = Vec::new();
        if let Some(invocations) = invocations.filter(|_| interest.needs_blocks()) {
            details = details::of(&details::Parts {
                signature: &signature,
                index,
                signers,
                version: wire.version,
                meta: wire.meta.as_ref(),
                invocations: &invocations.all,
            });
        }
        let id = TxId::from_slice(&signature).ok_or("a signature that is too long")?;
        into.transactions.push(Transaction { id, index, details });
        Ok(true)
    }
}

/// All keys: the message's own, those loaded to be written, those loaded to be read.
fn read_keys(
    message: &Message<'_>,
    wire: &wire::Transaction<'_>,
    keys: &mut Vec<[u8; 32]>,
) -> Result<(), String> {
    keys.clear();
    message.keys.decode(keys)?;
    if let Some(loaded) = wire.meta.as_ref().and_then(|meta| meta.loaded_addresses.as_ref()) {
        wire::decode_keys(&loaded.writable, keys)?;
        wire::decode_keys(&loaded.readonly, keys)?;
    }
    // Their places are bytes.
    if keys.len() > MAX_KEYS { Err(format!("more than {MAX_KEYS} keys")) } else { Ok(()) }
}

/// A transaction in which something may be found.
struct Found<'a> {
    wire: &'a wire::Transaction<'a>,
    keys: &'a [[u8; 32]],
    wanted: &'a Wanted<'a>,
}

impl Found<'_> {
    /// Whether it can hold wanted events or calls.
    fn concerned(&self) -> bool {
        self.wanted.callee_among(self.keys) || self.may_hold_events()
    }

    fn may_hold_events(&self) -> bool {
        let told = self.wire.failed() != Some(true) || self.wanted.interest.failed_events;
        told && self.wanted.emitter_among(self.keys)
    }

    fn transfers(&self, place: u32, into: &mut Block) -> Result<(), String> {
        if !self.wanted.transfers() || self.wire.failed() == Some(true) {
            return Ok(());
        }
        let defect = match &self.wire.meta {
            Some(meta) => transfers::push(place, meta, self.keys, self.wanted, into)?,
            None => Some("the node does not keep what became of this transaction"),
        };
        push_defect(place, defect, into);
        Ok(())
    }

    fn events(&self, place: u32, invocations: &Invocations<'_>, into: &mut Block) -> Result<(), String> {
        let votes_only = || invocations.all.iter().all(|invocation| invocation.program == VOTE);
        let emits = |invocation: &Invocation<'_>| self.wanted.emitter(&invocation.program);
        let ran = !invocations.inner_known || invocations.all.iter().any(emits);
        if !self.may_hold_events() || !ran || votes_only() {
            return Ok(());
        }
        let Some(meta) = &self.wire.meta else {
            push_defect(place, Some("the node does not keep what became of this transaction"), into);
            return Ok(());
        };
        let lines = meta.log_messages.map(Lines::read).transpose()?;
        let failed = meta.err.is_some();
        let mut tale = events::tell(invocations, lines.as_ref(), failed, self.wanted);
        tale.push_events(place, failed, self.wanted, into);
        push_defect(place, tale.defect, into);
        Ok(())
    }

    fn calls(&self, place: u32, invocations: &Invocations<'_>, into: &mut Block) -> Result<(), String> {
        let wanted = |program| self.wanted.callee(program);
        for (index, invocation) in (0..).zip(&invocations.all) {
            if invocation.event.is_some() || !wanted(&invocation.program) {
                continue;
            }
            let (mut accounts, mut data) = (Vec::new(), Vec::new());
            invocation.instruction.accounts.resolve(self.keys, &mut accounts)?;
            invocation.instruction.data.decode(&mut data)?;
            let (depth, instruction) = (invocation.depth, invocation.top);
            let parts = CallParts { depth, instruction, accounts: &accounts, data: &data };
            into.calls.push(Call {
                transaction: place,
                index,
                contract: address(invocation.program),
                key: payload::key(&data),
                payload: payload::call(&parts),
            });
        }
        Ok(())
    }
}

fn push_defect(transaction: u32, reason: Option<&'static str>, into: &mut Block) {
    into.defects.extend(reason.map(|reason| Defect { transaction, reason: reason.to_owned() }));
}
