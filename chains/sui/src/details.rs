//! The fields of a transaction, which expressions see as `tx.<name>`.

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use chainbell_model::{Address, Field, Int, Schema, Type, Value};
use sui_rpc::proto::sui::rpc::v2::{
    ChangedObject, ExecutedTransaction, ExecutionStatus, MoveCall, Owner, ProgrammableTransaction,
    changed_object::InputObjectState, command, owner::OwnerKind, transaction_kind,
};

use crate::{
    address,
    balances::{self, Balances},
    contradiction::Contradiction,
    transfers::{gas_payer, int},
};

/// Longer descriptions of an error are cut.
const MAX_ERROR_CHARS: usize = 1_000;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let amount = Schema {
        fields: vec![
            Field::new("owner", Type::Address),
            Field::new("coin", Type::Text),
            Field::new("amount", Type::Int(128)),
        ],
    };
    let list = |of: Type| Type::List(Arc::new(of));
    Schema {
        fields: vec![
            Field::new("hash", Type::Text),
            Field::new("index", Type::Uint(32)),
            Field::new("from", Type::Address),
            Field::new("recipients", list(Type::Address)),
            Field::new("gas_owner", Type::Address),
            Field::new("fee", Type::Int(128)),
            Field::new("success", Type::Bool),
            Field::new("error", Type::Text),
            Field::new("kind", Type::Text),
            Field::new("packages", list(Type::Address)),
            Field::new("modules", list(Type::Text)),
            Field::new("functions", list(Type::Text)),
            Field::new("amounts", list(Type::Record(Arc::new(amount)))),
        ],
    }
});

/// The transaction schema.
pub(crate) fn schema() -> &'static Schema {
    &SCHEMA
}

/// The values of the schema for the transaction at `place` of its checkpoint. `recipients` are those, other than the
/// sender, who gained any coin or came to own an object; `packages`, `modules` and `functions` are those of its Move calls,
/// each once, in the order of the first call.
pub(crate) fn of(
    place: u32,
    transaction: &ExecutedTransaction,
    balances: &Balances<'_>,
) -> Result<Vec<Option<Value>>, Contradiction> {
    let missing = |part| Contradiction::TransactionMissing { transaction: place, part };
    let hash = transaction.digest.as_deref().ok_or_else(|| missing("digest"))?;
    let sent = transaction.transaction.as_ref().ok_or_else(|| missing("content"))?;
    let effects = transaction.effects.as_ref().ok_or_else(|| missing("effects"))?;
    let status = effects.status.as_ref().ok_or_else(|| missing("status"))?;
    let unreadable = |part| Contradiction::TransactionUnreadable { transaction: place, part };
    let sender = sent.sender.as_deref().ok_or_else(|| missing("sender"))?;
    let sender = address::parse(sender).map_err(|_| unreadable("sender"))?;
    let payer = gas_payer(transaction);
    let recipients = recipients(&sender, payer.as_ref(), &effects.changed_objects, balances)
        .ok_or_else(|| unreadable("changed objects"))?;
    let called = Called::of(transaction).ok_or_else(|| unreadable("calls"))?;
    Ok(vec![
        Some(Value::Text(hash.into())),
        Some(Value::Int(Int::from(u64::from(place)))),
        Some(account(&sender)),
        Some(Value::List(recipients.iter().map(account).collect())),
        payer.as_ref().map(account),
        balances::fee(transaction).map(|fee| Value::Int(int(fee))),
        status.success.map(Value::Bool),
        error(status).map(|text| Value::Text(text.into())),
        Some(Value::Text(kind(transaction).into())),
        Some(Value::List(called.packages.iter().map(account).collect())),
        Some(Value::List(called.modules.into_iter().map(text).collect())),
        Some(Value::List(called.functions.into_iter().map(text).collect())),
        Some(Value::List(balances.changes.iter().map(amount).collect())),
    ])
}

