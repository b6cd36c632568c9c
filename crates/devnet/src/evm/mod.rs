//! An EVM network: blocks made from a seed, served over JSON-RPC on HTTP and WebSocket as a node would, or as a bad one would.

mod answer;
mod block;
mod chain;
mod config;
mod connection;
mod control;
mod devnet;
mod error;
mod fault;
mod filter;
mod header;
mod json;
mod limits;
mod logs;
mod oracle;
mod producer;
mod replica;
mod request;
mod rlp;
mod server;
mod socket;
mod spec;
mod stats;
mod traffic;
mod view;
mod workload;

pub use config::{EvmDevnetConfig, Finality, WorkloadShape};
pub use devnet::EvmDevnet;
pub use fault::{Fault, FaultPlan, FaultRule};
pub use limits::{LimitStyle, RangeLimits};
pub use oracle::{SimBlock, SimLog, SimTransaction};
pub use replica::Replica;
pub use spec::{LogSpec, TxSpec};
pub use stats::Stats;
