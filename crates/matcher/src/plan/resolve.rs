//! Finds the decoders that a monitor's references mean, at each of its contracts.

use std::{ops::Range, rc::Rc, sync::Arc};

use chainbell_model::{Address, Interface, InterfaceError};
use rapidhash::RapidHashMap;

use super::form::Forms;
use crate::{
    spec::{ContractSpec, MonitorSpec},
    subject::Subject,
};

/// One way in which a monitor reads facts, and at which contracts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) form: u32,
    /// Sorted; `None` for every contract of the network.
    pub(super) contracts: Option<Vec<Address>>,
}

/// What is wrong with one of a monitor's references.
#[derive(Debug)]
pub(super) struct ReferenceError {
    /// Which of them.
    pub(super) index: usize,
    pub(super) span: Option<Range<usize>>,
    pub(super) message: String,
}

type Resolved = Rc<Result<Vec<u32>, InterfaceError>>;

/// Resolves references, each of a description once.
#[derive(Debug)]
pub(super) struct Resolver<'a> {
    /// Stands in for the contract where a monitor names none.
    everywhere: &'a ContractSpec,
    known: RapidHashMap<(usize, Subject, &'a str), Resolved>,
}

impl<'a> Resolver<'a> {
    /// `everywhere` is every contract of the network, without a description.
    pub(super) fn new(everywhere: &'a ContractSpec) -> Self {
        Self { everywhere, known: RapidHashMap::default() }
    }

    /// The readings of the monitor's events or calls, in the order of its references. Each must be known to some of its
    /// contracts; which of them know any is noted in `served`.
    pub(super) fn readings(
        &mut self,
        monitor: &'a MonitorSpec,
        subject: Subject,
        forms: &mut Forms,
        served: &mut [bool],
    ) -> Result<Vec<Reading>, Vec<ReferenceError>> {
        let references = if subject == Subject::Event { &monitor.events } else { &monitor.calls };
        let anywhere = monitor.contracts.is_empty();
        let contracts: Vec<&ContractSpec> = match anywhere {
            true => vec![self.everywhere],
            false => monitor.contracts.iter().map(|contract| &**contract).collect(),
        };
        let mut readings = Readings::default();
        let mut errors = Vec::new();
        for (index, reference) in references.iter().enumerate() {
            let mut error = None;
            let mut found = false;
            for (contract, served) in contracts.iter().zip(served.iter_mut()) {
                match &*self.resolve(&contract.interface, subject, reference, forms) {
                    Ok(resolved) => {
                        (found, *served) = (true, true);
                        resolved.iter().for_each(|&form| readings.add(form, contract.address));
                    }
                    Err(failed) => {
                        error.get_or_insert_with(|| explain(failed, (index, reference), anywhere));
                    }
                }
            }
            errors.extend(error.filter(|_| !found));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut readings = readings.list;
        for addresses in readings.iter_mut().filter_map(|reading| reading.contracts.as_mut()) {
            addresses.sort_unstable();
            addresses.dedup();
        }
        Ok(readings)
    }

    fn resolve(
        &mut self,
        interface: &Arc<dyn Interface>,
        subject: Subject,
        reference: &'a str,
        forms: &mut Forms,
    ) -> Resolved {
        // Every interface outlives the compilation in its contract's specification, so its address stays its own.
        let key = (Arc::as_ptr(interface).cast::<()>().addr(), subject, reference);
        if let Some(resolved) = self.known.get(&key) {
            return Rc::clone(resolved);
        }
        let decoders = match subject {
            Subject::Call => interface.calls(reference),
            _ => interface.events(reference),
        };
        let resolved = Rc::new(
            decoders.map(|decoders| decoders.iter().map(|decoder| forms.of(decoder, subject)).collect()),
        );
        self.known.insert(key, Rc::clone(&resolved));
        resolved
    }
}

/// Readings in the order in which they were found, each form once.
#[derive(Debug, Default)]
struct Readings {
    list: Vec<Reading>,
    places: RapidHashMap<u32, usize>,
}

impl Readings {
    fn add(&mut self, form: u32, contract: Option<Address>) {
        let next = self.list.len();
        let place = *self.places.entry(form).or_insert(next);
        if place == next {
            self.list.push(Reading { form, contracts: contract.map(|contract| vec![contract]) });
            return;
        }
        let contracts = &mut self.list[place].contracts;
        match (contracts.as_mut(), contract) {
            (Some(addresses), Some(contract)) => addresses.push(contract),
            _ => *contracts = None,
        }
    }
}

fn explain(error: &InterfaceError, (index, reference): (usize, &str), anywhere: bool) -> ReferenceError {
    let whole = Some(0..reference.len());
    let (span, message) = match error {
        InterfaceError::Malformed { offset: Some(offset), .. } if *offset <= reference.len() => {
            (Some(*offset..*offset), error.to_string())
        }
        InterfaceError::Unknown { .. } if anywhere => {
            let form =
                "without a contract the whole signature is needed, in the form of its chain (docs/chains.md)";
            (whole, form.to_owned())
        }
        _ => (whole, error.to_string()),
    };
    ReferenceError { index, span, message }
}
