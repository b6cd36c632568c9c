//! Who paid whom, from balances before and after: SOL by account, tokens by their accounts' owners.
//!
//! A transaction tells what everybody had before and after, not who gave to whom. Within one asset those who lost and those
//! who gained are paired in the order of the transaction's accounts, each loss with the next gains until it is used up. What
//! remains was minted or burnt. SOL comes first, then each token in the order of its first account; the index counts the
//! transaction's transfers of all assets from 0, wanted or not.

use chainbell_model::{Block, Contracts, Int, Standard, Transfer};
use ruint::aliases::U256;

use crate::{
    assemble::address,
    wanted::Wanted,
    wire::{Meta, TokenBalance, base58, part},
};

type Key = [u8; 32];

/// `TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA`.
const TOKEN: Key = [
    0x06, 0xdd, 0xf6, 0xe1, 0xd7, 0x65, 0xa1, 0x93, 0xd9, 0xcb, 0xe1, 0x46, 0xce, 0xeb, 0x79, 0xac, 0x1c,
    0xb4, 0x85, 0xed, 0x5f, 0x5b, 0x37, 0x91, 0x3a, 0x8c, 0xf5, 0x85, 0x7e, 0xff, 0x00, 0xa9,
];
/// `TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb`.
const TOKEN_2022: Key = [
    0x06, 0xdd, 0xf6, 0xe1, 0xee, 0x75, 0x8f, 0xde, 0x18, 0x42, 0x5d, 0xbc, 0xe4, 0x6c, 0xcd, 0xda, 0xb6,
    0x1a, 0xfc, 0x4d, 0x83, 0xb9, 0x0d, 0x27, 0xfe, 0xbd, 0xf9, 0x28, 0xd8, 0xa1, 0x8b, 0xfc,
];

/// What somebody gained (or lost) of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Change {
    who: Key,
    amount: i128,
}

/// From, to, amount.
type Moved = (Option<Key>, Option<Key>, u128);

/// Adds the wanted transfers of a successful transaction to `into`. `keys` are all of its accounts. Returns why token
/// transfers that are wanted may be missing.
pub(crate) fn push(
    transaction: u32,
    meta: &Meta<'_>,
    keys: &[Key],
    wanted: &Wanted<'_>,
    into: &mut Block,
) -> Result<Option<&'static str>, String> {
    let mut index = 0;
    let native = pair(&native_changes(meta, keys)?);
    if wanted.interest.native_transfers {
        into.transfers
            .extend((0..).zip(&native).map(|(index, moved)| transfer(transaction, index, None, moved)));
    }
    index += native.len() as u32;
    if wanted.interest.token_transfers == Contracts::None {
        return Ok(None);
    }
    let (Some(before), Some(after)) = (meta.pre_token_balances, meta.post_token_balances) else {
        let tokens = keys.iter().any(|key| [TOKEN, TOKEN_2022].contains(key));
        return Ok(tokens.then_some("the node does not keep this transaction's token balances"));
    };
    if before.get() == "[]" && after.get() == "[]" {
        return Ok(None);
    }
    let before = part(before, "preTokenBalances")?;
    let after = part(after, "postTokenBalances")?;
    for (mint, changes) in token_changes(before, after, keys)? {
        let moved = pair(&changes);
        let token = address(mint);
        if wanted.interest.token_transfers.wants(&token) {
            let transfers = (index..).zip(&moved);
            into.transfers
                .extend(transfers.map(|(index, moved)| transfer(transaction, index, Some(mint), moved)));
        }
        index += moved.len() as u32;
    }
    Ok(None)
}

fn transfer(transaction: u32, index: u32, mint: Option<Key>, &(from, to, amount): &Moved) -> Transfer {
    Transfer {
        transaction,
        index,
        sub: 0,
        standard: if mint.is_some() { Standard::Fungible } else { Standard::Native },
        token: mint.map(address),
        asset: None,
        from: from.map(address),
        to: to.map(address),
        amount: Int::from(U256::from(amount)),
        token_id: None,
    }
}

