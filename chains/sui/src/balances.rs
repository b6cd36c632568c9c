//! Whose balance of which coin a transaction changed, and by how much.

use std::{borrow::Cow, collections::BTreeMap};

use sui_rpc::proto::sui::rpc::v2::ExecutedTransaction;

use crate::{address, contradiction::Contradiction, type_text};

/// The type of the native coin.
pub(crate) const SUI: &str = "0x0000000000000000000000000000000000000000000000000000000000000002::sui::SUI";

/// More than any amount in circulation; sums of as many as a message holds still fit an `i128`.
const MAX_AMOUNT: i128 = 1 << 80;

/// One address's balance of one coin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change<'a> {
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
    /// Gas was paid and yet nobody's balance changed: the node does not keep the changes, or not yet.
    pub(crate) untold: bool,
}

/// The changes that the node told.
pub(crate) fn of(place: u32, transaction: &ExecutedTransaction) -> Result<Balances<'_>, Contradiction> {
    let unreadable = || Contradiction::TransactionUnreadable { transaction: place, part: "balance changes" };
    let mut sums: BTreeMap<(Cow<'_, str>, [u8; address::LEN]), i128> = BTreeMap::new();
    for change in &transaction.balance_changes {
        let owner = change.address.as_deref().and_then(|text| address::parse(text).ok());
        let coin = change.coin_type.as_deref().and_then(type_text::canonical);
        let amount = change.amount.as_deref().and_then(|text| text.parse::<i128>().ok());
        let amount = amount.filter(|amount| amount.unsigned_abs() <= MAX_AMOUNT.unsigned_abs());
        let (Some(owner), Some(coin), Some(amount)) = (owner, coin, amount) else { return Err(unreadable()) };
        let sum = sums.entry((coin, owner)).or_default();
        *sum = sum.checked_add(amount).ok_or_else(unreadable)?;
    }
    let untold = sums.is_empty() && fee(transaction).is_some_and(|fee| fee != 0);
    let changes = sums.into_iter().map(|((coin, owner), amount)| Change { owner, coin, amount });
    Ok(Balances { changes: changes.filter(|change| change.amount != 0).collect(), untold })
}

/// What the transaction cost: computation and storage less the rebate, which may be more. `None` where it was not read.
pub(crate) fn fee(transaction: &ExecutedTransaction) -> Option<i128> {
    let gas = transaction.effects.as_ref()?.gas_used.as_ref()?;
    let part = |part: Option<u64>| i128::from(part.unwrap_or_default());
    Some(part(gas.computation_cost) + part(gas.storage_cost) - part(gas.storage_rebate))
}
