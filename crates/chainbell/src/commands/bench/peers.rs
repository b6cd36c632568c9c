//! The other processes of a bench: the simulated node, the receiver, and `chainbell run` itself.

use std::{
    collections::HashMap,
    path::Path,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use super::measure::Usage;
use anyhow::{Context, bail};
use axum::{Router, body::Bytes, extract::State, http::StatusCode, http::Uri, routing::any};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// How often a process is looked at.
const SAMPLE: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(900);

/// A process of this binary that ends with the bench.
pub(crate) struct Peer {
    process: Child,
    /// What it serves.
    pub(crate) url: String,
    /// What else it said.
    said: Vec<String>,
}

impl Peer {
    /// The simulated node with the reference workload.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) async fn devnet(blocks: u64, logs: u64) -> anyhow::Result<Self> {
        let workload = format!("{blocks}x{logs}");
        Self::start(&["devnet", "--port", "0", "--workload", &workload]).await
    }

    /// The receiver.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) async fn sink() -> anyhow::Result<Self> {
        Self::start(&["bench", "sink"]).await
    }

    async fn start(args: &[&str]) -> anyhow::Result<Self> {
        let mut process = command()?.args(args).stdout(Stdio::piped()).spawn()?;
        let lines = process.stdout.take().context("stdout is piped")?;
        let mut lines = BufReader::new(lines).lines();
        let mut said = Vec::new();
        // The URL comes last.
        loop {
            let line = lines.next_line().await?.context("it ended at once")?;
            if let Some(serving) = line.strip_prefix("serving ") {
                let url = serving.split_whitespace().next().unwrap_or_default().to_owned();
                return Ok(Self { process, url, said });
            }
            said.push(line);
        }
    }

    /// The first `count` contracts of a node.
    ///
    /// # Errors
    /// It did not tell them.
    pub(crate) fn tokens(&self, count: usize) -> anyhow::Result<Vec<String>> {
        let tokens: Vec<String> = self
            .said
            .iter()
            .filter_map(|line| line.strip_prefix("token ").map(str::to_owned))
            .take(count)
            .collect();
        if tokens.len() < count { bail!("the node has {} tokens", tokens.len()) } else { Ok(tokens) }
    }

    /// How many requests a receiver got, and how many different messages.
    ///
    /// # Errors
    /// It does not answer.
    pub(crate) async fn count(&self) -> anyhow::Result<(u64, u64)> {
        let received = self.received().await?;
        Ok((received.requests, received.distinct))
    }

    /// All that a receiver got.
    ///
    /// # Errors
    /// It does not answer.
    pub(crate) async fn received(&self) -> anyhow::Result<Received> {
        let client = reqwest::Client::builder().no_proxy().build()?;
        Ok(client.get(format!("{}/__arrivals", self.url)).send().await?.json().await?)
    }

    /// Its process id.
    ///
    /// # Errors
    /// It has ended.
    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        self.process.id().context("the process has ended")
    }
}

/// `chainbell run` on a configuration.
pub(crate) struct Runner {
    process: Child,
    /// When it was started.
    pub(crate) started: Instant,
    /// How long until it said that it was ready.
    pub(crate) ready: Duration,
}

impl Runner {
    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// It ends before.
    pub(crate) async fn start(config: &Path, args: &[&str]) -> anyhow::Result<Self> {
        let started = Instant::now();
        let mut process = command()?
            .arg("-c")
            .arg(config)
            .args(["run", "--no-progress", "--log-format", "json"])
            .args(args)
            .stderr(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(process.stderr.take().context("stderr is piped")?).lines();
        loop {
            let Some(line) = lines.next_line().await? else { bail!("it ended before it was ready") };
            if line.contains("\"message\":\"ready\"") {
                break;
            }
            if line.starts_with("error") || line.contains("\"level\":\"ERROR\"") {
                bail!("{line}");
            }
        }
        let ready = started.elapsed();
        // Read to the end, so that it never waits for us.
        tokio::spawn(async move { while let Ok(Some(_line)) = lines.next_line().await {} });
        Ok(Self { process, started, ready })
    }

    /// Its process id.
    ///
    /// # Errors
    /// It has ended.
    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        self.process.id().context("the process has ended")
    }

