//! Generated traffic: who takes part, and what a pseudo-random transaction looks like.

use std::collections::HashMap;

use rand::{Rng, rngs::StdRng, seq::IndexedRandom};
use sui_sdk_types::{
    Address, Digest, Ed25519PublicKey, Ed25519Signature, Owner, SimpleSignature, UserSignature,
};

use super::{
    config::SuiDevnetConfig,
    demo::{EventSpec, Fill, Item, Origin, Side},
    ledger::{Deployed, Ledger},
    object, packages,
    spec::{CommandSpec, TxSpec},
    system,
};
use crate::seed::seeded;

/// Those who take part.
#[derive(Debug)]
pub(crate) struct Cast {
    seed: u64,
    pub(crate) accounts: Vec<Address>,
    keys: HashMap<Address, Ed25519PublicKey>,
    pub(crate) package: Address,
    pub(crate) upgraded: Address,
}

impl Cast {
    pub(crate) fn new(config: &SuiDevnetConfig) -> Self {
        let seed = config.seed;
        let key = |index: usize| Ed25519PublicKey::new(seeded(seed, format_args!("sui/account/{index}")));
        let keys: Vec<_> = (0..config.accounts.max(2)).map(key).collect();
        Self {
            seed,
            accounts: keys.iter().map(Ed25519PublicKey::derive_address).collect(),
            keys: keys.into_iter().map(|key| (key.derive_address(), key)).collect(),
            package: Address::new(seeded(seed, format_args!("sui/package"))),
            upgraded: Address::new(seeded(seed, format_args!("sui/upgraded"))),
        }
    }

    /// The demo package as it was published.
    pub(crate) fn origin(&self) -> Origin {
        Origin { original: self.package, upgraded: None }
    }

    /// What everyone holds before the first transaction.
    pub(crate) fn endow(&self) -> Ledger {
        let mut ledger = Ledger::new(self.seed, self.origin().gold());
        for account in &self.accounts {
            ledger.coin(*account, false);
            ledger.coin(*account, true);
        }
        system::found(&mut ledger);
        let upgraded = Origin { upgraded: Some(self.upgraded), ..self.origin() };
        for (id, origin, version) in [(self.package, self.origin(), 1), (self.upgraded, upgraded, 2)] {
            let object = packages::object(id, &origin, version, Digest::ZERO);
            ledger.deploy(Deployed { origin, version, object });
        }
        let id = Address::new(seeded(self.seed, format_args!("sui/market")));
        let (ty, contents) = (self.origin().market(), object::numbered(id, 0));
        let market = object::structure(ty, Owner::Shared(1), 1, contents, Digest::ZERO);
        ledger.open_market(self.package, market);
        ledger
    }

    /// A signature that has the right form and is not valid.
    pub(crate) fn sign(&self, signer: Address, digest: &Digest) -> UserSignature {
        let key = self.keys.get(&signer).copied();
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(digest.as_bytes());
        signature[32..].copy_from_slice(signer.as_bytes());
        UserSignature::Simple(SimpleSignature::Ed25519 {
            signature: Ed25519Signature::new(signature),
            public_key: key.unwrap_or_else(|| Ed25519PublicKey::new(signer.into_inner())),
        })
    }

    /// A transaction of a pseudo-random kind.
    pub(crate) fn transaction(&self, rng: &mut StdRng) -> TxSpec {
        let (sender, to) = (self.account(rng), self.account(rng));
        let package = if rng.random_ratio(1, 4) { self.upgraded } else { self.package };
        match rng.random_range(0..100) {
            0..35 => TxSpec::transfer(sender, package, to, amount(rng)),
            35..50 => TxSpec::call(sender, package, vec![trade(rng)]),
            50..58 => TxSpec::call(sender, package, vec![listing(rng)]),
            58..66 => {
                let transfer = |rng: &mut StdRng| EventSpec::Transferred { to, amount: amount(rng) };
                let events = vec![transfer(rng), trade(rng), transfer(rng), listing(rng)];
                TxSpec::call(sender, package, events)
                    .then(CommandSpec::Call { package: self.package, events: vec![transfer(rng)] })
            }
            66..69 => TxSpec::call(sender, self.upgraded, vec![pause(rng)]),
            69..75 => TxSpec::transfer(sender, package, to, amount(rng)).aborting(rng.random_range(1..20)),
            75..85 => TxSpec::pay(sender, to, rng.random_range(1..1_000_000)),
            85..92 => TxSpec::pay_gold(sender, to, rng.random_range(1..1_000_000)),
            92..95 => TxSpec::pay(sender, to, rng.random_range(1..1_000)).sponsored_by(self.account(rng)),
            95..97 => TxSpec::pay_gold(sender, to, 5).then(CommandSpec::Pay { to, amount: 7 }),
            97 => TxSpec::publish(sender),
            98 => TxSpec::pay(sender, to, u64::MAX),
            _ => TxSpec::new(sender, Vec::new()),
        }
    }

    fn account(&self, rng: &mut StdRng) -> Address {
        self.accounts.choose(rng).copied().unwrap_or(Address::ZERO)
    }
}

/// Mostly small, sometimes beyond what a JSON number holds, now and then nothing.
fn amount(rng: &mut StdRng) -> u64 {
    match rng.random_range(0..20) {
        0 => 0,
        1 => rng.random(),
        _ => rng.random_range(1..=10_000_000),
    }
}

fn word(rng: &mut StdRng) -> String {
    ["", "plain", "mit Umlaut: äöü", "日本"][rng.random_range(0..4)].to_owned()
}

fn trade(rng: &mut StdRng) -> EventSpec {
    let item = match rng.random_range(0..3) {
        0 => Item::Number(rng.random()),
        1 => Item::Text(word(rng)),
        _ => Item::Bytes((0..rng.random_range(0..8)).map(|_| rng.random()).collect()),
    };
    let side = match rng.random_range(0..3) {
        0 => Side::Buy,
        1 => Side::Sell,
        _ => Side::Limit { price: amount(rng), post_only: rng.random() },
    };
    let fill = |rng: &mut StdRng| Fill { price: rng.random(), quantity: rng.random() };
    let fills = (0..rng.random_range(0..4)).map(|_| fill(rng)).collect();
    EventSpec::Traded { gold: rng.random(), item, side, fills, amount: amount(rng) }
}

fn listing(rng: &mut StdRng) -> EventSpec {
    EventSpec::Listed {
        item: Address::new(rng.random()),
        amount: amount(rng),
        note: rng.random::<bool>().then(|| word(rng)),
        tags: (0..rng.random_range(0..3)).map(|_| word(rng)).collect(),
    }
}

fn pause(rng: &mut StdRng) -> EventSpec {
    EventSpec::Paused { reason: word(rng), amount: amount(rng) }
}
