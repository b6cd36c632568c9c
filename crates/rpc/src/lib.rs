//! Endpoint pools for JSON-RPC over HTTP and for gRPC, and WebSocket subscriptions. Knows no chain.
//!
//! [`Pool`] sends a call to the best of several endpoints and to others when that one fails, lags or is slow; it keeps each
//! endpoint's rate limit and leaves alone those that keep failing. [`GrpcPool`] does the same for gRPC. [`Subscription`] yields what a node pushes and repairs
//! itself. The binary installs a process-wide `rustls` crypto provider before either is used.
//!
//! The way of a call: `ask` picks an endpoint with `choose`, sends with `http`, reads with `envelope`, and judges a
//! refusal with `verdict`; `trail` remembers what the call went through, `endpoint` what everybody learns from it.

mod ask;
mod batch;
mod breaker;
mod budget;
mod call;
mod choose;
mod config;
mod distrust;
mod endpoint;
mod envelope;
mod error;
mod grpc;
mod http;
mod latency;
mod pool;
mod redact;
mod refusal;
mod subscription;
mod trail;
mod verdict;

pub use call::{Call, EndpointId, Hedging, Params, Reply};
pub use config::{EndpointConfig, PoolConfig};
pub use error::RpcError;
pub use grpc::{GrpcCall, GrpcPool, GrpcReply, Lane};
pub use pool::{EndpointSnapshot, Pool};
pub use subscription::{Notification, Subscription, SubscriptionConfig, SubscriptionState};
