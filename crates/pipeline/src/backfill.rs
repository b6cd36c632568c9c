//! Reads a long range in parallel pieces and hands them on in order.

use std::sync::Arc;

use chainbell_model::{Chain, ChainError, Fetched, Height, HeightRange, Interest, Proof};
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesOrdered};

/// A range being read: at most `parallel` pieces are under way or read and not yet taken, so memory is bounded by that
/// many pieces whatever the length of the range.
pub struct Backfill {
    chain: Arc<dyn Chain>,
    interest: Arc<Interest>,
    proof: Proof,
    parallel: usize,
    next: Height,
    to: Height,
    pieces: FuturesOrdered<BoxFuture<'static, Piece>>,
}

/// One piece of a range, as read.
pub type Piece = (HeightRange, Result<Fetched, ChainError>);

impl Backfill {
    /// Nothing is asked for before the first [`Backfill::next`].
    pub fn new(
        chain: Arc<dyn Chain>,
        interest: Arc<Interest>,
        range: HeightRange,
        proof: Proof,
        parallel: usize,
    ) -> Self {
        Self {
            chain,
            interest,
            proof,
            parallel,
            next: range.from,
            to: range.to,
            pieces: FuturesOrdered::new(),
        }
    }

    /// The next piece in order; `None` after the last.
    pub async fn next(&mut self) -> Option<Piece> {
        while self.pieces.len() < self.parallel.max(1) && self.next <= self.to {
            let span = self.chain.span(&self.interest).max(1);
            let range = HeightRange { from: self.next, to: self.next.plus(span - 1).min(self.to) };
            self.next = range.to.next();
            self.pieces.push_back(piece(self.chain.clone(), self.interest.clone(), range, self.proof));
        }
        self.pieces.next().await
    }
}

fn piece(
    chain: Arc<dyn Chain>,
    interest: Arc<Interest>,
    range: HeightRange,
    proof: Proof,
) -> BoxFuture<'static, Piece> {
    // A task of its own: pieces are parsed on all cores while this network's follow loop waits.
    let task = tokio::spawn(async move { chain.fetch(range, &interest, proof).await });
    let task = AbortOnDrop(task);
    async move {
        let fetched = match task.join().await {
            Ok(fetched) => fetched,
            Err(panicked) => Err(ChainError::Unavailable {
                reason: format!(
                    "reading blocks {} to {} failed unexpectedly: {panicked}",
                    range.from, range.to
                ),
                retry_after: None,
            }),
        };
        (range, fetched)
    }
    .boxed()
}

struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> AbortOnDrop<T> {
    async fn join(mut self) -> Result<T, tokio::task::JoinError> {
        (&mut self.0).await
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
