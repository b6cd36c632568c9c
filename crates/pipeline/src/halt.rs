//! Why a network stopped, in words that say what to do.

use chainbell_model::{ChainError, Height, NetworkSlug};

/// Why a network stopped until someone acts.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// The chain undid what it had called final.
    #[error(
        "the endpoints no longer have our finalized block at height {finalized}: either they serve another chain, or the \
         network undid final blocks. Check the endpoints; to follow them, choose the height to return to: \
         `chainbell run --rewind {network}=HEIGHT` takes back everything above it and reads on from there"
    )]
    DeepReorg {
        /// The network.
        network: NetworkSlug,
        /// The oldest height that was compared.
        finalized: Height,
    },
    /// The endpoints cannot serve what is missing.
    #[error(
        "{source}. Blocks from {from} on cannot be read: use an archive endpoint, or leave them out, on record, with \
         `chainbell run --skip {network}=HEIGHT`, the last height to leave out"
    )]
    Pruned {
        /// The network.
        network: NetworkSlug,
        /// The first height missing.
        from: Height,
        /// What the chain said.
        source: ChainError,
    },
    /// The configuration is wrong.
    #[error("{0}")]
    Misconfigured(ChainError),
}
