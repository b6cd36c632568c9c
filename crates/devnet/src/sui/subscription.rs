//! `SubscriptionService`: the checkpoints from the tip on.

use std::{collections::VecDeque, sync::Arc};

use futures_util::{StreamExt as _, stream};
use sui_rpc::proto::sui::rpc::v2::{
    self as proto, SubscribeCheckpointsRequest, SubscribeCheckpointsResponse,
    subscription_service_server::SubscriptionService,
};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, codegen::BoxStream};

use super::{
    chain::Change,
    checkpoint::Checkpoint,
    mask,
    pump::Pump,
    server::Node,
    view::{Lies, View},
};

const METHOD: &str = "SubscribeCheckpoints";
const DEFAULT_MASK: &str = "sequence_number,digest";

#[tonic::async_trait]
impl SubscriptionService for Node {
    async fn subscribe_checkpoints(
        &self,
        request: Request<SubscribeCheckpointsRequest>,
    ) -> Result<Response<BoxStream<SubscribeCheckpointsResponse>>, Status> {
        let request = request.into_inner();
        let mask = mask::of::<proto::Checkpoint>(request.read_mask, DEFAULT_MASK)?;
        if request.filter.is_some() {
            return Err(Status::unimplemented("filters are not offered here"));
        }
        let lies = Lies::draw(&self.0, METHOD)?;
        let subscriber = Subscriber {
            changes: self.0.network.changes.subscribe(),
            stop: self.0.port.stop.clone(),
            pump: Pump::new(self.0.clone(), METHOD, mask),
            waiting: VecDeque::new(),
            behind: usize::try_from(lies.behind).unwrap_or(usize::MAX),
        };
        let frames = stream::unfold(Some(subscriber), |subscriber| async {
            let mut subscriber = subscriber?;
            Some(match subscriber.next().await {
                Ok(frame) => (Ok(frame), Some(subscriber)),
                Err(status) => (Err(status), None),
            })
        });
        let chain = self.0.network.chain.read();
        Ok(View::new(&chain, lies).respond(frames.boxed()))
    }
}

struct Subscriber {
    changes: broadcast::Receiver<Arc<Change>>,
    stop: CancellationToken,
    pump: Pump,
    waiting: VecDeque<Arc<Checkpoint>>,
    /// So many checkpoints are always held back.
    behind: usize,
}

impl Subscriber {
    async fn next(&mut self) -> Result<SubscribeCheckpointsResponse, Status> {
        loop {
            if let Some((height, checkpoint)) = self.pump.next() {
                let mut frame = SubscribeCheckpointsResponse::default();
                frame.cursor = Some(height);
                frame.checkpoint = Some(checkpoint);
                return Ok(frame);
            }
            if self.waiting.len() > self.behind
                && let Some(checkpoint) = self.waiting.pop_front()
            {
                self.pump.take(&checkpoint)?;
                continue;
            }
            let change = tokio::select! {
                () = self.stop.cancelled() => return Err(Status::unavailable("the node is shutting down")),
                change = self.changes.recv() => change,
            };
            match change {
                Ok(change) => self.waiting.extend(change.iter().cloned()),
                Err(RecvError::Lagged(_)) => return Err(Status::unavailable("the subscriber is too slow")),
                Err(RecvError::Closed) => return Err(Status::unavailable("the node is gone")),
            }
        }
    }
}
