//! Runs transactions on top of the ledger.

use std::{collections::BTreeMap, sync::Arc};

use sui_sdk_types::{
    Address, BalanceChange, ChangedObject, Digest, Event, ExecutionError, ExecutionStatus, GasCostSummary,
    GasPayment, IdOperation, Identifier, MoveLocation, ObjectData, ObjectIn, ObjectOut, Owner, StructTag,
    Transaction, TransactionEffects, TransactionEffectsV2, TransactionEvents, TransactionExpiration,
    TransactionKind, TypeTag, UserSignature,
};

use super::{
    checkpoint::{Executed, Told},
    compile::{self, Plan, Step},
    demo::{EventSpec, MARKET, Origin, tag},
    ledger::{Deployed, Ledger},
    object::{self, Kept},
    packages,
    spec::TxSpec,
};

/// What a unit of gas costs.
const GAS_PRICE: u64 = 750;
/// Units for each command, and for each event.
const COMMAND_UNITS: u64 = 1_000;
const EVENT_UNITS: u64 = 10;
const BUDGET: u64 = 50_000_000_000;

/// What a run left behind, by object: the version before and the one after.
#[derive(Debug, Default)]
pub(crate) struct Changes(BTreeMap<Address, (Option<Arc<Kept>>, Arc<Kept>)>);

/// An event with what is readable of it.
type Emitted = (Event, Told);

/// Runs a transaction. What it changes is changed in the ledger.
pub(crate) fn run(
    spec: &TxSpec,
    epoch: u64,
    ledger: &mut Ledger,
    sign: impl Fn(Address, &Digest) -> UserSignature,
) -> Executed {
    let plan = compile::plan(spec, ledger);
    let payer = spec.sponsor.unwrap_or(spec.sender);
    let transaction = Transaction {
        kind: TransactionKind::ProgrammableTransaction(plan.body.clone()),
        sender: spec.sender,
        gas_payment: GasPayment {
            objects: vec![plan.gas.reference()],
            owner: payer,
            price: GAS_PRICE,
            budget: BUDGET,
        },
        expiration: TransactionExpiration::None,
    };
    let digest = transaction.digest();
    let version = plan.objects.iter().map(|object| object.version()).max().unwrap_or_default() + 1;
    let mut run = Run { ledger, digest, version, sender: spec.sender, plan: &plan, born: 0 };
    let outcome = match run.failure(spec) {
        None => run.succeed(),
        Some(_) => Outcome::default(),
    };
    let status = run.failure(spec).unwrap_or(ExecutionStatus::Success);
    let (changes, gas_used) = run.settle(&outcome);
    for deployed in outcome.deployed {
        ledger.deploy(deployed);
    }
    for (package, market) in outcome.markets {
        ledger.open_market(package, market);
    }
    let signers = if payer == spec.sender { vec![payer] } else { vec![spec.sender, payer] };
    finish(
        Done { transaction, digest, version, epoch, status, gas_used, gas: Some(plan.gas.id()) },
        changes,
        outcome.emitted,
        signers.into_iter().map(|signer| sign(signer, &digest)).collect(),
        ledger,
    )
}

/// What happens beside the payment.
#[derive(Default)]
struct Outcome {
    emitted: Vec<Emitted>,
    /// What each coin has less than before.
    spent: BTreeMap<Address, u64>,
    /// How often each market was used.
    used: BTreeMap<Address, u64>,
    created: Vec<Arc<Kept>>,
    deployed: Vec<Deployed>,
    markets: Vec<(Address, Arc<Kept>)>,
}

struct Run<'a> {
    ledger: &'a Ledger,
    digest: Digest,
    version: u64,
    sender: Address,
    plan: &'a Plan<'a>,
    /// How many ids were derived.
    born: u64,
}

