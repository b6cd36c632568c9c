//! What has to be fetched for monitors.

use chainbell_matcher::{AddressSets, MonitorSpec, Plan, TransferSpec};
use chainbell_model::{Contracts, EventFilter, Interest, Standard};

use crate::fake::{address, contract, dialect, interface, key, monitor};

const SIGNATURES: &str = "A(uint256 value)\nB(uint256 value)";

fn interest(monitors: Vec<MonitorSpec>) -> Interest {
    Plan::compile(dialect(), monitors, Vec::new(), &AddressSets::new()).unwrap().interest().clone()
}

fn on(contracts: &[u8], event: &str) -> MonitorSpec {
    MonitorSpec {
        contracts: contracts.iter().map(|byte| contract(*byte, &interface(SIGNATURES))).collect(),
        events: vec![event.to_owned()],
        ..monitor("m")
    }
}

fn filter(emitters: Option<&[u8]>, keys: Option<&[&str]>) -> EventFilter {
    EventFilter {
        emitters: emitters.map(|emitters| emitters.iter().map(|byte| address(*byte)).collect()),
        keys: keys.map(|keys| keys.iter().map(|name| key(name)).collect()),
    }
}

#[test]
fn contracts_with_the_same_keys_share_a_filter() {
    let wanted = interest(vec![on(&[1, 2], "A"), on(&[3], "A"), on(&[3], "B"), on(&[4], "*"), on(&[4], "A")]);
    let mut events = wanted.events.clone();
    events.sort_by_key(|filter| filter.emitters.clone());
    assert_eq!(
        events,
        [
            filter(Some(&[1, 2]), Some(&["A"])),
            filter(Some(&[3]), Some(&["A", "B"])),
            filter(Some(&[4]), None)
        ]
    );
    assert!(!wanted.needs_blocks());
}

#[test]
fn wider_filters_swallow_narrower_ones() {
    let everywhere = MonitorSpec { contracts: Vec::new(), ..on(&[], "A(uint256 value, bool flag)") };
    let wanted = interest(vec![on(&[1], "A"), everywhere.clone(), on(&[2], "B")]);
    assert_eq!(wanted.events, [filter(None, Some(&["A"])), filter(Some(&[2]), Some(&["B"]))]);
    let all = MonitorSpec { contracts: Vec::new(), ..on(&[], "*") };
    assert_eq!(interest(vec![on(&[1], "A"), everywhere, all]).events, [filter(None, None)]);
}

#[test]
fn whole_blocks_are_read_only_for_what_needs_them() {
    let when = |when: &str| MonitorSpec { when: Some(when.to_owned()), ..on(&[1], "A") };
    assert!(!interest(vec![when("value > 1 && block.height > 5")]).needs_blocks());
    assert!(interest(vec![when("value > 1 && tx.value > 5")]).details);
    assert!(interest(vec![MonitorSpec { from: vec![address(1)], ..on(&[1], "A") }]).details);
    let calls = MonitorSpec { events: Vec::new(), calls: vec!["A".into()], ..on(&[1], "A") };
    assert_eq!(
        interest(vec![calls]),
        Interest { calls: Contracts::Of([address(1)].into()), ..Interest::default() }
    );
    let transactions = MonitorSpec { transactions: true, ..monitor("m") };
    assert_eq!(interest(vec![transactions]), Interest { transactions: true, ..Interest::default() });
    assert!(interest(Vec::new()).is_empty());
}

#[test]
fn transfers_ask_for_their_kinds() {
    let of = |standards: &[Standard], contracts: &[u8]| {
        let transfers = Some(TransferSpec { standards: standards.to_vec() });
        let wanted = interest(vec![MonitorSpec {
            transfers,
            contracts: contracts.iter().map(|byte| contract(*byte, &interface(""))).collect(),
            from: vec![address(9)],
            ..monitor("m")
        }]);
        assert!(wanted.events.is_empty() && !wanted.transactions);
        (wanted.native_transfers, wanted.token_transfers)
    };
    assert_eq!(of(&[], &[]), (true, Contracts::Any));
    assert_eq!(of(&[Standard::Native], &[]), (true, Contracts::None));
    assert_eq!(of(&[Standard::Fungible], &[]), (false, Contracts::Any));
    assert_eq!(of(&[], &[1]), (false, Contracts::Of([address(1)].into())));
}
