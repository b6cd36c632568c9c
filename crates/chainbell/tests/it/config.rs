//! The configuration as a user writes it: what loads, and what is said about what does not.

mod chain;
mod errors;
mod hostile;
mod plans;
mod reference;

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use chainbell::config::{
    ChainKind, Config, ConfigErrors, Known,
    endpoint::EndpointSettings,
    evm::{self, EvmSettings},
    parse,
};
use chainbell_model::{Finality, Height};
use chainbell_pipeline::Start;

fn chains() -> Vec<ChainKind> {
    vec![evm::chain_kind(Arc::new(chain::PlainDialect::default()))]
}

/// Checks files given by name and text, with some environment variables.
fn parse_files(files: &[(&str, &str)], env: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let env: HashMap<_, _> = env.iter().copied().collect();
    let env = |name: &str| env.get(name).map(|value| (*value).to_owned());
    let files = files.iter().map(|(name, text)| (PathBuf::from(name), (*text).to_owned())).collect();
    parse(files, &Known { env: &env, chains: &chains(), targets: chainbell_targets::kinds() })
}

fn parse_one(text: &str) -> Result<Config, ConfigErrors> {
    parse_files(&[("c.toml", text)], &[])
}

fn evm_settings(config: &Config, network: usize) -> &EvmSettings {
    config.networks[network].settings.as_any().downcast_ref().expect("the chain is evm")
}

const NETWORK: &str = "[networks.local]\nchain = \"evm\"\nrpc = \"http://127.0.0.1:8545\"\n";

const DESIGN: &str = r#"
[networks.ethereum]
chain = "evm"
rpc = ["https://rpc-a.example/${KEY}", { url = "https://rpc-b.example", rate_limit = 25 }]
ws = "wss://rpc-a.example/${KEY}"

[contracts.usdc]
network = "ethereum"
address = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
abi = "erc20"                         # built in, a file, or signatures inline

[sets.exchanges]
addresses = []

[[monitors]]
name = "large-usdc-transfers"
contracts = ["usdc"]
event = "Transfer(address indexed from, address indexed to, uint256 value)"
when = 'value >= units("1000000", 6) && !(from in sets.exchanges)'
deliver_at = "confirmed"
targets = ["treasury"]

[targets.treasury]
type = "webhook"
url = "https://app.example/hooks/chainbell"
secret = "${WEBHOOK_SECRET}"
"#;

const DESIGN_ENV: &[(&str, &str)] =
    &[("KEY", "s3cr3t"), ("WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")];

#[test]
fn the_designs_example_loads_as_written() {
    let config = parse_files(&[("c.toml", DESIGN)], DESIGN_ENV).unwrap();
    let network = &config.networks[0];
    assert_eq!(
        (network.slug.as_str(), network.chain, network.follow.start),
        ("ethereum", "evm", Start::Latest)
    );
    let evm = evm_settings(&config, 0);
    assert_eq!(evm.rpc.endpoints[0].url.expose().as_str(), "https://rpc-a.example/s3cr3t");
    assert_eq!((evm.rpc.endpoints[0].rate_limit, evm.rpc.endpoints[1].rate_limit), (None, Some(25)));
    assert_eq!(evm.ws.as_ref().unwrap().to_string(), "wss://rpc-a.example");
    assert_eq!(config.contracts[0].addresses.as_ref().unwrap().len(), 1);
    let monitor = &config.monitors[0];
    assert_eq!(monitor.name.as_str(), "large-usdc-transfers");
    assert_eq!(monitor.networks, std::slice::from_ref(&network.slug), "taken from its contract");
    assert_eq!((monitor.deliver_at, &*monitor.contracts), (Finality::Confirmed, &[0][..]));
    assert_eq!(
        (&*monitor.targets, config.targets[0].kind),
        (&[config.targets[0].name.clone()][..], "webhook")
    );
}

#[test]
fn no_secret_is_shown_by_debug() {
    let config = parse_files(&[("c.toml", DESIGN)], DESIGN_ENV).unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains("s3cr3t") && !shown.contains("MfKQ9r8"), "{shown}");
}

