//! A Sui network: checkpoints made from a seed, served over gRPC as a full node would, or as a bad one would.

mod chain;
mod checkpoint;
mod compile;
mod config;
mod demo;
mod devnet;
mod execute;
mod ledger;
mod ledger_service;
mod list;
mod mask;
mod node;
mod object;
mod oracle;
mod package_service;
mod packages;
mod pump;
mod render;
mod server;
mod spec;
mod subscription;
mod system;
mod traffic;
mod value;
mod view;

pub use config::SuiDevnetConfig;
pub use demo::{EventSpec, Fill, Item, Side};
pub use devnet::SuiDevnet;
pub use oracle::{SimBalanceChange, SimCheckpoint, SimEvent, SimTransaction};
pub use spec::{CommandSpec, SystemSpec, TxSpec};
pub use sui_sdk_types::Address;

pub use crate::{
    endpoint::Replica,
    fault::{Fault, FaultPlan, FaultRule},
    stats::Stats,
};
