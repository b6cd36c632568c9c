//! What the tests of the Sui network share.

use chainbell_devnet::{SuiDevnet, SuiDevnetConfig, sui::Address};
use sui_rpc::{
    Client,
    field::{FieldMask, FieldMaskUtil as _},
    proto::sui::rpc::v2::{Checkpoint, GetCheckpointRequest},
};
use tonic::Status;

/// A network with `count` checkpoints of traffic, and the client of Sui's own library.
pub(crate) async fn devnet(count: u64) -> (SuiDevnet, Client) {
    devnet_with(SuiDevnetConfig::default(), count).await
}

pub(crate) async fn devnet_with(config: SuiDevnetConfig, count: u64) -> (SuiDevnet, Client) {
    let devnet = SuiDevnet::start(config).await.unwrap();
    devnet.mine(count);
    let client = client(&devnet.grpc_url());
    (devnet, client)
}

pub(crate) fn client(url: &str) -> Client {
    // Two providers of TLS are in the build of the tests.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new(url).unwrap()
}

pub(crate) fn mask(paths: &str) -> FieldMask {
    FieldMask::from_str(paths)
}

pub(crate) async fn checkpoint(client: &Client, height: u64, paths: &str) -> Result<Checkpoint, Status> {
    let mut request = GetCheckpointRequest::by_sequence_number(height);
    request.read_mask = Some(mask(paths));
    let answer = client.clone().ledger_client().get_checkpoint(request).await?;
    Ok(answer.into_inner().checkpoint.unwrap())
}

/// The demo package.
pub(crate) fn package(devnet: &SuiDevnet) -> Address {
    devnet.package().parse().unwrap()
}

/// Its second version.
pub(crate) fn upgraded(devnet: &SuiDevnet) -> Address {
    devnet.upgraded_package().parse().unwrap()
}