fn account(bytes: &[u8; address::LEN]) -> Value {
    // An address holds up to 43 bytes.
    Address::from_slice(bytes).map_or(Value::Null, Value::Address)
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn amount(change: &balances::Change<'_>) -> Value {
    Value::Record(vec![account(&change.owner), text(&change.coin), Value::Int(int(change.amount))])
}

/// `None` when an owner is no address.
fn recipients(
    sender: &[u8; address::LEN],
    payer: Option<&[u8; address::LEN]>,
    objects: &[ChangedObject],
    balances: &Balances<'_>,
) -> Option<BTreeSet<[u8; address::LEN]>> {
    let gained = balances.changes.iter().filter(|change| change.amount > 0).map(|change| change.owner);
    let mut recipients: BTreeSet<_> = gained.collect();
    for object in objects {
        let Some(written) = object.output_owner.as_ref().and_then(holder) else { continue };
        let before = object.input_owner.as_ref().and_then(holder);
        let owner = address::parse(written).ok()?;
        // Effects of the first version do not tell who owned an object before. It can only have been the sender's, or,
        // where it paid the fee, its payer's.
        let untold = object.input_owner.is_none() && object.input_state() == InputObjectState::Exists;
        if before != Some(written) && !(untold && Some(&owner) == payer) {
            recipients.insert(owner);
        }
    }
    recipients.remove(sender);
    Some(recipients)
}

/// The account that owns an object; `None` for objects that are shared, frozen or another's.
fn holder(owner: &Owner) -> Option<&str> {
    let by_account = matches!(owner.kind(), OwnerKind::Address | OwnerKind::ConsensusAddress);
    owner.address.as_deref().filter(|_| by_account)
}

/// What the Move calls of a transaction name.
#[derive(Default)]
struct Called<'a> {
    packages: Vec<[u8; address::LEN]>,
    modules: Vec<&'a str>,
    functions: Vec<&'a str>,
}

impl<'a> Called<'a> {
    /// `None` when a package is no address.
    fn of(transaction: &'a ExecutedTransaction) -> Option<Self> {
        let mut called = Self::default();
        let mut seen = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (_, call) in move_calls(transaction) {
            let package = address::parse(call.package.as_deref()?).ok()?;
            let (module, function) = (call.module.as_deref()?, call.function.as_deref()?);
            called.packages.extend(seen.0.insert(package).then_some(package));
            called.modules.extend(seen.1.insert(module).then_some(module));
            called.functions.extend(seen.2.insert(function).then_some(function));
        }
        Some(called)
    }
}

/// The Move calls among the commands of a transaction, with their places.
pub(crate) fn move_calls(transaction: &ExecutedTransaction) -> impl Iterator<Item = (usize, &MoveCall)> {
    let commands = programmable(transaction).map_or(&[][..], |programmable| &programmable.commands);
    commands.iter().enumerate().filter_map(|(place, command)| match &command.command {
        Some(command::Command::MoveCall(call)) => Some((place, call)),
        _ => None,
    })
}

/// The inputs and commands of a transaction that has some.
pub(crate) fn programmable(transaction: &ExecutedTransaction) -> Option<&ProgrammableTransaction> {
    match transaction.transaction.as_ref()?.kind.as_ref()?.data.as_ref()? {
        transaction_kind::Data::ProgrammableTransaction(programmable) => Some(programmable),
        _ => None,
    }
}

/// `programmable`, or the kind of a system transaction in lower case.
fn kind(transaction: &ExecutedTransaction) -> String {
    use transaction_kind::Kind;
    let kind = transaction.transaction.as_ref().and_then(|sent| sent.kind.as_ref());
    match kind.map_or(Kind::Unknown, |kind| kind.kind()) {
        Kind::ProgrammableTransaction => "programmable".to_owned(),
        Kind::Unknown => "unknown".to_owned(),
        other => other.as_str_name().to_ascii_lowercase(),
    }
}

/// Why it failed, in words.
fn error(status: &ExecutionStatus) -> Option<String> {
    let error = status.error.as_ref()?;
    let mut text: String = match error.description.as_deref() {
        Some(description) if !description.is_empty() => description.chars().take(MAX_ERROR_CHARS).collect(),
        _ => error.kind().as_str_name().to_ascii_lowercase(),
    };
    if let Some(command) = error.command.filter(|_| error.description.is_none()) {
        text.push_str(&format!(" in command {command}"));
    }
    Some(text)
}
