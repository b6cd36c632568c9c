//! Generated traffic: who takes part, and what a pseudo-random transaction looks like.

use std::collections::HashMap;

use rand::{Rng, rngs::StdRng, seq::IndexedRandom};

use super::{
    base58::Pubkey,
    config::SolanaDevnetConfig,
    demo::{EventSpec, Fill, Side, Trade, named_key},
    known,
    ledger::{Ledger, TokenAccount},
    spec::{AccountSpec, InstructionSpec, Step, Told, TxSpec},
};

/// What every account holds at first.
const LAMPORTS: u64 = 1_000_000_000_000;
const TOKENS: u64 = 1_000_000_000_000;
/// What keeps a small account alive.
const RENT: u64 = 2_039_280;

/// A token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mint {
    pub(crate) address: Pubkey,
    pub(crate) program: Pubkey,
    pub(crate) decimals: u8,
}

/// Those who take part.
#[derive(Debug)]
pub(crate) struct Cast {
    pub(crate) accounts: Vec<Pubkey>,
    pub(crate) programs: Vec<Pubkey>,
    /// Calls the demo programs.
    pub(crate) router: Pubkey,
    /// Emits what looks like the demo programs' events and is not.
    pub(crate) stranger: Pubkey,
    pub(crate) mints: Vec<Mint>,
    /// By owner and mint.
    token_accounts: HashMap<(Pubkey, Pubkey), Pubkey>,
    /// Identity and vote account.
    pub(crate) validators: Vec<(Pubkey, Pubkey)>,
    /// Where messages of version 0 load keys from.
    pub(crate) table: Pubkey,
}

impl Cast {
    pub(crate) fn new(config: &SolanaDevnetConfig) -> Self {
        let key = |role: &str, index| named_key(config.seed, role, index);
        let named = |role: &str, count: usize| (0..count).map(|index| key(role, index)).collect();
        let accounts: Vec<Pubkey> = named("account", config.accounts.max(2));
        let mint = |index| Mint {
            address: key("mint", index),
            program: if index > 0 && index + 1 == config.mints { known::TOKEN_2022 } else { known::TOKEN },
            decimals: [6, 9, 2][index % 3],
        };
        let mints: Vec<Mint> = (0..config.mints).map(mint).collect();
        let mut token_accounts = HashMap::new();
        for mint in &mints {
            for owner in &accounts {
                let role = format!("token/{}", mint.address);
                let index = token_accounts.len();
                token_accounts.insert((*owner, mint.address), key(&role, index));
            }
        }
        Self {
            programs: named("program", config.programs.max(1)),
            router: key("router", 0),
            stranger: key("stranger", 0),
            validators: (0..config.votes_per_block.max(1))
                .map(|index| (key("identity", index), key("vote", index)))
                .collect(),
            table: key("table", 0),
            accounts,
            mints,
            token_accounts,
        }
    }

    /// What everyone holds at first.
    pub(crate) fn endow(&self) -> Ledger {
        let mut ledger = Ledger::default();
        let identities = self.validators.iter().map(|(identity, _)| identity);
        for key in self.accounts.iter().chain(identities) {
            ledger.open(*key, LAMPORTS);
        }
        let programs = self.programs.iter().chain([&self.router, &self.stranger]);
        for key in programs.chain(self.validators.iter().map(|(_, vote)| vote)) {
            ledger.open(*key, RENT);
        }
        for key in [known::SYSTEM, known::VOTE, known::COMPUTE_BUDGET, known::TOKEN, known::TOKEN_2022] {
            ledger.open(key, 1);
        }
        ledger.open(known::MEMO, RENT);
        for mint in &self.mints {
            ledger.open(mint.address, RENT);
            for owner in &self.accounts {
                let Some(address) = self.token_account(owner, mint) else { continue };
                ledger.open(address, RENT);
                ledger.open_token(address, mint.account(*owner));
            }
        }
        ledger
    }