    /// Waits until it ends by itself, watching what it uses.
    ///
    /// # Errors
    /// It fails, or does not end.
    pub(crate) async fn until_it_ends(mut self) -> anyhow::Result<Spent> {
        let pid = self.pid()?;
        let at_ready = Usage::of(pid)?;
        let mut end = at_ready;
        let mut sample = tokio::time::interval(SAMPLE);
        let status = loop {
            tokio::select! {
                status = self.process.wait() => break status?,
                _ = sample.tick() => {
                    if let Ok(usage) = Usage::of(pid) {
                        end = usage;
                    }
                }
                () = tokio::time::sleep_until((self.started + PATIENCE).into()) => bail!("it does not come to an end"),
            }
        };
        if !status.success() {
            bail!("it failed: {status}");
        }
        Ok(Spent { ready: self.ready, at_ready, end, took: self.started.elapsed() })
    }

    /// Stops it and waits.
    ///
    /// # Errors
    /// It does not stop.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.pid()?.to_string();
        Command::new("kill").args(["-INT", &pid]).status().await?;
        tokio::time::timeout(Duration::from_secs(30), self.process.wait()).await??;
        Ok(())
    }
}

/// What a run used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent {
    /// Time from its start until it was ready.
    pub(crate) ready: Duration,
    /// Used until it was ready.
    pub(crate) at_ready: Usage,
    /// Used until its end, to the last sample.
    pub(crate) end: Usage,
    /// Time from its start to its end.
    pub(crate) took: Duration,
}

impl Spent {
    /// CPU seconds after it was ready.
    pub(crate) fn working_cpu_seconds(&self) -> f64 {
        self.end.cpu_seconds - self.at_ready.cpu_seconds
    }
}

fn command() -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.stdin(Stdio::null()).kill_on_drop(true);
    Ok(command)
}

/// What the receiver has counted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Received {
    /// Requests.
    pub(crate) requests: u64,
    /// Different idempotency keys.
    pub(crate) distinct: u64,
    /// Arrival of each first request, in microseconds since the epoch, by path and idempotency key.
    pub(crate) arrivals: Vec<(String, String, u64)>,
}

#[derive(Default)]
struct Sink {
    requests: AtomicU64,
    arrivals: Mutex<HashMap<(String, String), u64>>,
}

/// The receiver's process: answers 204 at once on every path, but never on `/stuck`; `/__count` and `/__arrivals` tell
/// what came.
///
/// # Errors
/// No loopback socket.
pub(crate) async fn serve_sink() -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    crate::output::line(&format!("serving http://{}", listener.local_addr()?))?;
    let sink = Arc::new(Sink::default());
    let app = Router::new().route("/__arrivals", any(arrivals)).fallback(receive).with_state(sink);
    Ok(axum::serve(listener, app).await?)
}

async fn receive(
    State(sink): State<Arc<Sink>>,
    uri: Uri,
    headers: axum::http::HeaderMap,
    _body: Bytes,
) -> StatusCode {
    let now = micros();
    sink.requests.fetch_add(1, Ordering::Relaxed);
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    sink.arrivals.lock().entry((uri.path().to_owned(), id)).or_insert(now);
    if uri.path() == "/stuck" {
        std::future::pending::<()>().await;
    }
    StatusCode::NO_CONTENT
}

async fn arrivals(State(sink): State<Arc<Sink>>) -> axum::Json<Received> {
    let arrivals = sink.arrivals.lock();
    axum::Json(Received {
        requests: sink.requests.load(Ordering::Relaxed),
        distinct: arrivals.len() as u64,
        arrivals: arrivals.iter().map(|((path, id), at)| (path.clone(), id.clone(), *at)).collect(),
    })
}

/// Now, in microseconds since the epoch: the one clock that all processes share.
pub(crate) fn micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
