//! `chainbell bench`: measures this build on this machine. The node, the receiver and the driver are processes of their own, so that
//! the CPU seconds shown are those of Chainbell alone, and ratios of figures come from one run.

mod backfill;
mod blocks;
mod delivery;
mod idle;
mod measure;
mod peers;
mod workload;

use crate::cli::{BenchArgs, BenchCommand};

/// Runs the command.
///
/// # Errors
/// A process cannot be started, or the result is wrong: a bench that loses or doubles something fails.
pub(crate) async fn run(args: BenchArgs) -> anyhow::Result<()> {
    match args.command {
        BenchCommand::Blocks { monitors, mode } => blocks::run(monitors, mode).await,
        BenchCommand::Backfill { blocks, rpc } => backfill::run(blocks, rpc.as_deref()).await,
        BenchCommand::Delivery { count, rate, endpoints, stuck } => {
            delivery::run(&delivery::Case { count, rate, endpoints, stuck }).await
        }
        BenchCommand::Idle { monitors } => idle::run(monitors).await,
        BenchCommand::Sink => peers::serve_sink().await,
    }
}
