//! A simulated network's blocks, assembled: what its oracle knows of them, in either encoding, read whole or one by one.

use chainbell_devnet::{
    SolanaDevnet, SolanaDevnetConfig,
    solana::{InstructionSpec, SimEvent, SimTransaction, Step, Told, TxSpec},
};
use chainbell_model::{Address, Block, Int, Value};
use chainbell_rpc::{Call, EndpointConfig, Pool, PoolConfig};
use chainbell_solana::{
    assemble,
    payload::{self, Source},
    wire,
};
use serde_json::json;

use crate::assemble_support::everything;

async fn devnet() -> SolanaDevnet {
    let config = SolanaDevnetConfig { seed: 11, ..SolanaDevnetConfig::default() };
    let devnet = SolanaDevnet::start(config).await.unwrap();
    devnet.mine(20);
    let (programs, accounts, router) = (devnet.programs(), devnet.accounts(), devnet.router());
    let transfer = |told| TxSpec::transfer(programs[0], accounts[0], accounts[1], 7, told);
    let step = |program: usize, told| {
        InstructionSpec::transfer(programs[program], accounts[0], accounts[1], 9, told)
    };
    let interleaved = step(0, Told::Log)
        .then(Step::Invoke(step(1, Told::Cpi)))
        .then(Step::Invoke(step(0, Told::Both).nested_under(router)))
        .then(Step::Data(vec![vec![1; 5], vec![2; 9]]));
    let specs = vec![
        transfer(Told::Log),
        transfer(Told::Cpi),
        transfer(Told::Both).versioned(),
        transfer(Told::Both).nested_under(router),
        transfer(Told::Cpi).failing(),
        transfer(Told::Log).after_chatter(10_000),
        transfer(Told::Cpi).after_chatter(10_000),
        TxSpec::new(accounts[0], vec![interleaved, step(1, Told::Both), InstructionSpec::memo("héllo")])
            .versioned(),
    ];
    devnet.mine_with(specs);
    devnet.mine(20);
    devnet
}

struct Node(Pool);

impl Node {
    fn of(devnet: &SolanaDevnet) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let endpoint = EndpointConfig::new(devnet.http_url().parse().unwrap());
        Self(Pool::new(PoolConfig::new(vec![endpoint])).unwrap())
    }

    async fn ask(&self, method: &str, params: serde_json::Value) -> String {
        self.0.call(&Call::new(method, &params)).await.unwrap().raw().to_owned()
    }

    async fn block(&self, slot: u64, encoding: &str) -> Block {
        let how = json!({
            "encoding": encoding, "transactionDetails": "full", "rewards": false, "commitment": "confirmed",
            "maxSupportedTransactionVersion": 0,
        });
        let text = self.ask("getBlock", json!([slot, how])).await;
        assemble::block(&serde_json::from_str(&text).unwrap(), slot, &everything()).unwrap()
    }
}

/// Index, emitter, depth, top-level instruction, whether it failed, how it was told, its bytes.
type Told7 = (u32, [u8; 32], u8, u16, bool, Source, Vec<u8>);

fn told(block: &Block, place: usize) -> Vec<Told7> {
    let of_place = block.events.iter().filter(|event| event.transaction as usize == place);
    of_place
        .map(|event| {
            let parts = payload::event_parts(&event.payload);
            let emitter = (*event.emitter).try_into().unwrap();
            let data = parts.data.to_vec();
            (event.index, emitter, parts.depth, parts.instruction, event.failed, parts.source, data)
        })
        .collect()
}

fn known(event: &SimEvent) -> Told7 {
    let source = if event.told == Told::Log { Source::Log } else { Source::Cpi };
    let (index, program, failed) = (event.index, event.program.0, event.failed);
    (index, program, event.depth, event.instruction.into(), failed, source, event.data.clone())
}

/// What everybody gained of SOL (`None`) and of tokens, by the transfers.
fn gained(block: &Block, place: usize, who: &[u8; 32], token: Option<&[u8; 32]>) -> Int {
    let who = Address::from_slice(who);
    let token = token.map(|token| Address::from_slice(token).unwrap());
    let mut sum = Int::ZERO;
    for it in block.transfers.iter().filter(|it| it.transaction as usize == place && it.token == token) {
        if it.to == who {
            sum = sum.checked_add(it.amount).unwrap();
        }
        if it.from == who {
            sum = sum.checked_sub(it.amount).unwrap();
        }
    }
    sum
}

