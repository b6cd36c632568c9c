//! JSON-RPC over HTTP and WebSocket, as far as it is the same for all chains that speak it.

mod error;
mod request;
mod server;
mod socket;

pub(crate) use error::RpcError;
pub(crate) use request::{Call, Manners};
pub(crate) use server::serve;

use crate::{endpoint::Endpoint, network::Simulation};

/// What one message may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The most calls of a batch.
    pub(crate) max_batch: usize,
    /// The longest body.
    pub(crate) max_body_bytes: usize,
}

/// A chain whose nodes speak JSON-RPC.
pub(crate) trait Node: Simulation {
    /// How its nodes word what is the same everywhere.
    const MANNERS: Manners;

    /// The WebSocket side.
    type Session: Session<Self>;

    /// What one message may hold.
    fn limits(&self) -> Limits;

    /// Appends the result of `call`, or an error, as a node would, unless a fault strikes.
    fn answer(endpoint: &Endpoint<Self>, call: &Call<'_>, out: &mut Vec<u8>) -> Result<(), RpcError>;
}

/// The subscriptions of one WebSocket.
pub(crate) trait Session<C: Simulation>: Default + Send + 'static {
    /// Answers what only a WebSocket can be asked; `None` leaves the call to [`Node::answer`].
    fn call(
        &mut self,
        endpoint: &Endpoint<C>,
        call: &Call<'_>,
        out: &mut Vec<u8>,
    ) -> Option<Result<(), RpcError>>;

    /// Whether changes are to be announced. What changes from the first subscription on is.
    fn is_listening(&self) -> bool;

    /// What is announced right after the answer to a call.
    fn greetings(&mut self, endpoint: &Endpoint<C>, out: &mut Vec<Vec<u8>>) {
        let _ = (endpoint, out);
    }

    /// Appends the messages that announce a change. They are sent also when the socket is to be dropped after them.
    fn announce(
        &mut self,
        endpoint: &Endpoint<C>,
        change: &C::Change,
        out: &mut Vec<Vec<u8>>,
    ) -> Result<(), Dropped>;
}

/// A WebSocket ends without a farewell.
#[derive(Debug)]
pub(crate) struct Dropped;