    pub(crate) fn token_account(&self, owner: &Pubkey, mint: &Mint) -> Option<Pubkey> {
        self.token_accounts.get(&(*owner, mint.address)).copied()
    }

    /// The vote of a validator for a block.
    pub(crate) fn vote(&self, validator: usize, slot: u64, hash: &Pubkey) -> TxSpec {
        let (identity, account) = self.validators[validator % self.validators.len()];
        let data = [&14_u32.to_le_bytes()[..], &slot.to_le_bytes(), &hash.0].concat();
        let vote = InstructionSpec {
            program: known::VOTE,
            accounts: vec![AccountSpec::writable(account), AccountSpec::signer(identity)],
            data,
            steps: Vec::new(),
        };
        TxSpec::new(identity, vec![vote])
    }

    /// A transaction of a pseudo-random kind, in a pseudo-random form.
    pub(crate) fn transaction(&self, rng: &mut StdRng) -> TxSpec {
        let mut spec = self.kind(rng);
        if rng.random_ratio(1, 8) {
            spec.instructions.insert(0, price(rng));
        }
        if rng.random_ratio(1, 4) { spec.versioned() } else { spec }
    }

    fn kind(&self, rng: &mut StdRng) -> TxSpec {
        let (program, from, to) = (pick(&self.programs, rng), self.account(rng), self.account(rng));
        let one = |instruction| TxSpec::new(from, vec![instruction]);
        match rng.random_range(0..100) {
            0..20 => TxSpec::transfer(program, from, to, amount(rng), Told::Log),
            20..35 => TxSpec::transfer(program, from, to, amount(rng), Told::Cpi),
            35..45 => TxSpec::transfer(program, from, to, amount(rng), told(rng)).nested_under(self.router),
            45..52 => one(InstructionSpec::trade(program, trade(from, to, rng), told(rng))),
            52..60 => TxSpec::new(from, self.several(from, to, rng)),
            60..66 => TxSpec::transfer(program, from, to, amount(rng), told(rng)).failing(),
            66..68 => TxSpec::transfer(program, from, to, amount(rng), Told::Both),
            68..71 => self.deceptive(program, from, to, rng),
            71..85 => self.tokens(from, to, rng).map_or_else(|| one(lamports(from, to, rng)), one),
            85..88 => {
                let note = InstructionSpec::memo(&format!("note {}", rng.random_range(0..1000)));
                TxSpec::new(from, vec![lamports(from, to, rng), note])
            }
            88..90 => one(InstructionSpec::system_transfer(from, to, u64::MAX)),
            _ => one(lamports(from, to, rng)),
        }
    }

    /// Events of several programs, one of them by way of another.
    fn several(&self, from: Pubkey, to: Pubkey, rng: &mut StdRng) -> Vec<InstructionSpec> {
        // No two alike: what is told in the log and by a call in the same bytes is one event told twice.
        let mut number = rng.random_range(1..1_000_000);
        let mut next = || {
            number += 1;
            number
        };
        let mut transfer = |program| InstructionSpec::transfer(program, from, to, next(), Told::Log);
        let calls: Vec<_> = self.programs.iter().map(|program| transfer(*program)).collect();
        let [first, second] = [transfer(self.programs[0]), transfer(self.programs[0])];
        let event = EventSpec::Transfer { from: to, to: from, amount: next() };
        let routed = first.emitting(event, Told::Cpi).nested_under(self.router);
        calls.into_iter().chain([routed, second]).collect()
    }

    /// Lines that look like the runtime's, and events that look like the demo program's.
    fn deceptive(&self, program: Pubkey, from: Pubkey, to: Pubkey, rng: &mut StdRng) -> TxSpec {
        let lookalike = EventSpec::Transfer { from, to, amount: amount(rng) }.data();
        let stranger = InstructionSpec {
            program: self.stranger,
            accounts: vec![AccountSpec::signer(from)],
            data: vec![0],
            steps: vec![
                Step::Log(format!("Program {program} invoke [2]")),
                Step::Data(vec![lookalike]),
                Step::Log(format!("Program {program} success")),
            ],
        };
        let told = InstructionSpec::transfer(program, from, to, amount(rng), Told::Log);
        TxSpec::new(from, vec![stranger, told.then(Step::Return(vec![1, 2, 3]))])
    }

