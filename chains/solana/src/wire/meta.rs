//! What became of a transaction.

use serde::Deserialize;
use serde_json::value::RawValue;

/// What became of a transaction. The bulky parts are not looked into yet.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta<'a> {
    /// Why it failed, in any form; `None` when it succeeded.
    #[serde(borrow)]
    pub err: Option<&'a RawValue>,
    /// What it paid, in lamports.
    pub fee: u64,
    /// What it used; older nodes do not tell.
    pub compute_units_consumed: Option<u64>,
    /// The keys loaded from tables, which follow the message's own.
    #[serde(borrow)]
    pub loaded_addresses: Option<LoadedAddresses<'a>>,
    /// A list of [`super::InnerGroup`]; `None` where the node does not keep them.
    #[serde(borrow)]
    pub inner_instructions: Option<&'a RawValue>,
    /// A list of lines; `None` where the node does not keep them.
    #[serde(borrow)]
    pub log_messages: Option<&'a RawValue>,
    /// Lamports of each key before.
    #[serde(borrow)]
    pub pre_balances: Option<&'a RawValue>,
    /// Lamports of each key after.
    #[serde(borrow)]
    pub post_balances: Option<&'a RawValue>,
    /// A list of [`TokenBalance`] before.
    #[serde(borrow)]
    pub pre_token_balances: Option<&'a RawValue>,
    /// A list of [`TokenBalance`] after.
    #[serde(borrow)]
    pub post_token_balances: Option<&'a RawValue>,
}

/// Keys loaded from tables: those that may be written first.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct LoadedAddresses<'a> {
    /// In base58.
    #[serde(borrow, default)]
    pub writable: Vec<&'a str>,
    /// In base58.
    #[serde(borrow, default)]
    pub readonly: Vec<&'a str>,
}

/// What one token account held.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenBalance<'a> {
    /// The token account's place in the transaction's keys.
    pub account_index: u8,
    /// The token, in base58.
    pub mint: &'a str,
    /// Who owns the token account, in base58; older blocks do not tell.
    #[serde(borrow)]
    pub owner: Option<&'a str>,
    /// How much.
    #[serde(borrow)]
    pub ui_token_amount: TokenAmount<'a>,
}

/// An amount of a token.
#[derive(Clone, Debug, Deserialize)]
pub struct TokenAmount<'a> {
    /// In the smallest unit, decimal.
    pub amount: &'a str,
}
