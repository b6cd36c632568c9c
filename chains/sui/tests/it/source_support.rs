//! A node that serves the checkpoints it is given, spoils some answers as a test says, and remembers what it was asked.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use chainbell_model::{
    Address, Chain, Contracts, EventFilter, Fetched, Height, HeightRange, Interest, Proof,
};
use chainbell_rpc::{EndpointConfig, GrpcPool, PoolConfig};
use chainbell_sui::{SuiChain, SuiConfig};
use futures_util::stream;
use prost_types::FieldMask;
use sha2::{Digest as _, Sha256};
use sui_rpc::{
    field::FieldMaskTree,
    merge::Merge as _,
    proto::sui::rpc::v2::{
        self as proto, BalanceChange, Checkpoint, CheckpointSummary, Event, ExecutedTransaction,
        GetCheckpointRequest, GetCheckpointResponse, GetPackageRequest, GetPackageResponse,
        GetServiceInfoRequest, GetServiceInfoResponse, GetTransactionRequest, GetTransactionResponse,
        ListCheckpointsRequest, ListCheckpointsResponse, Package, QueryEnd, QueryEndReason,
        SubscribeCheckpointsRequest, SubscribeCheckpointsResponse, TransactionEffects, TransactionEvents,
        get_checkpoint_request::CheckpointId,
        ledger_service_server::{LedgerService, LedgerServiceServer},
        move_package_service_server::{MovePackageService, MovePackageServiceServer},
        subscription_service_server::{SubscriptionService, SubscriptionServiceServer},
    },
};
use sui_sdk_types::Digest;
use tokio::{net::TcpListener, sync::broadcast, task::AbortHandle};
use tonic::{
    Request, Response, Status,
    codegen::BoxStream,
    transport::{Server, server::TcpIncoming},
};
use url::Url;

pub(crate) const PACKAGE: &str = "0x00000000000000000000000000000000000000000000000000000000000000aa";
pub(crate) const ALICE: &str = "0x000000000000000000000000000000000000000000000000000000000000a11c";
pub(crate) const BOB: &str = "0x0000000000000000000000000000000000000000000000000000000000000b0b";
pub(crate) const SUI: &str = "0x0000000000000000000000000000000000000000000000000000000000000002::sui::SUI";

pub(crate) fn digest(of: &str) -> String {
    Digest::new(Sha256::digest(of).into()).to_base58()
}

pub(crate) fn bytes(address: &str) -> Address {
    let digits = address.strip_prefix("0x").unwrap();
    Address::from_slice(&const_hex::decode(digits).unwrap()).unwrap()
}

/// The summary of a checkpoint of `height % 3` transactions. `branch` makes others of it, that are as sound in themselves.
fn summary(height: u64, branch: u64) -> sui_sdk_types::CheckpointSummary {
    sui_sdk_types::CheckpointSummary {
        epoch: branch,
        sequence_number: height,
        network_total_transactions: (0..=height).map(|height| height % 3).sum(),
        content_digest: Digest::new([7; 32]),
        previous_digest: height.checked_sub(1).map(summary_digest),
        epoch_rolling_gas_cost_summary: Default::default(),
        timestamp_ms: height * 1_000 + 250,
        checkpoint_commitments: Vec::new(),
        end_of_epoch_data: None,
        version_specific_data: Vec::new(),
    }
}

fn summary_digest(height: u64) -> Digest {
    static KNOWN: Mutex<Vec<Digest>> = Mutex::new(Vec::new());
    loop {
        let next = {
            let known = KNOWN.lock().unwrap();
            if let Some(digest) = known.get(height as usize) {
                return *digest;
            }
            known.len() as u64
        };
        // Its own digest asks for the one before, which is known by now.
        let digest = summary(next, 0).digest();
        let mut known = KNOWN.lock().unwrap();
        if known.len() as u64 == next {
            known.push(digest);
        }
    }
}

/// The digest of the checkpoint at `height`.
pub(crate) fn id(height: u64) -> String {
    summary_digest(height).to_base58()
}

