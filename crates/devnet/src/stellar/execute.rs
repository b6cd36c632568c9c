//! Makes a transaction of what is wanted of it: what was signed, what came of it, and the events.

use stellar_xdr::{
    ClawbackOp, ClawbackResult, ContractEvent, FeeBumpTransaction, FeeBumpTransactionEnvelope,
    FeeBumpTransactionExt, FeeBumpTransactionInnerTx, Hash, HostFunction, InnerTransactionResult,
    InnerTransactionResultExt, InnerTransactionResultPair, InnerTransactionResultResult, InvokeContractArgs,
    InvokeHostFunctionOp, InvokeHostFunctionResult, InvokeHostFunctionSuccessPreImage, Memo, Operation,
    OperationBody, OperationResult, OperationResultTr, PaymentOp, PaymentResult, Preconditions, ScAddress,
    ScVal, SequenceNumber, Signature, SignatureHint, SorobanResources, SorobanTransactionData, Transaction,
    TransactionEnvelope, TransactionExt, TransactionResult, TransactionResultExt, TransactionResultPair,
    TransactionResultResult, TransactionV1Envelope, VecM,
};

use super::{
    cast::Cast,
    party::Party,
    spec::{EventSpec, Movement, Payment, RefundStage, Token, TxSpec, Work},
    xdr::{self, address, decode, hash, i128, list, map, sc_symbol, string, symbol},
};

const BASE_FEE: i64 = 100;
const RESOURCE_FEE: i64 = 60_000;

/// A transaction that was applied.
pub(crate) struct Applied {
    pub(crate) envelope: TransactionEnvelope,
    pub(crate) result: TransactionResultPair,
    pub(crate) failed: bool,
    pub(crate) fee_bump: bool,
    /// Who pays the fee.
    pub(crate) payer: Party,
    /// What is paid at first.
    pub(crate) fee: i64,
    pub(crate) refund: Option<(i64, RefundStage)>,
    /// The events of each operation; none where it failed.
    pub(crate) operations: Vec<Vec<Emitted>>,
    /// What was invoked, if anything.
    pub(crate) invoked: Option<Invoked>,
}

/// An invocation.
pub(crate) struct Invoked {
    pub(crate) contract: [u8; 32],
    pub(crate) function: &'static str,
    pub(crate) arguments: Vec<ScVal>,
    pub(crate) returned: ScVal,
}

/// An event, and what it tells of.
pub(crate) struct Emitted {
    pub(crate) event: ContractEvent,
    pub(crate) name: &'static str,
    pub(crate) amount: Option<i128>,
    pub(crate) from: Option<Party>,
    pub(crate) to: Option<Party>,
    pub(crate) number: Option<u64>,
}

/// Makes transactions.
pub(crate) struct Executor<'a> {
    pub(crate) cast: &'a Cast,
    /// Whether every movement of an asset is an event.
    pub(crate) unified: bool,
}

/// What a transaction's operations are, and what came of them.
struct Operations {
    bodies: Vec<(Party, OperationBody)>,
    results: Vec<OperationResultTr>,
    events: Vec<Vec<Emitted>>,
    invoked: Option<Invoked>,
}

