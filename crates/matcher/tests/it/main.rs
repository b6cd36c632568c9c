//! Monitors compiled and evaluated on blocks of a chain made for the purpose.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod absent;
mod conditions;
mod fake;
mod finding;
mod interest;
mod random;
mod typing;
