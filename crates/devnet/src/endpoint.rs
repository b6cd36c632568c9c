//! One endpoint of a network: an address with faults and counters of its own over the shared chain.

use std::{fmt, io, net::SocketAddr, sync::Arc};

use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    connection::WireListener,
    fault::{Fault, FaultDice, FaultPlan, Plan, Stage},
    network::{Network, Simulation},
    stats::Stats,
};

/// What an endpoint has of its own.
pub(crate) struct Port<P> {
    pub(crate) dice: Mutex<FaultDice<P>>,
    pub(crate) stats: Mutex<Stats>,
    pub(crate) stop: CancellationToken,
}

impl<P: Plan> Port<P> {
    /// The fault that strikes a whole message, if any.
    pub(crate) fn transport_fault(&self, methods: &[&str]) -> Option<Fault> {
        self.strike(Stage::Transport, methods).pop()
    }

    /// The faults that strike now. They are counted.
    pub(crate) fn strike(&self, stage: Stage, methods: &[&str]) -> Vec<Fault> {
        let faults = self.dice.lock().strike(stage, methods);
        self.stats.lock().faults += faults.len() as u64;
        faults
    }
}

/// What the tasks of one endpoint share.
pub(crate) struct Endpoint<C: Simulation> {
    pub(crate) network: Arc<Network<C>>,
    pub(crate) port: Arc<Port<C::Plan>>,
}

impl<C: Simulation> Endpoint<C> {
    /// Opens an endpoint on a port of 127.0.0.1; 0 takes a free one.
    pub(crate) async fn open(
        network: Arc<Network<C>>,
        port: u16,
        seed: u64,
        plan: C::Plan,
    ) -> io::Result<Replica<C::Plan>> {
        let listener = WireListener(TcpListener::bind(("127.0.0.1", port)).await?);
        let address = listener.0.local_addr()?;
        let port = Arc::new(Port {
            dice: Mutex::new(FaultDice::new(seed, plan)),
            stats: Mutex::default(),
            stop: network.stop.child_token(),
        });
        let endpoint = Arc::new(Self { network: network.clone(), port: port.clone() });
        network.tasks.spawn(C::serve(listener, endpoint));
        Ok(Replica { port, address })
    }
}

/// An endpoint of a network, on one port of 127.0.0.1.
#[derive(Clone)]
pub struct Replica<P = FaultPlan> {
    port: Arc<Port<P>>,
    address: SocketAddr,
}

impl<P> fmt::Debug for Replica<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replica").field("address", &self.address).finish_non_exhaustive()
    }
}

impl<P: Plan> Replica<P> {
    /// `http://127.0.0.1:<port>`. Any path below it is served alike.
    pub fn http_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `ws://127.0.0.1:<port>`.
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// How it misbehaves.
    pub fn faults(&self) -> P {
        self.port.dice.lock().plan().clone()
    }

    /// Changes how it misbehaves, from the next request on. Counts of strikes begin anew.
    pub fn set_faults(&self, plan: impl Into<P>) {
        self.port.dice.lock().replace(plan.into());
    }

    /// What was asked of it.
    pub fn stats(&self) -> Stats {
        self.port.stats.lock().clone()
    }

    /// Counts from zero again.
    pub fn reset_stats(&self) {
        *self.port.stats.lock() = Stats::default();
    }

    /// Stops it for good: new connections are refused, open WebSockets dropped.
    pub fn stop(&self) {
        self.port.stop.cancel();
    }
}
