//! Turns a node's answer for one checkpoint into the common model, and refuses one that contradicts itself.

use chainbell_model::{
    Address, Block, BlockId, BlockRef, Call, Contracts, Defect, Event, EventFilter, EventKey, Height,
    Interest, Payload, Timestamp, Transaction, TxId,
};
use sui_rpc::proto::sui::rpc::v2::{
    self as proto, Checkpoint, ExecutedTransaction, MoveCall, argument::ArgumentKind, input::InputKind,
};

pub use crate::contradiction::Contradiction;
use crate::{
    address,
    balances::{self, Objects},
    details, digest, json,
    payload::{self, Argument, CallParts, EventParts},
    transfers,
    type_text::{self, Datatype},
};

/// The calls of a checkpoint, with the inputs they take written out for each, hold no more bytes. The chain itself allows a
/// transaction of 128 KiB.
const MAX_CALL_BYTES: usize = 64 << 20;
/// Types beyond these are hashed each time, before it takes as long to find them.
const MAX_KEYS: usize = 16;

/// Height and id of a checkpoint, and the id of the one before; of the first checkpoint, zeros.
pub fn reference(checkpoint: &Checkpoint) -> Result<(BlockRef, BlockId), Contradiction> {
    let height = checkpoint.sequence_number.ok_or(Contradiction::Missing("sequence number"))?;
    let id = checkpoint.digest.as_deref().ok_or(Contradiction::Missing("digest"))?;
    let id = digest::parse(id).ok_or(Contradiction::Unreadable("digest"))?;
    let summary = checkpoint.summary.as_ref().ok_or(Contradiction::Missing("summary"))?;
    let parent = match summary.previous_digest.as_deref() {
        Some(previous) => digest::parse(previous).ok_or(Contradiction::Unreadable("previous digest"))?,
        None if height == 0 => [0; 32],
        None => return Err(Contradiction::Missing("previous digest")),
    };
    Ok((BlockRef { height: Height(height), id: BlockId(id) }, BlockId(parent)))
}

/// The checkpoint with the transactions, events, calls and transfers that `interest` asks for. It has to be read with a mask
/// that covers the interest.
pub fn checkpoint(checkpoint: &Checkpoint, interest: &Interest) -> Result<Block, Contradiction> {
    let (reference, parent) = reference(checkpoint)?;
    let block = Block {
        reference,
        parent: Some(parent),
        time: time(checkpoint)?,
        transactions: Vec::new(),
        events: Vec::new(),
        calls: Vec::new(),
        transfers: Vec::new(),
        defects: Vec::new(),
    };
    let objects = Objects::of(checkpoint);
    let mut assembly = Assembly { block, interest, objects, keys: Keys::default(), room: MAX_CALL_BYTES };
    for (place, transaction) in (0..).zip(&checkpoint.transactions) {
        assembly.push(place, transaction)?;
    }
    Ok(assembly.block)
}

fn time(checkpoint: &Checkpoint) -> Result<Timestamp, Contradiction> {
    let timestamp = checkpoint.summary.as_ref().and_then(|summary| summary.timestamp.as_ref());
    let timestamp = timestamp.ok_or(Contradiction::Missing("time"))?;
    let millis = timestamp.seconds.checked_mul(1_000);
    let millis = millis.and_then(|millis| millis.checked_add(i64::from(timestamp.nanos) / 1_000_000));
    millis.map(Timestamp).ok_or(Contradiction::Unreadable("time"))
}

/// A block in the making.
struct Assembly<'a> {
    block: Block,
    interest: &'a Interest,
    objects: Objects<'a>,
    keys: Keys<'a>,
    /// How many bytes its calls may still hold.
    room: usize,
}

