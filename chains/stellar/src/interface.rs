//! A contract's events and calls, found by name, by signature, or written out where they are asked for.

use std::sync::Arc;

use chainbell_model::{Decoder, Interface, InterfaceError};

/// A contract's description, compiled.
#[derive(Debug, Default)]
pub(crate) struct StellarInterface;

impl StellarInterface {
    pub(crate) fn read(_source: &[u8]) -> Result<Arc<Self>, InterfaceError> {
        Ok(Arc::new(Self))
    }
}

impl Interface for StellarInterface {
    fn events(&self, _reference: &str) -> Result<Vec<Arc<dyn Decoder>>, InterfaceError> {
        Ok(Vec::new())
    }

    fn calls(&self, _reference: &str) -> Result<Vec<Arc<dyn Decoder>>, InterfaceError> {
        Ok(Vec::new())
    }

    fn all_events(&self) -> Vec<Arc<dyn Decoder>> {
        Vec::new()
    }
}
