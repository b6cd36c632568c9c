//! Reads headers by height, in batches.

use chainbell_model::{BlockId, BlockRef, ChainError, Height, HeightRange};
use chainbell_rpc::EndpointId;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;

use super::{
    EvmChain,
    ask::{Question, Weight},
    check,
    patience::Trouble,
};
use crate::wire::WireHeader;

/// How many batches of headers are under way at once.
const BATCHES_IN_FLIGHT: usize = 4;

impl EvmChain {
    /// The headers at these heights, in the same order; each is of the height asked for.
    pub(super) async fn headers(&self, heights: &[Height]) -> Result<Vec<WireHeader>, ChainError> {
        let batches: Vec<Vec<Height>> =
            heights.chunks(self.config.max_batch.max(1)).map(<[Height]>::to_vec).collect();
        stream::iter(batches)
            .map(|batch| self.header_batch(batch))
            .buffered(BATCHES_IN_FLIGHT)
            .try_concat()
            .await
    }

    async fn header_batch(&self, heights: Vec<Height>) -> Result<Vec<WireHeader>, ChainError> {
        let (Some(&from), Some(&to)) = (heights.first(), heights.last()) else { return Ok(Vec::new()) };
        self.patiently(HeightRange { from, to }, None, |avoid| self.header_batch_once(&heights, avoid)).await
    }

    async fn header_batch_once(
        &self,
        heights: &[Height],
        avoid: Option<EndpointId>,
    ) -> Result<Vec<WireHeader>, Trouble> {
        let questions = heights.iter().map(|&height| header_question(height)).collect();
        let replies = self.ask_all(questions, avoid).await?;
        let mut headers = Vec::with_capacity(heights.len());
        for (&height, reply) in heights.iter().zip(replies) {
            let told = self.parse_present::<WireHeader>(reply).await?;
            check::placed(&told.value, height).map_err(|bad| Trouble::failed(Some(told.endpoint), &bad))?;
            headers.push(told.value);
        }
        Ok(headers)
    }

    /// The block at `height` and its parent's id.
    pub(super) async fn reference_at(&self, height: Height) -> Result<(BlockRef, BlockId), ChainError> {
        let headers = self.headers(&[height]).await?;
        let header = headers.first().ok_or(ChainError::NotYet(height))?;
        let reference = header.reference().ok_or(ChainError::NotYet(height))?;
        Ok((reference, header.parent()))
    }
}

/// Asks for the header at `height`.
pub(super) fn header_question(height: Height) -> Question {
    Question {
        method: "eth_getBlockByNumber",
        params: json!([format!("{:#x}", height.0), false]),
        weight: Weight::Light,
    }
}
