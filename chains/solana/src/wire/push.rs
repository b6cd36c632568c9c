//! What a node pushes: the `params` of `logsNotification` and `slotNotification`.

use serde::Deserialize;
use serde_json::value::RawValue;

/// The `params` of any notification.
#[derive(Clone, Debug, Deserialize)]
pub struct Notification<T> {
    /// Of which subscription.
    pub subscription: u64,
    /// What is told.
    pub result: T,
}

/// A transaction that mentions what was subscribed to.
#[derive(Clone, Debug, Deserialize)]
pub struct LogsNotification<'a> {
    /// As of when.
    pub context: Context,
    /// Which transaction.
    #[serde(borrow)]
    pub value: LogsValue<'a>,
}

/// As of when something is told.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Context {
    /// The slot.
    pub slot: u64,
}

/// The transaction of a [`LogsNotification`]. Its logs are not read: they may be cut off, and nothing hangs on them.
#[derive(Clone, Debug, Deserialize)]
pub struct LogsValue<'a> {
    /// In base58.
    pub signature: &'a str,
    /// Why it failed, in any form.
    #[serde(borrow)]
    pub err: Option<&'a RawValue>,
}

/// A slot that the node began to process.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct SlotNotification {
    /// The slot.
    pub slot: u64,
    /// The one before.
    pub parent: u64,
    /// The newest one that cannot be undone on this node.
    pub root: u64,
}
