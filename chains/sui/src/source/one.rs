//! Reads one checkpoint, from another endpoint where one tells it wrongly.

use chainbell_model::{ChainError, Height, Interest};
use chainbell_rpc::EndpointId;
use sui_rpc::proto::sui::rpc::v2::Checkpoint;
use tokio::time::sleep;

use super::{SuiChain, ask::Trouble, check::Read, needs::Needs, tip::no_tip};
use crate::{assemble, proof};

/// How often an answer that is wrong is asked for.
pub(super) const ATTEMPTS: u32 = 4;

impl SuiChain {
    pub(super) async fn read_one(
        &self,
        height: u64,
        mut needs: Needs,
        interest: &Interest,
        mut avoid: Option<EndpointId>,
    ) -> Result<Read, ChainError> {
        for attempt in 1.. {
            let trouble = match self.ask.checkpoint(height, &needs.mask(), avoid).await {
                Ok(reply) => match sound(&reply.value, needs, interest, reply.endpoint) {
                    Ok(read) if read.block.defects.is_empty() => return Ok(read),
                    Ok(read) => {
                        self.quirks.balances_are_untold();
                        let adapted = self.quirks.adapted(needs);
                        if adapted == needs {
                            return Ok(read);
                        }
                        needs = adapted;
                        continue;
                    }
                    Err(reason) => Trouble::Bad { endpoint: Some(reply.endpoint), reason },
                },
                Err(Trouble::Refused(_)) if needs != needs.without_objects() => {
                    self.quirks.objects_are_refused();
                    needs = needs.without_objects();
                    continue;
                }
                Err(trouble) => trouble,
            };
            self.ask.report(&trouble);
            let reason = match trouble {
                Trouble::Absent => return Err(self.why_absent(height).await),
                Trouble::MethodMissing => return Err(no_ledger()),
                Trouble::Refused(_) => return Err(no_tip(trouble)),
                Trouble::Chain(error) => return Err(error),
                Trouble::Bad { endpoint, reason } => {
                    avoid = endpoint;
                    reason
                }
            };
            if attempt >= ATTEMPTS {
                return Err(inconsistent(height, reason));
            }
            sleep(self.config.retry_delay).await;
        }
        Err(ChainError::NotYet(Height(height)))
    }
}

/// The checkpoint as the model has it, unless it contradicts itself or lacks what was asked for.
pub(super) fn sound(
    checkpoint: &Checkpoint,
    needs: Needs,
    interest: &Interest,
    endpoint: EndpointId,
) -> Result<Read, String> {
    proof::prove(checkpoint, needs.proof()).map_err(|error| error.to_string())?;
    let block = assemble::checkpoint(checkpoint, interest).map_err(|error| error.to_string())?;
    let told = needs.transactions().then_some(checkpoint.transactions.len() as u64);
    let total = checkpoint.summary.as_ref().and_then(|summary| summary.total_network_transactions);
    Ok(Read { block, told, total, endpoint })
}

pub(super) fn inconsistent(height: u64, reason: String) -> ChainError {
    ChainError::Inconsistent { height: Height(height), reason }
}

pub(super) fn no_ledger() -> ChainError {
    ChainError::Misconfigured("no endpoint offers sui.rpc.v2.LedgerService".to_owned())
}
