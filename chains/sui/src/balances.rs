//! Whose balance of which coin a transaction changed, and by how much.
//!
//! Nodes keep the changes in an index, which some do not have and which may lag behind. Where they are not told they are
//! worked out from the coins that the transaction took and left, if the checkpoint was read with its objects.

use std::{
    borrow::Cow,
    cell::OnceCell,
    collections::{BTreeMap, HashMap},
};

use sui_rpc::proto::sui::rpc::v2::{
    AccumulatorWrite, Checkpoint, ExecutedTransaction, Object, Owner,
    accumulator_write::{AccumulatorOperation, AccumulatorValue},
    changed_object::{InputObjectState, OutputObjectState},
    owner::OwnerKind,
};

use crate::{address, contradiction::Contradiction, type_text};

/// The type of the native coin.
pub(crate) const SUI: &str = "0x0000000000000000000000000000000000000000000000000000000000000002::sui::SUI";

/// What the type of an object that holds coins begins with, before the coin's own.
const COIN: &str = "0x0000000000000000000000000000000000000000000000000000000000000002::coin::Coin<";
/// The same for the coins that an address holds without an object.
const BALANCE: &str = "0x0000000000000000000000000000000000000000000000000000000000000002::balance::Balance<";

/// More than any amount in circulation; sums of as many as a message holds still fit an `i128`.
const MAX_AMOUNT: u128 = 1 << 80;

/// One owner's balance of one coin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change<'a> {
    /// An address, or the object that the coins belong to.
    pub(crate) owner: [u8; address::LEN],
    /// Canonical.
    pub(crate) coin: Cow<'a, str>,
    pub(crate) amount: i128,
}

/// What one transaction did to balances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Balances<'a> {
    /// One per coin and owner, ordered by both; none of zero.
    pub(crate) changes: Vec<Change<'a>>,
    /// Gas was paid and yet nobody's balance is known to have changed.
    pub(crate) untold: bool,
}

type Sums<'a> = BTreeMap<(Cow<'a, str>, [u8; address::LEN]), i128>;

/// The changes that the node told, or those that its objects show.
pub(crate) fn of<'a>(
    place: u32,
    transaction: &'a ExecutedTransaction,
    objects: &Objects<'a>,
) -> Result<Balances<'a>, Contradiction> {
    let unreadable = || Contradiction::TransactionUnreadable { transaction: place, part: "balance changes" };
    let mut sums = told(transaction).ok_or_else(unreadable)?;
    if sums.is_empty() && fee(transaction).is_some_and(|fee| fee != 0) {
        match shown(transaction, objects) {
            Some(shown) => sums = shown,
            None => return Ok(Balances { changes: Vec::new(), untold: true }),
        }
    }
    let changes = sums.into_iter().map(|((coin, owner), amount)| Change { owner, coin, amount });
    Ok(Balances { changes: changes.filter(|change| change.amount != 0).collect(), untold: false })
}

/// What the transaction cost: computation and storage less the rebate, which may be more. `None` where it was not read.
pub(crate) fn fee(transaction: &ExecutedTransaction) -> Option<i128> {
    let gas = transaction.effects.as_ref()?.gas_used.as_ref()?;
    let part = |part: Option<u64>| i128::from(part.unwrap_or_default());
    Some(part(gas.computation_cost) + part(gas.storage_cost) - part(gas.storage_rebate))
}

/// `None` when a change cannot be read.
fn told(transaction: &ExecutedTransaction) -> Option<Sums<'_>> {
    let mut sums = Sums::new();
    for change in &transaction.balance_changes {
        let owner = address::parse(change.address.as_deref()?).ok()?;
        let coin = type_text::canonical(change.coin_type.as_deref()?)?;
        add(&mut sums, owner, coin, change.amount.as_deref()?.parse().ok()?)?;
    }
    Some(sums)
}

fn add<'a>(sums: &mut Sums<'a>, owner: [u8; address::LEN], coin: Cow<'a, str>, amount: i128) -> Option<()> {
    if amount.unsigned_abs() > MAX_AMOUNT {
        return None;
    }
    let sum = sums.entry((coin, owner)).or_default();
    *sum = sum.checked_add(amount)?;
    Some(())
}

/// What the coins before and after show. `None` when an object is not there, or is not what it has to be.
fn shown<'a>(transaction: &'a ExecutedTransaction, objects: &Objects<'a>) -> Option<Sums<'a>> {
    let mut sums = Sums::new();
    let effects = transaction.effects.as_ref()?;
    for changed in &effects.changed_objects {
        let id = changed.object_id.as_deref()?;
        if changed.input_state() == InputObjectState::Exists {
            add_object(&mut sums, objects.get(id, changed.input_version?)?, -1)?;
        }
        match changed.output_state() {
            OutputObjectState::ObjectWrite => {
                let version = changed.output_version.or(effects.lamport_version)?;
                add_object(&mut sums, objects.get(id, version)?, 1)?;
            }
            OutputObjectState::AccumulatorWrite => {
                add_accumulated(&mut sums, changed.accumulator_write.as_ref()?)?;
            }
            _ => {}
        }
    }
    (!sums.is_empty()).then_some(sums)
}

