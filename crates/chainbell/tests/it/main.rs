//! Integration tests of the binary's library.

mod config;
