//! The objects that transactions use, as of the newest checkpoint.

use std::{collections::HashMap, sync::Arc};

use sui_sdk_types::{Address, Digest, Owner, StructTag};

use super::{
    demo::Origin,
    object::{self, Kept},
};
use crate::seed::seeded;

/// What everyone holds of each coin at first.
const ENDOWMENT: u64 = 1_000_000_000_000_000;

/// A demo package on the chain.
#[derive(Clone, Debug)]
pub(crate) struct Deployed {
    pub(crate) origin: Origin,
    pub(crate) version: u64,
    pub(crate) object: Arc<Kept>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Ledger {
    seed: u64,
    /// The token of the demo package.
    gold: StructTag,
    /// The transaction that made everything that there is at first.
    genesis: Digest,
    objects: HashMap<Address, Arc<Kept>>,
    /// By the package that defines it first.
    markets: HashMap<Address, Address>,
    packages: HashMap<Address, Deployed>,
}

impl Ledger {
    pub(crate) fn new(seed: u64, gold: StructTag) -> Self {
        Self {
            seed,
            gold,
            genesis: Digest::ZERO,
            objects: HashMap::new(),
            markets: HashMap::new(),
            packages: HashMap::new(),
        }
    }

    /// The coin that an account pays with. Who has none gets one.
    pub(crate) fn coin(&mut self, owner: Address, gold: bool) -> Arc<Kept> {
        let kind = if gold { "gold" } else { "sui" };
        let id = Address::new(seeded(self.seed, format_args!("sui/coin/{kind}/{owner}")));
        let ty = if gold { StructTag::coin(self.gold.clone().into()) } else { StructTag::gas_coin() };
        let genesis = self.genesis;
        let new = || {
            let contents = object::coin_contents(id, ENDOWMENT);
            object::structure(ty, Owner::Address(owner), 1, contents, genesis)
        };
        self.objects.entry(id).or_insert_with(new).clone()
    }

    /// All that there is comes from this transaction.
    pub(crate) fn begin(&mut self, genesis: Digest) -> Vec<Arc<Kept>> {
        self.genesis = genesis;
        for object in self.objects.values_mut() {
            *object = object.made_by(genesis);
        }
        for package in self.packages.values_mut() {
            package.object = package.object.made_by(genesis);
        }
        let packages = self.packages.values().map(|package| &package.object);
        self.objects.values().chain(packages).cloned().collect()
    }

    /// What there is before the first transaction, in the order of the ids.
    pub(crate) fn everything(&self) -> Vec<&Arc<Kept>> {
        let packages = self.packages.values().map(|package| &package.object);
        let mut all: Vec<_> = self.objects.values().chain(packages).collect();
        all.sort_by_key(|object| object.id());
        all
    }

    pub(crate) fn object(&self, id: &Address) -> Option<&Arc<Kept>> {
        self.objects.get(id)
    }

    /// Takes a new object or a new version.
    pub(crate) fn put(&mut self, object: Arc<Kept>) {
        self.objects.insert(object.id(), object);
    }

    pub(crate) fn open_market(&mut self, package: Address, market: Arc<Kept>) {
        self.markets.insert(package, market.id());
        self.put(market);
    }

    /// The market of a package, or of the one it upgrades.
    pub(crate) fn market(&self, origin: &Origin) -> Option<&Arc<Kept>> {
        self.object(self.markets.get(&origin.original)?)
    }

    pub(crate) fn deploy(&mut self, package: Deployed) {
        self.packages.insert(package.object.id(), package);
    }

    pub(crate) fn package(&self, id: &Address) -> Option<&Deployed> {
        self.packages.get(id)
    }

    pub(crate) fn packages(&self) -> impl Iterator<Item = &Deployed> {
        self.packages.values()
    }
}
