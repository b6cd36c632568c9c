//! `chainbell init`: writes a commented configuration to start from.

use std::{fs, io::Write as _, path::Path};

use anyhow::{Context, bail};

use crate::{cli::InitArgs, config, output, wire};

/// Runs the command.
///
/// # Errors
/// The chain is unknown, the file exists (without `--force`), or it cannot be written.
pub(crate) fn run(path: &Path, args: &InitArgs) -> anyhow::Result<()> {
    let Some(sample) = config::sample(&args.chain) else {
        let known: Vec<_> = wire::chains().iter().map(|kind| kind.name).collect();
        bail!("there is no chain {:?}; there are {}", args.chain, known.join(", "));
    };
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true);
    if args.force {
        options.truncate(true)
    } else {
        options.create_new(true)
    };
    let mut file = options.open(path).with_context(|| match args.force {
        false if path.exists() => format!("{} exists already: use --force to replace it", path.display()),
        _ => format!("cannot write {}", path.display()),
    })?;
    file.write_all(sample.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    output::line(&format!(
        "wrote {}: edit it, then `chainbell check --online` and `chainbell run`",
        path.display()
    ))
}
