//! The command line: every command, option and exit code, with help that needs no manual.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Watches blockchains and rings: matches blocks against your monitors and delivers what they find, without a miss,
/// a duplicate or a phantom.
#[derive(Debug, Parser)]
#[command(name = "chainbell", version, after_help = EXIT_CODES, max_term_width = 110)]
pub struct Cli {
    /// Configuration: a TOML file, or a folder whose *.toml files are read together
    #[arg(
        short,
        long,
        global = true,
        env = "CHAINBELL_CONFIG",
        default_value = "chainbell.toml",
        value_name = "PATH"
    )]
    pub config: PathBuf,
    /// How much to log: error, warn, info, debug, trace, or a filter such as `info,chainbell_evm=debug` [default: info]
    #[arg(long, global = true, env = "CHAINBELL_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// Log lines as text or as JSON [default: text]
    #[arg(long, global = true, env = "CHAINBELL_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed: the message says what and where
  2  wrong usage of the command line
  3  the configuration is invalid
  4  `check --online`: an endpoint is unreachable or is another network
  5  `try --expect`: the result differs from the expected one";

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// See it work: simulated networks of all chains, monitors and a receiver, with reorganisations and their retractions
    Demo(DemoArgs),
    /// Write a commented configuration to start from
    Init(InitArgs),
    /// Check the configuration: everything that can be known without the network, and more with --online
    Check(CheckArgs),
    /// Follow the networks and deliver what the monitors find, until stopped (Ctrl-C or SIGTERM)
    Run(RunArgs),
    /// Evaluate the monitors on a transaction, a block or a range, without storing or sending anything
    Try(TryArgs),
    /// List stored events
    Events(EventsArgs),
    /// List, show and retry deliveries
    Deliveries(DeliveriesArgs),
    /// How the networks and the outbox stand
    Status(StatusArgs),
    /// Serve a simulated network of any chain over its own wire protocol, to try things on
    Devnet(DevnetArgs),
    /// Measure this build on this machine
    Bench(BenchArgs),
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// How long to run; without it, until stopped
    #[arg(long, value_name = "SECONDS")]
    pub seconds: Option<u64>,
    /// Seed of the simulated network: the same seed shows the same chain
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The chain to write a network for: evm, solana, sui or stellar
    #[arg(long, default_value = "evm")]
    pub chain: String,
    /// A contract to write a monitor for: its description is fetched from the chain
    #[arg(long, value_name = "ADDRESS", requires = "network")]
    pub contract: Option<String>,
    /// The network it is on: one of the configuration, which the contract is added to, or a new one
    #[arg(long, value_name = "NAME", requires = "contract")]
    pub network: Option<String>,
    /// An endpoint of a new network
    #[arg(long, value_name = "URL", requires = "contract")]
    pub rpc: Option<String>,
    /// Overwrite an existing file
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Ask every endpoint too: reachable, the right network, its head, the methods it needs
    #[arg(long)]
    pub online: bool,
    /// Print the JSON Schema of the configuration, for editors
    #[arg(long, conflicts_with = "online")]
    pub schema: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Take back everything above HEIGHT on NETWORK (with retractions to its receivers) and read on from there
    #[arg(long, value_name = "NETWORK=HEIGHT")]
    pub rewind: Vec<String>,
    /// Leave out what is not read yet up to HEIGHT on NETWORK, on record: the answer when no endpoint keeps it any more
    #[arg(long, value_name = "NETWORK=HEIGHT")]
    pub skip: Vec<String>,
    /// Stop once every network has reached the head it had at the start, and everything due is delivered
    #[arg(long)]
    pub until_head: bool,
    /// No progress bars, even on a terminal
    #[arg(long)]
    pub no_progress: bool,
}

