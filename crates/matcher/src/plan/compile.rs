//! Compiles monitors into groups, one monitor after the other, in time linear in their number.

use std::{collections::BTreeSet, sync::Arc};

use chainbell_model::{Address, ArgMask, Dialect, EventKey, Interest, Standard, TenantId};
use rapidhash::RapidHashMap;

use super::{
    MonitorInfo, Plan,
    condition::{Conditions, Verdict},
    fact::Parties,
    form::{Forms, TRANSACTION_FORM, TRANSFER_FORM},
    group::{Built, GroupKey, Groups, Member, Residue},
    index::AccessPath,
    interest::Wishes,
    resolve::{Reading, Resolver},
};
use crate::{
    spec::{AddressSets, ContractSpec, MonitorSpec, SpecError, TransferSpec},
    subject::Subject,
};

/// Everything of a plan while it is built.
pub(super) struct Compiler<'a> {
    dialect: &'a Arc<dyn Dialect>,
    parties: Parties,
    forms: Forms,
    resolver: Resolver<'a>,
    conditions: Conditions<'a>,
    groups: Groups,
    wishes: Wishes,
    tenants: Vec<TenantId>,
    tenants_known: RapidHashMap<TenantId, u32>,
    errors: Vec<SpecError>,
}

/// What a monitor looks for, looked up.
struct Watched {
    subject: Subject,
    reading: Reading,
    standards: Vec<Standard>,
}

impl<'a> Compiler<'a> {
    /// `everywhere` is every contract of the network, without a description.
    pub(super) fn new(
        dialect: &'a Arc<dyn Dialect>,
        sets: &'a AddressSets,
        everywhere: &'a ContractSpec,
    ) -> Self {
        Self {
            dialect,
            parties: Parties::of(dialect.transaction_schema()),
            forms: Forms::new(),
            resolver: Resolver::new(everywhere),
            conditions: Conditions::new(dialect, sets),
            groups: Groups::default(),
            wishes: Wishes::default(),
            tenants: Vec::new(),
            tenants_known: RapidHashMap::default(),
            errors: Vec::new(),
        }
    }

    /// Adds a monitor; what is wrong with it is noted.
    pub(super) fn monitor(&mut self, index: u32, spec: &'a MonitorSpec) {
        let errors_before = self.errors.len();
        let watched = self.watched(spec);
        self.check_wallets(spec, &watched);
        if self.errors.len() > errors_before {
            return;
        }
        let forms: Vec<u32> = watched.iter().map(|watched| watched.reading.form).collect();
        let verdicts = match &spec.when {
            None => vec![Verdict::Always; forms.len()],
            Some(text) => match self.conditions.verdicts(text, &forms, &self.forms) {
                Ok(verdicts) => verdicts,
                Err(errors) => {
                    for error in errors {
                        self.report(spec, "when", None, error.message).span = Some(error.span);
                    }
                    return;
                }
            },
        };
        for (watched, verdict) in watched.into_iter().zip(verdicts) {
            self.watch(index, spec, watched, verdict);
        }
    }

    /// Adds a contract whose events `tenant` stores without a monitor.
    pub(super) fn store(&mut self, tenant: &TenantId, contract: &ContractSpec) {
        let next = self.tenants.len() as u32;
        let tenant_index = *self.tenants_known.entry(tenant.clone()).or_insert(next);
        if tenant_index == next {
            self.tenants.push(tenant.clone());
        }
        for decoder in contract.interface.all_events() {
            let form = self.forms.of(&decoder, Subject::Event);
            let key = self.forms.get(form).key;
            self.wishes.event(contract.address.as_ref(), key);
            let path = path_of(contract.address, key);
            let subject = Subject::Event;
            let group = GroupKey { subject, path, form, program: None, residue: None, failed: false };
            self.groups.join(group, Member::Store(tenant_index));
        }
    }

    /// The plan, or everything that is wrong.
    pub(super) fn finish(self, monitors: Vec<MonitorInfo>) -> Result<Plan, Vec<SpecError>> {
        if !self.errors.is_empty() {
            return Err(self.errors);
        }
        let forms = self.forms.into_vec();
        let mut programs = self.conditions.programs;
        programs.shrink_to_fit();
        let Built { groups, residues, indexes } =
            self.groups.finish(|form| forms[form as usize].key.is_none());
        let interest: Interest = self.wishes.into_interest();
        Ok(Plan {
            monitors,
            interest,
            tenants: self.tenants,
            parties: self.parties,
            forms,
            programs,
            groups,
            residues,
            indexes,
        })
    }

