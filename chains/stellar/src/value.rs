//! `ScVal`s read from XDR into the model's values, with and without a type from the contract's description.

mod any;
mod error;
mod reader;
mod shape;
mod text;

pub(crate) use any::int_type;
pub(crate) use reader::{Reader, Reason, tag};
pub(crate) use shape::{Cases, Fields, Shape, Union, absent_or};
pub(crate) use text::text;
