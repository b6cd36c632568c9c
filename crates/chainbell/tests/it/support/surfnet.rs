//! A real Solana runtime: the surfnet of `peers/surfnet`, opt-in because it takes long to build.

use std::process::Stdio;

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

/// A running runtime.
pub(crate) struct Surfnet {
    _process: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) rpc: String,
    pub(crate) ws: String,
}

/// The binary and the program that echoes its data as an event; `None`, with a loud word, where they are not there.
pub(crate) fn binary() -> Option<(String, String)> {
    let binary = std::env::var("SURFNET").ok().filter(|path| !path.is_empty());
    let evlog = std::env::var("EVLOG").ok().filter(|path| !path.is_empty());
    let evlog = evlog.or_else(|| {
        let beside =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/fixtures/solana/programs/evlog.v3.so");
        std::path::Path::new(beside).exists().then(|| beside.to_owned())
    });
    let both = binary.zip(evlog);
    if both.is_none() {
        eprintln!(
            "SKIPPED (opt-in): no surfnet here: build peers/surfnet, set SURFNET to it and EVLOG to a program"
        );
    }
    both
}

impl Surfnet {
    /// Starts one with the program deployed at each of `ids`.
    pub(crate) async fn start(binary: &str, evlog: &str, ids: &[&str]) -> Self {
        let mut process = Command::new(binary)
            .args(ids.iter().map(|id| format!("{id}={evlog}")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("surfnet starts");
        let input = process.stdin.take().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let urls: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
        let url = |key: &str| urls[key].as_str().unwrap().to_owned();
        Self { _process: process, input, rpc: url("rpc"), ws: url("ws"), lines }
    }

    /// Sends one transaction, written as `peers/surfnet` reads it; returns its signature.
    pub(crate) async fn send(&mut self, line: &str) -> String {
        self.input.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        let answer = self.lines.next_line().await.unwrap().unwrap();
        assert!(!answer.starts_with("error"), "{answer}");
        answer
    }
}
