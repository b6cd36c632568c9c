//! The binary as its users start it.

use std::{path::Path, process::Stdio, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// A command of the binary, with logs that tests can read and no configuration from the outside.
pub(crate) fn chainbell(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chainbell"));
    command
        .current_dir(folder)
        .env_remove("CHAINBELL_CONFIG")
        .env_remove("CHAINBELL_LOG")
        .env_remove("CHAINBELL_LOG_FORMAT")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// What a command that ended printed.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a command to its end.
pub(crate) async fn run(folder: &Path, args: &[&str]) -> Ended {
    let output = tokio::time::timeout(Duration::from_secs(120), chainbell(folder).args(args).output());
    let output = output.await.expect("the command ends").expect("the binary starts");
    Ended {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs a command that prints one JSON value a line.
pub(crate) async fn json_lines(folder: &Path, args: &[&str]) -> Vec<Value> {
    let ended = run(folder, args).await;
    assert_eq!(ended.code, 0, "{args:?}: {}", ended.err);
    ended.out.lines().map(|line| serde_json::from_str(line).expect("a JSON value a line")).collect()
}

/// `chainbell run` in the background.
pub(crate) struct Running {
    process: Child,
}

impl Running {
    /// Starts it and waits until it says that it is ready.
    pub(crate) async fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[]).await
    }

    pub(crate) async fn start_with(folder: &Path, args: &[&str]) -> Self {
        let mut process = chainbell(folder)
            .args(["run", "--no-progress", "--log-format", "json"])
            .args(args)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut lines = BufReader::new(process.stderr.take().expect("stderr is piped")).lines();
        let ready = async {
            let mut seen = Vec::new();
            while let Some(line) = lines.next_line().await.expect("logs are text") {
                let ready = line.contains("\"message\":\"ready\"");
                seen.push(line);
                if ready {
                    return;
                }
            }
            panic!("ended before it was ready:\n{}", seen.join("\n"));
        };
        tokio::time::timeout(Duration::from_secs(60), ready).await.expect("ready within a minute");
        // The rest of the log goes to the test's own output, which is shown when the test fails.
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                println!("run: {line}");
            }
        });
        Self { process }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id().expect("it still runs")
    }

    /// `kill -9`.
    pub(crate) async fn kill(mut self) {
        self.process.kill().await.expect("it can be killed");
    }

    /// SIGINT, and how it ended.
    pub(crate) async fn interrupt(mut self) -> i32 {
        let status = std::process::Command::new("kill").args(["-INT", &self.pid().to_string()]).status();
        assert!(status.expect("kill is there").success());
        let ended = tokio::time::timeout(Duration::from_secs(15), self.process.wait()).await;
        ended.expect("it stops within seconds").expect("it can be waited for").code().unwrap_or(-1)
    }
}
