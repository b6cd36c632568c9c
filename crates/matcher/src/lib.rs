//! Pure matching: expressions, monitors compiled, the index, a block evaluated. No I/O, no clock, no runtime.
//!
//! [`Plan::compile`] turns all monitors of one network into one structure, and says what is wrong with those that do not
//! compile. [`Plan::interest`] is what has to be fetched for them. [`Plan::evaluate`] finds everything in a block that
//! some monitor asks for: candidates come from an index by address and key, each is decoded at most once, and monitors
//! that ask the same share one evaluation. The language of conditions is described in [`lang`].

mod found;
pub mod lang;
mod plan;
mod spec;
mod subject;

pub use found::{Evaluation, Found, Place, SoftError, SoftReason};
pub use plan::{MonitorInfo, Plan, Scratch};
pub use spec::{AddressSet, AddressSets, ContractSpec, MonitorSpec, SpecError, TransferSpec};
