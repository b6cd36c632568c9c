//! Reading events: complete whatever the servers refuse, repeat or lack.

use chainbell_model::{Chain, ChainError, Contracts, EventFilter, Height, Interest, Proof, Standard};
use chainbell_stellar::StellarConfig;

use crate::{
    source_ledgers::{EXCHANGE, TOKEN},
    source_server::{Manners, Shape},
    source_support::{
        LEDGERS, Network, assert_complete, config, contract_address, error_of, events, everything, named,
        range,
    },
};

/// Pages of seven events, so that a range takes many.
fn small_pages() -> StellarConfig {
    StellarConfig { events_per_page: 7, ..config() }
}

fn interests() -> Vec<Interest> {
    let of_token = EventFilter { emitters: Some([contract_address([TOKEN; 32])].into()), keys: None };
    let mixed = Interest {
        events: vec![of_token.clone(), named(None, "ExchangePair").events.remove(0)],
        ..Interest::default()
    };
    vec![
        everything(),
        named(Some(TOKEN), "tick"),
        named(None, "ExchangePair"),
        named(None, "fee"),
        Interest { events: vec![of_token], ..Interest::default() },
        mixed,
    ]
}

#[tokio::test]
async fn every_protocols_answers_hold_exactly_the_events_of_the_chain() {
    for shape in [Shape::Protocol20, Shape::Protocol23, Shape::Protocol27] {
        let network = Network::start(vec![Manners { shape, ..Manners::good(LEDGERS) }]).await;
        for interest in interests() {
            for config in [config(), small_pages()] {
                let chain = network.chain(config);
                assert_complete(&chain, &network, range(1, 40), &interest, Proof::Sparse).await;
                assert_complete(&chain, &network, range(12, 13), &interest, Proof::Sparse).await;
            }
        }
    }
}

#[tokio::test]
async fn whole_ledgers_and_transactions_hold_the_same_events() {
    let network = Network::good().await;
    for interest in interests() {
        let chain = network.chain(config());
        let linked = assert_complete(&chain, &network, range(3, 22), &interest, Proof::Linked).await;
        assert_eq!(linked.blocks.len(), 20);
        let whole = Interest { transactions: true, ..interest.clone() };
        let whole = assert_complete(&chain, &network, range(3, 22), &whole, Proof::Sparse).await;
        assert_eq!(whole.blocks.len(), 16, "those that are not empty");
        let of_events = chain.fetch(range(3, 22), &interest, Proof::Sparse).await.unwrap();
        let order = |blocks: &[chainbell_model::Block]| -> Vec<_> {
            blocks
                .iter()
                .flat_map(|block| {
                    let index = |place: u32| block.transactions[place as usize].index;
                    block
                        .events
                        .iter()
                        .map(move |event| (block.reference.height, index(event.transaction), event.index))
                })
                .collect()
        };
        assert_eq!(order(&of_events.blocks), order(&linked.blocks));
        assert_eq!(order(&of_events.blocks), order(&whole.blocks));
    }
}

#[tokio::test]
async fn only_what_is_wanted_is_asked_for() {
    let network = Network::good().await;
    let chain = network.chain(config());
    assert_complete(&chain, &network, range(1, 40), &named(Some(TOKEN), "tick"), Proof::Sparse).await;
    let asked = network.servers[0].asked("getEvents");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["endLedger"], 41);
    assert_eq!(asked[0]["filters"][0]["contractIds"].as_array().unwrap().len(), 1);
    assert!(network.servers[0].asked("getLedgers").is_empty());
}

#[tokio::test]
async fn nothing_wanted_asks_nothing() {
    let network = Network::good().await;
    let fetched =
        network.chain(config()).fetch(range(1, 40), &Interest::default(), Proof::Sparse).await.unwrap();
    assert!(fetched.blocks.is_empty());
    assert_eq!(fetched.through.height, Height(40));
    assert!(network.servers[0].asked("getEvents").is_empty());
}

#[tokio::test]
async fn servers_that_scan_few_ledgers_at_once_are_asked_again() {
    let network = Network::start(vec![Manners { scan: 3, ..Manners::good(LEDGERS) }]).await;
    let chain = network.chain(config());
    assert_complete(&chain, &network, range(2, 39), &named(None, "ExchangePair"), Proof::Sparse).await;
    assert!(network.servers[0].asked("getEvents").len() > 10);
}

#[tokio::test]
async fn a_smaller_limit_and_unknown_wildcards_are_learnt() {
    let manners = Manners { max_limit: 20, knows_open_topics: false, ..Manners::good(LEDGERS) };
    let network = Network::start(vec![manners]).await;
    let chain = network.chain(config());
    for interest in interests() {
        assert_complete(&chain, &network, range(1, 40), &interest, Proof::Sparse).await;
    }
    let limits: Vec<_> = network.servers[0].asked("getEvents");
    assert_eq!(limits.iter().filter(|asked| asked["pagination"]["limit"] == 1_000).count(), 1);
}

