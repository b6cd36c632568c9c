//! Asks the pool and sorts its failures by what can be done about them.

use chainbell_model::ChainError;
use chainbell_rpc::{EndpointId, GrpcCall, GrpcPool, GrpcReply, Lane, RpcError};
use prost_types::FieldMask;
use sui_rpc::{
    headers::X_SUI_CHECKPOINT_HEIGHT,
    proto::sui::rpc::v2::{
        Checkpoint, ExecutedTransaction, GetCheckpointRequest, GetCheckpointResponse, GetPackageRequest,
        GetServiceInfoRequest, GetServiceInfoResponse, GetTransactionRequest, Package,
        get_checkpoint_request::CheckpointId, ledger_service_client::LedgerServiceClient,
        move_package_service_client::MovePackageServiceClient,
        subscription_service_client::SubscriptionServiceClient,
    },
};
use tonic::{Code, Response, Status, codec::CompressionEncoding};

/// What went wrong with a request, named by what can be done about it.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    /// None of the endpoints has it.
    Absent,
    /// None of the endpoints offers the method.
    MethodMissing,
    /// The request is not one that the endpoint knows.
    Refused(String),
    /// The answer is wrong: another endpoint may know better.
    Bad {
        /// Who gave it, where one endpoint did.
        endpoint: Option<EndpointId>,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing but to tell the caller.
    Chain(ChainError),
}

impl From<RpcError> for Trouble {
    fn from(error: RpcError) -> Self {
        let unavailable = |reason: String| Self::Chain(ChainError::Unavailable { reason, retry_after: None });
        match error {
            RpcError::Node { code, .. } if code == number(Code::NotFound) => Self::Absent,
            RpcError::Node { code, .. } if code == number(Code::OutOfRange) => Self::Absent,
            RpcError::Node { code, message } if code == number(Code::InvalidArgument) => {
                Self::Refused(message)
            }
            RpcError::MethodMissing { .. } => Self::MethodMissing,
            RpcError::Malformed { reason } => Self::Bad { endpoint: None, reason },
            RpcError::Unavailable { reason, retry_after } => {
                Self::Chain(ChainError::Unavailable { reason, retry_after })
            }
            RpcError::RateLimited { retry_after } => {
                Self::Chain(ChainError::Unavailable { reason: "rate limited".to_owned(), retry_after })
            }
            RpcError::Misconfigured { endpoint, reason } => {
                Self::Chain(ChainError::Misconfigured(format!("{endpoint}: {reason}")))
            }
            other @ (RpcError::Node { .. }
            | RpcError::ResponseTooLarge { .. }
            | RpcError::RequestTooLarge
            | RpcError::Timeout { .. }) => unavailable(other.to_string()),
        }
    }
}

fn number(code: Code) -> i64 {
    i64::from(i32::from(code))
}

/// A client of the ledger on one endpoint.
pub(super) fn ledger(lane: Lane) -> LedgerServiceClient<Lane> {
    let (limit, local) = (lane.max_response_bytes(), lane.is_local());
    let client = LedgerServiceClient::new(lane).max_decoding_message_size(limit);
    if local { client } else { client.accept_compressed(CompressionEncoding::Zstd) }
}

/// The same for subscriptions.
pub(super) fn subscriptions(lane: Lane) -> SubscriptionServiceClient<Lane> {
    let (limit, local) = (lane.max_response_bytes(), lane.is_local());
    let client = SubscriptionServiceClient::new(lane).max_decoding_message_size(limit);
    if local { client } else { client.accept_compressed(CompressionEncoding::Zstd) }
}

/// The same for packages.
fn packages(lane: Lane) -> MovePackageServiceClient<Lane> {
    let (limit, local) = (lane.max_response_bytes(), lane.is_local());
    let client = MovePackageServiceClient::new(lane).max_decoding_message_size(limit);
    if local { client } else { client.accept_compressed(CompressionEncoding::Zstd) }
}

/// The requests of this chain.
#[derive(Clone, Debug)]
pub(super) struct Ask(pub(super) GrpcPool);

impl Ask {
    /// The head, the lowest height kept and the network's name, as one endpoint tells them.
    pub(super) async fn service_info(
        &self,
        avoid: Option<EndpointId>,
    ) -> Result<GrpcReply<GetServiceInfoResponse>, Trouble> {
        let reply = self.0.call(GrpcCall::new(SERVICE_INFO).avoiding(avoid), service_info).await?;
        Ok(self.noted_info(reply))
    }

    /// The same of exactly this endpoint.
    pub(super) async fn service_info_of(
        &self,
        endpoint: EndpointId,
    ) -> Result<GetServiceInfoResponse, Trouble> {
        let value = self.0.call_on(endpoint, SERVICE_INFO, service_info).await?;
        Ok(self.noted_info(GrpcReply { endpoint, value }).value)
    }

