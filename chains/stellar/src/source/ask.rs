//! Asks the pool and sorts its failures by what can be done about them.

use chainbell_model::{ChainError, HeightRange};
use chainbell_rpc::{Call, EndpointId, Reply, RpcError};
use serde_json::Value;

use super::{
    StellarChain,
    patience::{Next, Patience, Trouble, unavailable},
    refusal::{Refusal, Window, read_refusal},
};
use crate::wire::Flaw;

/// Answers larger than this are parsed off the async threads.
const PARSE_ASIDE_BYTES: usize = 128 << 10;

/// One question to a node.
#[derive(Debug)]
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

impl StellarChain {
    /// Asks one question, of another endpoint than `avoid` where there is one. Servers keep different ledgers: where one
    /// lacks what is asked for, all are asked.
    pub(super) async fn ask(&self, question: &Question, avoid: Option<EndpointId>) -> Result<Reply, Trouble> {
        match self.pool.call(&call(question, avoid)).await {
            Err(RpcError::Node { code, message }) => match read_refusal(&message) {
                Refusal::Outside(window) => self.ask_everyone(question, window).await,
                _ => Err(Trouble::Refused { code, message }),
            },
            answer => answer.map_err(trouble),
        }
    }

    async fn ask_everyone(&self, question: &Question, window: Window) -> Result<Reply, Trouble> {
        if self.pool.len() == 1 {
            return Err(Trouble::Outside(window));
        }
        let mut widest = window;
        let states: Vec<_> = self.pool.status().into_iter().map(|status| status.state).collect();
        for (endpoint, state) in self.pool.endpoints().zip(states) {
            if state == "open" {
                continue;
            }
            match self.pool.call_on(endpoint, &call(question, None)).await {
                Ok(reply) => return Ok(reply),
                Err(RpcError::Node { message, .. }) => {
                    if let Refusal::Outside(window) = read_refusal(&message) {
                        self.pool.note_head(endpoint, u64::from(window.latest));
                        widest = widest.widest(window);
                    }
                }
                Err(_) => {}
            }
        }
        Err(Trouble::Outside(widest))
    }

    /// Repeats a request that cannot be made smaller, as long as repeating may help.
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
        loop {
            let trouble = match ask(patience.avoid()).await {
                Ok(value) => return Ok(value),
                Err(trouble) => trouble,
            };
            self.report(&trouble);
            match patience.judge(trouble, range) {
                Next::Again | Next::WithoutTopics => tokio::time::sleep(self.config.retry_delay).await,
                Next::Less(_) => return Err(unavailable("no answer that can be read in time")),
                Next::Fail(error) => return Err(error),
            }
        }
    }

    /// Reads an answer, large ones aside.
    pub(super) async fn read<T, F>(&self, reply: Reply, read: F) -> Result<Told<T>, Trouble>
    where
        T: Send + 'static,
        F: FnOnce(&str) -> Result<T, Flaw> + Send + 'static,
    {
        let endpoint = reply.endpoint;
        let value = if reply.bytes().len() < PARSE_ASIDE_BYTES {
            read(reply.raw())
        } else {
            match tokio::task::spawn_blocking(move || read(reply.raw())).await {
                Ok(value) => value,
                // Only the end of the runtime: it says nothing about the answer.
                Err(_) => return Err(Trouble::Chain(unavailable("the process is stopping"))),
            }
        };
        match value {
            Ok(value) => Ok(Told { value, endpoint }),
            Err(flaw) => Err(Trouble::bad(endpoint, flaw.0)),
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
