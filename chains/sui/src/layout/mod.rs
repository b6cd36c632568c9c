//! What Move packages say of their types, and how values of them are decoded.
//!
//! A description (`description`) becomes a `catalogue::Catalogue` of datatypes and functions; a type of it is
//! compiled to a `shape::Layout`, by which `reader` decodes BCS and `rendering` the node's JSON.

mod attributes;
pub(crate) mod call;
pub(crate) mod catalogue;
pub(crate) mod description;
pub(crate) mod event;
mod known;
mod normalized;
mod open;
mod package;
pub(crate) mod parser;
pub(crate) mod pattern;
pub(crate) mod raw;
mod reader;
mod rendering;
mod resolve;
pub(crate) mod shape;
pub(crate) mod text;
pub(crate) mod types;

use std::collections::BTreeSet;

/// The packages whose datatypes a description lacks: events of its first package hold values of them, and nobody can
/// decode what follows such a value. Describe those too, until none is missing.
///
/// The error says what is wrong with the description.
pub fn missing_packages(description: &[u8]) -> Result<BTreeSet<[u8; 32]>, String> {
    let catalogue = description::read(description).map_err(|error| error.to_string())?;
    Ok(catalogue.missing_packages())
}
