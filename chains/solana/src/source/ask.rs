//! Asks the pool and sorts its failures by what can be done about them.

use std::sync::atomic::Ordering;

use chainbell_model::{ChainError, Height};
use chainbell_rpc::{Call, EndpointId, Reply, RpcError};
use serde_json::Value;

use super::{
    SolanaChain,
    patience::{Next, Patience, Trouble},
};

/// Answers larger than this are parsed off the async threads.
const PARSE_ASIDE_BYTES: usize = 256 << 10;

/// One question to a node.
pub(super) struct Question {
    pub(super) method: &'static str,
    pub(super) params: Value,
    pub(super) weight: Weight,
}

/// How much work a question is for a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// May be asked of a second node when the first takes long.
    Light,
    /// Takes long on every node: asking a second one would only double the work.
    Heavy,
}

/// An answer and who gave it.
#[derive(Debug)]
pub(super) struct Told<T> {
    pub(super) value: T,
    pub(super) endpoint: EndpointId,
}

impl Question {
    pub(super) fn light(method: &'static str, params: Value) -> Self {
        Self { method, params, weight: Weight::Light }
    }
}

impl SolanaChain {
    /// Asks one question, of another endpoint than `avoid` where there is one.
    pub(super) async fn ask(&self, question: Question, avoid: Option<EndpointId>) -> Result<Reply, Trouble> {
        self.pool.call(&call(&question, avoid)).await.map_err(trouble)
    }

    /// Asks several questions, of one endpoint where it can answer them all.
    pub(super) async fn ask_each(
        &self,
        mut questions: Vec<Question>,
        avoid: Option<EndpointId>,
    ) -> Result<Vec<Result<Reply, Trouble>>, Trouble> {
        if questions.len() == 1
            && let Some(question) = questions.pop()
        {
            return Ok(vec![self.ask(question, avoid).await]);
        }
        let calls: Vec<Call<'_>> = questions.iter().map(|question| call(question, avoid)).collect();
        let replies = self.pool.batch(&calls).await.map_err(trouble)?;
        Ok(replies.into_iter().map(|reply| reply.map_err(trouble)).collect())
    }

    /// Repeats a request about `height`, as long as repeating may help.
    pub(super) async fn patiently<T, F>(
        &self,
        height: Height,
        ask: impl Fn(Option<EndpointId>) -> F,
    ) -> Result<T, ChainError>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        let mut patience = Patience::default();
        loop {
            let trouble = match ask(patience.avoid()).await {
                Ok(value) => return Ok(value),
                Err(trouble) => trouble,
            };
            self.pause(&mut patience, trouble, height).await?;
        }
    }

    /// Waits before a request about `height` is repeated.
    ///
    /// # Errors
    /// It is not worth repeating any more.
    pub(super) async fn pause(
        &self,
        patience: &mut Patience,
        trouble: Trouble,
        height: Height,
    ) -> Result<(), ChainError> {
        // The pool could not know that this answer was bad.
        if let Trouble::Bad { endpoint: Some(endpoint), reason } = &trouble {
            self.pool.report_bad_answer(*endpoint, reason);
        }
        match patience.judge(trouble, height) {
            Next::Again => tokio::time::sleep(self.config.retry_delay).await,
            Next::Version(version) => {
                self.version.fetch_max(version, Ordering::Relaxed);
            }
            Next::Fail(error) => return Err(error),
        }
        Ok(())
    }
}

/// Reads an answer where it is; a long one on a thread that may be kept busy.
pub(super) async fn read<T, F>(reply: Reply, read: F) -> Result<Told<T>, Trouble>
where
    T: Send + 'static,
    F: FnOnce(&Reply) -> Result<T, Trouble> + Send + 'static,
{
    let endpoint = reply.endpoint;
    let value = if reply.bytes().len() < PARSE_ASIDE_BYTES {
        read(&reply)?
    } else {
        // Only a panic inside or the end of the runtime; neither says anything about the answer.
        tokio::task::spawn_blocking(move || read(&reply)).await.map_err(|_| Trouble::Slow)??
    };
    Ok(Told { value, endpoint })
}

/// An answer that does not parse. A `null` says that the node does not know, which is no lie.
pub(super) fn malformed(reply: &Reply, error: &RpcError) -> Trouble {
    let endpoint = Some(reply.endpoint);
    if reply.is_null() {
        return Trouble::Doubtful { endpoint, reason: "the answer is null".to_owned() };
    }
    Trouble::Bad { endpoint, reason: error.to_string() }
}

fn call(question: &Question, avoid: Option<EndpointId>) -> Call<'_> {
    let call = Call::new(question.method, &question.params).avoiding(avoid);
    match question.weight {
        Weight::Light => call,
        Weight::Heavy => call.without_hedging(),
    }
}

fn trouble(error: RpcError) -> Trouble {
    match error {
        RpcError::Node { code, message } => Trouble::Refused { code, message },
        RpcError::ResponseTooLarge { .. } | RpcError::RequestTooLarge => Trouble::TooLarge,
        RpcError::Timeout { .. } => Trouble::Slow,
        RpcError::MethodMissing { method } => Trouble::MethodMissing { method },
        RpcError::Malformed { reason } => Trouble::Bad { endpoint: None, reason },
        RpcError::Unavailable { reason, retry_after } => {
            Trouble::Chain(ChainError::Unavailable { reason, retry_after })
        }
        RpcError::RateLimited { retry_after } => {
            Trouble::Chain(ChainError::Unavailable { reason: "rate limited".to_owned(), retry_after })
        }
        RpcError::Misconfigured { endpoint, reason } => {
            Trouble::Chain(ChainError::Misconfigured(format!("{endpoint}: {reason}")))
        }
    }
}
