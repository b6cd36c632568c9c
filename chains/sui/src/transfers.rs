//! Transfers, as the changes of balances tell them: what left one address came to another.
//!
//! A balance change names no other side. Within a transaction and a coin, those who lost are paired with those who gained,
//! both in the order of their addresses, as far as the amounts go. What remains came from or went to no address: it was
//! minted or burnt, or lies in an object such as a pool. The fee is not a transfer: it is given back to whoever paid it
//! before the pairing.

use std::sync::Arc;

use chainbell_model::{Address, Contracts, Int, Interest, Standard, Transfer};
use ruint::aliases::U256;
use sui_rpc::proto::sui::rpc::v2::ExecutedTransaction;

use crate::{
    address,
    balances::{self, Balances, Change, SUI},
    contradiction::Contradiction,
    type_text::{self, Datatype},
};

/// The package of the native coin.
const NATIVE: [u8; address::LEN] = {
    let mut package = [0; address::LEN];
    package[address::LEN - 1] = 2;
    package
};

/// Whether any transfer is asked for.
pub(crate) fn are_wanted(interest: &Interest) -> bool {
    interest.native_transfers || interest.token_transfers != Contracts::None
}

/// Whether the transaction moved a coin that is asked for, or may have: not so only where its changes are told.
pub(crate) fn may_be_wanted(transaction: &ExecutedTransaction, interest: &Interest) -> bool {
    let changes = &transaction.balance_changes;
    let wanted = |coin: &str| match &interest.token_transfers {
        // Cheaper than to find out which coin it is.
        Contracts::Any => true,
        _ if coin == SUI => interest.native_transfers,
        // What cannot be read is not passed over.
        _ => type_text::datatype(coin).is_none_or(|coin| is_wanted(&coin, interest)),
    };
    are_wanted(interest)
        && (changes.is_empty() || changes.iter().any(|change| change.coin_type.as_deref().is_none_or(wanted)))
}

fn is_wanted(coin: &Datatype<'_>, interest: &Interest) -> bool {
    let native = coin.package == NATIVE && coin.module == "sui" && coin.name == "SUI";
    if native { interest.native_transfers } else { token_is_wanted(&coin.package, interest) }
}

fn token_is_wanted(package: &[u8; address::LEN], interest: &Interest) -> bool {
    Address::from_slice(package).is_some_and(|package| interest.token_transfers.wants(&package))
}

/// The transfers of the transaction at `place` that are asked for. They are counted before, so that their places do not
/// depend on the interest. `into` is the transaction's index in the block.
pub(crate) fn of(
    place: u32,
    into: u32,
    transaction: &ExecutedTransaction,
    balances: &Balances<'_>,
    interest: &Interest,
) -> Result<Vec<Transfer>, Contradiction> {
    if balances.untold {
        return Ok(Vec::new());
    }
    let mut changes = balances.changes.clone();
    give_back_fee(place, transaction, &mut changes)?;
    let mut transfers = Vec::new();
    let mut counted = 0;
    for of_coin in changes.chunk_by(|one, other| one.coin == other.coin) {
        let moves = pair(of_coin);
        let first = counted;
        counted += moves.len();
        let Some(asset) = Asset::of(&of_coin[0].coin) else {
            return Err(Contradiction::TransactionUnreadable { transaction: place, part: "coin type" });
        };
        if !asset.is_wanted(interest) {
            continue;
        }
        for (sub, moved) in (first..).zip(moves) {
            transfers.push(asset.transfer(into, u32::try_from(sub).unwrap_or(u32::MAX), moved));
        }
    }
    Ok(transfers)
}

