//! `chainbell init`: writes a commented configuration to start from, or a monitor for one contract.

use std::{fmt::Write as _, fs, io::Write as _, path::Path, sync::Arc};

use anyhow::{Context, bail};
use chainbell_model::{Address, Decoder, Type};

use super::describe;
use crate::{
    cli::InitArgs,
    config::{self, NetworkSettings},
    output, wire,
};

/// Runs the command.
///
/// # Errors
/// The chain is unknown, the file exists (without `--force`), or it cannot be written.
pub(crate) async fn run(path: &Path, args: &InitArgs) -> anyhow::Result<()> {
    if let (Some(contract), Some(network)) = (&args.contract, &args.network) {
        return add_contract(path, args, contract, network).await;
    }
    let Some(sample) = config::sample(&args.chain) else { bail!(unknown_chain(&args.chain)) };
    create(path, args.force, sample)?;
    output::line(&format!(
        "wrote {}: edit it, then `chainbell check --online` and `chainbell run`",
        path.display()
    ))
}

fn unknown_chain(chain: &str) -> String {
    let known: Vec<_> = wire::chains().iter().map(|kind| kind.name).collect();
    format!("there is no chain {chain:?}; there are {}", known.join(", "))
}

/// Writes a file that is not there yet, or any with `force`.
fn create(path: &Path, force: bool, text: &str) -> anyhow::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true);
    if force {
        options.truncate(true)
    } else {
        options.create_new(true)
    };
    let mut file = options.open(path).with_context(|| match force {
        false if path.exists() => format!("{} exists already: use --force to replace it", path.display()),
        _ => format!("cannot write {}", path.display()),
    })?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}

/// Adds a contract of a network, with its description and a monitor: to the configuration where it is there, else to a new
/// one.
async fn add_contract(path: &Path, args: &InitArgs, contract: &str, network: &str) -> anyhow::Result<()> {
    let known = if path.exists() && !args.force { Some(wire::load_config(path)?) } else { None };
    let present = known.as_ref().and_then(|config| {
        config.networks.iter().find(|settings| settings.slug.as_str() == network).cloned()
    });
    let (head, settings) = match (present, &known) {
        (Some(settings), _) => (String::new(), settings),
        (None, known) => {
            let head = new_network(args, network, known.is_none())?;
            let settings = settings_of(&head, path)?;
            (head, settings)
        }
    };
    let dialect = &settings.dialect;
    let address = dialect
        .parse_address(contract)
        .with_context(|| format!("{contract:?} is not an address of chain {}", settings.chain))?;
    let chain = wire::chain(&settings)?;
    let described = describe::description(&*chain, &address).await;
    let described = described.with_context(|| format!("the description of {contract} on {network}"))?;
    let name = free_name(&settings, &address, known.as_ref());
    let section = sections(path, &settings, &address, &name, described)?;
    let has_target = known.as_ref().is_some_and(|config| !config.targets.is_empty());
    let target = match known.as_ref().and_then(|config| config.targets.first()) {
        Some(target) => target.name.to_string(),
        None => "console".to_owned(),
    };
    let mut text = head + &section.replace("{target}", &target);
    if !has_target {
        text.push_str("\n[targets.console]\ntype = \"stdout\"\n");
    }
    match &known {
        Some(_) => fs::OpenOptions::new()
            .append(true)
            .open(path)
            .and_then(|mut file| file.write_all(format!("\n{text}").as_bytes()))
            .with_context(|| format!("cannot write {}", path.display()))?,
        None => create(path, args.force, &text)?,
    }
    output::line(&format!("wrote {}: `chainbell check --online`, then `chainbell run`", path.display()))
}

/// The text of a network that the configuration does not have yet.
fn new_network(args: &InitArgs, network: &str, first: bool) -> anyhow::Result<String> {
    if !wire::chains().iter().any(|kind| kind.name == args.chain) {
        bail!(unknown_chain(&args.chain));
    }
    let Some(rpc) = &args.rpc else {
        bail!(
            "there is no network {network:?} in the configuration: give its endpoint with --rpc and its --chain"
        )
    };
    let mut text = String::new();
    if first {
        text.push_str("[store]\npath = \"chainbell.sqlite\"\n\n");
    }
    let (chain, rpc) = (toml_text(&args.chain), toml_text(rpc));
    writeln!(text, "[networks.{}]\nchain = {chain}\nrpc = {rpc}\n", toml_key(network))?;
    Ok(text)
}

fn settings_of(head: &str, path: &Path) -> anyhow::Result<NetworkSettings> {
    let chains = wire::chains();
    let env = |name: &str| std::env::var(name).ok();
    let known = config::Known { env: &env, chains: &chains, targets: wire::targets() };
    let config = config::parse(vec![(path.to_owned(), head.to_owned())], &known)?;
    Ok(wire::one_network(&config, None)?.clone())
}

