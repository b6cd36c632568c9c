//! The parts of the `chainbell` binary, as a library, so that tests reach them.

pub mod cli;
pub mod commands;
pub mod config;
mod logging;
mod output;
pub mod wire;