/// Adds the fee to the change of whoever paid it, so that what is left adds up to what was moved.
fn give_back_fee(
    place: u32,
    transaction: &ExecutedTransaction,
    changes: &mut Vec<Change<'_>>,
) -> Result<(), Contradiction> {
    let missing = |part| Contradiction::TransactionMissing { transaction: place, part };
    let fee = balances::fee(transaction).ok_or_else(|| missing("gas"))?;
    if fee == 0 {
        return Ok(());
    }
    let payer = gas_payer(transaction).ok_or_else(|| missing("payer"))?;
    match changes.binary_search_by(|change| (&*change.coin, &change.owner).cmp(&(SUI, &payer))) {
        Ok(at) => {
            changes[at].amount = changes[at].amount.saturating_add(fee);
            if changes[at].amount == 0 {
                changes.remove(at);
            }
        }
        // What it paid it also got, to the unit.
        Err(at) => changes.insert(at, Change { owner: payer, coin: SUI.into(), amount: fee }),
    }
    Ok(())
}

/// Who pays the fee: the sponsor, else the sender.
pub(crate) fn gas_payer(transaction: &ExecutedTransaction) -> Option<[u8; address::LEN]> {
    let sent = transaction.transaction.as_ref()?;
    let sponsor = sent.gas_payment.as_ref().and_then(|gas| gas.owner.as_deref());
    address::parse(sponsor.or(sent.sender.as_deref())?).ok()
}

/// From, to and how much.
type Move = (Option<[u8; address::LEN]>, Option<[u8; address::LEN]>, i128);

/// Pairs those who lost with those who gained; `changes` are of one coin, ordered by owner.
fn pair(changes: &[Change<'_>]) -> Vec<Move> {
    let mut lost =
        changes.iter().filter(|change| change.amount < 0).map(|change| (change.owner, -change.amount));
    let mut gained =
        changes.iter().filter(|change| change.amount > 0).map(|change| (change.owner, change.amount));
    let (mut from, mut to) = (lost.next(), gained.next());
    let mut moves = Vec::new();
    loop {
        match (&mut from, &mut to) {
            (Some((payer, owed)), Some((receiver, due))) => {
                let amount = (*owed).min(*due);
                moves.push((Some(*payer), Some(*receiver), amount));
                *owed -= amount;
                *due -= amount;
                if *owed == 0 {
                    from = lost.next();
                }
                if to.is_some_and(|(_, due)| due == 0) {
                    to = gained.next();
                }
            }
            (Some((payer, owed)), None) => {
                moves.push((Some(*payer), None, *owed));
                from = lost.next();
            }
            (None, Some((receiver, due))) => {
                moves.push((None, Some(*receiver), *due));
                to = gained.next();
            }
            (None, None) => return moves,
        }
    }
}

/// A coin as the model names it.
struct Asset {
    /// `None` for the native coin.
    token: Option<(Address, Arc<str>)>,
}

impl Asset {
    /// `None` for what is no coin type.
    fn of(coin: &str) -> Option<Self> {
        if coin == SUI {
            return Some(Self { token: None });
        }
        let package = Address::from_slice(&type_text::datatype(coin)?.package)?;
        Some(Self { token: Some((package, coin.into())) })
    }

    fn is_wanted(&self, interest: &Interest) -> bool {
        match &self.token {
            None => interest.native_transfers,
            Some((package, _)) => interest.token_transfers.wants(package),
        }
    }

    fn transfer(&self, transaction: u32, sub: u32, (from, to, amount): Move) -> Transfer {
        let party = |owner: Option<[u8; address::LEN]>| owner.and_then(|owner| Address::from_slice(&owner));
        Transfer {
            transaction,
            index: 0,
            sub,
            standard: if self.token.is_some() { Standard::Fungible } else { Standard::Native },
            token: self.token.as_ref().map(|(package, _)| *package),
            asset: self.token.as_ref().map(|(_, coin)| coin.clone()),
            from: party(from),
            to: party(to),
            amount: int(amount),
            token_id: None,
        }
    }
}

/// The model's integer of an amount.
pub(crate) fn int(amount: i128) -> Int {
    Int::new(amount < 0, U256::from(amount.unsigned_abs()))
}
