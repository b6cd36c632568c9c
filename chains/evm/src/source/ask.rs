//! Asks the pool and sorts its failures by what can be done about them.

use chainbell_model::{ChainError, HeightRange};
use chainbell_rpc::{Call, EndpointId, Reply, RpcError};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    EvmChain,
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

impl EvmChain {
    /// Asks one question, of another endpoint than `avoid` where there is one.
    pub(super) async fn ask(&self, question: Question, avoid: Option<EndpointId>) -> Result<Reply, Trouble> {
        self.pool.call(&call(&question, avoid)).await.map_err(trouble)
    }

    /// Asks several questions of one endpoint.
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

    /// The same where every question needs its answer.
    pub(super) async fn ask_all(
        &self,
        questions: Vec<Question>,
        avoid: Option<EndpointId>,
    ) -> Result<Vec<Reply>, Trouble> {
        if questions.is_empty() {
            return Ok(Vec::new());
        }
        self.ask_each(questions, avoid).await?.into_iter().collect()
    }

    /// Repeats a request that cannot be narrowed, as long as repeating may help.
    pub(super) async fn patiently<T, F>(
        &self,
        range: HeightRange,
        avoid: Option<EndpointId>,
        ask: impl Fn(Option<EndpointId>) -> F,
    ) -> Result<T, ChainError>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        let mut patience = Patience::avoiding(avoid);
        // As if of one height: what comes back is never a part of it.
        let whole = HeightRange { from: range.to, to: range.to };
        loop {
            let trouble = match ask(patience.avoid()).await {
                Ok(value) => return Ok(value),
                Err(trouble) => trouble,
            };
            self.report(&trouble);
            match patience.judge(trouble, whole) {
                Next::Again | Next::Narrow(_) => tokio::time::sleep(self.config.retry_delay).await,
                Next::Fail(error) => return Err(error),
            }
        }
    }

    /// Reads an answer that must not be null.
    pub(super) async fn parse_present<T>(&self, reply: Reply) -> Result<Told<T>, Trouble>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let endpoint = reply.endpoint;
        if reply.is_null() {
            return Err(Trouble::Absent { endpoint: Some(endpoint) });
        }
        let value = if reply.bytes().len() < PARSE_ASIDE_BYTES {
            reply.parse::<T>()
        } else {
            match tokio::task::spawn_blocking(move || reply.parse::<T>()).await {
                Ok(parsed) => parsed,
                // Only a panic inside or the end of the runtime; neither says anything about the answer.
                Err(_) => return Err(Trouble::Slow),
            }
        };
        match value {
            Ok(value) => Ok(Told { value, endpoint }),
            Err(error) => Err(Trouble::Bad { endpoint: Some(endpoint), reason: error.to_string() }),
        }
    }

    /// Tells the pool of an answer that it could not know to be bad.
    pub(super) fn report(&self, trouble: &Trouble) {
        if let Trouble::Bad { endpoint, reason } = trouble {
            self.blame(*endpoint, reason);
        }
    }

    /// The same for an answer that another one proved wrong.
    pub(super) fn blame(&self, endpoint: Option<EndpointId>, reason: &str) {
        if let Some(endpoint) = endpoint {
            self.pool.report_bad_answer(endpoint, reason);
        }
    }
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