impl Executor<'_> {
    /// Applies a transaction with a sequence number.
    pub(crate) fn apply(&self, spec: &TxSpec, sequence: i64) -> Applied {
        let operations = match &spec.work {
            Work::Invoke(events) => self.invocation(spec, events),
            Work::Pay(payments) => self.payments(spec, payments),
            Work::ClawBack { from, amount } => self.claw_back(spec, *from, *amount),
        };
        let count = operations.bodies.len().max(1) as i64;
        let invokes = operations.invoked.is_some();
        let inclusion = BASE_FEE * (count + i64::from(spec.fee_source.is_some()));
        let fee = inclusion + if invokes { RESOURCE_FEE } else { 0 };
        let refund = spec.refund.filter(|_| invokes).map(|(amount, stage)| (amount.clamp(0, fee), stage));
        let tx = transaction(spec, sequence, fee, &operations);
        let results = operations.results.into_iter().map(OperationResult::OpInner).collect();
        let charged = fee - refund.map_or(0, |(amount, _)| amount);
        let (envelope, result) = self.seal(spec, tx, list(results), charged);
        Applied {
            envelope,
            result,
            failed: spec.failing,
            fee_bump: spec.fee_source.is_some(),
            payer: spec.fee_source.unwrap_or(spec.source),
            fee,
            refund,
            operations: operations.events,
            invoked: operations.invoked,
        }
    }

    fn invocation(&self, spec: &TxSpec, specs: &[EventSpec]) -> Operations {
        let invoked = self.invoked(specs);
        let events: Vec<_> = specs.iter().map(|event| self.emit(event)).collect();
        let arguments = InvokeContractArgs {
            contract_address: ScAddress::Contract(stellar_xdr::ContractId(Hash(invoked.contract))),
            function_name: sc_symbol(invoked.function),
            args: list(invoked.arguments.clone()),
        };
        let body = OperationBody::InvokeHostFunction(InvokeHostFunctionOp {
            host_function: HostFunction::InvokeContract(arguments),
            auth: VecM::default(),
        });
        let told = InvokeHostFunctionSuccessPreImage {
            return_value: invoked.returned.clone(),
            events: list(events.iter().map(|emitted| emitted.event.clone()).collect()),
        };
        let result = if spec.failing {
            InvokeHostFunctionResult::Trapped
        } else {
            InvokeHostFunctionResult::Success(Hash(hash(&told)))
        };
        Operations {
            bodies: vec![(spec.source, body)],
            results: vec![OperationResultTr::InvokeHostFunction(result)],
            events: if spec.failing { Vec::new() } else { vec![events] },
            invoked: Some(invoked),
        }
    }

    /// What is called: a demo contract if one of them emits anything, or else an asset's.
    fn invoked(&self, specs: &[EventSpec]) -> Invoked {
        let demo = specs.iter().find_map(|spec| match spec {
            EventSpec::Demo { contract, event } => Some((*contract, event)),
            _ => None,
        });
        if let Some((contract, event)) = demo {
            let (function, arguments) = event.call();
            let contract = self.cast.demo_contract(contract);
            return Invoked { contract, function, arguments, returned: event.returned() };
        }
        let movement = specs.iter().find_map(|spec| match spec {
            EventSpec::Token { token, movement } => Some((*token, movement)),
            _ => None,
        });
        let Some((token, movement)) = movement else {
            let contract = self.cast.demo_contract(0);
            return Invoked { contract, function: "run", arguments: Vec::new(), returned: ScVal::Void };
        };
        let (function, arguments) = match movement {
            Movement::Transfer { from, to, amount } => {
                ("transfer", vec![address(*from), address(*to), i128(*amount)])
            }
            Movement::Mint { to, amount } => ("mint", vec![address(*to), i128(*amount)]),
            Movement::Burn { from, amount } => ("burn", vec![address(*from), i128(*amount)]),
            Movement::Clawback { from, amount } => ("clawback", vec![address(*from), i128(*amount)]),
        };
        Invoked { contract: self.cast.contract_of(token), function, arguments, returned: ScVal::Void }
    }

    fn emit(&self, spec: &EventSpec) -> Emitted {
        match spec {
            EventSpec::Token { token, movement } => self.moved(*token, movement, None),
            EventSpec::Demo { contract, event } => {
                let contract = self.cast.demo_contract(*contract);
                let (from, to) = event.ends();
                Emitted {
                    event: xdr::event(contract, event.topics(), event.data()),
                    name: event.name(),
                    amount: event.amount(),
                    from,
                    to,
                    number: None,
                }
            }
            EventSpec::Raw { contract, topics, data } => {
                let value = |bytes: &Vec<u8>| decode(bytes).unwrap_or(ScVal::Void);
                let contract = contract.bytes();
                Emitted {
                    event: xdr::event(contract, topics.iter().map(value).collect(), value(data)),
                    name: "",
                    amount: None,
                    from: None,
                    to: None,
                    number: None,
                }
            }
        }
    }

    /// The event of an asset's contract. `memo` is the receiver's number where its address has none.
    fn moved(&self, token: Token, movement: &Movement, memo: Option<u64>) -> Emitted {
        let (name, from, to, amount) = match *movement {
            Movement::Transfer { from, to, amount } => ("transfer", Some(from), Some(to), amount),
            Movement::Mint { to, amount } => ("mint", None, Some(to), amount),
            Movement::Burn { from, amount } => ("burn", Some(from), None, amount),
            Movement::Clawback { from, amount } => ("clawback", Some(from), None, amount),
        };
        let mut topics = vec![symbol(name)];
        if !self.unified && matches!(movement, Movement::Mint { .. } | Movement::Clawback { .. }) {
            // Who administers the asset was told before protocol 23.
            topics.push(address(self.cast.issuer));
        }
        topics.extend([from, to].into_iter().flatten().map(address));
        topics.push(string(&self.cast.asset_name(token)));
        let number = to.and_then(Party::number).or(memo).filter(|_| self.unified && to.is_some());
        let data = match number {
            Some(number) => map(vec![("amount", i128(amount)), ("to_muxed_id", ScVal::U64(number))]),
            None => i128(amount),
        };
        let contract = self.cast.contract_of(token);
        Emitted {
            event: xdr::event(contract, topics, data),
            name,
            amount: Some(amount),
            from: from.map(Party::plain),
            to: to.map(Party::plain),
            number,
        }
    }

    fn payments(&self, spec: &TxSpec, payments: &[Payment]) -> Operations {
        let mut operations = Operations::none();
        for payment in payments {
            let body = OperationBody::Payment(PaymentOp {
                destination: payment.to.muxed_account(),
                asset: self.cast.asset(payment.token),
                amount: payment.amount,
            });
            let result = if spec.failing { PaymentResult::Underfunded } else { PaymentResult::Success };
            let event = self.moved(payment.token, &self.movement_of(payment), spec.memo);
            operations.push((payment.from, body), OperationResultTr::Payment(result), event);
        }
        operations.finish(spec.failing, self.unified)
    }

    /// A payment by the issuer makes money, one to it takes it.
    fn movement_of(&self, payment: &Payment) -> Movement {
        let Payment { token, from, to, amount } = *payment;
        let amount = i128::from(amount);
        match token {
            Token::Issued if from.plain() == self.cast.issuer => Movement::Mint { to, amount },
            Token::Issued if to.plain() == self.cast.issuer => Movement::Burn { from, amount },
            Token::Native | Token::Issued => Movement::Transfer { from, to, amount },
        }
    }

    fn claw_back(&self, spec: &TxSpec, from: Party, amount: i64) -> Operations {
        let body = OperationBody::Clawback(ClawbackOp {
            asset: self.cast.asset(Token::Issued),
            from: from.muxed_account(),
            amount,
        });
        let result = if spec.failing { ClawbackResult::Underfunded } else { ClawbackResult::Success };
        let event = self.moved(Token::Issued, &Movement::Clawback { from, amount: i128::from(amount) }, None);
        let mut operations = Operations::none();
        operations.push((self.cast.issuer, body), OperationResultTr::Clawback(result), event);
        operations.finish(spec.failing, self.unified)
    }

    /// Signs it, wraps it where another pays its fee, and says what came of it.
    fn seal(
        &self,
        spec: &TxSpec,
        tx: Transaction,
        results: VecM<OperationResult>,
        fee_charged: i64,
    ) -> (TransactionEnvelope, TransactionResultPair) {
        let inner = TransactionV1Envelope { tx, signatures: list(vec![signature(spec.source)]) };
        let id = |envelope: &TransactionEnvelope| {
            Hash(envelope.hash(self.cast.network).expect("memory takes all that is written"))
        };
        let pair = |transaction_hash, result| TransactionResultPair {
            transaction_hash,
            result: TransactionResult { fee_charged, result, ext: TransactionResultExt::V0 },
        };
        let Some(payer) = spec.fee_source else {
            let envelope = TransactionEnvelope::Tx(inner);
            let result = if spec.failing {
                TransactionResultResult::TxFailed(results)
            } else {
                TransactionResultResult::TxSuccess(results)
            };
            let pair = pair(id(&envelope), result);
            return (envelope, pair);
        };
        let inner_result = InnerTransactionResultPair {
            transaction_hash: id(&TransactionEnvelope::Tx(inner.clone())),
            result: InnerTransactionResult {
                fee_charged: 0,
                result: if spec.failing {
                    InnerTransactionResultResult::TxFailed(results)
                } else {
                    InnerTransactionResultResult::TxSuccess(results)
                },
                ext: InnerTransactionResultExt::V0,
            },
        };
        let envelope = TransactionEnvelope::TxFeeBump(FeeBumpTransactionEnvelope {
            tx: FeeBumpTransaction {
                fee_source: payer.muxed_account(),
                fee: i64::from(inner.tx.fee) * 2,
                inner_tx: FeeBumpTransactionInnerTx::Tx(inner),
                ext: FeeBumpTransactionExt::V0,
            },
            signatures: list(vec![signature(payer)]),
        });
        let result = if spec.failing {
            TransactionResultResult::TxFeeBumpInnerFailed(inner_result)
        } else {
            TransactionResultResult::TxFeeBumpInnerSuccess(inner_result)
        };
        let pair = pair(id(&envelope), result);
        (envelope, pair)
    }
}

