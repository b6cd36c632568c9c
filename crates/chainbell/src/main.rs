//! The `chainbell` binary: parses the command line, starts the runtime, runs one command, ends with its exit code.

use std::process::ExitCode;

use chainbell::{cli::Cli, commands};
use clap::Parser as _;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // The only TLS implementation in the program; nothing was installed before.
    let _first = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return commands::report(&anyhow::Error::new(error).context("the runtime cannot start"));
        }
    };
    match runtime.block_on(Box::pin(commands::run(cli))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => commands::report(&error),
    }
}