fn difference(before: u64, after: u64) -> Int {
    Int::from(after).checked_sub(Int::from(before)).unwrap()
}

fn compare(block: &Block, place: usize, known_of_it: &SimTransaction, programs: &[[u8; 32]]) {
    let transaction = &block.transactions[place];
    assert_eq!((&*transaction.id, transaction.index), (&known_of_it.signature.0[..], known_of_it.index));
    assert_eq!(transaction.details[6], Some(Value::Bool(!known_of_it.failed)));
    assert_eq!(transaction.details[4], Some(Value::Int(known_of_it.fee.into())));
    let mut ours = told(block, place);
    ours.retain(|event| programs.contains(&event.1));
    assert_eq!(ours, known_of_it.events.iter().map(known).collect::<Vec<_>>());
    let defects = block.defects.iter().filter(|defect| defect.transaction as usize == place).count();
    assert_eq!(defects > 0, known_of_it.log_truncated);
    if known_of_it.failed {
        assert!(block.transfers.iter().all(|it| it.transaction as usize != place));
        return;
    }
    for (who, before, after) in &known_of_it.lamports {
        let fee = if *who == known_of_it.payer { known_of_it.fee } else { 0 };
        assert_eq!(gained(block, place, &who.0, None), difference(*before, after + fee));
    }
    for change in &known_of_it.tokens {
        let same = |other: &&chainbell_devnet::solana::SimTokenChange| {
            (other.owner, other.mint) == (change.owner, change.mint)
        };
        let all = known_of_it.tokens.iter().filter(same);
        let expected = all.map(|change| difference(change.before, change.after));
        let expected = expected.reduce(|sum, one| sum.checked_add(one).unwrap()).unwrap();
        assert_eq!(gained(block, place, &change.owner.0, Some(&change.mint.0)), expected);
    }
}

#[tokio::test]
async fn blocks_hold_what_the_network_knows_of_them() {
    let devnet = devnet().await;
    let node = Node::of(&devnet);
    let programs: Vec<_> = devnet.programs().iter().map(|program| program.0).collect();
    let (mut events, mut cut, mut before) = (0, 0, None);
    let confirmed = devnet.head() - 1;
    for known in devnet.canonical_blocks().iter().filter(|known| known.slot <= confirmed) {
        let block = node.block(known.slot, "json").await;
        let encoded = node.block(known.slot, "base64").await;
        assert_eq!(format!("{block:?}"), format!("{encoded:?}"));
        assert_eq!(block.reference.id.0, known.blockhash.0);
        assert_eq!((block.parent, block.time.0), (before.or(block.parent), known.time * 1000));
        before = Some(block.reference.id);
        assert_eq!(block.transactions.len(), known.transactions.len());
        for (place, transaction) in known.transactions.iter().enumerate() {
            compare(&block, place, transaction, &programs);
            events += transaction.events.len();
            cut += usize::from(transaction.log_truncated);
        }
    }
    assert!(events > 60 && cut == 2, "{events} events, {cut} cut");
}

#[tokio::test]
async fn transactions_one_by_one_make_the_same_block() {
    let devnet = devnet().await;
    let node = Node::of(&devnet);
    for known in devnet.canonical_blocks().iter().rev().skip(1).take(25) {
        let whole = node.block(known.slot, "json").await;
        let how = json!({ "transactionDetails": "signatures", "rewards": false, "commitment": "confirmed" });
        let header = node.ask("getBlock", json!([known.slot, how])).await;
        let header: wire::Block<'_> = serde_json::from_str(&header).unwrap();
        let mut block = assemble::header(&header, known.slot);
        for (index, signature) in (0..).zip(header.signatures.unwrap()) {
            let how = json!({
                "encoding": "base64", "commitment": "confirmed", "maxSupportedTransactionVersion": 0,
            });
            let text = node.ask("getTransaction", json!([signature, how])).await;
            let wire = serde_json::from_str(&text).unwrap();
            assert_eq!(assemble::transaction(&wire, index, &everything(), &mut block), Ok(true));
        }
        assert_eq!(format!("{block:?}"), format!("{whole:?}"));
    }
}