impl<'a> Assembly<'a> {
    /// Adds the transaction with what is wanted of it, if anything.
    fn push(&mut self, place: u32, transaction: &'a ExecutedTransaction) -> Result<(), Contradiction> {
        let interest = self.interest;
        let before = self.found();
        // Where it will stand in the block, should it.
        let into = index(self.block.transactions.len());
        if !interest.events.is_empty() {
            self.push_events(place, into, transaction)?;
        }
        if interest.calls != Contracts::None {
            self.push_calls(place, into, transaction)?;
        }
        let mut balances = None;
        if transfers::may_be_wanted(transaction, interest) {
            let changed = balances.insert(balances::of(place, transaction, &self.objects)?);
            self.block.transfers.extend(transfers::of(place, into, transaction, changed, interest)?);
        }
        let whole = balances.as_ref().is_none_or(|balances| !balances.untold);
        if self.found() == before && whole && !interest.transactions {
            return Ok(());
        }
        let mut details = Vec::new();
        if interest.details || interest.transactions {
            let balances = match &balances {
                Some(balances) => balances,
                None => balances.insert(balances::of(place, transaction, &self.objects)?),
            };
            details = details::of(place, transaction, balances)?;
        }
        if balances.is_some_and(|balances| balances.untold) {
            let reason = "the node does not tell whose balances changed".to_owned();
            self.block.defects.push(Defect { transaction: into, reason });
        }
        let id = TxId::from(id(place, transaction)?);
        self.block.transactions.push(Transaction { id, index: place, details });
        Ok(())
    }

    /// How many events, calls and transfers there are by now.
    fn found(&self) -> (usize, usize, usize) {
        (self.block.events.len(), self.block.calls.len(), self.block.transfers.len())
    }

    fn push_events(
        &mut self,
        place: u32,
        into: u32,
        transaction: &'a ExecutedTransaction,
    ) -> Result<(), Contradiction> {
        let events = transaction.events.as_ref().map_or(&[][..], |events| &events.events);
        let committed = transaction.effects.as_ref().is_some_and(|effects| effects.events_digest.is_some());
        if events.is_empty() && committed {
            return Err(Contradiction::EventsMissing(place));
        }
        let missing = |part| Contradiction::TransactionMissing { transaction: place, part };
        let unreadable = |part| Contradiction::TransactionUnreadable { transaction: place, part };
        for (at, event) in (0..).zip(events) {
            let written = event.event_type.as_deref().ok_or_else(|| missing("event type"))?;
            let datatype = type_text::datatype(written).ok_or_else(|| unreadable("event type"))?;
            let emitter = Address::from_slice(&datatype.package).ok_or_else(|| unreadable("event type"))?;
            let Some(key) = self.wanted_key(&emitter, &datatype) else { continue };
            let struct_tag = type_text::canonical(written).ok_or_else(|| unreadable("event type"))?;
            let payload = event_payload(event, &struct_tag).ok_or_else(|| unreadable("event"))?;
            let key = Some(key);
            let event = Event { transaction: into, index: at, failed: false, emitter, key, payload };
            self.block.events.push(event);
        }
        Ok(())
    }

    /// The key of events of that type, if they are asked for. Worked out only for packages that are.
    fn wanted_key(&mut self, emitter: &Address, datatype: &Datatype<'a>) -> Option<EventKey> {
        let of_emitter = |filter: &&EventFilter| {
            filter.emitters.as_ref().is_none_or(|emitters| emitters.contains(emitter))
        };
        let mut filters = self.interest.events.iter().filter(of_emitter).peekable();
        filters.peek()?;
        let key = self.keys.of(datatype);
        filters.any(|filter| filter.keys.as_ref().is_none_or(|keys| keys.contains(&key))).then_some(key)
    }

    fn push_calls(
        &mut self,
        place: u32,
        into: u32,
        transaction: &ExecutedTransaction,
    ) -> Result<(), Contradiction> {
        let missing = |part| Contradiction::TransactionMissing { transaction: place, part };
        let unreadable = || Contradiction::TransactionUnreadable { transaction: place, part: "calls" };
        if transaction.transaction.as_ref().is_none_or(|sent| sent.kind.is_none()) {
            return Err(missing("kind"));
        }
        let inputs = details::programmable(transaction).map_or(&[][..], |programmable| &programmable.inputs);
        for (at, call) in details::move_calls(transaction) {
            let package = call.package.as_deref().ok_or_else(|| missing("call's package"))?;
            let package = address::parse(package).map_err(|_| unreadable())?;
            let contract = Address::from_slice(&package).ok_or_else(unreadable)?;
            if !self.interest.calls.wants(&contract) {
                continue;
            }
            let size = call_size(call, inputs);
            self.room = self.room.checked_sub(size).ok_or(Contradiction::TooLarge(place))?;
            let (payload, key) = call_payload(call, inputs).ok_or_else(unreadable)?;
            let call = Call { transaction: into, index: index(at), contract, key: Some(key), payload };
            self.block.calls.push(call);
        }
        Ok(())
    }
}