/// A name for the contract that no other one has.
fn free_name(network: &NetworkSettings, address: &Address, known: Option<&config::Config>) -> String {
    let text = describe::address_text(network, address);
    let taken = |name: &str| {
        known.is_some_and(|config| {
            config.contracts.iter().any(|contract| &*contract.name == name)
                || config.monitors.iter().any(|monitor| monitor.name.as_str() == name)
        })
    };
    let letters: String = text.trim_start_matches("0x").chars().take(8).collect();
    let base = format!("{}-{}", network.slug, letters.to_lowercase());
    let mut names = (1..).map(|number| if number == 1 { base.clone() } else { format!("{base}-{number}") });
    names.find(|name| !taken(name)).unwrap_or(base)
}

/// The contract and its monitor; the description goes into a file beside the configuration.
fn sections(
    path: &Path,
    network: &NetworkSettings,
    address: &Address,
    name: &str,
    described: Option<Vec<u8>>,
) -> anyhow::Result<String> {
    let key = network.description;
    let (line, events) = match described {
        None => (format!("# {key} = \"...\"          # the chain keeps no description of it"), Vec::new()),
        Some(description) => {
            let interface = network.dialect.interface(&description).context("the chain's own description")?;
            (describing(path, name, key, description)?, interface.all_events())
        }
    };
    let chosen = events.iter().find(|event| event.name().eq_ignore_ascii_case("transfer"));
    let chosen = chosen.or(events.first());
    let mut text = String::new();
    writeln!(text, "[contracts.{name}]\nnetwork = {}", toml_text(network.slug.as_str()))?;
    writeln!(text, "address = {}\n{line}\n", toml_text(&describe::address_text(network, address)))?;
    if !events.is_empty() {
        let names: Vec<_> = events.iter().map(|event| event.name()).take(40).collect();
        writeln!(text, "# Its events: {}", names.join(", "))?;
    }
    let reference = chosen.map_or("*", |event| reference(event, &events));
    let quoted = toml_text(name);
    writeln!(text, "[[monitors]]\nname = {quoted}\ncontracts = [{quoted}]")?;
    writeln!(text, "event = {}", toml_text(reference))?;
    if let Some(event) = chosen {
        writeln!(text, "# when = \"...\"          # on {}", fields(event))?;
    }
    writeln!(text, "targets = [\"{{target}}\"]")?;
    Ok(text)
}

/// The key and value that name the description: a built-in one, or a file that is written.
fn describing(path: &Path, name: &str, key: &str, description: Vec<u8>) -> anyhow::Result<String> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if description.iter().all(is_word) {
        return Ok(format!("{key} = {}", toml_text(&String::from_utf8_lossy(&description))));
    }
    let extension = if description.starts_with(b"\0asm") { "wasm" } else { "json" };
    let file = format!("{name}.{extension}");
    let at = path.with_file_name(&file);
    fs::write(&at, description).with_context(|| format!("cannot write {}", at.display()))?;
    Ok(format!("{key} = {}", toml_text(&file)))
}

/// What names the event and no other.
fn reference<'e>(event: &'e Arc<dyn Decoder>, events: &[Arc<dyn Decoder>]) -> &'e str {
    let alike = events.iter().filter(|other| other.name() == event.name()).count();
    if alike > 1 { event.signature() } else { event.name() }
}

/// The event's fields with their types, for people.
fn fields(event: &Arc<dyn Decoder>) -> String {
    let schema = event.schema();
    let count = schema.fields.len().saturating_sub(event.attributes());
    let field = |field: &chainbell_model::Field| format!("{} ({})", field.name, type_text(&field.ty));
    schema.fields[..count].iter().map(field).collect::<Vec<_>>().join(", ")
}

fn type_text(ty: &Type) -> String {
    match ty {
        Type::Bool => "bool".to_owned(),
        Type::Uint(bits) => format!("uint{bits}"),
        Type::Int(bits) => format!("int{bits}"),
        Type::Address => "address".to_owned(),
        Type::Bytes | Type::Hash => "bytes".to_owned(),
        Type::Text => "text".to_owned(),
        Type::List(item) => format!("list of {}", type_text(item)),
        Type::Record(_) => "record".to_owned(),
        Type::Optional(ty) => format!("{}, may be absent", type_text(ty)),
        Type::Any => "any".to_owned(),
    }
}

/// A TOML string, whatever is in it.
fn toml_text(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn toml_key(key: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if key.bytes().all(is_bare) { key.to_owned() } else { toml_text(key) }
}
