//! Runs a transaction: what it writes to the log, which calls it makes, which balances it changes.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    base58::Pubkey,
    demo::{EVENT_INSTRUCTION, EventSpec},
    known::{self, EventAuthorities},
    ledger::{Changes, Insufficient, Ledger, Overlay},
    log::{Kept, LogCollector},
    message::{Compiled, Message},
    spec::{AccountSpec, InstructionSpec, Step, Told, TxSpec},
};

/// Lamports for each signature.
pub(crate) const FEE: u64 = 5000;
const DEEPEST: u8 = 5;
const UNITS_PER_PROGRAM: u64 = 200_000;
const UNITS_PER_BUILTIN: u64 = 3000;

/// What came of a transaction.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) failure: Option<Failure>,
    pub(crate) logs: Vec<String>,
    /// For each top-level instruction that called others: its index, and what was called, in order.
    pub(crate) inner: Vec<(u8, Vec<Inner>)>,
    pub(crate) units: u64,
    /// In the order they were emitted.
    pub(crate) events: Vec<Emitted>,
    pub(crate) returned: Option<(Pubkey, Vec<u8>)>,
    pub(crate) changes: Changes,
}

/// Why a transaction failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The top-level instruction.
    pub(crate) instruction: u8,
    pub(crate) error: ProgramError,
}

/// What a program failed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProgramError {
    Custom(u32),
    CallDepth,
}

/// A call made by a program.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) compiled: Compiled,
    pub(crate) stack_height: u8,
}

/// An event, once, however it was told.
#[derive(Debug)]
pub(crate) struct Emitted {
    pub(crate) program: Pubkey,
    pub(crate) event: EventSpec,
    pub(crate) told: Told,
    /// The top-level instruction that it belongs to.
    pub(crate) instruction: u8,
    /// How deep its program was: 1 at the top level.
    pub(crate) depth: u8,
    /// Whether the node still shows it: `false` when all that told of it was cut off the log.
    pub(crate) visible: bool,
}

/// Runs `spec` on top of `ledger`. A failed transaction changes nothing but pays its fee.
pub(crate) fn run(
    spec: &TxSpec,
    message: &Message,
    ledger: &Ledger,
    authorities: &EventAuthorities,
) -> Outcome {
    let mut paid = Overlay::new(ledger);
    let fee = FEE * u64::from(message.required_signatures);
    // A payer without the fee would not be in a block at all; it pays what it has.
    let fee = fee.min(paid.lamports(&spec.payer));
    let _ = paid.take_lamports(spec.payer, fee);
    let fee_only = paid.changes.clone();
    let mut machine = Machine {
        message,
        authorities,
        balances: paid,
        log: LogCollector::default(),
        calls: Vec::new(),
        events: Vec::new(),
        returned: None,
        limit: limit(spec),
        used: 0,
        instruction: 0,
    };
    let mut inner = Vec::new();
    let mut failure = None;
    for (index, instruction) in (0..=u8::MAX).zip(&spec.instructions) {
        machine.instruction = index;
        let result = machine.invoke(instruction, 1);
        let calls = std::mem::take(&mut machine.calls);
        if !calls.is_empty() {
            inner.push((index, calls));
        }
        if let Err(error) = result {
            failure = Some(Failure { instruction: index, error });
            break;
        }
    }
    let changes = if failure.is_some() { fee_only } else { machine.balances.changes };
    let Machine { log, events, used: units, returned, .. } = machine;
    Outcome { failure, logs: log.finish(), inner, units, events, returned, changes }
}

fn limit(spec: &TxSpec) -> u64 {
    let unit = |instruction: &InstructionSpec| {
        if known::is_builtin(&instruction.program) { UNITS_PER_BUILTIN } else { UNITS_PER_PROGRAM }
    };
    spec.instructions.iter().map(unit).sum()
}

struct Machine<'a> {
    message: &'a Message,
    authorities: &'a EventAuthorities,
    balances: Overlay<'a>,
    log: LogCollector,
    calls: Vec<Inner>,
    events: Vec<Emitted>,
    returned: Option<(Pubkey, Vec<u8>)>,
    limit: u64,
    used: u64,
    instruction: u8,
}

