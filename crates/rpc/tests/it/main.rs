//! The pool and the subscription against small servers that misbehave.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod answers;
mod batches;
mod failover;
mod grpc;
mod grpc_node;
mod health;
mod node;
mod pushes;
mod secrets;
mod subscriptions;
