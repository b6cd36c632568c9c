//! Reads whole blocks with their receipts.

use chainbell_model::{Block, BlockId, ChainError, Height, HeightRange};
use chainbell_rpc::EndpointId;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use tokio::time::Instant;

use super::{
    EvmChain,
    ask::{Question, Weight},
    check::{self, Bad},
    patience::{Next, Patience, Trouble},
    plan::Plan,
    span::Answered,
    suspect::leave_gap,
};
use crate::{
    assemble::full_block,
    bloom::Bloom,
    wire::{WireBlock, WireReceipt},
};

/// A block with its receipts, as one endpoint told them.
struct Told {
    block: WireBlock,
    receipts: Vec<WireReceipt>,
    endpoint: EndpointId,
    bytes: u64,
}

/// So many equal answers that do not fit their block's header are believed: a node may announce a block before it has
/// indexed all of it, but not for long.
const ALIKE: u32 = 3;

/// An answer whose logs did not fit their block's header.
struct Odd {
    /// What was the same each time.
    told: (BlockId, usize, Bloom),
    times: u32,
    endpoint: EndpointId,
}

/// An assembled block and the size of the answers it came from.
struct Read {
    block: Block,
    items: u64,
    bytes: u64,
}

impl EvmChain {
    /// Every block of `range`, each linked to the one before.
    pub(super) async fn blocks(&self, plan: &Plan, range: HeightRange) -> Result<Vec<Block>, ChainError> {
        let asked = Instant::now();
        let read: Vec<Read> = stream::iter(range.from.0..=range.to.0)
            .map(|height| self.block(plan, Height(height)))
            .buffered(self.config.blocks_in_flight.max(1))
            .try_collect()
            .await?;
        self.block_span.lock().answered(Answered {
            heights: range.len(),
            items: read.iter().map(|read| read.items).sum(),
            bytes: read.iter().map(|read| read.bytes).sum(),
            took: asked.elapsed(),
        });
        let blocks: Vec<Block> = read.into_iter().map(|read| read.block).collect();
        let broken = blocks.windows(2).find(|pair| pair[1].parent != Some(pair[0].reference.id));
        match broken {
            Some(pair) => Err(ChainError::Reorganised(pair[1].reference.height)),
            None => Ok(blocks),
        }
    }

    async fn block(&self, plan: &Plan, height: Height) -> Result<Read, ChainError> {
        let here = HeightRange { from: height, to: height };
        let mut patience = Patience::default();
        let mut odd: Option<Odd> = None;
        loop {
            let trouble = match self.block_once(height, patience.avoid()).await {
                Ok(told) => match self.assemble(plan, told, &mut odd) {
                    Ok(read) => {
                        if let Some(odd) = odd.filter(|odd| odd.times < ALIKE) {
                            self.blame(Some(odd.endpoint), "its logs did not fit the block; another's did");
                        }
                        return Ok(read);
                    }
                    Err(trouble) => trouble,
                },
                Err(trouble) => trouble,
            };
            self.report(&trouble);
            match patience.judge(trouble, here) {
                Next::Again | Next::Narrow(_) => tokio::time::sleep(self.config.retry_delay).await,
                Next::Fail(error) => return Err(error),
            }
        }
    }

    async fn block_once(&self, height: Height, avoid: Option<EndpointId>) -> Result<Told, Trouble> {
        if self.quirks.lacks_block_receipts() {
            return self.block_and_single_receipts(height, avoid).await;
        }
        let questions = vec![block_question(height), receipts_question(height)];
        let mut replies = self.ask_each(questions, avoid).await?.into_iter();
        let (Some(block), Some(receipts)) = (replies.next(), replies.next()) else {
            return Err(Trouble::failed(None, &Bad::Unplaced));
        };
        let block = block?;
        let endpoint = block.endpoint;
        let receipts = match receipts {
            Ok(receipts) => receipts,
            Err(Trouble::MethodMissing { .. }) => {
                self.quirks.no_block_receipts();
                return self.block_and_single_receipts(height, avoid).await;
            }
            Err(trouble) => return Err(trouble),
        };
        let bytes = (block.bytes().len() + receipts.bytes().len()) as u64;
        let block = self.placed_block(block, height).await?;
        let receipts = self.parse_present::<Vec<WireReceipt>>(receipts).await?.value;
        Ok(Told { block, receipts, endpoint, bytes })
    }

