//! Progress bars of backfills, on a terminal.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chainbell_model::NetworkSlug;
use chainbell_pipeline::{NetworkStatus, Status};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

/// Behind by fewer blocks than this is no backfill.
const WORTH_A_BAR: u64 = 200;
const REFRESH: Duration = Duration::from_millis(200);

/// Shows a bar for every network that is far behind its head, until `stop`.
pub(crate) async fn show(status: Arc<Status>, stop: CancellationToken) {
    let screen = MultiProgress::new();
    let mut bars: BTreeMap<NetworkSlug, ProgressBar> = BTreeMap::new();
    let mut refresh = tokio::time::interval(REFRESH);
    while stop.run_until_cancelled(refresh.tick()).await.is_some() {
        for (slug, network) in status.networks() {
            update(&screen, &mut bars, slug, &network);
        }
    }
    bars.values().for_each(ProgressBar::finish_and_clear);
}

fn update(
    screen: &MultiProgress,
    bars: &mut BTreeMap<NetworkSlug, ProgressBar>,
    slug: NetworkSlug,
    network: &NetworkStatus,
) {
    let now = network.snapshot();
    let (Some(tip), Some(start)) = (now.tip, now.started_at) else { return };
    let done = now.committed.map_or(0, |block| block.height.0.saturating_sub(start.0));
    let total = tip.head.0.saturating_sub(start.0);
    let behind = total.saturating_sub(done);
    if behind > WORTH_A_BAR && !bars.contains_key(&slug) {
        let bar = screen.add(ProgressBar::new(total).with_style(style()).with_prefix(slug.to_string()));
        bars.insert(slug.clone(), bar);
    }
    let Some(bar) = bars.get(&slug) else { return };
    if behind == 0 {
        bar.finish_and_clear();
        bars.remove(&slug);
        return;
    }
    bar.set_length(total);
    bar.set_position(done);
    bar.set_message(format!("{} facts", network.facts.load(std::sync::atomic::Ordering::Relaxed)));
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} blocks, {per_sec}, {msg}, {eta} left")
        .unwrap_or_else(|_invalid| ProgressStyle::default_bar())
}