fn add_object<'a>(sums: &mut Sums<'a>, object: &'a Object, sign: i128) -> Option<()> {
    let ty = type_text::canonical(object.object_type.as_deref()?)?;
    let (Some(coin), Some(owner)) = (within(ty, COIN), object.owner.as_ref().and_then(holder)) else {
        return Some(());
    };
    add(sums, address::parse(owner).ok()?, coin, sign * i128::from(balance(object)?))
}

/// A coin is its id and its balance.
fn balance(object: &Object) -> Option<u64> {
    let contents = || object.contents.as_ref()?.value.as_deref()?.get(address::LEN..)?.try_into().ok();
    object.balance.or_else(|| contents().map(u64::from_le_bytes))
}

fn add_accumulated<'a>(sums: &mut Sums<'a>, write: &'a AccumulatorWrite) -> Option<()> {
    let ty = type_text::canonical(write.accumulator_type.as_deref()?)?;
    let Some(coin) = within(ty, BALANCE) else { return Some(()) };
    if write.value_kind() != AccumulatorValue::Integer {
        return Some(());
    }
    let sign = match write.operation() {
        AccumulatorOperation::Merge => 1,
        AccumulatorOperation::Split => -1,
        _ => return None,
    };
    add(sums, address::parse(write.address.as_deref()?).ok()?, coin, sign * i128::from(write.integer_value?))
}

/// The only type argument of a type that begins so.
fn within<'a>(ty: Cow<'a, str>, beginning: &str) -> Option<Cow<'a, str>> {
    match ty {
        Cow::Borrowed(ty) => Some(Cow::Borrowed(ty.strip_prefix(beginning)?.strip_suffix('>')?)),
        Cow::Owned(ty) => Some(Cow::Owned(ty.strip_prefix(beginning)?.strip_suffix('>')?.to_owned())),
    }
}

/// Whoever can spend the coins of an object; `None` for shared and frozen ones.
fn holder(owner: &Owner) -> Option<&str> {
    let spendable =
        matches!(owner.kind(), OwnerKind::Address | OwnerKind::ConsensusAddress | OwnerKind::Object);
    owner.address.as_deref().filter(|_| spendable)
}

/// The objects that came with a checkpoint, found by id and version.
pub(crate) struct Objects<'a> {
    checkpoint: &'a Checkpoint,
    index: OnceCell<HashMap<(&'a str, u64), &'a Object>>,
}

impl<'a> Objects<'a> {
    /// Looks at nothing before something is asked for.
    pub(crate) fn of(checkpoint: &'a Checkpoint) -> Self {
        Self { checkpoint, index: OnceCell::new() }
    }

    fn get(&self, id: &str, version: u64) -> Option<&'a Object> {
        let objects = &self.checkpoint.objects.as_ref()?.objects;
        let index = self.index.get_or_init(|| {
            let key = |object: &'a Object| Some(((object.object_id.as_deref()?, object.version?), object));
            objects.iter().filter_map(key).collect()
        });
        index.get(&(id, version)).copied()
    }
}

#[cfg(test)]
mod tests {
    use sui_rpc::proto::sui::rpc::v2::{
        BalanceChange, ChangedObject, GasCostSummary, ObjectSet, TransactionEffects,
    };

    use super::*;

    const ALICE: &str = "0x000000000000000000000000000000000000000000000000000000000000a11c";
    const BOB: &str = "0x0000000000000000000000000000000000000000000000000000000000000b0b";

    fn coin(id: &str, version: u64, owner: &str, kind: OwnerKind, ty: &str, balance: u64) -> Object {
        let mut held = Owner::default();
        held.set_kind(kind);
        held.address = Some(owner.to_owned());
        let mut object = Object::default();
        object.object_id = Some(id.to_owned());
        object.version = Some(version);
        object.owner = Some(held);
        object.object_type = Some(ty.to_owned());
        object.balance = Some(balance);
        object
    }

    fn changed(id: &str, input: Option<u64>, output: Option<u64>) -> ChangedObject {
        let mut changed = ChangedObject::default();
        changed.object_id = Some(id.to_owned());
        let (before, after) = (InputObjectState::DoesNotExist, OutputObjectState::DoesNotExist);
        changed.set_input_state(input.map_or(before, |_| InputObjectState::Exists));
        changed.input_version = input;
        changed.set_output_state(output.map_or(after, |_| OutputObjectState::ObjectWrite));
        changed.output_version = output;
        changed
    }

