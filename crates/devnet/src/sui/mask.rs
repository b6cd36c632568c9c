//! Read masks: which fields an answer holds.

use prost_types::FieldMask;
use sui_rpc::field::{FieldMaskTree, FieldMaskUtil as _, MessageFields};
use tonic::Status;

/// The mask of a request, or what the service tells without one.
pub(crate) fn of<M: MessageFields>(mask: Option<FieldMask>, default: &str) -> Result<FieldMaskTree, Status> {
    let mask = mask.unwrap_or_else(|| FieldMask::from_str(default));
    let invalid = |path| Status::invalid_argument(format!("invalid read_mask path: {path}"));
    mask.validate::<M>().map_err(invalid)?;
    Ok(FieldMaskTree::from(mask))
}
