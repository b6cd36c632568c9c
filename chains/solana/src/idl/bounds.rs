//! How much a description may hold.

/// The longest text. The largest IDLs of real programs have less than a fifth of it.
pub(super) const MAX_LEN: usize = 4 << 20;
/// The most events and instructions.
pub(super) const MAX_ITEMS: usize = 4096;
/// The most accounts of an instruction: a transaction has no room for more.
pub(super) const MAX_ACCOUNTS: usize = 256;
/// How deeply types may be nested, whatever stands between the levels.
pub(super) const MAX_DEPTH: usize = 48;
/// How deeply values may be nested, where a type holds itself.
pub(super) const MAX_VALUE_DEPTH: usize = 2 * MAX_DEPTH;
/// The most types that one event or instruction may be made of, each counted as often as it occurs.
pub(super) const MAX_PARTS: usize = 4096;
/// The most different types of one description.
pub(super) const MAX_NODES: usize = 100_000;
/// The most types that all events and instructions may be made of, those that have a name counted once.
pub(super) const MAX_WORK: usize = 500_000;
/// The most fields of a decoder, as many as an [`chainbell_model::ArgMask`] covers.
pub(super) const MAX_FIELDS: usize = 64;