/// Arguments of `try`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub struct TryArgs {
    /// The network; may be left out when the configuration has one
    #[arg(long)]
    pub network: Option<String>,
    /// A transaction, by hash
    #[arg(long, group = "what", value_name = "HASH")]
    pub tx: Option<String>,
    /// A block, by height, or a range FROM..TO (both inclusive)
    #[arg(long, group = "what", value_name = "HEIGHT[..HEIGHT]")]
    pub block: Option<String>,
    /// Only this monitor
    #[arg(long)]
    pub monitor: Option<String>,
    /// Compare with the matches in FILE (written earlier by `try --json`); exit code 5 when they differ
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `events`.
#[derive(Debug, Args)]
pub struct EventsArgs {
    /// Only on this network
    #[arg(long)]
    pub network: Option<String>,
    /// Only what this monitor matched
    #[arg(long)]
    pub monitor: Option<String>,
    /// Only of this contract address
    #[arg(long)]
    pub contract: Option<String>,
    /// Only of this event or function name
    #[arg(long)]
    pub name: Option<String>,
    /// From this height on
    #[arg(long)]
    pub from: Option<u64>,
    /// Up to this height
    #[arg(long)]
    pub to: Option<u64>,
    /// Also those whose block was reorganised away
    #[arg(long)]
    pub retracted: bool,
    /// How many, the newest first (at most 1000)
    #[arg(long, default_value_t = 20)]
    pub limit: u32,
    /// Continue a listing: only those before this id
    #[arg(long, value_name = "ID")]
    pub before: Option<i64>,
    /// Print as JSON, one event a line
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `deliveries`.
#[derive(Debug, Args)]
pub struct DeliveriesArgs {
    /// What to do with deliveries
    #[command(subcommand)]
    pub command: DeliveriesCommand,
}

/// What to do with deliveries.
#[derive(Debug, Subcommand)]
pub enum DeliveriesCommand {
    /// List them, the newest first
    List {
        /// Only in this state
        #[arg(long)]
        state: Option<StateArg>,
        /// Only to this target
        #[arg(long)]
        target: Option<String>,
        /// Only of this monitor
        #[arg(long)]
        monitor: Option<String>,
        /// How many (at most 1000)
        #[arg(long, default_value_t = 20)]
        limit: u32,
        /// Continue a listing: only those before this sequence
        #[arg(long, value_name = "SEQUENCE")]
        before: Option<i64>,
        /// Print as JSON, one delivery a line
        #[arg(long)]
        json: bool,
    },
    /// Show one with its attempts
    Show {
        /// Its id, as in the webhook-id header
        id: String,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Send again: one by id, or all dead letters (of one target)
    Retry {
        /// Its id
        #[arg(required_unless_present = "dead", conflicts_with = "dead")]
        id: Option<String>,
        /// All dead letters
        #[arg(long)]
        dead: bool,
        /// Only those of this target
        #[arg(long, requires = "dead")]
        target: Option<String>,
    },
}

/// A delivery's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StateArg {
    /// Waits for finality
    Waiting,
    /// To be sent
    Pending,
    /// Being sent
    Sending,
    /// Taken by its receiver
    Delivered,
    /// Dead letter
    Dead,
    /// Its block was undone before it was sent
    Cancelled,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Only what the database knows: do not ask the endpoints
    #[arg(long)]
    pub offline: bool,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// A chain that can be simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DevnetChain {
    /// JSON-RPC over HTTP and WebSocket
    Evm,
    /// JSON-RPC over HTTP, and PubSub over WebSocket
    Solana,
    /// gRPC
    Sui,
    /// The Stellar RPC
    Stellar,
}

/// Arguments of `devnet`.
#[derive(Debug, Args)]
pub struct DevnetArgs {
    /// The chain it is of
    #[arg(long, default_value = "evm")]
    pub chain: DevnetChain,
    /// The port; 0 takes a free one
    #[arg(long, default_value_t = 8545)]
    pub port: u16,
    /// Seed: the same seed gives the same chain
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Seconds between blocks; 0 mines none by itself
    #[arg(long, default_value_t = 1.0)]
    pub block_time: f64,
    /// Serve EVM's reference workload instead: so many blocks of so many Transfer logs, for example 20000x50
    #[arg(long, value_name = "BLOCKSxLOGS")]
    pub workload: Option<String>,
}

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// What to measure
    #[command(subcommand)]
    pub command: BenchCommand,
}

/// What to measure.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// 500 blocks of 50 Transfer logs against N monitors, stored and delivered: CPU per block
    Blocks {
        /// How many monitors
        #[arg(long, default_value_t = 1)]
        monitors: usize,
        /// Which: spread over the tokens, never matching, on addresses that never appear, or all on one token
        #[arg(long, default_value = "spread")]
        mode: Workload,
    },
    /// Read, decode and store a long history of Transfer events over RPC
    Backfill {
        /// How many blocks of 50 Transfer logs
        #[arg(long, default_value_t = 20_000)]
        blocks: u64,
        /// Another server of the reference workload instead of our own simulated one
        #[arg(long)]
        rpc: Option<String>,
    },
    /// Deliver through the durable outbox to a local endpoint
    Delivery {
        /// How many deliveries
        #[arg(long, default_value_t = 20_000)]
        count: usize,
        /// Feed this many matches a second instead of all at once, and report latencies
        #[arg(long)]
        rate: Option<u64>,
        /// How many endpoints to spread them over; with --stuck, one of them never answers
        #[arg(long, default_value_t = 1)]
        endpoints: usize,
        /// One endpoint accepts and never answers
        #[arg(long)]
        stuck: bool,
    },
    /// The receiver that the other benches start
    #[command(hide = true)]
    Sink,
    /// Start-up and idle cost: time until ready, resident memory
    Idle {
        /// How many monitors
        #[arg(long, default_value_t = 1)]
        monitors: usize,
    },
}

/// A case of the reference workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Workload {
    /// Monitor i on token i mod 50, `value > 1000`
    Spread,
    /// The same tokens, a condition that never holds
    Nomatch,
    /// Addresses that never appear
    Miss,
    /// All on one token
    Hot,
}