    fn report(
        &mut self,
        spec: &MonitorSpec,
        key: &'static str,
        index: Option<usize>,
        message: impl Into<String>,
    ) -> &mut SpecError {
        let error = SpecError { monitor: spec.name.clone(), key, index, span: None, message: message.into() };
        self.errors.push_mut(error)
    }

    fn watched(&mut self, spec: &'a MonitorSpec) -> Vec<Watched> {
        let mut watched = Vec::new();
        let mut served = vec![false; spec.contracts.len().max(1)];
        for (subject, key, references) in
            [(Subject::Event, "events", &spec.events), (Subject::Call, "calls", &spec.calls)]
        {
            if references.is_empty() {
                continue;
            }
            match self.resolver.readings(spec, subject, &mut self.forms, &mut served) {
                Ok(readings) => watched.extend(readings.into_iter().map(|reading| Watched {
                    subject,
                    reading,
                    standards: Vec::new(),
                })),
                Err(errors) => {
                    served.fill(true);
                    for error in errors {
                        self.report(spec, key, Some(error.index), error.message).span = error.span;
                    }
                }
            }
        }
        let contracts = addresses_of(&spec.contracts);
        let contracts_named = contracts.is_some();
        if let Some(transfers) = &spec.transfers {
            self.check_transfers(spec, transfers, contracts.is_some());
            let reading = Reading { form: TRANSFER_FORM, contracts: contracts.clone() };
            watched.push(Watched {
                subject: Subject::Transfer,
                reading,
                standards: sorted(&transfers.standards),
            });
        }
        if spec.transactions {
            let reading = Reading { form: TRANSACTION_FORM, contracts };
            watched.push(Watched { subject: Subject::Transaction, reading, standards: Vec::new() });
        }
        if spec.transactions && contracts_named && self.parties.receiver.is_none() {
            let message = format!(
                "a transaction of {} is not sent to a contract: look for calls, or test its fields in when",
                self.dialect.chain()
            );
            self.report(spec, "contracts", None, message);
        }
        if spec.transfers.is_none() && !spec.transactions {
            self.check_served(spec, &served);
        }
        watched
    }

    /// A contract at which nothing is looked for, or nothing looked for at all, was hardly meant.
    fn check_served(&mut self, spec: &MonitorSpec, served: &[bool]) {
        if spec.events.is_empty() && spec.calls.is_empty() {
            self.report(
                spec,
                "events",
                None,
                "nothing is looked for: no events, calls, transfers or transactions",
            );
            return;
        }
        // A contract of several addresses may have a description for each.
        let known: BTreeSet<&str> = spec
            .contracts
            .iter()
            .zip(served)
            .filter(|(_, served)| **served)
            .map(|(contract, _)| &*contract.name)
            .collect();
        for (index, contract) in spec.contracts.iter().enumerate() {
            if !known.contains(&*contract.name) {
                let message = format!(
                    "the description of contract {:?} has nothing of what is looked for",
                    contract.name
                );
                self.report(spec, "contracts", Some(index), message);
            }
        }
    }

    fn check_transfers(&mut self, spec: &MonitorSpec, transfers: &TransferSpec, of_contracts: bool) {
        if of_contracts && transfers.standards == [Standard::Native] {
            let message = "the native coin has no contract: leave out the contracts, or ask for tokens";
            self.report(spec, "transfers", Some(0), message);
        }
    }

    /// Wallets other than a transfer's are those of its transaction, which not every chain has.
    fn check_wallets(&mut self, spec: &MonitorSpec, watched: &[Watched]) {
        let of_transaction = |watched: &Watched| watched.subject != Subject::Transfer;
        for (key, wallets, known) in
            [("from", &spec.from, self.parties.sender), ("to", &spec.to, self.parties.receiver)]
        {
            if !wallets.is_empty() && known.is_none() && watched.iter().any(of_transaction) {
                let message = format!("a transaction of {} has no {key:?}", self.dialect.chain());
                self.report(spec, key, None, message);
            }
        }
    }

