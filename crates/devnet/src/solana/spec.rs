//! Transactions written by hand: which programs are called, and what each does when it is.

use serde::{Deserialize, Serialize};

use super::{
    base58::Pubkey,
    demo::{self, EventSpec, Trade},
    known,
};

/// A transaction. Its signature follows from its content and its place among its payer's transactions, so that the same
/// sequence on another fork gives the same signatures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TxSpec {
    /// Who pays the fee; the first signer.
    pub payer: Pubkey,
    /// What is called, in order.
    pub instructions: Vec<InstructionSpec>,
    /// The form of its message.
    pub version: TxVersion,
}

/// The form of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TxVersion {
    /// All keys are in the message.
    #[default]
    Legacy,
    /// Version 0: keys that neither sign nor are called at the top level come from a lookup table.
    V0,
}

/// A call of a program. The programs that move lamports and tokens do what `data` says; then come the `steps`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InstructionSpec {
    /// Who is called.
    pub program: Pubkey,
    /// The accounts it is given.
    pub accounts: Vec<AccountSpec>,
    /// What it is given.
    pub data: Vec<u8>,
    /// What it does.
    pub steps: Vec<Step>,
}

/// An account that is given to a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountSpec {
    /// Its address.
    pub key: Pubkey,
    /// Whether it signed.
    pub signer: bool,
    /// Whether it may be changed.
    pub writable: bool,
}

/// Something that a program does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Writes a text to the log.
    Log(String),
    /// Writes bytes to the log, in one line.
    Data(Vec<Vec<u8>>),
    /// Emits an event.
    Emit {
        /// Which.
        event: EventSpec,
        /// How.
        told: Told,
    },
    /// Calls another program.
    Invoke(InstructionSpec),
    /// Returns bytes.
    Return(Vec<u8>),
    /// Fails with an error of its own, and the transaction with it.
    Fail(u32),
}

/// How a program tells of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// In the log (`emit!`).
    Log,
    /// By calling itself (`emit_cpi!`).
    Cpi,
    /// Both ways, the log first. It is one event.
    Both,
}

impl AccountSpec {
    /// Given to be read.
    pub fn read_only(key: Pubkey) -> Self {
        Self { key, ..Self::default() }
    }

    /// Given to be changed.
    pub fn writable(key: Pubkey) -> Self {
        Self { key, writable: true, ..Self::default() }
    }

    /// Given as a signer, to be read.
    pub fn signer(key: Pubkey) -> Self {
        Self { key, signer: true, ..Self::default() }
    }
}

impl TxSpec {
    /// Calls `instructions` in order.
    pub fn new(payer: Pubkey, instructions: Vec<InstructionSpec>) -> Self {
        Self { payer, instructions, version: TxVersion::Legacy }
    }

    /// Calls `transfer` of a demo program, which emits its `Transfer`.
    pub fn transfer(program: Pubkey, from: Pubkey, to: Pubkey, amount: u64, told: Told) -> Self {
        Self::new(from, vec![InstructionSpec::transfer(program, from, to, amount, told)])
    }

    /// The same transaction, all of it called by another program: each instruction one level deeper.
    pub fn nested_under(mut self, program: Pubkey) -> Self {
        self.instructions = self.instructions.into_iter().map(|inner| inner.nested_under(program)).collect();
        self
    }

    /// The same transaction, failing after everything else: nothing but the fee remains, and the log.
    pub fn failing(mut self) -> Self {
        if let Some(last) = self.instructions.last_mut() {
            last.steps.push(Step::Fail(demo::REFUSED));
        }
        self
    }

    /// The same transaction, after so many bytes of chatter: with 10,000 the node cuts the log off before the rest.
    pub fn after_chatter(mut self, bytes: usize) -> Self {
        const LINE: usize = 500;
        let Some(first) = self.instructions.first_mut() else { return self };
        let lines = (0..bytes.div_ceil(LINE)).map(|_| Step::Log("chatter ".repeat(LINE / 8)));
        first.steps.splice(0..0, lines);
        self
    }

    /// The same transaction with a message of version 0.
    pub fn versioned(mut self) -> Self {
        self.version = TxVersion::V0;
        self
    }
}