impl Operations {
    fn none() -> Self {
        Self { bodies: Vec::new(), results: Vec::new(), events: Vec::new(), invoked: None }
    }

    fn push(&mut self, body: (Party, OperationBody), result: OperationResultTr, event: Emitted) {
        self.bodies.push(body);
        self.results.push(result);
        self.events.push(vec![event]);
    }

    /// What failed emits nothing, and before unified events nothing classic did.
    fn finish(mut self, failing: bool, unified: bool) -> Self {
        if failing {
            self.events.clear();
        } else if !unified {
            self.events.iter_mut().for_each(Vec::clear);
        }
        self
    }
}

fn transaction(spec: &TxSpec, sequence: i64, fee: i64, operations: &Operations) -> Transaction {
    let operation = |(source, body): &(Party, OperationBody)| Operation {
        source_account: (source.plain() != spec.source).then(|| source.muxed_account()),
        body: body.clone(),
    };
    let resources = SorobanResources { instructions: 1_000_000, ..SorobanResources::default() };
    Transaction {
        source_account: spec.source.muxed_account(),
        fee: u32::try_from(fee).unwrap_or(u32::MAX),
        seq_num: SequenceNumber(sequence),
        cond: Preconditions::None,
        memo: spec.memo.map_or(Memo::None, Memo::Id),
        operations: list(operations.bodies.iter().map(operation).collect()),
        ext: match operations.invoked {
            Some(_) => TransactionExt::V1(SorobanTransactionData {
                resources,
                resource_fee: RESOURCE_FEE,
                ..SorobanTransactionData::default()
            }),
            None => TransactionExt::V0,
        },
    }
}

/// Has the form of a signature; nobody here checks any.
fn signature(of: Party) -> stellar_xdr::DecoratedSignature {
    let key = of.bytes();
    let [.., a, b, c, d] = key;
    stellar_xdr::DecoratedSignature {
        hint: SignatureHint([a, b, c, d]),
        signature: Signature([key, key].concat().try_into().unwrap_or_default()),
    }
}
