//! The parts of the `chainbell` binary, as a library, so that tests reach them.

pub mod config;