impl Run<'_> {
    /// Why nothing but the payment happens.
    fn failure(&self, spec: &TxSpec) -> Option<ExecutionStatus> {
        if let Some(code) = spec.aborts {
            return Some(self.abort(code));
        }
        let mut spent: BTreeMap<Address, u64> = BTreeMap::new();
        for step in &self.plan.steps {
            if let Step::Send { from, amount, .. } = step {
                let spent = spent.entry(*from).or_default();
                *spent = spent.saturating_add(*amount);
            }
        }
        let enough = |(coin, spent): (&Address, &u64)| {
            let held = self.ledger.object(coin).map_or(0, |coin| coin.balance());
            held >= spent.saturating_add(BUDGET)
        };
        let error = ExecutionError::InsufficientCoinBalance;
        (!spent.iter().all(enough)).then_some(ExecutionStatus::Failure { error, command: Some(0) })
    }

    fn abort(&self, code: u64) -> ExecutionStatus {
        let called = self.plan.steps.iter().find_map(|step| match step {
            Step::Emit { package, .. } => Some(*package),
            _ => None,
        });
        let (package, module, function) = match called {
            Some(package) => (package, MARKET, "check"),
            None => (Address::TWO, "balance", "split"),
        };
        let location = MoveLocation {
            package,
            module: Identifier::from_static(module),
            function: 0,
            instruction: 7,
            function_name: Some(Identifier::from_static(function)),
        };
        let error = ExecutionError::MoveAbort { location, code };
        ExecutionStatus::Failure { error, command: Some(self.plan.call.unwrap_or_default()) }
    }

    fn succeed(&mut self) -> Outcome {
        let mut outcome = Outcome::default();
        for step in &self.plan.steps {
            match step {
                Step::Emit { package, origin, events } => self.emit(&mut outcome, *package, origin, events),
                Step::Send { from, to, amount } => self.send(&mut outcome, *from, *to, *amount),
                Step::Publish => self.publish(&mut outcome),
            }
        }
        outcome
    }

    fn emit(&self, outcome: &mut Outcome, package: Address, origin: &Origin, events: &[EventSpec]) {
        if let Some(market) = self.ledger.market(origin) {
            *outcome.used.entry(market.id()).or_default() += events.len() as u64;
        }
        for event in events {
            let value = event.value(self.sender);
            let emitted = Event {
                package_id: package,
                module: Identifier::from_static(MARKET),
                sender: self.sender,
                type_: event.tag(origin),
                contents: value.bcs(),
            };
            outcome.emitted.push((emitted, Told { value, amount: Some(event.amount()) }));
        }
    }

    fn send(&mut self, outcome: &mut Outcome, from: Address, to: Address, amount: u64) {
        let Some(source) = self.ledger.object(&from).and_then(|coin| coin.object.as_struct()) else { return };
        *outcome.spent.entry(from).or_default() += amount;
        let id = self.next_id();
        let contents = object::coin_contents(id, amount);
        let ty = source.object_type().clone();
        outcome.created.push(self.create(ty, Owner::Address(to), contents));
    }

    fn publish(&mut self, outcome: &mut Outcome) {
        let (id, cap, market) = (self.next_id(), self.next_id(), self.next_id());
        let origin = Origin { original: id, upgraded: None };
        let object = packages::object(id, &origin, 1, self.digest);
        outcome.created.push(object.clone());
        outcome.deployed.push(Deployed { origin, version: 1, object });
        let ty = tag(Address::TWO, "package", "UpgradeCap", Vec::new());
        let contents = [cap.as_bytes(), id.as_bytes(), &1_u64.to_le_bytes(), &[0]].concat();
        outcome.created.push(self.create(ty, Owner::Address(self.sender), contents));
        let shared = self.create(origin.market(), Owner::Shared(self.version), object::numbered(market, 0));
        outcome.created.push(shared.clone());
        outcome.markets.push((id, shared));
    }

    fn next_id(&mut self) -> Address {
        self.born += 1;
        Address::derive_id(self.digest, self.born - 1)
    }

    fn create(&self, ty: StructTag, owner: Owner, contents: Vec<u8>) -> Arc<Kept> {
        object::structure(ty, owner, self.version, contents, self.digest)
    }

    /// Takes the fee from the coin that pays, and writes all that changed.
    fn settle(&self, outcome: &Outcome) -> (Changes, GasCostSummary) {
        let gas_used = self.gas(outcome);
        let mut changes = Changes::default();
        for before in &self.plan.objects {
            let contents = self.contents(before, outcome, &gas_used);
            let after = before.next(self.version, contents, self.digest);
            changes.0.insert(before.id(), (Some(before.clone()), after));
        }
        for created in &outcome.created {
            changes.0.insert(created.id(), (None, created.clone()));
        }
        (changes, gas_used)
    }

    fn contents(&self, before: &Kept, outcome: &Outcome, gas_used: &GasCostSummary) -> Vec<u8> {
        let id = before.id();
        if before.holding().is_some() {
            let spent = outcome.spent.get(&id).copied().unwrap_or_default();
            let mut balance = before.balance().saturating_sub(spent);
            if id == self.plan.gas.id() {
                let cost = gas_used.computation_cost + gas_used.storage_cost;
                balance = (balance + gas_used.storage_rebate).saturating_sub(cost);
            }
            return object::coin_contents(id, balance);
        }
        let used = outcome.used.get(&id).copied().unwrap_or_default();
        object::numbered(id, before.balance() + used)
    }

    fn gas(&self, outcome: &Outcome) -> GasCostSummary {
        let commands = self.plan.body.commands.len() as u64;
        let units = (commands + 1) * COMMAND_UNITS + outcome.emitted.len() as u64 * EVENT_UNITS;
        let kept: u64 = self.plan.objects.iter().map(|object| object.object.storage_rebate()).sum();
        let new: u64 = outcome.created.iter().map(|object| object.object.storage_rebate()).sum();
        let rebate = kept / 100 * 99;
        GasCostSummary {
            computation_cost: units * GAS_PRICE,
            storage_cost: kept + new,
            storage_rebate: rebate,
            non_refundable_storage_fee: kept - rebate,
        }
    }
}