impl InstructionSpec {
    /// `transfer` of a demo program.
    pub fn transfer(program: Pubkey, from: Pubkey, to: Pubkey, amount: u64, told: Told) -> Self {
        Self::demo(program, [from, to], demo::transfer_data(amount), "Transfer")
            .emitting(EventSpec::Transfer { from, to, amount }, told)
    }

    /// `trade` of a demo program, called by the maker.
    pub fn trade(program: Pubkey, trade: Trade, told: Told) -> Self {
        let taker = trade.taker.unwrap_or(program);
        Self::demo(program, [trade.maker, taker], demo::trade_data(&trade), "Trade")
            .emitting(EventSpec::Trade(trade), told)
    }

    fn demo(program: Pubkey, [from, to]: [Pubkey; 2], data: Vec<u8>, name: &str) -> Self {
        let accounts =
            vec![AccountSpec::writable(from), AccountSpec::writable(to), AccountSpec::signer(from)];
        Self { program, accounts, data, steps: vec![Step::Log(format!("Instruction: {name}"))] }
    }

    /// The same instruction, emitting one event more.
    pub fn emitting(mut self, event: EventSpec, told: Told) -> Self {
        self.steps.push(Step::Emit { event, told });
        self
    }

    /// The same instruction, doing one thing more.
    pub fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// A call of another program that calls this.
    pub fn nested_under(self, program: Pubkey) -> Self {
        let mut accounts = self.accounts.clone();
        accounts.push(AccountSpec::read_only(self.program));
        let steps = vec![Step::Log("Instruction: Route".into()), Step::Invoke(self)];
        Self { program, accounts, data: vec![1], steps }
    }

    /// Moves lamports.
    pub fn system_transfer(from: Pubkey, to: Pubkey, lamports: u64) -> Self {
        let from = AccountSpec { key: from, signer: true, writable: true };
        let data = [&2_u32.to_le_bytes()[..], &lamports.to_le_bytes()].concat();
        Self {
            program: known::SYSTEM,
            accounts: vec![from, AccountSpec::writable(to)],
            data,
            steps: Vec::new(),
        }
    }

    /// Moves tokens between two token accounts.
    pub fn token_transfer(
        program: Pubkey,
        source: Pubkey,
        to: Pubkey,
        authority: Pubkey,
        amount: u64,
    ) -> Self {
        let accounts =
            vec![AccountSpec::writable(source), AccountSpec::writable(to), AccountSpec::signer(authority)];
        let data = [&[3][..], &amount.to_le_bytes()].concat();
        Self { program, accounts, data, steps: Vec::new() }
    }

    /// Creates tokens.
    pub fn mint_to(program: Pubkey, mint: Pubkey, to: Pubkey, authority: Pubkey, amount: u64) -> Self {
        let accounts =
            vec![AccountSpec::writable(mint), AccountSpec::writable(to), AccountSpec::signer(authority)];
        let data = [&[7][..], &amount.to_le_bytes()].concat();
        Self { program, accounts, data, steps: Vec::new() }
    }

    /// Destroys tokens.
    pub fn burn(program: Pubkey, source: Pubkey, mint: Pubkey, authority: Pubkey, amount: u64) -> Self {
        let accounts =
            vec![AccountSpec::writable(source), AccountSpec::writable(mint), AccountSpec::signer(authority)];
        let data = [&[8][..], &amount.to_le_bytes()].concat();
        Self { program, accounts, data, steps: Vec::new() }
    }

    /// Leaves a note.
    pub fn memo(text: &str) -> Self {
        Self { program: known::MEMO, data: text.as_bytes().to_vec(), ..Self::default() }
    }

    /// Whether it emits an event by calling itself.
    pub(crate) fn tells_by_calling(&self) -> bool {
        let by_call = |told: &Told| matches!(told, Told::Cpi | Told::Both);
        self.steps.iter().any(|step| matches!(step, Step::Emit { told, .. } if by_call(told)))
    }

    /// Calls `visit` with this instruction and all that it calls, a caller before those it calls.
    pub(crate) fn visit<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        for step in &self.steps {
            if let Step::Invoke(inner) = step {
                inner.visit(visit);
            }
        }
    }
}