    /// For nodes without `eth_getBlockReceipts`.
    async fn block_and_single_receipts(
        &self,
        height: Height,
        avoid: Option<EndpointId>,
    ) -> Result<Told, Trouble> {
        let reply = self.ask(block_question(height), avoid).await?;
        let endpoint = reply.endpoint;
        let mut bytes = reply.bytes().len() as u64;
        let block = self.placed_block(reply, height).await?;
        let mut receipts = Vec::with_capacity(block.transactions.len());
        for transactions in block.transactions.chunks(self.config.max_batch.max(1)) {
            let questions = transactions.iter().map(|transaction| Question {
                method: "eth_getTransactionReceipt",
                params: json!([const_hex::encode_prefixed(transaction.hash)]),
                weight: Weight::Light,
            });
            for reply in self.ask_all(questions.collect(), avoid).await? {
                bytes += reply.bytes().len() as u64;
                receipts.push(self.parse_present::<WireReceipt>(reply).await?.value);
            }
        }
        Ok(Told { block, receipts, endpoint, bytes })
    }

    async fn placed_block(&self, reply: chainbell_rpc::Reply, height: Height) -> Result<WireBlock, Trouble> {
        let told = self.parse_present::<WireBlock>(reply).await?;
        check::placed(&told.value.header, height)
            .map_err(|bad| Trouble::failed(Some(told.endpoint), &bad))?;
        Ok(told.value)
    }

    /// Checks block and receipts against each other and makes the model's block of them.
    fn assemble(&self, plan: &Plan, mut told: Told, odd: &mut Option<Odd>) -> Result<Read, Trouble> {
        self.check_logs(&told, odd)?;
        let items = told.receipts.iter().map(|receipt| 1 + receipt.logs.len() as u64).sum();
        for receipt in &mut told.receipts {
            receipt.logs.retain(|log| plan.filter.wants(&log.address, log.topics().first()));
        }
        let block = full_block(told.block, told.receipts, &plan.interest)
            // The chain may have moved between the two answers.
            .map_err(|error| Trouble::Doubtful {
                endpoint: Some(told.endpoint),
                reason: error.to_string(),
            })?;
        Ok(Read { block, items, bytes: told.bytes })
    }

    /// Checks the logs of all receipts against the header. What does not fit but comes alike again and again is believed:
    /// some networks have logs outside their blooms or skip log indexes.
    fn check_logs(&self, told: &Told, odd: &mut Option<Odd>) -> Result<(), Trouble> {
        let header = &told.block.header;
        // A block without an id is refused when it is assembled.
        let Some(block) = header.reference() else { return Ok(()) };
        let logs = || told.receipts.iter().flat_map(|receipt| &receipt.logs);
        let accrued = Bloom::of(logs());
        let bloom = header.logs_bloom.as_deref().map(Bloom::from);
        let empty = bloom.as_ref().is_none_or(Bloom::is_empty);
        let ignored = empty && !self.quirks.blooms_are_filled();
        let outside = !ignored && bloom.is_some_and(|bloom| bloom != accrued);
        let gap = self.quirks.log_indexes_are_dense() && leave_gap(logs());
        if !outside && !gap {
            return Ok(());
        }
        let this = (block.id, logs().count(), accrued);
        let before = odd.take().filter(|odd| odd.told == this).map_or(0, |odd| odd.times);
        *odd = Some(Odd { told: this, times: before + 1, endpoint: told.endpoint });
        if before + 1 < ALIKE {
            return Err(Trouble::failed(Some(told.endpoint), &Bad::Logs));
        }
        if outside {
            self.quirks.bloom_lied(block.height, empty);
        }
        if gap {
            self.quirks.log_indexes_have_gaps();
        }
        Ok(())
    }
}

fn block_question(height: Height) -> Question {
    Question {
        method: "eth_getBlockByNumber",
        params: json!([format!("{:#x}", height.0), true]),
        weight: Weight::Light,
    }
}

fn receipts_question(height: Height) -> Question {
    Question {
        method: "eth_getBlockReceipts",
        params: json!([format!("{:#x}", height.0)]),
        weight: Weight::Light,
    }
}