impl Machine<'_> {
    /// Runs a program; `depth` is 1 at the top level.
    fn invoke(&mut self, call: &InstructionSpec, depth: u8) -> Result<(), ProgramError> {
        let program = &call.program;
        self.log.line(format!("Program {program} invoke [{depth}]"));
        let before = self.used;
        let result = self.act(call, depth);
        if !known::is_builtin(program) {
            let (used, limit) = (self.used - before, self.limit.saturating_sub(before));
            self.log.line(format!("Program {program} consumed {used} of {limit} compute units"));
        }
        if let Some((from, bytes)) = &self.returned
            && from == program
            && result.is_ok()
        {
            let line = format!("Program return: {program} {}", STANDARD.encode(bytes));
            self.log.line(line);
        }
        match result {
            Ok(()) => self.log.line(format!("Program {program} success")),
            Err(error) => self.log.line(format!("Program {program} failed: {}", words(error))),
        };
        result
    }

    fn act(&mut self, call: &InstructionSpec, depth: u8) -> Result<(), ProgramError> {
        self.returned = None;
        self.native(call)?;
        for step in &call.steps {
            self.used += 100;
            match step {
                Step::Log(text) => {
                    self.log.line(format!("Program log: {text}"));
                }
                Step::Data(slices) => {
                    let event = EventSpec::Raw(slices.concat());
                    let visible = self.data(slices) == Kept::Yes;
                    self.note(call, &event, Told::Log, depth, visible);
                }
                Step::Emit { event, told } => self.emit(call, event, *told, depth)?,
                Step::Invoke(inner) => self.cross(inner, depth + 1)?,
                Step::Return(bytes) => self.returned = Some((call.program, bytes.clone())),
                Step::Fail(code) => return Err(ProgramError::Custom(*code)),
            }
        }
        Ok(())
    }

    /// A call by a program.
    fn cross(&mut self, call: &InstructionSpec, depth: u8) -> Result<(), ProgramError> {
        if depth > DEEPEST {
            return Err(ProgramError::CallDepth);
        }
        self.used += 1000;
        let compiled = self.message.indices(&call.program, &call.accounts, &call.data);
        self.calls.push(Inner { compiled, stack_height: depth });
        self.invoke(call, depth)
    }

    fn data(&mut self, slices: &[Vec<u8>]) -> Kept {
        let words: Vec<String> = slices.iter().map(|slice| STANDARD.encode(slice)).collect();
        self.log.line(format!("Program data: {}", words.join(" ")))
    }

    fn emit(
        &mut self,
        call: &InstructionSpec,
        event: &EventSpec,
        told: Told,
        depth: u8,
    ) -> Result<(), ProgramError> {
        let data = event.data();
        let mut visible = told != Told::Log;
        let at = self.events.len();
        if told != Told::Cpi {
            visible |= self.data(std::slice::from_ref(&data)) == Kept::Yes;
        }
        self.note(call, event, told, depth, visible);
        if told == Told::Log {
            return Ok(());
        }
        let own = InstructionSpec {
            program: call.program,
            accounts: vec![AccountSpec::read_only(self.authorities.of(&call.program))],
            data: [&EVENT_INSTRUCTION[..], &data].concat(),
            steps: Vec::new(),
        };
        let result = self.cross(&own, depth + 1);
        if result == Err(ProgramError::CallDepth) && told == Told::Cpi {
            // The call that would have told of it was never made.
            self.events.truncate(at);
        }
        result
    }

    fn note(&mut self, call: &InstructionSpec, event: &EventSpec, told: Told, depth: u8, visible: bool) {
        let (program, event, instruction) = (call.program, event.clone(), self.instruction);
        self.events.push(Emitted { program, event, told, instruction, depth, visible });
    }

    /// What the programs do that move lamports and tokens.
    fn native(&mut self, call: &InstructionSpec) -> Result<(), ProgramError> {
        let account = |index: usize| call.accounts.get(index).map(|account| account.key).unwrap_or_default();
        match call.program {
            known::SYSTEM => {
                self.used += 150;
                if let Some(lamports) = call.data.strip_prefix(&2_u32.to_le_bytes()).and_then(number) {
                    self.move_lamports(account(0), account(1), lamports)?;
                }
            }
            known::VOTE => self.used += 2100,
            known::COMPUTE_BUDGET => self.used += 150,
            known::MEMO => {
                self.used += 300 + 40 * call.data.len() as u64;
                let text = String::from_utf8_lossy(&call.data);
                self.log.line(format!("Program log: Memo (len {}): {text:?}", call.data.len()));
            }
            known::TOKEN | known::TOKEN_2022 => self.tokens(call, account)?,
            _ => self.used += 1500,
        }
        Ok(())
    }

    fn move_lamports(&mut self, from: Pubkey, to: Pubkey, lamports: u64) -> Result<(), ProgramError> {
        if let Err(Insufficient { held }) = self.balances.take_lamports(from, lamports) {
            self.log.line(format!("Transfer: insufficient lamports {held}, need {lamports}"));
            return Err(ProgramError::Custom(1));
        }
        self.balances.give_lamports(to, lamports);
        Ok(())
    }

    fn tokens(
        &mut self,
        call: &InstructionSpec,
        account: impl Fn(usize) -> Pubkey,
    ) -> Result<(), ProgramError> {
        self.used += 4600;
        let Some((&code, rest)) = call.data.split_first() else { return Ok(()) };
        let Some(amount) = number(rest) else { return Ok(()) };
        let (name, source, destination) = match code {
            3 => ("Transfer", Some(account(0)), Some(account(1))),
            7 => ("MintTo", None, Some(account(1))),
            8 => ("Burn", Some(account(0)), None),
            12 => ("TransferChecked", Some(account(0)), Some(account(2))),
            _ => return Ok(()),
        };
        self.log.line(format!("Program log: Instruction: {name}"));
        if let Some(source) = source
            && self.balances.take_tokens(source, amount).is_err()
        {
            self.log.line("Program log: Error: insufficient funds".into());
            return Err(ProgramError::Custom(1));
        }
        if let Some(destination) = destination {
            self.balances.give_tokens(destination, amount);
        }
        Ok(())
    }
}