#[test]
fn the_sample_loads_without_any_variable() {
    let config = parse_one(chainbell::config::sample("evm").unwrap()).unwrap();
    assert_eq!((config.monitors.len(), config.targets.len()), (1, 1));
    assert_eq!(chainbell::config::sample("none"), None);
}

#[test]
fn an_empty_configuration_is_all_defaults() {
    let config = parse_one("").unwrap();
    assert_eq!(config.store.path, PathBuf::from("chainbell.sqlite"));
    assert_eq!(config.log, chainbell::config::LogSettings::default());
}

#[test]
fn a_network_takes_one_url_a_table_or_a_list() {
    let config = parse_one(
        r#"
        [networks.a]
        chain = "evm"
        rpc = { url = { env = "NONE" } }
        "#,
    );
    assert!(config.unwrap_err().to_string().contains("the environment variable NONE is not set"));
    let text = r#"
        [networks.a]
        chain = "evm"
        rpc = { url = { env = "URL" }, priority = 2, headers = { Authorization = "Bearer ${TOKEN}" } }
        rate_limit = 10
        start_height = -100
        poll_interval = "500ms"
        max_response = "1MiB"
        backfill_parallel = 8
        [networks.b]
        chain = "evm"
        rpc = "http://127.0.0.1:8545"
        start_height = 17_000_000
    "#;
    let env = [("URL", "https://user:pass@rpc.example:8443/key"), ("TOKEN", "t0k3n")];
    let config = parse_files(&[("c.toml", text)], &env).unwrap();
    assert_eq!(
        (config.networks[0].follow.start, config.networks[0].follow.parallel),
        (Start::Before(100), 8)
    );
    assert_eq!(config.networks[1].follow.start, Start::At(Height(17_000_000)));
    let evm = evm_settings(&config, 0);
    let EndpointSettings { url, priority, rate_limit, headers } = &evm.rpc.endpoints[0];
    assert_eq!((url.to_string().as_str(), *priority, *rate_limit), ("https://rpc.example:8443", 2, Some(10)));
    assert_eq!((headers.len(), evm.poll_interval.as_millis(), evm.rpc.max_response_bytes), (1, 500, 1 << 20));
    let shown = format!("{config:?}");
    assert!(!shown.contains("t0k3n") && !shown.contains("pass"), "{shown}");
}

#[test]
fn a_folder_is_read_file_by_file_and_relative_paths_start_at_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("a.toml", NETWORK);
    write(
        "b.toml",
        "[[monitors]]\nname = \"one\"\nnetwork = \"local\"\nevent = \"*\"\n\
         [sets.users]\nfile = \"users.txt\"\n\
         [targets.app]\ntype = \"webhook\"\nurl = \"https://app.example\"\nsecret = { file = \"app.secret\" }\n",
    );
    write(
        "c.toml",
        "[[monitors]]\nname = \"two\"\nnetwork = \"local\"\ntransfer = \"native\"\ntarget = \"app\"\n",
    );
    write("ignored.txt", "not = [TOML");
    write("users.txt", &format!("# our users\n0x{}\n\n 0x{} # Ann\n", "11".repeat(20), "22".repeat(20)));
    write("app.secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");

    let known = Known { env: &|_| None, chains: &chains(), targets: chainbell_targets::kinds() };
    let config = chainbell::config::load(folder.path(), &known).unwrap();
    let names: Vec<_> = config.monitors.iter().map(|monitor| monitor.name.as_str()).collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!((config.sets[0].addresses.len(), config.targets.len()), (2, 1));

    let missing = chainbell::config::load(&folder.path().join("none.toml"), &known).unwrap_err();
    assert!(missing.to_string().contains("none.toml: cannot be read"), "{missing}");
}

#[test]
fn targets_inherit_what_delivery_says() {
    let text = "[delivery]\nconcurrency = 3\nretry = [\"0s\"]\nallow_private = true\n\
                [targets.a]\ntype = \"stdout\"\n[targets.b]\ntype = \"stdout\"\nconcurrency = 5\n";
    let config = parse_one(text).unwrap();
    let limits: Vec<_> =
        config.targets.iter().map(|target| (target.limits.concurrency, target.limits.retry.len())).collect();
    assert_eq!(limits, [(3, 1), (5, 1)]);
    assert!(config.delivery.allow_private);
}
