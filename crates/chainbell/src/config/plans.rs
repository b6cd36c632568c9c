//! Compiles the monitors of each network, and shows what does not compile at its place in the files.

use std::{collections::HashMap, sync::Arc};

use chainbell_matcher::{AddressSets, ContractSpec, MonitorSpec, Plan, SpecError, TransferSpec};
use chainbell_model::{Address, Interface, NetworkSlug, TenantId};

use super::{
    Config, ConfigErrors, NetworkSettings,
    error::Problem,
    locate::{Locator, Part},
    monitor::MonitorSettings,
};

impl Config {
    /// The compiled monitors of each network, also of those without any.
    ///
    /// # Errors
    /// Every expression, signature or reference that does not compile.
    pub fn plans(&self) -> Result<Vec<(NetworkSlug, Plan)>, ConfigErrors> {
        let mut plans = Vec::with_capacity(self.networks.len());
        let mut errors = Vec::new();
        for network in &self.networks {
            let (monitors, stored) = self.specs(network);
            match Plan::compile(network.dialect.clone(), monitors, stored, &self.sets(network)) {
                Ok(plan) => plans.push((network.slug.clone(), plan)),
                Err(wrong) => errors.extend(wrong.into_iter().map(|error| (network, error))),
            }
        }
        if errors.is_empty() { Ok(plans) } else { Err(self.located(&errors)) }
    }

    /// What the network's plan is compiled from: its monitors, and the contracts whose events are all stored.
    fn specs(&self, network: &NetworkSettings) -> (Vec<MonitorSpec>, Vec<(TenantId, Arc<ContractSpec>)>) {
        let contracts = self.contract_specs(network);
        let stored = contracts.iter().flatten().filter(|contract| contract.store);
        let stored = stored.map(|contract| (TenantId::default(), contract.clone())).collect();
        let unnamed = network.dialect.empty_interface();
        let by_address = |address: &Address| {
            let mut name = String::new();
            network.dialect.address_text(address, &mut name);
            let (address, interface) = (Some(*address), unnamed.clone());
            Arc::new(ContractSpec { name: name.into(), address, interface, store: false })
        };
        let mut monitors = Vec::new();
        for monitor in &self.monitors {
            if !monitor.enabled || !monitor.networks.contains(&network.slug) {
                continue;
            }
            let named = monitor.contracts.iter().filter_map(|index| contracts.get(*index as usize)).flatten();
            let watched: Vec<_> = named.cloned().chain(monitor.addresses.iter().map(by_address)).collect();
            // Without contracts a monitor looks at every contract: one whose contracts are all elsewhere must not.
            if watched.is_empty() && !monitor.contracts.is_empty() {
                continue;
            }
            monitors.push(spec(monitor, watched));
        }
        (monitors, stored)
    }

    /// For each contract of the configuration its specs on `network`, one for each address; none where it is not there.
    fn contract_specs(&self, network: &NetworkSettings) -> Vec<Vec<Arc<ContractSpec>>> {
        let specs = |contract: &super::ContractSettings| {
            if !contract.networks.contains(&network.slug) {
                return Vec::new();
            }
            let spec = |address, interface: &Arc<dyn Interface>| {
                let (name, interface) = (contract.name.clone(), Arc::clone(interface));
                Arc::new(ContractSpec { name, address, interface, store: contract.stored })
            };
            let Some(addresses) = &contract.addresses else { return vec![spec(None, &contract.interface)] };
            let interface = |index: usize| contract.of_address.get(index).unwrap_or(&contract.interface);
            let of = |(index, address): (usize, &Address)| spec(Some(*address), interface(index));
            addresses.iter().enumerate().map(of).collect()
        };
        self.contracts.iter().map(specs).collect()
    }

    fn sets(&self, network: &NetworkSettings) -> AddressSets {
        let sets = self.sets.iter().filter(|set| set.chain == network.chain);
        sets.map(|set| (set.name.clone(), Arc::new(set.addresses.iter().copied().collect()))).collect()
    }

    /// The errors at their places. What is wrong on several networks is told once.
    fn located(&self, errors: &[(&NetworkSettings, SpecError)]) -> ConfigErrors {
        let monitors: HashMap<_, _> = self.monitors.iter().map(|monitor| (&monitor.name, monitor)).collect();
        let locator = Locator::new(&self.sources);
        let mut problems: Vec<Problem> = Vec::with_capacity(errors.len());
        for (network, error) in errors {
            let (place, key) = match monitors.get(&error.monitor) {
                Some(monitor) => {
                    let (place, path) = locator.find(monitor, &self.part(network, monitor, error));
                    (Some(place), path)
                }
                None => (None, String::new()),
            };
            problems.push(Problem { place, key, message: error.message.clone(), related: None });
        }
        problems.sort_by(|a, b| (a.place, &a.message).cmp(&(b.place, &b.message)));
        problems.dedup_by(|a, b| a.place == b.place && a.message == b.message);
        ConfigErrors::new(self.sources.clone(), problems)
    }

    /// The part of the monitor as written that an error of its spec is about.
    fn part<'e>(
        &self,
        network: &NetworkSettings,
        monitor: &MonitorSettings,
        error: &'e SpecError,
    ) -> Part<'e> {
        let whole = Part { key: error.key, index: error.index, span: error.span.clone() };
        let ("contracts", Some(mut index)) = (error.key, error.index) else { return whole };
        // The spec has one contract for each address of each contract named, then those by address alone.
        for (position, contract) in monitor.contracts.iter().enumerate() {
            let Some(contract) = self.contracts.get(*contract as usize) else { return whole };
            let here = contract.networks.contains(&network.slug);
            let specs = if here { contract.addresses.as_ref().map_or(1, Vec::len) } else { 0 };
            if index < specs {
                return Part { key: "contracts", index: Some(position), span: None };
            }
            index -= specs;
        }
        Part { key: "addresses", index: Some(index), span: None }
    }
}

fn spec(monitor: &MonitorSettings, contracts: Vec<Arc<ContractSpec>>) -> MonitorSpec {
    let owned = |references: &[Box<str>]| references.iter().map(|reference| reference.to_string()).collect();
    let standards = monitor.subjects.transfers.clone();
    MonitorSpec {
        tenant: TenantId::default(),
        name: monitor.name.clone(),
        contracts,
        events: owned(&monitor.subjects.events),
        calls: owned(&monitor.subjects.calls),
        transactions: monitor.subjects.transactions,
        transfers: (!standards.is_empty()).then_some(TransferSpec { standards }),
        from: monitor.from.clone(),
        to: monitor.to.clone(),
        when: monitor.when.as_ref().map(|when| when.text.to_string()),
        include_failed: monitor.include_failed,
        deliver_at: monitor.deliver_at,
        targets: monitor.targets.as_slice().into(),
    }
}
