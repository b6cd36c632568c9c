//! The configuration of the reference workload: N monitors, each on one token with a webhook.

use std::{fmt::Write as _, path::Path};

use crate::cli::Workload;

/// Blocks of the case.
pub(crate) const BLOCKS: u64 = 500;
/// Transfer logs in each.
pub(crate) const LOGS: u64 = 50;
/// Contracts that emit them.
pub(crate) const TOKENS: usize = 50;
/// Every token has one large transfer in so many blocks.
const PERIOD: u64 = 50;

/// How many deliveries `monitors` monitors must give.
pub(crate) fn expected(monitors: usize, mode: Workload) -> u64 {
    match mode {
        Workload::Spread | Workload::Hot => monitors as u64 * (BLOCKS / PERIOD),
        Workload::Nomatch | Workload::Miss => 0,
    }
}

/// The configuration as TOML.
pub(crate) fn configuration(
    folder: &Path,
    node: &str,
    sink: &str,
    tokens: &[String],
    monitors: usize,
    mode: Workload,
) -> String {
    let mut text = format!(
        "[store]\npath = '{}'\n\n[networks.bench]\nchain = \"evm\"\nrpc = \"{node}\"\nstart_height = 1\n\n\
         [targets.sink]\ntype = \"webhook\"\nurl = \"{sink}/hook\"\nsecret = \"bench\"\nallow_private = true\n",
        folder.join("bench.sqlite").display()
    );
    let when = if mode == Workload::Nomatch { "value > 1000000000" } else { "value > 1000" };
    for index in 0..monitors {
        let address = match mode {
            Workload::Miss => format!("0xabc{:037x}", index + 1),
            Workload::Hot => tokens[0].clone(),
            Workload::Spread | Workload::Nomatch => tokens[index % tokens.len()].clone(),
        };
        let _infallible = write!(
            text,
            "\n[[monitors]]\nname = \"monitor {index}\"\nnetwork = \"bench\"\naddress = \"{address}\"\n\
             event = \"Transfer(address indexed from, address indexed to, uint256 value)\"\nwhen = \"{when}\"\ntargets = [\"sink\"]\n"
        );
    }
    text
}
