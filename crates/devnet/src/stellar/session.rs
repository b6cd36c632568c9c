//! Stellar RPC pushes nothing: over a WebSocket, which real servers do not open, every call is answered as over HTTP.

use super::chain::Chain;
use crate::{
    endpoint::Endpoint,
    rpc::{Call, Dropped, RpcError, Session},
};

/// No subscriptions.
#[derive(Debug, Default)]
pub(crate) struct Nothing;

impl Session<Chain> for Nothing {
    fn call(&mut self, _: &Endpoint<Chain>, _: &Call<'_>, _: &mut Vec<u8>) -> Option<Result<(), RpcError>> {
        None
    }

    fn is_listening(&self) -> bool {
        false
    }

    fn announce(&mut self, _: &Endpoint<Chain>, (): &(), _: &mut Vec<Vec<u8>>) -> Result<(), Dropped> {
        Ok(())
    }
}
