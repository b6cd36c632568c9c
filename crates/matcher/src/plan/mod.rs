//! All monitors of one network compiled into one structure.

mod compile;
mod condition;
mod evaluate;
mod fact;
mod form;
mod group;
mod index;
mod interest;
mod resolve;
mod scratch;

use std::sync::Arc;

use chainbell_model::{Block, Dialect, Finality, Interest, MonitorName, TargetName, TenantId};

pub use self::scratch::Scratch;
use self::{
    compile::Compiler,
    evaluate::Walk,
    fact::Parties,
    form::Form,
    group::{Group, Indexes, Residue},
};
use crate::{
    found::Evaluation,
    lang::Program,
    spec::{AddressSets, ContractSpec, MonitorSpec, SpecError},
};

/// What is kept of a monitor for its matches.
#[derive(Clone, Debug)]
pub struct MonitorInfo {
    /// Its owner.
    pub tenant: TenantId,
    /// Its name.
    pub name: MonitorName,
    /// How final a block must be before its matches are delivered.
    pub deliver_at: Finality,
    /// Where matches are delivered.
    pub targets: Arc<[TargetName]>,
}

/// All monitors of one network, compiled.
#[derive(Debug)]
pub struct Plan {
    monitors: Vec<MonitorInfo>,
    interest: Interest,
    /// Those who store contracts without a monitor.
    tenants: Vec<TenantId>,
    parties: Parties,
    forms: Vec<Form>,
    programs: Vec<Program>,
    groups: Vec<Group>,
    residues: Vec<Residue>,
    indexes: Indexes,
}

impl Plan {
    /// Compiles monitors, and contracts whose events their owners store without one. A monitor's index is its place in
    /// `monitors`.
    ///
    /// # Errors
    /// Everything that is wrong with any of the monitors.
    pub fn compile(
        dialect: Arc<dyn Dialect>,
        monitors: Vec<MonitorSpec>,
        stored_contracts: Vec<(TenantId, Arc<ContractSpec>)>,
        sets: &AddressSets,
    ) -> Result<Self, Vec<SpecError>> {
        let interface = dialect.empty_interface();
        let everywhere = ContractSpec { name: "any".into(), address: None, interface, store: false };
        let mut compiler = Compiler::new(&dialect, sets, &everywhere);
        for (index, monitor) in (0..).zip(&monitors) {
            compiler.monitor(index, monitor);
        }
        for (tenant, contract) in &stored_contracts {
            compiler.store(tenant, contract);
        }
        let info = |spec: &MonitorSpec| MonitorInfo {
            tenant: spec.tenant.clone(),
            name: spec.name.clone(),
            deliver_at: spec.deliver_at,
            targets: spec.targets.clone(),
        };
        compiler.finish(monitors.iter().map(info).collect())
    }

    /// What has to be fetched for all monitors.
    pub fn interest(&self) -> &Interest {
        &self.interest
    }

    /// The monitors, in the order in which they were given.
    pub fn monitors(&self) -> &[MonitorInfo] {
        &self.monitors
    }

    /// The monitor of that index, as [`crate::Found::monitors`] gives it.
    ///
    /// # Panics
    /// When the index is of another plan.
    pub fn monitor(&self, index: u32) -> &MonitorInfo {
        &self.monitors[index as usize]
    }

    /// Everything in `block` that some monitor or store asks for. Allocates nothing while nothing matches.
    pub fn evaluate(&self, block: &Block, scratch: &mut Scratch) -> Evaluation {
        Walk::new(self, block, scratch).run()
    }
}
