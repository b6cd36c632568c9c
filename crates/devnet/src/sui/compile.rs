//! Turns commands written by hand into those of a programmable transaction.

use std::sync::Arc;

use sui_sdk_types::{
    Address, Argument, Command, Identifier, Input, MoveCall, Owner, ProgrammableTransaction, Publish,
    SharedInput, SplitCoins, TransferObjects,
};

use super::{
    demo::{EventSpec, MARKET, Origin},
    ledger::Ledger,
    object::Kept,
    packages,
    spec::{CommandSpec, TxSpec},
    value::Value,
};

/// What a command comes to.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    Emit { package: Address, origin: Origin, events: &'a [EventSpec] },
    Send { from: Address, to: Address, amount: u64 },
    Publish,
}

/// A transaction before it is run.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) body: ProgrammableTransaction,
    pub(crate) steps: Vec<Step<'a>>,
    /// The coin that pays.
    pub(crate) gas: Arc<Kept>,
    /// All objects that it takes, the coin that pays first.
    pub(crate) objects: Vec<Arc<Kept>>,
    /// The first of its commands that calls a demo package.
    pub(crate) call: Option<u64>,
}

/// See the module. Calls of what is no demo package are left out.
pub(crate) fn plan<'a>(spec: &'a TxSpec, ledger: &mut Ledger) -> Plan<'a> {
    let gas = ledger.coin(spec.sponsor.unwrap_or(spec.sender), false);
    let mut compiler = Compiler {
        ledger,
        plan: Plan {
            body: ProgrammableTransaction { inputs: Vec::new(), commands: Vec::new() },
            steps: Vec::new(),
            objects: vec![gas.clone()],
            gas,
            call: None,
        },
    };
    for command in &spec.commands {
        match command {
            CommandSpec::Call { package, events } => compiler.call(*package, events),
            CommandSpec::Pay { to, amount } => compiler.pay(spec.sender, *to, *amount, false),
            CommandSpec::PayGold { to, amount } => compiler.pay(spec.sender, *to, *amount, true),
            CommandSpec::Publish => compiler.publish(spec.sender),
        }
    }
    compiler.plan
}

struct Compiler<'a, 'l> {
    ledger: &'l mut Ledger,
    plan: Plan<'a>,
}

impl<'a> Compiler<'a, '_> {
    fn call(&mut self, package: Address, events: &'a [EventSpec]) {
        let Some(deployed) = self.ledger.package(&package) else { return };
        let origin = deployed.origin;
        let Some(market) = self.ledger.market(&origin).cloned() else { return };
        let (function, type_arguments, values) = match events {
            [event] => (event.function(), event.type_arguments(&origin), event.arguments()),
            _ => ("batch", Vec::new(), vec![Value::U64(events.len() as u64)]),
        };
        let mut arguments = vec![self.object(market)];
        arguments.extend(values.iter().map(|value| self.pure(value)));
        self.plan.call.get_or_insert(self.plan.body.commands.len() as u64);
        self.command(Command::MoveCall(MoveCall {
            package,
            module: Identifier::from_static(MARKET),
            function: Identifier::from_static(function),
            type_arguments,
            arguments,
        }));
        self.plan.steps.push(Step::Emit { package, origin, events });
    }

    fn pay(&mut self, sender: Address, to: Address, amount: u64, gold: bool) {
        let coin = self.ledger.coin(sender, gold);
        let from = coin.id();
        let source = if from == self.plan.gas.id() { Argument::Gas } else { self.object(coin) };
        let amounts = vec![self.pure(&Value::U64(amount))];
        let split = self.command(Command::SplitCoins(SplitCoins { coin: source, amounts }));
        let address = self.pure(&Value::Address(to));
        let objects = vec![Argument::NestedResult(split, 0)];
        self.command(Command::TransferObjects(TransferObjects { objects, address }));
        self.plan.steps.push(Step::Send { from, to, amount });
    }

    fn publish(&mut self, sender: Address) {
        let dependencies = vec![Address::from_static("0x1"), Address::TWO];
        let modules = packages::bytecode().into_values().collect();
        let cap = self.command(Command::Publish(Publish { modules, dependencies }));
        let address = self.pure(&Value::Address(sender));
        let objects = vec![Argument::Result(cap)];
        self.command(Command::TransferObjects(TransferObjects { objects, address }));
        self.plan.steps.push(Step::Publish);
    }

    fn pure(&mut self, value: &Value) -> Argument {
        self.input(Input::Pure(value.bcs()))
    }

    /// An object is one input, however often it is used.
    fn object(&mut self, object: Arc<Kept>) -> Argument {
        let input = match *object.object.owner() {
            Owner::Shared(version) => Input::Shared(SharedInput::new(object.id(), version, true)),
            _ => Input::ImmutableOrOwned(object.reference()),
        };
        if let Some(at) = self.plan.body.inputs.iter().position(|known| *known == input) {
            return Argument::Input(at as u16);
        }
        self.plan.objects.push(object);
        self.input(input)
    }

    fn input(&mut self, input: Input) -> Argument {
        self.plan.body.inputs.push(input);
        Argument::Input((self.plan.body.inputs.len() - 1) as u16)
    }

    /// Its place.
    fn command(&mut self, command: Command) -> u16 {
        self.plan.body.commands.push(command);
        (self.plan.body.commands.len() - 1) as u16
    }
}