    fn tokens(&self, from: Pubkey, to: Pubkey, rng: &mut StdRng) -> Option<InstructionSpec> {
        let mint = self.mints.choose(rng)?;
        let (source, destination) = (self.token_account(&from, mint)?, self.token_account(&to, mint)?);
        let amount = amount(rng);
        Some(match rng.random_range(0..10) {
            // Whoever signs it: nothing here checks that the authority has the right.
            0 => InstructionSpec::mint_to(mint.program, mint.address, destination, from, amount),
            1 => InstructionSpec::burn(mint.program, source, mint.address, from, amount),
            2 => InstructionSpec::token_transfer(mint.program, source, destination, from, u64::MAX),
            3..6 => checked(mint, source, destination, from, amount),
            _ => InstructionSpec::token_transfer(mint.program, source, destination, from, amount),
        })
    }

    fn account(&self, rng: &mut StdRng) -> Pubkey {
        pick(&self.accounts, rng)
    }
}

impl Mint {
    fn account(&self, owner: Pubkey) -> TokenAccount {
        TokenAccount {
            mint: self.address,
            owner,
            program: self.program,
            decimals: self.decimals,
            amount: TOKENS,
        }
    }
}

fn checked(mint: &Mint, from: Pubkey, to: Pubkey, authority: Pubkey, amount: u64) -> InstructionSpec {
    let mut call = InstructionSpec::token_transfer(mint.program, from, to, authority, amount);
    call.accounts.insert(1, AccountSpec::read_only(mint.address));
    call.data[0] = 12;
    call.data.push(mint.decimals);
    call
}

fn pick(keys: &[Pubkey], rng: &mut StdRng) -> Pubkey {
    keys.choose(rng).copied().unwrap_or_default()
}

fn lamports(from: Pubkey, to: Pubkey, rng: &mut StdRng) -> InstructionSpec {
    InstructionSpec::system_transfer(from, to, rng.random_range(1..1_000_000))
}

/// A price for the priority that a transaction wants.
fn price(rng: &mut StdRng) -> InstructionSpec {
    let price = rng.random_range(1..100_000_u64);
    let data = [&[3][..], &price.to_le_bytes()].concat();
    InstructionSpec { program: known::COMPUTE_BUDGET, data, ..InstructionSpec::default() }
}

fn told(rng: &mut StdRng) -> Told {
    if rng.random() { Told::Log } else { Told::Cpi }
}

/// Mostly small, sometimes beyond what a JSON number holds, now and then nothing.
fn amount(rng: &mut StdRng) -> u64 {
    match rng.random_range(0..20) {
        0 => 0,
        1 => rng.random(),
        _ => rng.random_range(1..=10_000_000),
    }
}

fn trade(maker: Pubkey, taker: Pubkey, rng: &mut StdRng) -> Trade {
    let fill = |rng: &mut StdRng| Fill { price: rng.random(), quantity: rng.random() };
    let side = match rng.random_range(0..4) {
        0 => Side::Buy,
        1 => Side::Sell,
        2 => Side::Limit { price: amount(rng), post_only: rng.random() },
        _ => Side::Cancel("too late".into()),
    };
    Trade {
        id: rng.random(),
        maker,
        taker: rng.random::<bool>().then_some(taker),
        side,
        fills: (0..rng.random_range(0..4)).map(|_| fill(rng)).collect(),
        amount: amount(rng),
        note: ["", "plain", "mit Umlaut: äöü", "日本"][rng.random_range(0..4)].to_owned(),
        urgent: rng.random(),
        tag: rng.random(),
    }
}
