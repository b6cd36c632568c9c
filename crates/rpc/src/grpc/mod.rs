//! The pool for gRPC: the same choice among endpoints, budgets and breakers as for JSON-RPC, over HTTP/2 channels.

mod call;
mod lane;
mod status;

use std::{fmt, sync::Arc};

pub use call::{GrpcCall, GrpcReply};
pub use lane::Lane;
use tonic::Status;

use self::lane::Line;
use crate::{EndpointId, EndpointSnapshot, Pool, PoolConfig, RpcError};

/// The gRPC endpoints of one network. Cheap to clone; all clones share what they learn.
#[derive(Clone)]
pub struct GrpcPool {
    /// Knows how the endpoints are doing; none of its own requests are ever made.
    pool: Pool,
    lines: Arc<[Line]>,
}

impl GrpcPool {
    /// Connects to nothing yet. `max_batch` of the configuration has no meaning here.
    ///
    /// # Errors
    /// [`RpcError::Misconfigured`]: no endpoint, too many, or one that cannot be used.
    pub fn new(config: PoolConfig) -> Result<Self, RpcError> {
        let lines = config.endpoints.iter().map(|endpoint| Line::new(endpoint, config.max_response_bytes));
        Ok(Self { lines: lines.collect::<Result<_, _>>()?, pool: Pool::new(config)? })
    }

    /// How many endpoints there are.
    pub fn len(&self) -> usize {
        self.pool.len()
    }

    /// Never: a pool has at least one endpoint.
    pub fn is_empty(&self) -> bool {
        self.pool.is_empty()
    }

    /// The endpoints, in the order of the configuration.
    pub fn endpoints(&self) -> impl Iterator<Item = EndpointId> + use<> {
        self.pool.endpoints()
    }

    /// The endpoint reported `height` as its head.
    pub fn note_head(&self, endpoint: EndpointId, height: u64) {
        self.pool.note_head(endpoint, height);
    }

    /// The highest head that an endpoint which can be asked reported in the last half minute.
    pub fn best_head(&self) -> Option<u64> {
        self.pool.best_head()
    }

    /// The caller found an answer wrong: counts as a failure of its endpoint.
    pub fn report_bad_answer(&self, endpoint: EndpointId, reason: &str) {
        self.pool.report_bad_answer(endpoint, reason);
    }

    /// A stream that `endpoint` had opened for `method` ended with `status`: counts as the same answer to a call would.
    /// Returns the error as a call would have returned it.
    pub fn report_broken(&self, endpoint: EndpointId, method: &str, status: &Status) -> RpcError {
        self.broken(endpoint, method, status)
    }

    /// How the endpoints are doing, in the order of the configuration.
    pub fn status(&self) -> Vec<EndpointSnapshot> {
        self.pool.status()
    }
}

impl fmt::Debug for GrpcPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pool.fmt(f)
    }
}