    /// Joins the groups of one reading and notes what has to be fetched for it.
    fn watch(&mut self, monitor: u32, spec: &MonitorSpec, watched: Watched, verdict: Verdict) {
        let (program, wanted, reads_transaction) = match (verdict, self.conditions.program(verdict)) {
            (Verdict::Never, _) => return,
            (Verdict::Ask(index), Some(program)) => {
                (Some(index), program.wanted(), program.reads_transaction())
            }
            _ => (None, ArgMask::default(), false),
        };
        let Watched { subject, reading, standards } = watched;
        self.forms.ask(reading.form, wanted);
        let has_wallets = !spec.from.is_empty() || !spec.to.is_empty();
        let needs_transaction = reads_transaction || (has_wallets && subject != Subject::Transfer);
        self.wish(subject, &reading, &standards, needs_transaction);
        let key = self.forms.get(reading.form).key;
        let form = reading.form;
        let failed = spec.include_failed && subject == Subject::Event;
        self.wishes.rest.failed_events |= failed;
        let (paths, residue) = paths_of(spec, reading, standards, key);
        let residue = self.groups.residue(residue);
        for path in paths {
            let group = GroupKey { subject, path, form, program, residue, failed };
            self.groups.join(group, Member::Monitor(monitor));
        }
    }

    fn wish(&mut self, subject: Subject, reading: &Reading, standards: &[Standard], needs_transaction: bool) {
        self.wishes.rest.details |= needs_transaction;
        match subject {
            Subject::Event => {
                let key = self.forms.get(reading.form).key;
                match &reading.contracts {
                    None => self.wishes.event(None, key),
                    Some(contracts) => {
                        contracts.iter().for_each(|contract| self.wishes.event(Some(contract), key));
                    }
                }
            }
            Subject::Call => self.wishes.rest.calls.want(reading.contracts.as_deref()),
            Subject::Transaction => self.wishes.rest.transactions = true,
            Subject::Transfer => {
                let asks = |standard| standards.is_empty() || standards.contains(&standard);
                let tokens = [Standard::Fungible, Standard::NonFungible, Standard::MultiToken];
                self.wishes.rest.native_transfers |= reading.contracts.is_none() && asks(Standard::Native);
                if tokens.into_iter().any(asks) {
                    self.wishes.rest.token_transfers.want(reading.contracts.as_deref());
                }
            }
        }
    }
}

/// The most selective access paths of one reading, and what they leave to be tested.
fn paths_of(
    spec: &MonitorSpec,
    reading: Reading,
    standards: Vec<Standard>,
    key: Option<EventKey>,
) -> (Vec<AccessPath>, Residue) {
    let all = |addresses: &[Address]| -> BTreeSet<Address> { addresses.iter().copied().collect() };
    let shared =
        |addresses: &[Address]| (!addresses.is_empty()).then(|| all(addresses).into_iter().collect());
    let contracts: Option<Arc<[Address]>> = reading.contracts.as_deref().map(Into::into);
    if !spec.from.is_empty() {
        let residue = Residue { contracts, receivers: shared(&spec.to), standards };
        return (all(&spec.from).into_iter().map(AccessPath::Sender).collect(), residue);
    }
    if !spec.to.is_empty() {
        let residue = Residue { contracts, receivers: None, standards };
        return (all(&spec.to).into_iter().map(AccessPath::Receiver).collect(), residue);
    }
    let residue = Residue { contracts: None, receivers: None, standards };
    let paths = match reading.contracts {
        None => vec![path_of(None, key)],
        Some(contracts) => contracts.into_iter().map(|contract| path_of(Some(contract), key)).collect(),
    };
    (paths, residue)
}

fn path_of(contract: Option<Address>, key: Option<EventKey>) -> AccessPath {
    match (contract, key) {
        (Some(contract), key) => AccessPath::Contract(contract, key),
        (None, Some(key)) => AccessPath::Key(key),
        (None, None) => AccessPath::Any,
    }
}

/// Sorted; `None` for every contract of the network.
fn addresses_of(contracts: &[Arc<ContractSpec>]) -> Option<Vec<Address>> {
    let addresses: Option<BTreeSet<Address>> = contracts.iter().map(|contract| contract.address).collect();
    addresses.filter(|addresses| !addresses.is_empty()).map(|addresses| addresses.into_iter().collect())
}

fn sorted(standards: &[Standard]) -> Vec<Standard> {
    let mut standards = standards.to_vec();
    standards.sort_unstable_by_key(|standard| *standard as u8);
    standards.dedup();
    standards
}