/// A checkpoint of `height % 3` transactions, each with an event, a call and a payment, as in a chain of its like.
pub(crate) fn checkpoint(height: u64) -> Checkpoint {
    branched(height, 0)
}

/// The same of another branch than 0: as sound in itself, with the same checkpoint before it, and another digest.
pub(crate) fn branched(height: u64, branch: u64) -> Checkpoint {
    let summary = summary(height, branch);
    Checkpoint::default()
        .with_sequence_number(height)
        .with_digest(summary.digest().to_base58())
        .with_summary(CheckpointSummary::from(summary))
        .with_transactions((0..height % 3).map(|place| transaction(height, place)).collect())
}

/// The checkpoint after one of another branch.
pub(crate) fn following(before: &Checkpoint) -> Checkpoint {
    let height = before.sequence_number.unwrap() + 1;
    let mut summary = summary(height, 1);
    summary.previous_digest = Some(before.digest.as_deref().unwrap().parse().unwrap());
    checkpoint(height)
        .with_digest(summary.digest().to_base58())
        .with_summary(CheckpointSummary::from(summary))
}

pub(crate) fn transaction(height: u64, place: u64) -> ExecutedTransaction {
    let event = Event::default()
        .with_package_id(PACKAGE)
        .with_module("shop")
        .with_sender(ALICE)
        .with_event_type(format!("{PACKAGE}::shop::Sold"))
        .with_contents(proto::Bcs::default().with_value(vec![height as u8, place as u8]));
    let mut call = proto::MoveCall::default();
    call.package = Some(PACKAGE.to_owned());
    call.module = Some("shop".to_owned());
    call.function = Some("buy".to_owned());
    call.arguments = vec![proto::Argument::new_input(0)];
    let mut programmable = proto::ProgrammableTransaction::default();
    let mut input = proto::Input::default();
    input.set_kind(proto::input::InputKind::Pure);
    input.pure = Some(vec![7].into());
    programmable.inputs = vec![input];
    programmable.commands = vec![proto::Command::from(call)];
    let mut kind = proto::TransactionKind::from(programmable);
    kind.set_kind(proto::transaction_kind::Kind::ProgrammableTransaction);
    let sent = proto::Transaction::default().with_sender(ALICE).with_kind(kind);
    let gas = proto::GasCostSummary::default()
        .with_computation_cost(10)
        .with_storage_cost(5)
        .with_storage_rebate(3);
    let mut effects = TransactionEffects::default();
    effects.status = Some(proto::ExecutionStatus::default().with_success(true));
    effects.gas_used = Some(gas);
    effects.events_digest = Some(digest("events"));
    let change = |address: &str, amount: &str| {
        BalanceChange::default().with_address(address).with_coin_type(SUI).with_amount(amount)
    };
    ExecutedTransaction::default()
        .with_digest(digest(&format!("transaction {height} {place}")))
        .with_transaction(sent)
        .with_effects(effects)
        .with_events(TransactionEvents::default().with_events(vec![event]))
        .with_balance_changes(vec![change(ALICE, "-112"), change(BOB, "100")])
}

/// What becomes of an answer: the request's number for this height, from 0, and the honest answer.
pub(crate) type Spoil = dyn Fn(usize, Checkpoint) -> Result<Checkpoint, Status> + Send + Sync;

pub(crate) struct State {
    pub(crate) checkpoints: BTreeMap<u64, Checkpoint>,
    pub(crate) lowest: u64,
    pub(crate) network: String,
    pub(crate) packages: HashMap<String, Package>,
    /// Whether `ListCheckpoints` is offered, and how many items it gives at once.
    pub(crate) list: Option<usize>,
    pub(crate) spoil: Box<Spoil>,
    pub(crate) delay: Duration,
    /// A mask with this word in it is refused.
    pub(crate) unknown_field: Option<&'static str>,
    /// What was asked, in order.
    pub(crate) asked: Vec<String>,
    pub(crate) masks: Vec<FieldMask>,
    asked_of: HashMap<u64, usize>,
}

