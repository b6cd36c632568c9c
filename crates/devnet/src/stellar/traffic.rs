//! What happens on a network where nobody says what: transfers, trades, payments, and now and then a failure.

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use super::{
    cast::Cast,
    config::StellarDevnetConfig,
    demo::{DemoEvent, Order},
    party::Party,
    spec::{EventSpec, Movement, Payment, RefundStage, Token, TxSpec, Work},
};
use crate::seed::seeded;

const PAIRS: [&str; 3] = ["XLM_DEMO", "DEMO_BTC", "XLM_EUR"];

impl Cast {
    /// The transactions of a generated ledger.
    pub(crate) fn traffic(&self, config: &StellarDevnetConfig, ledger: u32) -> Vec<TxSpec> {
        let seed = seeded(config.seed, format_args!("stellar/traffic/{ledger}"));
        let mut dice = Dice { cast: self, rng: StdRng::from_seed(seed) };
        let transaction = |_| match config.events_per_transaction {
            Some(events) => dice.load(events),
            None => dice.transaction(),
        };
        (0..config.transactions_per_ledger).map(transaction).collect()
    }
}

struct Dice<'a> {
    cast: &'a Cast,
    rng: StdRng,
}

impl Dice<'_> {
    fn transaction(&mut self) -> TxSpec {
        let (one, other) = self.two();
        let mut spec = match self.rng.random_range(0..10) {
            0..3 => {
                let token = self.token();
                TxSpec::transfer(token, one, self.perhaps_numbered(other), self.amount())
            }
            3..5 => self.trade(one, other),
            5 => TxSpec::demo(one, self.order(one)),
            6 => TxSpec::demo(one, DemoEvent::PriceSet { feed: self.pair(), price: self.amount() - 500_000 }),
            7 => self.issue(one),
            _ => self.payments(one),
        };
        if let Work::Invoke(_) = spec.work {
            spec = spec.refunding(self.rng.random_range(1..30_000), RefundStage::AfterAll);
        }
        if self.rng.random_ratio(1, 8) {
            spec = spec.fee_paid_by(other);
        }
        if self.rng.random_ratio(1, 10) { spec.failing() } else { spec }
    }

    /// Many transfers at once.
    fn load(&mut self, events: usize) -> TxSpec {
        let (source, _) = self.two();
        let transfer = |_| {
            let (from, to) = self.two();
            let movement = Movement::Transfer { from, to, amount: self.amount() };
            EventSpec::Token { token: Token::Issued, movement }
        };
        TxSpec::invoke(source, (0..events).map(transfer).collect())
    }

    /// A swap and the two transfers it takes.
    fn trade(&mut self, from: Party, to: Party) -> TxSpec {
        let contract = self.rng.random_range(0..self.cast.contracts.len());
        let pool = Party::Contract(self.cast.demo_contract(contract));
        let amount = self.amount();
        let event = DemoEvent::Swapped { pair: self.pair(), from, to, amount, fee: amount / 300 };
        let moved = |token, movement| EventSpec::Token { token, movement };
        TxSpec::invoke(
            from,
            vec![
                moved(Token::Issued, Movement::Transfer { from, to: pool, amount }),
                EventSpec::Demo { contract, event },
                moved(Token::Native, Movement::Transfer { from: pool, to, amount: amount / 2 }),
            ],
        )
    }

    fn order(&mut self, maker: Party) -> DemoEvent {
        let order = Order {
            amount: self.amount(),
            price: u128::from(self.rng.random::<u64>()),
            note: "à la carte".to_owned(),
            tags: vec!["spot".to_owned(), self.pair()],
        };
        let deadline =
            self.rng.random_ratio(1, 2).then(|| self.rng.random_range(1_800_000_000..1_900_000_000));
        DemoEvent::OrderPlaced { maker, order, deadline }
    }

    /// More or less of the demo asset.
    fn issue(&mut self, other: Party) -> TxSpec {
        let amount = self.amount();
        let issuer = self.cast.issuer;
        match self.rng.random_range(0..3) {
            0 => TxSpec::movement(Token::Issued, issuer, Movement::Mint { to: other, amount }),
            1 => TxSpec::movement(Token::Issued, other, Movement::Burn { from: other, amount }),
            _ => TxSpec::movement(Token::Issued, issuer, Movement::Clawback { from: other, amount }),
        }
    }

    fn payments(&mut self, from: Party) -> TxSpec {
        let count = self.rng.random_range(1..4);
        let payment = |_| {
            let (_, to) = self.two();
            let (token, amount) = (self.token(), self.rng.random_range(1..1_000_000_000));
            Payment { token, from, to: self.perhaps_numbered(to), amount }
        };
        let spec = TxSpec::new(from, Work::Pay((0..count).map(payment).collect()));
        if self.rng.random_ratio(1, 5) { spec.with_memo(self.rng.random()) } else { spec }
    }

    /// Two different accounts.
    fn two(&mut self) -> (Party, Party) {
        let accounts = &self.cast.accounts;
        let one = self.rng.random_range(0..accounts.len());
        let other = (one + self.rng.random_range(1..accounts.len())) % accounts.len();
        (accounts[one], accounts[other])
    }

    fn perhaps_numbered(&mut self, party: Party) -> Party {
        if self.rng.random_ratio(1, 5) { party.numbered(self.rng.random()) } else { party }
    }

    fn token(&mut self) -> Token {
        if self.rng.random_ratio(1, 3) { Token::Native } else { Token::Issued }
    }

    fn amount(&mut self) -> i128 {
        i128::from(self.rng.random_range(1..1_000_000_u64))
    }

    fn pair(&mut self) -> String {
        PAIRS.choose(&mut self.rng).map(|pair| (*pair).to_owned()).unwrap_or_default()
    }
}
