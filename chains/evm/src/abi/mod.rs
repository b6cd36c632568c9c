//! Contract ABIs: their descriptions read, and the data of events and calls decoded (Solidity's ABI specification).

pub(crate) mod arguments;
pub(crate) mod builtin;
pub(crate) mod call;
pub(crate) mod description;
pub(crate) mod event;
mod json;
mod layout;
pub(crate) mod raw;
mod reader;
pub(crate) mod signature;
mod text;
mod types;
