//! Reads IDLs (Anchor's and Codama's) and signatures, compiles them into decoders, and decodes events and instructions.

pub mod account;
mod anchor;
mod arguments;
mod bounds;
pub(crate) mod builtin;
pub(crate) mod call;
mod codama;
mod codama_types;
mod codama_values;
mod compile;
mod cursor;
pub(crate) mod description;
mod discriminator;
pub(crate) mod event;
mod fields;
pub(crate) mod item;
mod layout;
mod names;
mod node;
pub(crate) mod raw;
mod reader;
mod text;
mod types;
