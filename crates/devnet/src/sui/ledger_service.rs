//! `LedgerService`: checkpoints and transactions by number and digest.

use sui_rpc::proto::{
    google::rpc,
    sui::rpc::v2::{
        self as proto, BatchGetTransactionsRequest, BatchGetTransactionsResponse, ExecutedTransaction,
        GetCheckpointRequest, GetCheckpointResponse, GetServiceInfoRequest, GetServiceInfoResponse,
        GetTransactionRequest, GetTransactionResponse, GetTransactionResult, ListCheckpointsRequest,
        ListCheckpointsResponse, get_checkpoint_request::CheckpointId, ledger_service_server::LedgerService,
    },
};
use sui_sdk_types::Digest;
use tonic::{Request, Response, Status, codegen::BoxStream};

use super::{
    list, mask, pump, render,
    server::Node,
    view::{CHAIN_NAME, Lies, View},
};

const DEFAULT_CHECKPOINT: &str = "sequence_number,digest";
const DEFAULT_TRANSACTION: &str = "digest";
/// The most transactions that may be asked for at once.
const MAX_BATCH: usize = 200;

#[tonic::async_trait]
impl LedgerService for Node {
    async fn get_service_info(
        &self,
        _request: Request<GetServiceInfoRequest>,
    ) -> Result<Response<GetServiceInfoResponse>, Status> {
        let lies = Lies::draw(&self.0, "GetServiceInfo")?;
        let chain = self.0.network.chain.read();
        let view = View::new(&chain, lies);
        let newest = view.newest().ok_or_else(|| Status::internal("there is no checkpoint"))?;
        let mut info = GetServiceInfoResponse::default();
        info.chain_id = Some(view.chain_id());
        info.chain = Some(CHAIN_NAME.to_owned());
        info.epoch = Some(newest.summary.epoch);
        info.checkpoint_height = Some(newest.height());
        info.timestamp = Some(render::timestamp(newest.summary.timestamp_ms));
        info.lowest_available_checkpoint = Some(view.lowest());
        info.lowest_available_checkpoint_objects = Some(view.lowest());
        info.server = Some(chain.config().server.to_owned());
        Ok(view.respond(info))
    }

    async fn get_checkpoint(
        &self,
        request: Request<GetCheckpointRequest>,
    ) -> Result<Response<GetCheckpointResponse>, Status> {
        const METHOD: &str = "GetCheckpoint";
        let request = request.into_inner();
        let mask = mask::of::<proto::Checkpoint>(request.read_mask, DEFAULT_CHECKPOINT)?;
        let lies = Lies::draw(&self.0, METHOD)?;
        let (known, answer) = {
            let chain = self.0.network.chain.read();
            let view = View::new(&chain, lies);
            let height = match request.checkpoint_id {
                Some(CheckpointId::SequenceNumber(height)) => height,
                Some(CheckpointId::Digest(text)) => {
                    let digest = digest(Some(&text))?;
                    let missing = || Status::not_found(format!("Checkpoint {digest} not found"));
                    chain.by_digest(&digest).ok_or_else(missing)?
                }
                _ => view.head(),
            };
            (view.checkpoint(height)?.clone(), view.respond(()))
        };
        let message = pump::told(&self.0, METHOD, &known, &mask);
        Ok(answer.map(|()| GetCheckpointResponse::new(message)))
    }

    async fn get_transaction(
        &self,
        request: Request<GetTransactionRequest>,
    ) -> Result<Response<GetTransactionResponse>, Status> {
        let request = request.into_inner();
        let mask = mask::of::<ExecutedTransaction>(request.read_mask, DEFAULT_TRANSACTION)?;
        let lies = Lies::draw(&self.0, "GetTransaction")?;
        let transaction = self.transaction("GetTransaction", request.digest.as_deref(), &mask, lies)?;
        let chain = self.0.network.chain.read();
        Ok(View::new(&chain, lies).respond(GetTransactionResponse::new(transaction)))
    }

    async fn batch_get_transactions(
        &self,
        request: Request<BatchGetTransactionsRequest>,
    ) -> Result<Response<BatchGetTransactionsResponse>, Status> {
        const METHOD: &str = "BatchGetTransactions";
        let request = request.into_inner();
        let mask = mask::of::<ExecutedTransaction>(request.read_mask, DEFAULT_TRANSACTION)?;
        if request.digests.len() > MAX_BATCH {
            let reason = format!("number of batch requests exceed limit of {MAX_BATCH}");
            return Err(Status::invalid_argument(reason));
        }
        let lies = Lies::draw(&self.0, METHOD)?;
        let one = |digest: &String| match self.transaction(METHOD, Some(digest), &mask, lies) {
            Ok(transaction) => GetTransactionResult::new_transaction(transaction),
            Err(status) => {
                let (code, message) = (status.code().into(), status.message().to_owned());
                let error = rpc::Status { code, message, details: Vec::new() };
                GetTransactionResult::new_error(error)
            }
        };
        let results = request.digests.iter().map(one).collect();
        let chain = self.0.network.chain.read();
        Ok(View::new(&chain, lies).respond(BatchGetTransactionsResponse::new(results)))
    }

    async fn list_checkpoints(
        &self,
        request: Request<ListCheckpointsRequest>,
    ) -> Result<Response<BoxStream<ListCheckpointsResponse>>, Status> {
        list::answer(&self.0, request.into_inner())
    }
}

impl Node {
    fn transaction(
        &self,
        method: &str,
        text: Option<&str>,
        mask: &sui_rpc::field::FieldMaskTree,
        lies: Lies,
    ) -> Result<ExecutedTransaction, Status> {
        let digest = digest(text)?;
        let (known, index) = {
            let chain = self.0.network.chain.read();
            let (known, index) = View::new(&chain, lies).transaction(&digest)?;
            (known.clone(), index)
        };
        let executed = known.transactions.get(index as usize);
        let executed = executed.ok_or_else(|| Status::internal("the transaction is gone"))?;
        let flaws = pump::flaws(&self.0, method);
        Ok(render::transaction(&known, u64::from(index), executed, mask, flaws))
    }
}

fn digest(text: Option<&str>) -> Result<Digest, Status> {
    let text = text.ok_or_else(|| Status::invalid_argument("missing digest"))?;
    Digest::from_base58(text).map_err(|error| Status::invalid_argument(format!("invalid digest: {error}")))
}
