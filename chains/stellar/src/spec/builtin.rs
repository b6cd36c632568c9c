//! The contract descriptions that Chainbell knows by name.

use super::types::{Description, Event};

/// The events of the Stellar Asset Contract and of SEP-41's tokens. The asset's name is the last topic of the former's.
/// The admin is a topic up to protocol 22. The data of a transfer or mint is the amount, or by name the amount and whom it
/// is for (CAP-67). The network tells fees, and refunds as negative ones, as events of the native asset's contract.
const TOKEN_EVENTS: &str = "\
event transfer(from: address @topic, to: address @topic, asset: option<string> @topic, amount: i128, to_muxed_id: option<memo>)
event mint(admin: option<address> @topic, to: address @topic, asset: option<string> @topic, amount: i128, to_muxed_id: option<memo>)
event burn(from: address @topic, asset: option<string> @topic, amount: i128)
event clawback(admin: option<address> @topic, from: address @topic, asset: option<string> @topic, amount: i128)
event approve(from: address @topic, spender: address @topic, asset: option<string> @topic, amount: i128, live_until_ledger: u32)
event set_admin(admin: option<address> @topic, asset: option<string> @topic, new_admin: address)
event set_authorized(admin: option<address> @topic, id: address @topic, asset: option<string> @topic, authorize: bool)
event fee(from: address @topic, asset: option<string> @topic, amount: i128)
";

/// SEP-41.
const TOKEN_FUNCTIONS: &str = "\
fn allowance(from: address, spender: address) -> i128
fn approve(from: address, spender: address, amount: i128, live_until_ledger: u32)
fn balance(id: address) -> i128
fn transfer(from: address, to: muxed_address, amount: i128)
fn transfer_from(spender: address, from: address, to: address, amount: i128)
fn burn(from: address, amount: i128)
fn burn_from(spender: address, from: address, amount: i128)
fn decimals() -> u32
fn name() -> string
fn symbol() -> string
";

/// What the Stellar Asset Contract has beyond SEP-41 (CAP-46-6).
const ASSET_FUNCTIONS: &str = "\
fn mint(to: address, amount: i128)
fn clawback(from: address, amount: i128)
fn set_admin(new_admin: address)
fn admin() -> address
fn set_authorized(id: address, authorize: bool)
fn authorized(id: address) -> bool
fn trust(addr: address)
";

/// The functions that every token of SEP-41 has, by which one is told.
pub(crate) const TOKEN_MARKS: [&str; 6] =
    ["allowance", "approve", "balance", "transfer", "transfer_from", "burn"];
/// Those that only the Stellar Asset Contract has, by which it is told.
pub(crate) const ASSET_MARKS: [&str; 4] = ["authorized", "set_authorized", "clawback", "admin"];

/// The texts that make up each description, by its name.
const DESCRIPTIONS: [(&str, &[&str]); 2] =
    [("sac", &[TOKEN_EVENTS, TOKEN_FUNCTIONS, ASSET_FUNCTIONS]), ("sep41", &[TOKEN_EVENTS, TOKEN_FUNCTIONS])];

/// Each description by its name.
pub(crate) fn descriptions() -> impl Iterator<Item = (&'static str, Description)> {
    DESCRIPTIONS.iter().map(|(name, texts)| (*name, read(&texts.concat())))
}

/// The events of tokens.
pub(crate) fn token_events() -> Vec<Event> {
    read(TOKEN_EVENTS).events
}

/// Whether the events are those of tokens rather than what the description tells: the spec of the Stellar Asset Contract
/// lacks the asset's topic, and tokens whose code is older than events in specs tell none.
pub(crate) fn is_standard(description: &Description) -> bool {
    let has = |marks: &[&str]| {
        marks.iter().all(|mark| description.functions.iter().any(|function| *function.name == **mark))
    };
    has(&TOKEN_MARKS) && (has(&ASSET_MARKS) || description.events.is_empty())
}

fn read(text: &str) -> Description {
    super::lines(text).expect("the built-in descriptions are well-formed")
}