#[tokio::test]
async fn a_page_that_comes_twice_is_asked_for_again() {
    for interest in [everything(), Interest { transactions: true, ..everything() }] {
        let network = Network::start(vec![Manners { repeats: 2, ..Manners::good(LEDGERS) }]).await;
        let chain = network.chain(StellarConfig { transactions_per_page: 7, ..small_pages() });
        assert_complete(&chain, &network, range(1, 20), &interest, Proof::Sparse).await;
        network.servers[0].behave(|manners| manners.repeats = 100);
        let error = error_of(&chain, range(1, 20), &interest).await;
        assert!(matches!(error, ChainError::Inconsistent { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn one_error_loses_nothing() {
    let network = Network::good().await;
    let chain = network.chain(small_pages());
    chain.identity().await.unwrap();
    for interest in [everything(), Interest { transactions: true, ..everything() }] {
        for proof in [Proof::Sparse, Proof::Linked] {
            network.servers[0].behave(|manners| manners.fails = 1);
            assert_complete(&chain, &network, range(1, 20), &interest, proof).await;
        }
    }
}

#[tokio::test]
async fn a_ledger_above_the_newest_is_not_there_yet() {
    let network = Network::start(vec![Manners::good(20)]).await;
    let chain = network.chain(config());
    for (from, to) in [(21, 25), (10, 25)] {
        for interest in [everything(), Interest { transactions: true, ..everything() }] {
            for proof in [Proof::Sparse, Proof::Linked] {
                let error = chain.fetch(range(from, to), &interest, proof).await.unwrap_err();
                assert!(matches!(error, ChainError::NotYet(Height(25))), "{error:?}");
            }
        }
    }
    let beyond = error_of(&chain, range(1 << 33, 1 << 33), &everything()).await;
    assert!(matches!(beyond, ChainError::NotYet(_)));
}

#[tokio::test]
async fn a_lagging_server_does_not_shorten_a_range() {
    let network = Network::start(vec![Manners::good(10), Manners::good(LEDGERS)]).await;
    for interest in [everything(), Interest { transactions: true, ..everything() }] {
        for (from, to) in [(5, 40), (30, 40)] {
            for proof in [Proof::Sparse, Proof::Linked] {
                let chain = network.chain(config());
                assert_complete(&chain, &network, range(from, to), &interest, proof).await;
            }
        }
    }
}

#[tokio::test]
async fn dropped_ledgers_are_named_with_the_first_that_is_left() {
    let kept = |oldest| Manners { oldest, ..Manners::good(LEDGERS) };
    for servers in [vec![kept(15)], vec![kept(20), kept(15)]] {
        let network = Network::start(servers).await;
        let chain = network.chain(config());
        for interest in [everything(), Interest { transactions: true, ..everything() }] {
            for proof in [Proof::Sparse, Proof::Linked] {
                let error = chain.fetch(range(7, 30), &interest, proof).await.unwrap_err();
                let first = Some(Height(15));
                let ChainError::Pruned { height: Height(7), first: told } = error else {
                    panic!("{error:?}")
                };
                assert_eq!(told, first);
                assert_complete(&chain, &network, range(15, 30), &interest, proof).await;
            }
        }
    }
}

#[tokio::test]
async fn ledgers_that_one_server_dropped_are_read_from_another() {
    let network =
        Network::start(vec![Manners { oldest: 30, ..Manners::good(LEDGERS) }, Manners::good(LEDGERS)]).await;
    let chain = network.chain(config());
    assert_complete(&chain, &network, range(1, 40), &everything(), Proof::Sparse).await;
}

#[tokio::test]
async fn a_window_that_moves_while_it_is_read_is_noticed() {
    let network = Network::good().await;
    let chain = network.chain(StellarConfig { events_per_page: 5, ..config() });
    chain.identity().await.unwrap();
    let reading = async { chain.fetch(range(1, 40), &everything(), Proof::Sparse).await };
    let moving = async {
        while network.servers[0].asked("getEvents").len() < 3 {
            tokio::task::yield_now().await;
        }
        network.servers[0].behave(|manners| manners.oldest = 39);
    };
    let (read, ()) = tokio::join!(reading, moving);
    assert!(matches!(read, Err(ChainError::Pruned { height: Height(1), .. })), "{read:?}");
}

#[tokio::test]
async fn transfers_of_tokens_come_from_events_alone() {
    let network = Network::good().await;
    let chain = network.chain(config());
    let of = Contracts::Of([contract_address([TOKEN; 32])].into());
    for tokens in [Contracts::Any, of] {
        let interest = Interest { token_transfers: tokens, ..Interest::default() };
        let fetched = chain.fetch(range(1, 40), &interest, Proof::Sparse).await.unwrap();
        let transfers: Vec<_> = fetched.blocks.iter().flat_map(|block| &block.transfers).collect();
        assert_eq!(transfers.len(), 32);
        for transfer in transfers {
            assert_eq!(
                (transfer.standard, transfer.token),
                (Standard::Fungible, Some(contract_address([TOKEN; 32])))
            );
        }
    }
    assert!(network.servers[0].asked("getTransactions").is_empty());
}

#[tokio::test]
async fn before_unified_events_transfers_are_read_from_transactions() {
    let network = Network::start(vec![Manners { protocol: 22, ..Manners::good(LEDGERS) }]).await;
    let chain = network.chain(config());
    let interest = Interest { token_transfers: Contracts::Any, ..Interest::default() };
    chain.fetch(range(1, 40), &interest, Proof::Sparse).await.unwrap();
    assert!(network.servers[0].asked("getEvents").is_empty());
    assert!(!network.servers[0].asked("getTransactions").is_empty());
}

#[tokio::test]
async fn native_transfers_and_calls_come_with_details() {
    let network = Network::good().await;
    let chain = network.chain(StellarConfig { transactions_per_page: 6, ..config() });
    let interest = Interest {
        native_transfers: true,
        calls: Contracts::Of([contract_address([EXCHANGE; 32])].into()),
        details: true,
        ..Interest::default()
    };
    for proof in [Proof::Sparse, Proof::Linked] {
        let fetched = chain.fetch(range(1, 40), &interest, proof).await.unwrap();
        let transfers: Vec<_> = fetched.blocks.iter().flat_map(|block| &block.transfers).collect();
        assert_eq!(transfers.len(), 32);
        assert!(transfers.iter().all(|it| it.standard == Standard::Native && it.token.is_none()));
        let calls: Vec<_> = fetched.blocks.iter().flat_map(|block| &block.calls).collect();
        assert_eq!(calls.len(), 32);
        assert!(
            calls.iter().all(|call| call.contract == contract_address([EXCHANGE; 32]) && call.index == 0)
        );
        let transactions: Vec<_> = fetched.blocks.iter().flat_map(|block| &block.transactions).collect();
        assert_eq!(transactions.len(), 64);
        assert!(transactions.iter().all(|it| !it.details.is_empty()));
    }
}

#[tokio::test]
async fn a_transaction_that_a_server_leaves_out_is_read_from_another() {
    let hiding = Manners { hides_transaction: Some(2), ..Manners::good(LEDGERS) };
    let network = Network::start(vec![hiding.clone(), Manners::good(LEDGERS)]).await;
    let interest = Interest { transactions: true, ..everything() };
    assert_complete(&network.chain(config()), &network, range(1, 40), &interest, Proof::Sparse).await;
    let network = Network::start(vec![hiding]).await;
    let error = error_of(&network.chain(config()), range(1, 40), &interest).await;
    assert!(matches!(error, ChainError::Inconsistent { .. }), "{error:?}");
}

#[tokio::test]
async fn more_events_than_are_taken_at_once_narrow_the_span() {
    let network = Network::good().await;
    let chain = network.chain(StellarConfig { max_events: 20, ..config() });
    let before = chain.span(&everything());
    let error = error_of(&chain, range(1, 40), &everything()).await;
    assert!(matches!(error, ChainError::Unavailable { .. }), "{error:?}");
    assert!(chain.span(&everything()) < before);
    assert!(
        !events(&chain.fetch(range(1, 1), &everything(), Proof::Sparse).await.unwrap().blocks).is_empty()
    );
}

#[tokio::test]
async fn answers_too_large_to_be_read_are_asked_for_in_smaller_pages() {
    let network = Network::good().await;
    for interest in [everything(), Interest { transactions: true, ..everything() }] {
        for proof in [Proof::Sparse, Proof::Linked] {
            // A transaction has about two thousand bytes, a ledger four times as many.
            let chain = network.chain_that_reads(24_000, StellarConfig { events_per_page: 200, ..config() });
            assert_complete(&chain, &network, range(1, 40), &interest, proof).await;
        }
    }
    let chain = network.chain_that_reads(300, config());
    chain.identity().await.unwrap();
    let error = error_of(&chain, range(1, 40), &everything()).await;
    assert!(matches!(error, ChainError::Unavailable { .. }), "{error:?}");
}
