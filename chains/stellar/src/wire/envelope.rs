//! Finds the contract that a transaction invokes without decoding the transaction.
//!
//! An operation that invokes a contract is always the only one of its transaction (CAP-46-7), so that only the first is
//! looked at.

use super::{text::Flaw, xdr::Walk};

/// `INVOKE_HOST_FUNCTION`.
const INVOKE: u32 = 24;

/// The encoded `ScAddress` of the contract that the encoded envelope's transaction invokes; `None` when it invokes none.
pub(crate) fn invoked(envelope: &[u8]) -> Result<Option<&[u8]>, Flaw> {
    Walk::new(envelope).invoked().ok_or_else(|| Flaw::new("a transaction that does not decode"))
}

impl<'a> Walk<'a> {
    fn invoked(&mut self) -> Option<Option<&'a [u8]>> {
        match self.uint()? {
            // The first version has the key alone, and of the conditions the time bounds.
            0 => {
                self.take(32 + 4 + 8)?;
                self.optional(8 + 8)?;
            }
            2 => self.transaction_head()?,
            5 => {
                self.muxed_account()?;
                self.take(8)?;
                if self.uint()? != 2 {
                    return None;
                }
                self.transaction_head()?;
            }
            _ => return None,
        }
        self.memo()?;
        if self.uint()? != 1 {
            return Some(None);
        }
        if self.flag()? {
            self.muxed_account()?;
        }
        // The operation's type and that of the function, of which the first invokes.
        if self.uint()? != INVOKE || self.uint()? != 0 {
            return Some(None);
        }
        self.address().map(Some)
    }

    /// Source, fee, sequence and conditions.
    fn transaction_head(&mut self) -> Option<()> {
        self.muxed_account()?;
        self.take(4 + 8)?;
        match self.uint()? {
            0 => {}
            1 => drop(self.take(8 + 8)?),
            2 => {
                // Times, ledgers, the least sequence; then age and gap.
                self.optional(8 + 8)?;
                self.optional(4 + 4)?;
                self.optional(8)?;
                self.take(8 + 4)?;
                for _ in 0..self.uint()? {
                    self.signer_key()?;
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn optional(&mut self, len: usize) -> Option<()> {
        if self.flag()? { self.take(len).map(drop) } else { Some(()) }
    }

    fn muxed_account(&mut self) -> Option<()> {
        let len = match self.uint()? {
            0 => 32,
            0x100 => 8 + 32,
            _ => return None,
        };
        self.take(len).map(drop)
    }

    fn memo(&mut self) -> Option<()> {
        match self.uint()? {
            0 => Some(()),
            1 => self.opaque().map(drop),
            2 => self.take(8).map(drop),
            3 | 4 => self.take(32).map(drop),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use stellar_xdr::{
        FeeBumpTransaction, FeeBumpTransactionEnvelope, FeeBumpTransactionInnerTx, Hash, HostFunction,
        InvokeContractArgs, InvokeHostFunctionOp, LedgerBounds, Limits, Memo, MuxedAccount,
        MuxedAccountMed25519, Operation, OperationBody, Preconditions, PreconditionsV2, ScAddress,
        SequenceNumber, SignerKey, TimeBounds, Transaction, TransactionEnvelope, TransactionV0,
        TransactionV0Envelope, TransactionV1Envelope, WriteXdr,
    };

    use super::*;

    fn contract() -> ScAddress {
        ScAddress::Contract(stellar_xdr::ContractId(Hash([7; 32])))
    }

    fn operation(function: HostFunction) -> Operation {
        let muxed = MuxedAccount::MuxedEd25519(MuxedAccountMed25519::default());
        let body = OperationBody::InvokeHostFunction(InvokeHostFunctionOp {
            host_function: function,
            auth: Default::default(),
        });
        Operation { source_account: Some(muxed), body }
    }

    fn invocation() -> Operation {
        let args = InvokeContractArgs { contract_address: contract(), ..Default::default() };
        operation(HostFunction::InvokeContract(args))
    }

    /// The transactions that differ before their operations.
    fn variants(operations: &[Operation]) -> Vec<TransactionEnvelope> {
        let operations: stellar_xdr::VecM<Operation, 100> = operations.to_vec().try_into().unwrap();
        let long = PreconditionsV2 {
            time_bounds: Some(TimeBounds::default()),
            ledger_bounds: Some(LedgerBounds::default()),
            min_seq_num: Some(SequenceNumber(1)),
            extra_signers: vec![SignerKey::Ed25519SignedPayload(Default::default())].try_into().unwrap(),
            ..Default::default()
        };
        let conditions = [
            Preconditions::None,
            Preconditions::Time(TimeBounds::default()),
            Preconditions::V2(long),
            Preconditions::V2(Default::default()),
        ];
        let memos = [
            Memo::None,
            Memo::Text("hello".try_into().unwrap()),
            Memo::Id(7),
            Memo::Hash(Hash([1; 32])),
            Memo::Return(Hash([2; 32])),
        ];
        let sources = [MuxedAccount::default(), MuxedAccount::MuxedEd25519(MuxedAccountMed25519::default())];
        let mut variants = Vec::new();
        for cond in conditions {
            for memo in &memos {
                for source_account in &sources {
                    let tx = Transaction {
                        source_account: source_account.clone(),
                        cond: cond.clone(),
                        memo: memo.clone(),
                        operations: operations.clone(),
                        ..Default::default()
                    };
                    let inner = TransactionV1Envelope { tx, ..Default::default() };
                    let bump = FeeBumpTransaction {
                        fee_source: source_account.clone(),
                        inner_tx: FeeBumpTransactionInnerTx::Tx(inner.clone()),
                        ..Default::default()
                    };
                    variants.push(TransactionEnvelope::Tx(inner));
                    let bump = FeeBumpTransactionEnvelope { tx: bump, ..Default::default() };
                    variants.push(TransactionEnvelope::TxFeeBump(bump));
                }
            }
        }
        for time_bounds in [None, Some(TimeBounds::default())] {
            let tx = TransactionV0 { time_bounds, operations: operations.clone(), ..Default::default() };
            variants.push(TransactionEnvelope::TxV0(TransactionV0Envelope { tx, ..Default::default() }));
        }
        variants
    }

    fn encoded(value: &impl WriteXdr) -> Vec<u8> {
        value.to_xdr(Limits::len(1 << 16)).unwrap()
    }

    #[test]
    fn the_contract_is_found_in_every_kind_of_transaction() {
        let contract = encoded(&contract());
        for envelope in variants(&[invocation()]) {
            assert_eq!(invoked(&encoded(&envelope)), Ok(Some(&contract[..])), "{envelope:?}");
        }
    }

    #[test]
    fn other_operations_invoke_nothing() {
        let upload = operation(HostFunction::UploadContractWasm(vec![1, 2, 3].try_into().unwrap()));
        let inflation = Operation { source_account: None, body: OperationBody::Inflation };
        for operations in [vec![], vec![upload], vec![inflation.clone()], vec![inflation.clone(), inflation]]
        {
            for envelope in variants(&operations) {
                assert_eq!(invoked(&encoded(&envelope)), Ok(None));
            }
        }
    }

    #[test]
    fn what_ends_early_is_refused() {
        for envelope in variants(&[invocation()]) {
            let encoded = encoded(&envelope);
            for cut in 0..encoded.len() {
                if let Ok(found) = invoked(&encoded[..cut]) {
                    assert!(found.is_some(), "what it needs is there");
                }
            }
        }
    }
}