/// The server; gone when dropped.
pub(crate) struct Node {
    pub(crate) url: Url,
    shared: Shared,
    task: AbortHandle,
}

#[derive(Clone)]
struct Shared {
    state: Arc<Mutex<State>>,
    pushes: Arc<Mutex<Option<broadcast::Sender<Option<u64>>>>>,
}

impl Node {
    /// A node with the checkpoints `0..=head`, without lists and subscriptions.
    pub(crate) async fn start(head: u64) -> Self {
        let state = State {
            checkpoints: (0..=head).map(|height| (height, checkpoint(height))).collect(),
            lowest: 0,
            network: id(0),
            packages: HashMap::new(),
            list: None,
            spoil: Box::new(|_, checkpoint| Ok(checkpoint)),
            delay: Duration::ZERO,
            unknown_field: None,
            asked: Vec::new(),
            masks: Vec::new(),
            asked_of: HashMap::new(),
        };
        let shared = Shared { state: Arc::new(Mutex::new(state)), pushes: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let server = Server::builder()
            .add_service(LedgerServiceServer::new(shared.clone()))
            .add_service(MovePackageServiceServer::new(shared.clone()))
            .add_service(SubscriptionServiceServer::new(shared.clone()))
            .serve_with_incoming(TcpIncoming::from(listener));
        let task = tokio::spawn(async move { server.await.unwrap() }).abort_handle();
        Self { url, shared, task }
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.shared.state.lock().unwrap());
    }

    pub(crate) fn spoil(
        &self,
        spoil: impl Fn(usize, Checkpoint) -> Result<Checkpoint, Status> + Send + Sync + 'static,
    ) {
        self.change(|state| state.spoil = Box::new(spoil));
    }

    pub(crate) fn asked(&self, what: &str) -> usize {
        let state = self.shared.state.lock().unwrap();
        state.asked.iter().filter(|asked| asked.starts_with(what)).count()
    }

    pub(crate) fn masks(&self) -> Vec<FieldMask> {
        self.shared.state.lock().unwrap().masks.clone()
    }

    /// From now on there are subscriptions.
    pub(crate) fn offer_subscriptions(&self) {
        *self.shared.pushes.lock().unwrap() = Some(broadcast::Sender::new(1_024));
    }

    pub(crate) fn subscribers(&self) -> usize {
        let pushes = self.shared.pushes.lock().unwrap();
        pushes.as_ref().map_or(0, |pushes| pushes.receiver_count())
    }

    /// Adds the next checkpoint and pushes it.
    pub(crate) fn produce(&self) -> u64 {
        let height = {
            let mut state = self.shared.state.lock().unwrap();
            let height = state.checkpoints.last_key_value().map_or(0, |(height, _)| height + 1);
            state.checkpoints.insert(height, checkpoint(height));
            height
        };
        self.push(Some(height));
        height
    }

    /// Pushes a checkpoint again, or breaks all subscriptions off.
    pub(crate) fn push(&self, height: Option<u64>) {
        if let Some(pushes) = self.shared.pushes.lock().unwrap().as_ref() {
            let _ = pushes.send(height);
        }
    }