/// The keys of the types met in one checkpoint, which are few and come often.
#[derive(Default)]
struct Keys<'a>(Vec<(&'a str, &'a str, EventKey)>);

impl<'a> Keys<'a> {
    fn of(&mut self, datatype: &Datatype<'a>) -> EventKey {
        let Datatype { module, name, .. } = *datatype;
        let known = self.0.iter().find(|(of, named, _)| *named == name && *of == module);
        if let Some((_, _, key)) = known {
            return *key;
        }
        let key = payload::event_key(module, name);
        if self.0.len() < MAX_KEYS {
            self.0.push((module, name, key));
        }
        key
    }
}

fn id(place: u32, transaction: &ExecutedTransaction) -> Result<[u8; 32], Contradiction> {
    let part = "digest";
    let text = transaction.digest.as_deref();
    let text = text.ok_or(Contradiction::TransactionMissing { transaction: place, part })?;
    digest::parse(text).ok_or(Contradiction::TransactionUnreadable { transaction: place, part })
}

fn event_payload(event: &proto::Event, struct_tag: &str) -> Option<Payload> {
    let rendered = event.json.as_deref().map(json::text);
    Some(payload::event(&EventParts {
        package: address::parse(event.package_id.as_deref()?).ok()?,
        module: event.module.as_deref()?,
        sender: address::parse(event.sender.as_deref()?).ok()?,
        struct_tag,
        contents: event.contents.as_ref().and_then(|bcs| bcs.value.as_deref()).unwrap_or_default(),
        json: rendered.as_deref(),
    }))
}

/// About how many bytes its payload will have.
fn call_size(call: &MoveCall, inputs: &[proto::Input]) -> usize {
    let argument = |argument: &proto::Argument| {
        let pure = input_of(argument, inputs).and_then(|input| input.pure.as_ref());
        address::LEN + pure.map_or(0, |pure| pure.len())
    };
    let types = call.type_arguments.iter().map(|text| text.len().saturating_mul(2) + address::TEXT_LEN);
    types.chain(call.arguments.iter().map(argument)).fold(0, usize::saturating_add)
}

fn call_payload(call: &MoveCall, inputs: &[proto::Input]) -> Option<(Payload, EventKey)> {
    let (module, function) = (call.module.as_deref()?, call.function.as_deref()?);
    let types: Option<Vec<_>> = call.type_arguments.iter().map(|text| type_text::canonical(text)).collect();
    let types = types?;
    let arguments: Option<Vec<_>> = call.arguments.iter().map(|one| argument(one, inputs)).collect();
    let parts = CallParts {
        module,
        function,
        type_arguments: types.iter().map(|text| &**text).collect(),
        arguments: arguments?,
    };
    Some((payload::call(&parts), payload::call_key(module, function)))
}

fn input_of<'a>(argument: &proto::Argument, inputs: &'a [proto::Input]) -> Option<&'a proto::Input> {
    let input = argument.input.filter(|_| argument.kind() == ArgumentKind::Input)?;
    inputs.get(usize::try_from(input).ok()?)
}

/// `None` when an object's id is no address.
fn argument<'a>(argument: &proto::Argument, inputs: &'a [proto::Input]) -> Option<Argument<'a>> {
    let Some(input) = input_of(argument, inputs) else { return Some(Argument::Other) };
    match input.kind() {
        InputKind::Pure => Some(Argument::Pure(input.pure.as_deref().unwrap_or_default())),
        InputKind::ImmutableOrOwned | InputKind::Shared | InputKind::Receiving => {
            Some(Argument::Object(address::parse(input.object_id.as_deref()?).ok()?))
        }
        _ => Some(Argument::Other),
    }
}

/// No message holds so many.
fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