    fn noted_info(
        &self,
        reply: GrpcReply<Response<GetServiceInfoResponse>>,
    ) -> GrpcReply<GetServiceInfoResponse> {
        let GrpcReply { endpoint, value } = reply;
        let info = value.into_inner();
        if let Some(height) = info.checkpoint_height {
            self.0.note_head(endpoint, height);
        }
        GrpcReply { endpoint, value: info }
    }

    /// The checkpoint at `height`, with what `mask` names.
    pub(super) async fn checkpoint(
        &self,
        height: u64,
        mask: &FieldMask,
        avoid: Option<EndpointId>,
    ) -> Result<GrpcReply<Checkpoint>, Trouble> {
        let ask = |lane: Lane| ledger_checkpoint(lane, height, mask.clone());
        let reply = self.0.call(GrpcCall::new(CHECKPOINT).avoiding(avoid), ask).await?;
        let GrpcReply { endpoint, value } = self.noted(reply);
        let bad = |reason: String| Trouble::Bad { endpoint: Some(endpoint), reason };
        let checkpoint = value.checkpoint.ok_or_else(|| bad("the answer holds no checkpoint".to_owned()))?;
        match checkpoint.sequence_number {
            Some(told) if told == height => Ok(GrpcReply { endpoint, value: checkpoint }),
            Some(told) => Err(bad(format!("it answered with checkpoint {told}"))),
            None => Err(bad("the checkpoint lacks its sequence number".to_owned())),
        }
    }

    /// Whether exactly this endpoint has the checkpoint at `height`.
    pub(super) async fn has(&self, endpoint: EndpointId, height: u64) -> Result<(), Trouble> {
        let ask = |lane: Lane| ledger_checkpoint(lane, height, FieldMask::default());
        self.0.call_on(endpoint, CHECKPOINT, ask).await?;
        Ok(())
    }

    /// The transaction of that digest, with what `mask` names.
    pub(super) async fn transaction(
        &self,
        digest: &str,
        mask: &FieldMask,
    ) -> Result<ExecutedTransaction, Trouble> {
        let ask = |lane: Lane| async move {
            let mut request = GetTransactionRequest::default();
            request.digest = Some(digest.to_owned());
            request.read_mask = Some(mask.clone());
            ledger(lane).get_transaction(request).await
        };
        let reply = self.noted(self.0.call(GrpcCall::new("GetTransaction"), ask).await?);
        let endpoint = Some(reply.endpoint);
        let reason = "the answer holds no transaction".to_owned();
        reply.value.transaction.ok_or(Trouble::Bad { endpoint, reason })
    }

    /// The package stored under that id.
    pub(super) async fn package(&self, id: &str) -> Result<Package, Trouble> {
        let ask = |lane: Lane| async move {
            let mut request = GetPackageRequest::default();
            request.package_id = Some(id.to_owned());
            packages(lane).get_package(request).await
        };
        let reply = match self.0.call(GrpcCall::new("GetPackage"), ask).await.map_err(Trouble::from) {
            // What lies there is an object and no package.
            Err(Trouble::Refused(_)) => return Err(Trouble::Absent),
            reply => reply?,
        };
        let reply = self.noted(reply);
        reply.value.package.ok_or(Trouble::Absent)
    }

    /// Takes the head that came with an answer.
    fn noted<T>(&self, reply: GrpcReply<Response<T>>) -> GrpcReply<T> {
        let head = reply.value.metadata().get(X_SUI_CHECKPOINT_HEIGHT);
        if let Some(height) = head.and_then(|text| text.to_str().ok()?.parse().ok()) {
            self.0.note_head(reply.endpoint, height);
        }
        GrpcReply { endpoint: reply.endpoint, value: reply.value.into_inner() }
    }

    /// Tells the pool of an answer that it could not know to be bad.
    pub(super) fn report(&self, trouble: &Trouble) {
        if let Trouble::Bad { endpoint: Some(endpoint), reason } = trouble {
            self.0.report_bad_answer(*endpoint, reason);
        }
    }
}

const SERVICE_INFO: &str = "GetServiceInfo";

const CHECKPOINT: &str = "GetCheckpoint";

async fn ledger_checkpoint(
    lane: Lane,
    height: u64,
    mask: FieldMask,
) -> Result<Response<GetCheckpointResponse>, Status> {
    let mut request = GetCheckpointRequest::default();
    request.checkpoint_id = Some(CheckpointId::SequenceNumber(height));
    // Without a mask it is the number and the digest.
    request.read_mask = (!mask.paths.is_empty()).then_some(mask);
    ledger(lane).get_checkpoint(request).await
}

async fn service_info(lane: Lane) -> Result<Response<GetServiceInfoResponse>, Status> {
    ledger(lane).get_service_info(GetServiceInfoRequest::default()).await
}
