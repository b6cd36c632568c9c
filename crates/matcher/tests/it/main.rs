//! Monitors compiled and evaluated on blocks of a chain made for the purpose.

#![allow(missing_docs)]

mod conditions;
mod fake;
mod finding;
mod interest;
mod random;
mod typing;
