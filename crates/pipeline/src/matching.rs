//! Evaluates all monitors on each block and renders what they found, ready to be committed.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, atomic::Ordering},
};

use chainbell_matcher::{Evaluation, Found, Plan, Scratch, SoftError, SoftReason};
use chainbell_model::{
    Block, BlockFacts, BlockRef, Dialect, Facts, Height, MatchId, NetworkSlug, Step, TenantId,
    value::{write_json_fields, write_json_record},
};
use chainbell_store::{CommitBatch, NewBlock, NewFact, NewMatch, StoreError};
use tokio::sync::mpsc;

use crate::{clock::Clock, status::NetworkStatus};

/// After so many facts the stage lets other tasks run: a delivery must not wait for a backfill's batch to be rendered.
const YIELD_AFTER: usize = 512;

/// So many signatures are warned of at the most.
const MOST_WARNINGS: usize = 100;

/// A batch is passed on once it holds so many facts.
const BATCH_FACTS: usize = 4096;

/// What the commit stage carries out.
#[derive(Debug)]
pub enum Batch {
    /// Blocks with everything found in them.
    Commit(CommitBatch),
    /// Everything above is undone.
    Rollback(BlockRef),
    /// The network begins at this height.
    Begin(Height),
    /// Left out for good.
    Gap {
        /// The last block before it.
        after: BlockRef,
        /// The last block left out.
        to: BlockRef,
    },
    /// The chain stands further.
    Finality {
        /// Up to here blocks are confirmed.
        confirmed: Height,
        /// Up to here they are final.
        finalized: Height,
    },
}

/// One network's monitors with what rendering needs.
pub struct Matcher {
    network: NetworkSlug,
    dialect: Arc<dyn Dialect>,
    chain: Arc<str>,
    plan: Arc<Plan>,
    scratch: Scratch,
    clock: Clock,
    status: Arc<NetworkStatus>,
    /// The signatures whose data did not decode and was warned of, each once.
    drifted: HashSet<Arc<str>>,
}

impl Matcher {
    /// A matcher for one network.
    pub fn new(
        network: NetworkSlug,
        dialect: Arc<dyn Dialect>,
        plan: Arc<Plan>,
        clock: Clock,
        status: Arc<NetworkStatus>,
    ) -> Self {
        let chain = dialect.chain().into();
        let (scratch, drifted) = (Scratch::default(), HashSet::new());
        Self { network, dialect, chain, plan, scratch, clock, status, drifted }
    }

    /// Everything that the monitors find in one block.
    pub fn evaluate(&mut self, block: &Block) -> NewBlock {
        let Evaluation { found, errors } = self.plan.evaluate(block, &mut self.scratch);
        self.tell_errors(block, &errors);
        self.tell_defects(block);
        let facts = Arc::new(self.block_facts(block));
        let mut found_here = Vec::with_capacity(found.len());
        for one in found {
            self.render(block, &facts, one, &mut found_here);
        }
        NewBlock { reference: block.reference, parent: block.parent, facts, found: found_here }
    }

    /// What could not be decoded or evaluated. A description that no longer fits its contract fails with every event: the
    /// first one is a warning.
    fn tell_errors(&mut self, block: &Block, errors: &[SoftError]) {
        self.status.soft_errors.fetch_add(errors.len() as u64, Ordering::Relaxed);
        let (network, height) = (&self.network, block.reference.height);
        for error in errors {
            let decoding = matches!(error.reason, SoftReason::Decode(_));
            let first = decoding
                && self.drifted.len() < MOST_WARNINGS
                && self.drifted.insert(Arc::clone(&error.signature));
            if first {
                tracing::warn!(%network, %height, %error, "does the description fit the contract? more of these are debug messages");
            } else {
                tracing::debug!(%network, %height, %error, "not evaluated");
            }
        }
    }

    /// What the node could not tell of this block: nothing that stops a network, but worth a look.
    fn tell_defects(&self, block: &Block) {
        self.status.soft_errors.fetch_add(block.defects.len() as u64, Ordering::Relaxed);
        for defect in &block.defects {
            let mut transaction = String::new();
            if let Some(of) = block.transactions.get(defect.transaction as usize) {
                self.dialect.tx_id_text(&of.id, &mut transaction);
            }
            let (height, reason) = (block.reference.height, &defect.reason);
            tracing::warn!(network = %self.network, %height, %transaction, %reason, "not all of it can be read");
        }
    }

    fn batch(&self, after: Option<BlockRef>, through: BlockRef, blocks: Vec<NewBlock>) -> Batch {
        Batch::Commit(CommitBatch {
            network: self.network.clone(),
            after,
            through,
            // Marks come as steps of their own; the store keeps the highest.
            confirmed: Height(0),
            finalized: Height(0),
            now: self.clock.now(),
            blocks,
        })
    }

    fn block_facts(&self, block: &Block) -> BlockFacts {
        let mut id = String::with_capacity(66);
        self.dialect.block_id_text(&block.reference.id, &mut id);
        BlockFacts {
            network: self.network.clone(),
            chain: self.chain.clone(),
            height: block.reference.height,
            id,
            time: block.time,
        }
    }

