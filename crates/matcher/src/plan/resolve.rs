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
    /// Which reference; `None` when a contract knows none of them.
    pub(super) reference: Option<usize>,
    /// Which contract, when it is the contract that is at fault.
    pub(super) contract: Option<usize>,
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

    /// The readings of the monitor's events or calls, in the order of its references.
    pub(super) fn readings(
        &mut self,
        monitor: &'a MonitorSpec,
        subject: Subject,
        forms: &mut Forms,
    ) -> Result<Vec<Reading>, Vec<ReferenceError>> {
        let references = if subject == Subject::Event { &monitor.events } else { &monitor.calls };
        let anywhere = monitor.contracts.is_empty();
        let contracts: Vec<&ContractSpec> = match anywhere {
            true => vec![self.everywhere],
            false => monitor.contracts.iter().map(|contract| &**contract).collect(),
        };
        let mut readings: Vec<Reading> = Vec::with_capacity(references.len());
        let mut errors = Vec::new();
        let mut served = vec![references.is_empty(); contracts.len()];
        for (index, reference) in references.iter().enumerate() {
            let mut error = None;
            let mut found = false;
            for (contract, served) in contracts.iter().zip(&mut served) {
                match &*self.resolve(&contract.interface, subject, reference, forms) {
                    Ok(resolved) => {
                        (found, *served) = (true, true);
                        resolved.iter().for_each(|&form| add(&mut readings, form, contract.address));
                    }
                    Err(failed) => {
                        error.get_or_insert_with(|| explain(failed, reference, subject, anywhere));
                    }
                }
            }
            if let Some(error) = error.filter(|_| !found) {
                errors.push(ReferenceError { reference: Some(index), ..error });
            }
        }
        if errors.is_empty() {
            let unserved = contracts.iter().zip(&served).enumerate().filter(|(_, (_, served))| !**served);
            errors.extend(unserved.map(|(index, (contract, _))| ReferenceError {
                reference: None,
                contract: Some(index),
                span: None,
                message: format!(
                    "the description of contract {:?} has none of the monitor's {}",
                    contract.name,
                    subject.plural()
                ),
            }));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
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

fn add(readings: &mut Vec<Reading>, form: u32, contract: Option<Address>) {
    match readings.iter_mut().find(|reading| reading.form == form) {
        None => readings.push(Reading { form, contracts: contract.map(|contract| vec![contract]) }),
        Some(reading) => match (&mut reading.contracts, contract) {
            (Some(contracts), Some(contract)) => contracts.push(contract),
            (contracts, _) => *contracts = None,
        },
    }
}

fn explain(error: &InterfaceError, reference: &str, subject: Subject, anywhere: bool) -> ReferenceError {
    let whole = Some(0..reference.len());
    let (span, message) = match error {
        InterfaceError::Malformed { offset: Some(offset), .. } if *offset <= reference.len() => {
            (Some(*offset..*offset), error.to_string())
        }
        InterfaceError::Unknown { .. } if anywhere => {
            let example = match subject {
                Subject::Call => "transfer(address to, uint256 amount)",
                _ => "Transfer(address indexed from, address indexed to, uint256 value)",
            };
            (whole, format!("without a contract the whole signature is needed, for example {example:?}"))
        }
        _ => (whole, error.to_string()),
    };
    ReferenceError { reference: None, contract: None, span, message }
}
