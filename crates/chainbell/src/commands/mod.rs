//! A file per command. Here: from the parsed command line to the command, and from its error to the exit code.

mod bench;
mod check;
mod deliveries;
mod demo;
mod describe;
mod devnet;
mod events;
mod init;
mod progress;
pub mod run;
mod status;
mod r#try;

use std::process::ExitCode;

use crate::{
    cli::{Cli, Command, LogFormat},
    config::{self, Config, ConfigErrors},
    logging, wire,
};

/// An error whose exit code says more than "failed".
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// See the table in [`crate::cli`].
    pub exit_code: u8,
    /// In words.
    pub message: String,
}

/// Exit code of an invalid configuration.
const INVALID_CONFIG: u8 = 3;
/// Exit code of `check --online` that found something wrong.
const ENDPOINT_WRONG: u8 = 4;
/// Exit code of `try --expect` that found a difference.
const NOT_AS_EXPECTED: u8 = 5;

/// Runs one command.
///
/// # Errors
/// Whatever ended it; [`report`] turns it into words and an exit code.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    let (filter, format) = (cli.log.as_deref(), cli.log_format);
    match cli.command {
        Command::Demo(args) => {
            logging::start(filter.unwrap_or("warn"), format.unwrap_or(LogFormat::Text))?;
            demo::run(args).await
        }
        Command::Devnet(args) => {
            logging::start(filter.unwrap_or("info"), format.unwrap_or(LogFormat::Text))?;
            devnet::run(args).await
        }
        Command::Bench(args) => {
            logging::start(filter.unwrap_or("warn"), format.unwrap_or(LogFormat::Text))?;
            bench::run(args).await
        }
        Command::Init(args) => {
            logging::start(filter.unwrap_or("warn"), format.unwrap_or(LogFormat::Text))?;
            init::run(&cli.config, &args).await
        }
        Command::Check(args) if args.schema => check::schema(),
        Command::Check(args) if args.online => {
            check::run(&load_described(&cli.config, filter, format).await?, &args).await
        }
        Command::Check(args) => check::run(&load(&cli.config, filter, format)?, &args).await,
        Command::Run(args) => run::run(load_described(&cli.config, filter, format).await?, args).await,
        Command::Try(args) => r#try::run(&load_described(&cli.config, filter, format).await?, args).await,
        Command::Events(args) => events::run(&load(&cli.config, filter, format)?, args).await,
        Command::Deliveries(args) => deliveries::run(&load(&cli.config, filter, format)?, args.command).await,
        Command::Status(args) => status::run(&load(&cli.config, filter, format)?, &args).await,
    }
}

/// Loads the configuration and starts logging as it, or the command line, says.
fn load(path: &std::path::Path, filter: Option<&str>, format: Option<LogFormat>) -> anyhow::Result<Config> {
    let config = wire::load_config(path)?;
    let format = format.unwrap_or(match config.log.format {
        config::LogFormat::Text => LogFormat::Text,
        config::LogFormat::Json => LogFormat::Json,
    });
    logging::start(filter.unwrap_or(config.log.level.as_str()), format)?;
    Ok(config)
}

/// The same, with the descriptions that the chains keep: those not here yet are fetched first.
async fn load_described(
    path: &std::path::Path,
    filter: Option<&str>,
    format: Option<LogFormat>,
) -> anyhow::Result<Config> {
    let config = load(path, filter, format)?;
    if config.missing.is_empty() {
        return Ok(config);
    }
    describe::fetch(&config).await?;
    wire::load_config(path)
}

/// Tells what went wrong on standard error and chooses the exit code.
#[expect(
    clippy::print_stderr,
    reason = "the last words of a command go to standard error, whatever the log filter"
)]
pub fn report(error: &anyhow::Error) -> ExitCode {
    if let Some(errors) = error.downcast_ref::<ConfigErrors>() {
        eprint!("{errors}");
        return ExitCode::from(INVALID_CONFIG);
    }
    eprintln!("error: {error:#}");
    let failure = error.downcast_ref::<Failure>();
    failure.map_or(ExitCode::FAILURE, |failure| ExitCode::from(failure.exit_code))
}
