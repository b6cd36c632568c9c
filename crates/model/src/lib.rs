//! The words of Chainbell as types, and the two seams [`Chain`] and [`Target`].
//!
//! No I/O happens here. Every other crate speaks in these types; a chain folder translates its own
//! words (slot, checkpoint, ledger; log, Move event, …) into them, and nothing above the seam knows which chain it was.

pub mod block;
pub mod chain;
pub mod dialect;
pub mod ids;
pub mod int;
pub mod interest;
pub mod message;
pub mod similar;
pub mod target;
pub mod value;

pub use block::{
    Block, BlockRef, Call, Defect, Event, EventKey, Payload, Standard, Step, Transaction, Transfer,
};
pub use chain::{
    Chain, ChainError, Continuity, EndpointStatus, Fetched, HeightRange, Proof, SubscriptionStatus, Tip,
};
pub use dialect::{
    AddressError, ArgMask, DecodeError, Decoder, Dialect, Interface, InterfaceError, description_text,
};
pub use ids::{
    Address, BlockId, DeliveryId, Finality, Height, MatchId, MonitorName, NetworkSlug, Position,
    PositionKind, TargetName, TenantId, Timestamp, TxId,
};
pub use int::Int;
pub use interest::{Contracts, EventFilter, Interest};
pub use message::{BlockFacts, Facts, Message, MessageKind};
pub use similar::similar;
pub use target::{Outcome, Reached, Target};
pub use value::{Field, Schema, Type, Value};
