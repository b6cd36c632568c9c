//! What decoders of events and calls share: the compiled arguments and how a fault in one is told.

use std::sync::Arc;

use alloy_primitives::{B256, keccak256};
use chainbell_model::{DecodeError, InterfaceError, Schema, Type};

use super::{
    layout::{Layout, Shape, layout, model_type, schema},
    reader::Reason,
    signature::{Input, Signature},
};

/// The arguments of one event or function.
#[derive(Debug)]
pub(super) struct Arguments {
    pub(super) name: String,
    pub(super) signature: String,
    pub(super) schema: Arc<Schema>,
    pub(super) layouts: Box<[Layout]>,
}

impl Arguments {
    /// Compiles the signature's inputs; those for which `in_topic` holds are of [`Type::Hash`] unless they fit a word.
    pub(super) fn new(
        signature: &Signature,
        in_topic: impl Fn(&Input) -> bool,
    ) -> Result<Self, InterfaceError> {
        let layouts = signature.inputs.iter().map(|input| layout(input.ty())).collect::<Option<Box<[_]>>>();
        let Some(layouts) = layouts else {
            let reason = format!("the arguments of {} are too large", signature.name);
            return Err(InterfaceError::Malformed { reason, offset: None });
        };
        let types = signature.inputs.iter().zip(&layouts).map(|(input, layout)| {
            if in_topic(input) && !is_word(layout) { Type::Hash } else { model_type(input.ty()) }
        });
        let schema = schema(signature.inputs.iter().map(|input| &input.param), types);
        Ok(Self {
            name: signature.name.clone(),
            signature: signature.to_string(),
            schema: Arc::new(schema),
            layouts,
        })
    }

    /// The hash of the canonical signature.
    pub(super) fn hash(&self) -> B256 {
        keccak256(&self.signature)
    }

    /// The fault in the argument at `place`.
    pub(super) fn fault(&self, place: usize, reason: Reason) -> DecodeError {
        let field = self.schema.fields.get(place).map_or_else(String::new, |field| field.name.to_string());
        DecodeError { signature: self.signature.clone(), field, reason }
    }
}

/// It stands in a topic as itself, not as a hash.
pub(super) fn is_word(layout: &Layout) -> bool {
    matches!(layout.shape, Shape::Word(_))
}