/// A transaction that has been run, before its effects are written down.
pub(crate) struct Done {
    pub(crate) transaction: Transaction,
    pub(crate) digest: Digest,
    pub(crate) version: u64,
    pub(crate) epoch: u64,
    pub(crate) status: ExecutionStatus,
    pub(crate) gas_used: GasCostSummary,
    /// The coin that paid.
    pub(crate) gas: Option<Address>,
}

impl Changes {
    /// An object got a new version, or was created.
    pub(crate) fn write(&mut self, before: Option<Arc<Kept>>, after: Arc<Kept>) {
        self.0.insert(after.id(), (before, after));
    }
}

/// Writes down the effects, and changes the ledger.
pub(crate) fn finish(
    done: Done,
    changes: Changes,
    emitted: Vec<Emitted>,
    signatures: Vec<UserSignature>,
    ledger: &mut Ledger,
) -> Executed {
    let (events, told): (Vec<Event>, Vec<Told>) = emitted.into_iter().unzip();
    let events = (!events.is_empty()).then_some(TransactionEvents(events));
    let mut dependencies: Vec<Digest> = changes
        .0
        .values()
        .filter_map(|(before, _)| Some(before.as_ref()?.object.previous_transaction()))
        .collect();
    dependencies.sort_unstable();
    dependencies.dedup();
    let gas_object_index = done.gas.and_then(|gas| changes.0.keys().position(|id| *id == gas));
    let effects = TransactionEffectsV2 {
        status: done.status,
        epoch: done.epoch,
        gas_used: done.gas_used,
        transaction_digest: done.digest,
        gas_object_index: gas_object_index.map(|index| index as u32),
        events_digest: events.as_ref().map(TransactionEvents::digest),
        dependencies,
        lamport_version: done.version,
        changed_objects: changes.0.iter().map(|(id, (before, after))| changed(*id, before, after)).collect(),
        unchanged_consensus_objects: Vec::new(),
        auxiliary_data_digest: None,
    };
    let balance_changes = balance_changes(&changes);
    let mut executed = Executed {
        digest: done.digest,
        transaction: done.transaction,
        signatures,
        effects: TransactionEffects::V2(Box::new(effects)),
        events,
        told,
        balance_changes,
        inputs: Vec::new(),
        outputs: Vec::new(),
    };
    for (before, after) in changes.0.into_values() {
        // What others hold is of no use to generated traffic: everyone pays with a coin of their own.
        if before.is_some() {
            ledger.put(after.clone());
        }
        executed.inputs.extend(before);
        executed.outputs.push(after);
    }
    executed
}

fn changed(id: Address, before: &Option<Arc<Kept>>, after: &Kept) -> ChangedObject {
    let input_state = before.as_ref().map_or(ObjectIn::NotExist, |before| ObjectIn::Exist {
        version: before.version(),
        digest: before.digest,
        owner: *before.object.owner(),
    });
    let output_state = match after.object.data() {
        ObjectData::Package(package) => {
            ObjectOut::PackageWrite { version: package.version, digest: after.digest }
        }
        ObjectData::Struct(_) => {
            ObjectOut::ObjectWrite { digest: after.digest, owner: *after.object.owner() }
        }
    };
    let id_operation = if before.is_some() { IdOperation::None } else { IdOperation::Created };
    ChangedObject { object_id: id, input_state, output_state, id_operation }
}

/// Who holds more or less of which coin than before.
fn balance_changes(changes: &Changes) -> Vec<BalanceChange> {
    let mut sums: BTreeMap<(Address, &TypeTag), i128> = BTreeMap::new();
    for (before, after) in changes.0.values() {
        let before = before.as_ref().and_then(|before| before.holding());
        for (holding, sign) in [(before, -1), (after.holding(), 1)] {
            let Some((coin, owner, amount)) = holding else { continue };
            *sums.entry((owner, coin)).or_default() += sign * i128::from(amount);
        }
    }
    let changed = sums.into_iter().filter(|(_, amount)| *amount != 0);
    changed
        .map(|((address, coin), amount)| BalanceChange { address, coin_type: coin.clone(), amount })
        .collect()
}
