//! The chain as one endpoint sees it for one answer: perhaps behind, perhaps without its beginnings.

use std::sync::Arc;

use sui_rpc::headers::{
    X_SUI_CHAIN, X_SUI_CHAIN_ID, X_SUI_CHECKPOINT_HEIGHT, X_SUI_EPOCH, X_SUI_LOWEST_AVAILABLE_CHECKPOINT,
    X_SUI_LOWEST_AVAILABLE_CHECKPOINT_OBJECTS, X_SUI_TIMESTAMP, X_SUI_TIMESTAMP_MS,
};
use sui_sdk_types::Digest;
use tonic::{Code, Response, Status};

use super::{chain::Chain, checkpoint::Checkpoint, render};
use crate::{
    endpoint::Endpoint,
    fault::{Fault, Stage},
};

/// What the chain calls itself beside its id.
pub(crate) const CHAIN_NAME: &str = "unknown";

/// What one answer gets wrong, or does not know.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lies {
    /// Checkpoints.
    pub(crate) behind: u64,
    /// The first checkpoint that is kept.
    pub(crate) lowest: u64,
    pub(crate) not_found: bool,
}

impl Lies {
    /// Those that strike now, or the error that does.
    pub(crate) fn draw(endpoint: &Endpoint<Chain>, method: &str) -> Result<Self, Status> {
        let mut lies = Self::default();
        for fault in endpoint.port.strike(Stage::Answer, &[method]) {
            match fault {
                Fault::Behind { blocks } => lies.behind = lies.behind.max(blocks),
                Fault::Pruned { below } => lies.lowest = lies.lowest.max(below),
                Fault::NotFoundLie => lies.not_found = true,
                Fault::Error { code, message } => {
                    let code = i32::try_from(code).map_or(Code::Unknown, Code::from);
                    return Err(Status::new(code, message));
                }
                _ => {}
            }
        }
        Ok(lies)
    }
}

/// What one answer is taken from.
pub(crate) struct View<'a> {
    pub(crate) chain: &'a Chain,
    pub(crate) lies: Lies,
}

impl<'a> View<'a> {
    pub(crate) fn new(chain: &'a Chain, lies: Lies) -> Self {
        Self { chain, lies }
    }

    pub(crate) fn head(&self) -> u64 {
        self.chain.head().saturating_sub(self.lies.behind)
    }

    pub(crate) fn lowest(&self) -> u64 {
        self.chain.lowest().max(self.lies.lowest)
    }

    /// The checkpoint, or why not, in a node's words.
    pub(crate) fn checkpoint(&self, height: u64) -> Result<&'a Arc<Checkpoint>, Status> {
        let missing = || Status::not_found(format!("Checkpoint {height} not found"));
        if height > self.head() || self.lies.not_found {
            return Err(missing());
        }
        if height < self.lowest() {
            return Err(Status::not_found("Old checkpoints have been pruned"));
        }
        self.chain.checkpoint(height).ok_or_else(missing)
    }

    /// The newest checkpoint.
    pub(crate) fn newest(&self) -> Option<&'a Arc<Checkpoint>> {
        self.chain.checkpoint(self.head())
    }

    /// The checkpoint of a transaction, and the place there.
    pub(crate) fn transaction(&self, digest: &Digest) -> Result<(&'a Arc<Checkpoint>, u32), Status> {
        let missing = || Status::not_found(format!("Transaction {digest} not found"));
        let (height, index) = self.chain.locate(digest).ok_or_else(missing)?;
        Ok((self.checkpoint(height).map_err(|_| missing())?, index))
    }

    pub(crate) fn chain_id(&self) -> String {
        self.chain.checkpoint(0).map_or_else(String::new, |genesis| genesis.digest.to_base58())
    }

    /// An answer with what nodes say of themselves in the header of each.
    pub(crate) fn respond<T>(&self, message: T) -> Response<T> {
        let mut response = Response::new(message);
        let Some(newest) = self.newest() else { return response };
        let time = render::timestamp(newest.summary.timestamp_ms);
        let headers = [
            (X_SUI_CHAIN_ID, self.chain_id()),
            (X_SUI_CHAIN, CHAIN_NAME.to_owned()),
            (X_SUI_CHECKPOINT_HEIGHT, newest.height().to_string()),
            (X_SUI_LOWEST_AVAILABLE_CHECKPOINT, self.lowest().to_string()),
            (X_SUI_LOWEST_AVAILABLE_CHECKPOINT_OBJECTS, self.lowest().to_string()),
            (X_SUI_EPOCH, newest.summary.epoch.to_string()),
            (X_SUI_TIMESTAMP_MS, newest.summary.timestamp_ms.to_string()),
            (X_SUI_TIMESTAMP, time.to_string()),
        ];
        for (name, value) in headers {
            if let Ok(value) = value.parse() {
                response.metadata_mut().insert(name, value);
            }
        }
        response
    }
}
