//! What does not compile is shown at its exact place in the files.

use std::{path::PathBuf, sync::Arc};

use chainbell::config::{Config, Known, evm, parse};
use chainbell_evm::EvmDialect;

const TOKEN: &str = "\
[networks.one]
chain = 'evm'
rpc = 'http://127.0.0.1:8545'
[networks.two]
chain = 'evm'
rpc = 'http://127.0.0.1:8546'
[contracts.token]
networks = ['one', 'two']
address = '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48'
abi = 'erc20'
[sets.users]
addresses = []
";

fn load(monitors: &str) -> Config {
    let chains = [evm::chain_kind(Arc::new(EvmDialect))];
    let env = |name: &str| (name == "LIMIT").then(|| "1_000_000".to_owned());
    let known = Known { env: &env, chains: &chains, targets: chainbell_targets::kinds() };
    parse(vec![(PathBuf::from("c.toml"), format!("{TOKEN}{monitors}"))], &known).expect("this loads")
}

/// What is said about a monitor of the token's transfers with these lines, which start at line 17.
fn said(lines: &str) -> String {
    let config = load(&format!("[[monitors]]\nname = 'm'\ncontract = 'token'\n\n{lines}"));
    config.plans().expect_err("this does not compile").to_string()
}

/// Whether `said` is one problem at `place`, with `line` and `carets` below it.
fn assert_said(said: &str, place: &str, line: &str, carets: &str) {
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 4, "{said}");
    assert!(lines[0].starts_with(place), "{said}");
    assert!(
        lines[2].ends_with(line) && lines[3].split_once("| ").is_some_and(|(_, shown)| shown == carets),
        "{said}"
    );
}

#[test]
fn every_network_gets_a_plan() {
    let config = load(
        "[[monitors]]\nname = 'm'\ncontract = 'token'\nnetwork = 'two'\nevent = 'Transfer'\nwhen = 'value > 1 && from in sets.users'\n",
    );
    let plans = config.plans().map_err(|errors| errors.to_string()).unwrap();
    let slugs: Vec<_> = plans.iter().map(|(slug, _)| slug.as_str()).collect();
    assert_eq!(slugs, ["one", "two"]);
    let monitors: Vec<_> = plans.iter().map(|(_, plan)| plan.monitors().len()).collect();
    assert_eq!(monitors, [0, 1]);
}

#[test]
fn nonsense_in_an_expression_is_refused_at_its_column_once_for_both_networks() {
    let said = said("event = 'Transfer'\nwhen = 'value > 1 && nonsense == 2'\n");
    assert_said(
        &said,
        "c.toml:18:22: monitors[0].when: ",
        "when = 'value > 1 && nonsense == 2'",
        &format!("{}^^^^^^^^", " ".repeat(21)),
    );
}

#[test]
fn the_place_is_right_behind_variables_escapes_and_line_breaks() {
    let after_variable = said("event = 'Transfer'\nwhen = \"\\tvalue > ${LIMIT} && nonsense == 2\"\n");
    assert!(after_variable.starts_with("c.toml:18:31: "), "{after_variable}");
    let on_a_later_line = said("event = 'Transfer'\nwhen = '''\nvalue > 1\n  && nonsense == 2'''\n");
    assert!(on_a_later_line.starts_with("c.toml:20:6: "), "{on_a_later_line}");
}

#[test]
fn an_event_that_the_description_lacks_is_refused_at_its_place() {
    let said = said("events = ['Transfer', 'Trnsfer']\n");
    assert!(said.starts_with("c.toml:17:2"), "{said}");
    assert!(said.contains("monitors[0].events[1]: ") && said.contains("Transfer"), "{said}");
    assert_eq!(said.lines().count(), 4, "once for both networks: {said}");
}

#[test]
fn a_disabled_monitor_takes_no_part() {
    let config = load("[[monitors]]\nname = 'm'\ncontract = 'token'\nevent = 'Nothing'\nenabled = false\n");
    assert!(config.plans().is_ok());
}

#[test]
fn a_bare_signature_means_the_reading_that_the_condition_fits() {
    let bare = "[[monitors]]\nname = 'm'\nnetwork = 'one'\nevent = 'Transfer(address,address,uint256)'\n";
    for fits in ["value > 1000", "tokenId == 7"] {
        let plans = load(&format!("{bare}when = '{fits}'\n")).plans().map_err(|errors| errors.to_string());
        assert_eq!(plans.unwrap()[0].1.monitors().len(), 1);
    }
    let said =
        load(&format!("{bare}when = 'amount > 1'\n")).plans().expect_err("no reading has it").to_string();
    assert!(said.contains("there is no \"amount\""), "{said}");
}

#[test]
fn a_mistake_made_a_thousand_times_is_not_shown_a_thousand_times() {
    let one = |index| {
        format!("[[monitors]]\nname = 'm{index}'\ncontract = 'token'\nevent = 'Transfer'\nwhen = 'no'\n")
    };
    let said =
        load(&(0..1000).map(one).collect::<String>()).plans().expect_err("nothing is called no").to_string();
    assert!(said.ends_with("… and 950 more mistakes\n"), "{said}");
}