/// Lamports gained by each account. The fee is no transfer, so the payer gets it back first.
fn native_changes(meta: &Meta<'_>, keys: &[Key]) -> Result<Vec<Change>, String> {
    let (Some(before), Some(after)) = (meta.pre_balances, meta.post_balances) else {
        return Err("a transaction without balances".to_owned());
    };
    let before: Vec<u64> = part(before, "preBalances")?;
    let after: Vec<u64> = part(after, "postBalances")?;
    if before.len() != keys.len() || after.len() != keys.len() {
        return Err(format!("{} and {} balances of {} keys", before.len(), after.len(), keys.len()));
    }
    let mut changes: Vec<_> = keys
        .iter()
        .zip(before.iter().zip(&after))
        .map(|(&who, (&before, &after))| Change { who, amount: i128::from(after) - i128::from(before) })
        .collect();
    if let Some(payer) = changes.first_mut() {
        payer.amount += i128::from(meta.fee);
    }
    Ok(changes)
}

/// What each owner gained of each token, both in the order of the first account.
fn token_changes(
    before: Vec<TokenBalance<'_>>,
    after: Vec<TokenBalance<'_>>,
    keys: &[Key],
) -> Result<Vec<(Key, Vec<Change>)>, String> {
    if before.len().max(after.len()) > keys.len() {
        return Err(format!("token balances of more accounts than {} keys", keys.len()));
    }
    let before = before.into_iter().map(|balance| (balance, -1));
    let mut balances: Vec<_> = before.chain(after.into_iter().map(|balance| (balance, 1))).collect();
    balances.sort_by_key(|(balance, _)| balance.account_index);
    let mut tokens: Vec<(Key, Vec<Change>)> = Vec::new();
    for (balance, sign) in balances {
        let (mint, who, amount) = read(&balance, keys)?;
        let amount = i128::from(amount) * sign;
        let place = tokens.iter().position(|(token, _)| *token == mint).unwrap_or(tokens.len());
        if place == tokens.len() {
            tokens.push((mint, Vec::new()));
        }
        let changes = &mut tokens[place].1;
        match changes.iter_mut().find(|change| change.who == who) {
            Some(change) => change.amount += amount,
            None => changes.push(Change { who, amount }),
        }
    }
    Ok(tokens)
}

/// Token, owner and amount.
fn read(balance: &TokenBalance<'_>, keys: &[Key]) -> Result<(Key, Key, u64), String> {
    let account = keys.get(usize::from(balance.account_index));
    let account = account.ok_or_else(|| format!("a token balance of account {}", balance.account_index))?;
    let mint = base58::key(balance.mint).ok_or("a token that is no key")?;
    // Before 2021 nodes did not tell the owner.
    let owner = match balance.owner {
        Some(owner) => base58::key(owner).ok_or("a token account's owner that is no key")?,
        None => *account,
    };
    let amount = balance.ui_token_amount.amount.parse().map_err(|_| "a token amount that is no number")?;
    Ok((mint, owner, amount))
}

/// Pairs losses with gains.
fn pair(changes: &[Change]) -> Vec<Moved> {
    let mut gains = changes.iter().filter(|change| change.amount > 0).map(sized);
    let mut moved = Vec::new();
    let mut gain = gains.next();
    for (loser, mut lost) in changes.iter().filter(|change| change.amount < 0).map(sized) {
        while lost > 0 {
            let Some((winner, won)) = gain else {
                moved.push((Some(loser), None, lost));
                break;
            };
            let amount = lost.min(won);
            moved.push((Some(loser), Some(winner), amount));
            lost -= amount;
            gain = if won > amount { Some((winner, won - amount)) } else { gains.next() };
        }
    }
    let minted = gain.into_iter().chain(gains);
    moved.extend(minted.map(|(winner, won)| (None, Some(winner), won)));
    moved
}

fn sized(change: &Change) -> (Key, u128) {
    (change.who, change.amount.unsigned_abs())
}