/// The number that data begins with.
fn number(data: &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(*data.first_chunk()?))
}

fn words(error: ProgramError) -> String {
    match error {
        ProgramError::Custom(code) => format!("custom program error: {code:#x}"),
        ProgramError::CallDepth => "Cross-program invocation call depth too deep".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::base58::Base58, *};

    const PROGRAM: Pubkey = Base58([9; 32]);
    const ROUTER: Pubkey = Base58([8; 32]);
    const ALICE: Pubkey = Base58([1; 32]);
    const BOB: Pubkey = Base58([2; 32]);

    fn outcome(spec: &TxSpec) -> Outcome {
        let authorities = EventAuthorities::default();
        let mut ledger = Ledger::default();
        ledger.open(ALICE, 1_000_000);
        let message = Message::compile(spec, Base58([0; 32]), Base58([7; 32]), &authorities);
        run(spec, &message, &ledger, &authorities)
    }

    fn transfer(told: Told) -> TxSpec {
        TxSpec::transfer(PROGRAM, ALICE, BOB, 7, told)
    }

    #[test]
    fn a_log_reads_as_the_runtime_writes_it() {
        let spec = transfer(Told::Log).nested_under(ROUTER);
        let data = STANDARD.encode(EventSpec::Transfer { from: ALICE, to: BOB, amount: 7 }.data());
        assert_eq!(
            outcome(&spec).logs,
            [
                format!("Program {ROUTER} invoke [1]"),
                "Program log: Instruction: Route".into(),
                format!("Program {PROGRAM} invoke [2]"),
                "Program log: Instruction: Transfer".into(),
                format!("Program data: {data}"),
                format!("Program {PROGRAM} consumed 1700 of 197300 compute units"),
                format!("Program {PROGRAM} success"),
                format!("Program {ROUTER} consumed 4400 of 200000 compute units"),
                format!("Program {ROUTER} success"),
            ]
        );
    }

    #[test]
    fn an_event_told_by_a_call_is_an_inner_instruction_of_the_program_to_itself() {
        let outcome = outcome(&transfer(Told::Both).nested_under(ROUTER));
        let [(0, inner)] = &outcome.inner[..] else { unreachable!("one instruction calls others") };
        assert_eq!(inner.iter().map(|inner| inner.stack_height).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(inner[0].compiled.program, inner[1].compiled.program);
        assert_eq!(inner[1].compiled.data[..8], EVENT_INSTRUCTION);
        assert_eq!(outcome.events.len(), 1);
        assert_eq!((outcome.events[0].depth, outcome.events[0].visible), (2, true));
        assert_eq!(outcome.logs.iter().filter(|line| line.starts_with("Program data: ")).count(), 1);
    }

    #[test]
    fn a_failure_ends_everything_and_leaves_the_fee() {
        let mut spec = transfer(Told::Log).nested_under(ROUTER);
        let Some(Step::Invoke(inner)) = spec.instructions[0].steps.last_mut() else {
            unreachable!("it calls")
        };
        inner.steps.push(Step::Fail(6000));
        spec.instructions.insert(0, InstructionSpec::system_transfer(ALICE, BOB, 10));
        spec.instructions.push(InstructionSpec::memo("never reached"));
        let outcome = outcome(&spec);
        let error = ProgramError::Custom(6000);
        assert_eq!(outcome.failure, Some(Failure { instruction: 1, error }));
        let end = ["custom program error: 0x1770"; 2];
        let failed: Vec<_> = outcome.logs.iter().filter_map(|line| line.split_once("failed: ")).collect();
        assert_eq!(failed.iter().map(|(_, why)| *why).collect::<Vec<_>>(), end);
        assert!(failed[0].0.contains(&PROGRAM.to_string()) && failed[1].0.contains(&ROUTER.to_string()));
        assert_eq!(outcome.events.len(), 1);
        let mut ledger = Ledger::default();
        ledger.open(ALICE, 1_000_000);
        ledger.apply(outcome.changes, &mut Default::default());
        assert_eq!((ledger.lamports(&ALICE), ledger.lamports(&BOB)), (995_000, 0));
    }

    #[test]
    fn chatter_hides_events_of_the_log_but_not_those_told_by_a_call() {
        let visible = |told| outcome(&transfer(told).after_chatter(11_000)).events[0].visible;
        assert!(!visible(Told::Log));
        assert!(visible(Told::Cpi) && visible(Told::Both));
        let logs = outcome(&transfer(Told::Log).after_chatter(11_000)).logs;
        let place = |start: &str| logs.iter().position(|line| line.starts_with(start));
        // A short line slips through behind the gap, where nobody can say whose it is.
        assert!(place("Log truncated").unwrap() < place("Program data: ").unwrap());
    }

    #[test]
    fn calls_too_deep_fail() {
        let deep = (0..5).fold(transfer(Told::Log), |spec, _| spec.nested_under(ROUTER));
        assert_eq!(outcome(&deep).failure, Some(Failure { instruction: 0, error: ProgramError::CallDepth }));
        let told = (0..4).fold(transfer(Told::Cpi), |spec, _| spec.nested_under(ROUTER));
        assert!(outcome(&told).events.is_empty());
        let told = (0..3).fold(transfer(Told::Cpi), |spec, _| spec.nested_under(ROUTER));
        assert_eq!(outcome(&told).events[0].depth, 4);
    }

    #[test]
    fn lamports_that_are_not_there_are_not_moved() {
        let outcome =
            outcome(&TxSpec::new(ALICE, vec![InstructionSpec::system_transfer(ALICE, BOB, u64::MAX)]));
        assert_eq!(outcome.failure.map(|failure| failure.error), Some(ProgramError::Custom(1)));
        assert_eq!(outcome.logs[1], "Transfer: insufficient lamports 995000, need 18446744073709551615");
    }
}