    /// One fact per tenant that asked for it, all sharing the rendering.
    fn render(&self, block: &Block, facts: &Arc<BlockFacts>, found: Found, out: &mut Vec<NewFact>) {
        let Some(transaction) = block.transactions.get(found.transaction as usize) else { return };
        let position = found.position;
        let mut by_tenant: BTreeMap<&TenantId, Vec<NewMatch>> = BTreeMap::new();
        for tenant in &found.stored_by {
            by_tenant.entry(tenant).or_default();
        }
        for &index in &found.monitors {
            let monitor = self.plan.monitor(index);
            let owner = (&monitor.tenant, &monitor.name);
            by_tenant.entry(&monitor.tenant).or_default().push(NewMatch {
                id: MatchId::derive(&self.network, &block.reference.id, &transaction.id, position, owner),
                monitor: monitor.name.clone(),
                deliver_at: monitor.deliver_at,
                targets: monitor.targets.clone(),
            });
        }
        let rendered = Arc::new(render_facts(&*self.dialect, block, facts, &found));
        out.extend(by_tenant.into_iter().map(|(tenant, matches)| NewFact {
            tenant: tenant.clone(),
            facts: rendered.clone(),
            matches,
        }));
    }
}

/// Renders one found fact: ids and addresses in the chain's text form, arguments and transaction details as JSON.
pub fn render_facts(dialect: &dyn Dialect, block: &Block, facts: &Arc<BlockFacts>, found: &Found) -> Facts {
    let transaction = block.transactions.get(found.transaction as usize);
    let mut transaction_id = String::with_capacity(66);
    if let Some(transaction) = transaction {
        dialect.tx_id_text(&transaction.id, &mut transaction_id);
    }
    let transaction_json =
        transaction.filter(|transaction| !transaction.details.is_empty()).map(|transaction| {
            let mut json = String::new();
            let details = transaction.details.iter().map(Option::as_ref);
            write_json_record(dialect.transaction_schema(), details, dialect, &mut json);
            json.into_boxed_str()
        });
    let contract = found.contract.as_ref().map(|address| {
        let mut text = String::with_capacity(42);
        dialect.address_text(address, &mut text);
        text
    });
    let fields = found.schema.fields.len().min(found.args.len());
    let arguments = 0..fields.saturating_sub(found.attributes);
    let attributes = arguments.end..fields;
    let write = |range: std::ops::Range<usize>, out: &mut String| {
        let values = found.args[range.clone()].iter().map(Option::as_ref);
        write_json_fields(&found.schema.fields[range], values, dialect, out);
    };
    let mut args_json = String::with_capacity(192);
    write(arguments, &mut args_json);
    let attributes_json = (!attributes.is_empty()).then(|| {
        let mut json = String::with_capacity(96);
        write(attributes, &mut json);
        json.into_boxed_str()
    });
    Facts {
        block: facts.clone(),
        transaction_id,
        transaction_index: transaction.map_or(0, |transaction| transaction.index),
        transaction_json,
        position: found.position,
        contract,
        name: found.name.clone(),
        signature: found.signature.clone(),
        args_json: args_json.into_boxed_str(),
        attributes_json,
    }
}

/// The stage: ends when the follow loop is gone and everything it sent is passed on.
pub async fn match_steps(
    mut matcher: Matcher,
    mut steps: mpsc::Receiver<Step>,
    batches: mpsc::Sender<Batch>,
) -> Result<(), StoreError> {
    while let Some(step) = steps.recv().await {
        let passed_on = match step {
            Step::Rollback { to } => batches.send(Batch::Rollback(to)).await,
            Step::Begin { at } => batches.send(Batch::Begin(at)).await,
            Step::Gap { after, to } => batches.send(Batch::Gap { after, to }).await,
            Step::Finality { confirmed, finalized } => {
                batches.send(Batch::Finality { confirmed, finalized }).await
            }
            Step::Blocks { after, blocks, through } => {
                match_blocks(&mut matcher, (after, through), blocks, &batches).await
            }
        };
        if passed_on.is_err() {
            break;
        }
    }
    Ok(())
}

/// Matches blocks in order and passes them on in batches: whole, but small enough that neither memory nor the store's one
/// writer is held up by a long range.
async fn match_blocks(
    matcher: &mut Matcher,
    (mut after, through): (Option<BlockRef>, BlockRef),
    blocks: Vec<Block>,
    batches: &mpsc::Sender<Batch>,
) -> Result<(), mpsc::error::SendError<Batch>> {
    let mut matched = Vec::new();
    let (mut facts, mut since_yield) = (0, 0);
    for block in blocks {
        let block = matcher.evaluate(&block);
        facts += block.found.len();
        since_yield += 1 + block.found.len();
        let reached = block.reference;
        matched.push(block);
        if facts >= BATCH_FACTS && reached != through {
            batches.send(matcher.batch(after, reached, std::mem::take(&mut matched))).await?;
            after = Some(reached);
            facts = 0;
        }
        if since_yield >= YIELD_AFTER {
            since_yield = 0;
            tokio::task::yield_now().await;
        }
    }
    batches.send(matcher.batch(after, through, matched)).await
}