    /// Waits until a subscription with `mask`'s words in its read mask is open.
    pub(crate) async fn subscribed(&self, word: &str) {
        eventually(|| {
            self.subscribers() > 0
                && self.masks().last().is_some_and(|mask| mask.paths.iter().any(|path| path.contains(word)))
        })
        .await;
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waits until it is so.
pub(crate) async fn eventually(so: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while !so() {
        assert!(std::time::Instant::now() < deadline, "it never came to be");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

impl Shared {
    /// The checkpoint as the state says, cut to the mask.
    fn answer(&self, height: u64, mask: Option<FieldMask>) -> Result<Checkpoint, Status> {
        let mut state = self.state.lock().unwrap();
        let unknown = |word| mask.iter().flat_map(|mask| &mask.paths).any(|path| path.contains(word));
        if state.unknown_field.is_some_and(unknown) {
            return Err(Status::invalid_argument("invalid read_mask path"));
        }
        let number = *state.asked_of.entry(height).and_modify(|number| *number += 1).or_default();
        let lowest = state.lowest;
        let honest = state.checkpoints.get(&height).filter(|_| height >= lowest).cloned();
        let honest = honest.ok_or_else(|| Status::not_found(format!("checkpoint {height} not found")))?;
        let spoilt = (state.spoil)(number, honest)?;
        Ok(Checkpoint::merge_from(&spoilt, &FieldMaskTree::from(mask.unwrap_or_default())))
    }

    async fn asked(&self, what: String) {
        let delay = {
            let mut state = self.state.lock().unwrap();
            state.asked.push(what);
            state.delay
        };
        tokio::time::sleep(delay).await;
    }
}

#[tonic::async_trait]
impl LedgerService for Shared {
    async fn get_service_info(
        &self,
        _request: Request<GetServiceInfoRequest>,
    ) -> Result<Response<GetServiceInfoResponse>, Status> {
        self.asked("info".to_owned()).await;
        let state = self.state.lock().unwrap();
        let mut info = GetServiceInfoResponse::default();
        info.chain_id = Some(state.network.clone());
        info.checkpoint_height = state.checkpoints.last_key_value().map(|(height, _)| *height);
        info.lowest_available_checkpoint = Some(state.lowest);
        Ok(Response::new(info))
    }

    async fn get_checkpoint(
        &self,
        request: Request<GetCheckpointRequest>,
    ) -> Result<Response<GetCheckpointResponse>, Status> {
        let request = request.into_inner();
        let Some(CheckpointId::SequenceNumber(height)) = request.checkpoint_id else {
            return Err(Status::invalid_argument("by sequence number only"));
        };
        self.asked(format!("get {height}")).await;
        let head = self.state.lock().unwrap().checkpoints.len() as u64;
        let mut response = Response::new(GetCheckpointResponse::new(self.answer(height, request.read_mask)?));
        let head = head.saturating_sub(1).to_string().parse().unwrap();
        response.metadata_mut().insert("x-sui-checkpoint-height", head);
        Ok(response)
    }

    async fn get_transaction(
        &self,
        request: Request<GetTransactionRequest>,
    ) -> Result<Response<GetTransactionResponse>, Status> {
        let request = request.into_inner();
        let state = self.state.lock().unwrap();
        for (height, checkpoint) in &state.checkpoints {
            if let Some(found) = checkpoint.transactions.iter().find(|it| it.digest == request.digest) {
                let found = found.clone().with_checkpoint(*height);
                let mask = FieldMaskTree::from(request.read_mask.unwrap_or_default());
                let found = ExecutedTransaction::merge_from(&found, &mask);
                return Ok(Response::new(GetTransactionResponse::new(found)));
            }
        }
        Err(Status::not_found("no such transaction"))
    }

    async fn list_checkpoints(
        &self,
        request: Request<ListCheckpointsRequest>,
    ) -> Result<Response<BoxStream<ListCheckpointsResponse>>, Status> {
        let request = request.into_inner();
        let (from, to) = (request.start_checkpoint.unwrap(), request.end_checkpoint.unwrap());
        self.asked(format!("list {from}..{to}")).await;
        let limit = self.state.lock().unwrap().list.ok_or_else(|| Status::unimplemented("no lists"))?;
        let mut frames = Vec::new();
        for height in (from..to).take(limit) {
            let answer = match self.answer(height, request.read_mask.clone()) {
                Err(status) if status.code() == tonic::Code::NotFound => break,
                answer => answer,
            };
            frames.push(answer.map(|checkpoint| {
                let mut frame = ListCheckpointsResponse::default();
                frame.checkpoint = Some(checkpoint);
                frame
            }));
        }
        let mut end = QueryEnd::default();
        end.set_reason(QueryEndReason::ItemLimit);
        let mut last = ListCheckpointsResponse::default();
        last.end = Some(end);
        frames.push(Ok(last));
        Ok(Response::new(Box::pin(stream::iter(frames))))
    }
}

#[tonic::async_trait]
impl MovePackageService for Shared {
    async fn get_package(
        &self,
        request: Request<GetPackageRequest>,
    ) -> Result<Response<GetPackageResponse>, Status> {
        let id = request.into_inner().package_id.unwrap_or_default();
        self.asked(format!("package {id}")).await;
        let package = self.state.lock().unwrap().packages.get(&id).cloned();
        let mut response = GetPackageResponse::default();
        response.package = Some(package.ok_or_else(|| Status::not_found("no such package"))?);
        Ok(Response::new(response))
    }
}

#[tonic::async_trait]
impl SubscriptionService for Shared {
    async fn subscribe_checkpoints(
        &self,
        request: Request<SubscribeCheckpointsRequest>,
    ) -> Result<Response<BoxStream<SubscribeCheckpointsResponse>>, Status> {
        let mask = request.into_inner().read_mask;
        self.asked("subscribe".to_owned()).await;
        let pushes = self.pushes.lock().unwrap().as_ref().map(broadcast::Sender::subscribe);
        let pushes = pushes.ok_or_else(|| Status::unimplemented("no subscriptions"))?;
        self.state.lock().unwrap().masks.extend(mask.clone());
        let shared = self.clone();
        let frames = stream::unfold((pushes, shared, mask), |(mut pushes, shared, mask)| async move {
            let height = pushes.recv().await.ok()??;
            let frame = shared.answer(height, mask.clone()).map(|checkpoint| {
                let mut frame = SubscribeCheckpointsResponse::default();
                frame.cursor = Some(height);
                frame.checkpoint = Some(checkpoint);
                frame
            });
            Some((frame, (pushes, shared, mask)))
        });
        Ok(Response::new(Box::pin(frames)))
    }
}

/// Short times, so that tests of silence are quick; no lists and no subscriptions unless a test changes that.
pub(crate) fn config() -> SuiConfig {
    SuiConfig {
        poll_interval: Duration::from_millis(200),
        subscription_silence: Duration::from_secs(2),
        first_backoff: Duration::from_millis(10),
        max_backoff: Duration::from_millis(50),
        retry_delay: Duration::from_millis(5),
        ..SuiConfig::default()
    }
}

/// The nodes in the order of preference.
pub(crate) fn pool(nodes: &[&Node]) -> GrpcPool {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let endpoint =
        |(node, priority): (&&Node, u8)| EndpointConfig { priority, ..EndpointConfig::new(node.url.clone()) };
    let endpoints = nodes.iter().zip(0..).map(endpoint).collect();
    GrpcPool::new(PoolConfig { timeout: Duration::from_millis(1_500), ..PoolConfig::new(endpoints) }).unwrap()
}

pub(crate) fn chain(nodes: &[&Node], change: impl FnOnce(&mut SuiConfig)) -> SuiChain {
    let mut config = config();
    change(&mut config);
    SuiChain::new(pool(nodes), config)
}

pub(crate) fn range(from: u64, to: u64) -> HeightRange {
    HeightRange { from: Height(from), to: Height(to) }
}

pub(crate) async fn fetch(
    chain: &SuiChain,
    from: u64,
    to: u64,
    interest: &Interest,
) -> Result<Fetched, chainbell_model::ChainError> {
    chain.fetch(range(from, to), interest, Proof::Sparse).await
}

/// The events of the shop.
pub(crate) fn events() -> Interest {
    let emitters = Some([bytes(PACKAGE)].into());
    Interest { events: vec![EventFilter { emitters, keys: None }], ..Interest::default() }
}

pub(crate) fn everything() -> Interest {
    Interest {
        calls: Contracts::Any,
        transactions: true,
        native_transfers: true,
        token_transfers: Contracts::Any,
        ..events()
    }
}
