//! What a stream does with each checkpoint that it is to tell: tells it, twice, later, or not at all.

use std::{collections::VecDeque, sync::Arc};

use sui_rpc::{field::FieldMaskTree, proto::sui::rpc::v2 as proto};
use tonic::Status;

use super::{chain::Chain, checkpoint::Checkpoint, render};
use crate::{
    endpoint::Endpoint,
    fault::{Fault, Stage},
};

/// A checkpoint to be told, with its height, which the mask may not name.
pub(crate) type Item = (u64, proto::Checkpoint);

/// One stream's side of an endpoint.
pub(crate) struct Pump {
    pub(crate) endpoint: Arc<Endpoint<Chain>>,
    method: &'static str,
    mask: FieldMaskTree,
    /// A checkpoint held back until the next one has been told.
    late: Option<Item>,
    ready: VecDeque<Item>,
}

impl Pump {
    pub(crate) fn new(endpoint: Arc<Endpoint<Chain>>, method: &'static str, mask: FieldMaskTree) -> Self {
        Self { endpoint, method, mask, late: None, ready: VecDeque::new() }
    }

    /// Makes a checkpoint ready to be told, unless a fault strikes.
    pub(crate) fn take(&mut self, known: &Checkpoint) -> Result<(), Status> {
        let faults = self.endpoint.port.strike(Stage::Push, &[self.method]);
        if faults.contains(&Fault::DropSocket) {
            return Err(Status::unavailable("error reading a body from connection"));
        }
        let message = (known.height(), told(&self.endpoint, self.method, known, &self.mask));
        let late = self.late.take();
        if faults.contains(&Fault::LateHead) && late.is_none() {
            self.late = Some(message);
            return Ok(());
        }
        if faults.contains(&Fault::DuplicateHead) {
            self.ready.push_back(message.clone());
        }
        if !faults.contains(&Fault::SilentHead) {
            self.ready.push_back(message);
        }
        self.ready.extend(late);
        Ok(())
    }

    pub(crate) fn next(&mut self) -> Option<Item> {
        self.ready.pop_front()
    }

    /// Makes ready what was held back, when nothing comes after it. Whether there was anything.
    pub(crate) fn flush(&mut self) -> bool {
        self.ready.extend(self.late.take());
        !self.ready.is_empty()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.late.is_none()
    }
}

/// A checkpoint as the endpoint tells it, with the faults that strike.
pub(crate) fn told(
    endpoint: &Endpoint<Chain>,
    method: &str,
    known: &Checkpoint,
    mask: &FieldMaskTree,
) -> proto::Checkpoint {
    let flaws = flaws(endpoint, method);
    render::checkpoint(known, mask, flaws)
}

/// The flaws of the next checkpoint, or transaction, that is told.
pub(crate) fn flaws(endpoint: &Endpoint<Chain>, method: &str) -> render::Flaws {
    let no_json = !endpoint.network.chain.read().config().event_json;
    let faults = endpoint.port.strike(Stage::Content, &[method]);
    render::Flaws::of(&faults, no_json)
}
