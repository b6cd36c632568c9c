//! Finds the checkpoint of a transaction.

use chainbell_model::{ChainError, Dialect as _, Height, TxId};
use prost_types::FieldMask;

use super::{SuiChain, ask::Trouble, tip::no_tip};
use crate::SuiDialect;

impl SuiChain {
    pub(super) async fn height_of(&self, transaction: &TxId) -> Result<Option<Height>, ChainError> {
        let mut digest = String::new();
        SuiDialect.tx_id_text(transaction, &mut digest);
        let mask = FieldMask { paths: vec!["digest".to_owned(), "checkpoint".to_owned()] };
        match self.ask.transaction(&digest, &mask).await {
            Ok(found) => Ok(found.checkpoint.map(Height)),
            Err(Trouble::Absent) => Ok(None),
            Err(trouble) => {
                self.ask.report(&trouble);
                Err(no_tip(trouble))
            }
        }
    }
}
