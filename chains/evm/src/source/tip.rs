//! Reads the heads of the network.

use chainbell_model::{ChainError, Height, Tip};
use chainbell_rpc::Reply;
use serde_json::json;
use tokio::time::Instant;

use super::{
    EvmChain,
    ask::{Question, Weight},
    finality::{self, Depths, Tag},
    patience::Trouble,
};
use crate::wire::WireHeader;

/// What is known of the tags.
#[derive(Debug, Default)]
pub(super) struct Tags {
    safe: Tag,
    finalized: Tag,
}

impl EvmChain {
    /// The latest block, and the tags where they are due, in one batch.
    pub(super) async fn read_tip(&self) -> Result<Tip, ChainError> {
        let now = Instant::now();
        let interval = self.config.poll_interval;
        let (ask_safe, ask_finalized) = {
            let tags = self.tags.lock();
            (tags.safe.due(now, interval), tags.finalized.due(now, interval))
        };
        let mut questions = vec![tag_question("latest")];
        questions.extend(ask_safe.then(|| tag_question("safe")));
        questions.extend(ask_finalized.then(|| tag_question("finalized")));
        let replies = self.ask_each(questions, None).await.map_err(|trouble| self.no_tip(trouble))?;
        let mut replies = replies.into_iter();
        let latest = match replies.next() {
            Some(Ok(reply)) => self.parse_present::<WireHeader>(reply).await,
            Some(Err(trouble)) => Err(trouble),
            None => Err(Trouble::Absent { endpoint: None }),
        };
        let latest = latest.map_err(|trouble| self.no_tip(trouble))?;
        let head = latest.value.reference().ok_or_else(|| unavailable("the latest block has no hash"))?;
        self.pool.note_head(latest.endpoint, head.height.0);
        if ask_safe && let Some(told) = self.tagged(replies.next()).await {
            self.tags.lock().safe.told(told, now);
        }
        if ask_finalized && let Some(told) = self.tagged(replies.next()).await {
            self.tags.lock().finalized.told(told, now);
        }
        let depths =
            Depths { confirmations: self.config.confirmations, finality: self.config.finality_depth };
        let tags = self.tags.lock();
        Ok(finality::tip(head, tags.safe.height(), tags.finalized.height(), depths))
    }

    /// What the node says of a tag: its height, or that it does not know it. `None` when it says nothing.
    async fn tagged(&self, reply: Option<Result<Reply, Trouble>>) -> Option<Option<Height>> {
        let told = match reply? {
            Ok(reply) => self.parse_present::<WireHeader>(reply).await,
            Err(trouble) => Err(trouble),
        };
        match told {
            Ok(told) => Some(told.value.number.map(Height)),
            Err(Trouble::Refused { .. } | Trouble::MethodMissing { .. } | Trouble::Absent { .. }) => {
                Some(None)
            }
            Err(_) => None,
        }
    }

    fn no_tip(&self, trouble: Trouble) -> ChainError {
        self.report(&trouble);
        match trouble {
            Trouble::Chain(error) => error,
            Trouble::Refused { code, message } => unavailable(&format!("{message} ({code})")),
            Trouble::MethodMissing { method } => {
                ChainError::Misconfigured(format!("no endpoint offers {method}"))
            }
            Trouble::Absent { .. } => unavailable("no latest block"),
            Trouble::Slow => unavailable("no answer in time"),
            Trouble::TooLarge => unavailable("the answer is larger than is read"),
            Trouble::Bad { reason, .. } | Trouble::Doubtful { reason, .. } => unavailable(&reason),
        }
    }
}

fn tag_question(tag: &str) -> Question {
    Question { method: "eth_getBlockByNumber", params: json!([tag, false]), weight: Weight::Light }
}

fn unavailable(reason: &str) -> ChainError {
    ChainError::Unavailable { reason: reason.to_owned(), retry_after: None }
}
