//! Simulated networks that speak the real wire protocols, seeded, with faults on demand.