    fn paid(changed_objects: Vec<ChangedObject>) -> ExecutedTransaction {
        let mut effects = TransactionEffects::default();
        effects.gas_used = Some(GasCostSummary::default().with_computation_cost(10));
        effects.changed_objects = changed_objects;
        ExecutedTransaction::default().with_effects(effects)
    }

    fn amounts(transaction: &ExecutedTransaction, objects: Vec<Object>) -> Option<Vec<(String, i128)>> {
        let mut set = ObjectSet::default();
        set.objects = objects;
        let mut checkpoint = Checkpoint::default();
        checkpoint.objects = Some(set);
        let balances = of(0, transaction, &Objects::of(&checkpoint)).unwrap();
        let told =
            balances.changes.iter().map(|change| (address::text(&change.owner), change.amount)).collect();
        (!balances.untold).then_some(told)
    }

    const SUI_COIN: &str = "0x2::coin::Coin<0x2::sui::SUI>";

    #[test]
    fn coins_before_and_after_show_who_paid_whom() {
        let transaction = paid(vec![
            changed("a", Some(1), Some(2)),
            changed("b", None, Some(2)),
            changed("c", Some(1), None),
        ]);
        let objects = vec![
            coin("a", 1, ALICE, OwnerKind::Address, SUI_COIN, 1_000),
            coin("a", 2, ALICE, OwnerKind::Address, SUI_COIN, 890),
            coin("b", 2, BOB, OwnerKind::Address, SUI_COIN, 150),
            coin("c", 1, ALICE, OwnerKind::ConsensusAddress, SUI_COIN, 50),
        ];
        let expected = vec![(BOB.to_owned(), 150), (ALICE.to_owned(), -160)];
        assert_eq!(amounts(&transaction, objects.clone()), Some(expected));
        // With an object missing nothing is known.
        assert_eq!(amounts(&transaction, objects[1..].to_vec()), None);
        assert_eq!(amounts(&transaction, Vec::new()), None);
    }

    #[test]
    fn what_nobody_holds_and_what_is_no_coin_does_not_count() {
        let transaction = paid(vec![
            changed("a", Some(1), Some(2)),
            changed("b", None, Some(2)),
            changed("c", None, Some(2)),
        ]);
        let mut contents = coin("a", 2, ALICE, OwnerKind::Address, SUI_COIN, 0);
        contents.balance = None;
        let mut bcs = vec![9; 32];
        bcs.extend(990u64.to_le_bytes());
        contents.contents = Some(sui_rpc::proto::sui::rpc::v2::Bcs::default().with_value(bcs));
        let objects = vec![
            coin("a", 1, ALICE, OwnerKind::Address, SUI_COIN, 1_000),
            contents,
            coin("b", 2, BOB, OwnerKind::Shared, SUI_COIN, 150),
            coin("c", 2, BOB, OwnerKind::Address, "0x2::shop::Thing", 150),
        ];
        assert_eq!(amounts(&transaction, objects), Some(vec![(ALICE.to_owned(), -10)]));
    }

    #[test]
    fn balances_without_objects_count_too() {
        let mut write = AccumulatorWrite::default();
        write.address = Some(BOB.to_owned());
        write.accumulator_type = Some("0x2::balance::Balance<0x2::sui::SUI>".to_owned());
        write.set_value_kind(AccumulatorValue::Integer);
        write.set_operation(AccumulatorOperation::Split);
        write.integer_value = Some(70);
        let mut accumulated = changed("x", None, None);
        accumulated.set_output_state(OutputObjectState::AccumulatorWrite);
        accumulated.accumulator_write = Some(write);
        assert_eq!(amounts(&paid(vec![accumulated]), Vec::new()), Some(vec![(BOB.to_owned(), -70)]));
    }

    #[test]
    fn what_the_node_tells_is_added_up_and_nonsense_refused() {
        let told = |amounts: &[&str]| {
            let change = |amount: &&str| {
                BalanceChange::default()
                    .with_address("0xa11c")
                    .with_coin_type("0x2::sui::SUI")
                    .with_amount(*amount)
            };
            let transaction = paid(Vec::new()).with_balance_changes(amounts.iter().map(change).collect());
            let checkpoint = Checkpoint::default();
            let balances = of(7, &transaction, &Objects::of(&checkpoint));
            balances.map(|balances| balances.changes.iter().map(|change| change.amount).collect::<Vec<_>>())
        };
        assert_eq!(told(&["5", "-7"]), Ok(vec![-2]));
        assert_eq!(told(&["5", "-5"]), Ok(vec![]));
        for nonsense in ["", "x", "1.5", &i128::MAX.to_string(), "9".repeat(100).as_str()] {
            assert!(told(&[nonsense]).is_err(), "{nonsense}");
        }
    }
}
