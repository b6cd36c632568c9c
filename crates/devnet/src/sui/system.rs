//! The system's own transactions: they cost nothing and nobody signs them.

use std::sync::Arc;

use sui_sdk_types::{
    Address, ChangeEpoch, ConsensusCommitPrologueV4, ConsensusDeterminedVersionAssignments, Digest,
    Ed25519PublicKey, Ed25519Signature, EndOfEpochTransactionKind, Event, ExecutionStatus, GasCostSummary,
    GasPayment, GenesisObject, GenesisTransaction, Identifier, ObjectReference, Owner, RandomnessStateUpdate,
    SimpleSignature, Transaction, TransactionExpiration, TransactionKind, UserSignature,
};

use super::{
    checkpoint::{Executed, Told},
    demo::tag,
    execute::{self, Changes, Done},
    ledger::Ledger,
    object::{self, Kept},
    value::Value,
};
use crate::seed::seeded;

const STATE: Address = Address::from_static("0x5");
const CLOCK: Address = Address::from_static("0x6");
const RANDOMNESS: Address = Address::from_static("0x8");
const SYSTEM: Address = Address::from_static("0x3");
const PROTOCOL_VERSION: u64 = 100;

/// Where a transaction of the system is run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) seed: u64,
    pub(crate) epoch: u64,
    pub(crate) height: u64,
    /// How many system transactions of the kind came before it in the checkpoint.
    pub(crate) round: u64,
    pub(crate) time_ms: u64,
}

impl Place {
    fn bytes(&self, purpose: &str) -> [u8; 32] {
        seeded(self.seed, format_args!("sui/{purpose}/{}/{}", self.height, self.round))
    }

    /// Rounds grow by ten for each checkpoint.
    fn number(&self) -> u64 {
        self.height * 10 + self.round
    }
}

/// Makes the objects of the system.
pub(crate) fn found(ledger: &mut Ledger) {
    let kinds = [
        (STATE, tag(SYSTEM, "sui_system", "SuiSystemState", Vec::new())),
        (CLOCK, tag(Address::TWO, "clock", "Clock", Vec::new())),
        (RANDOMNESS, tag(Address::TWO, "random", "Random", Vec::new())),
    ];
    for (id, ty) in kinds {
        let contents = object::numbered(id, 0);
        ledger.put(object::structure(ty, Owner::Shared(1), 1, contents, Digest::ZERO));
    }
}

/// The first transaction, which makes everything that is in the ledger.
pub(crate) fn genesis(ledger: &mut Ledger) -> Executed {
    let made = |kept: &&Arc<Kept>| GenesisObject::new(kept.object.data().clone(), *kept.object.owner());
    let objects = ledger.everything().iter().map(made).collect();
    let transaction = transaction(TransactionKind::Genesis(GenesisTransaction { objects }));
    let digest = transaction.digest();
    let mut changes = Changes::default();
    for object in ledger.begin(digest) {
        changes.write(None, object);
    }
    done(transaction, 1, 0, changes, Vec::new(), ledger)
}

/// What each commit of the consensus begins with: it sets the clock.
pub(crate) fn prologue(place: &Place, ledger: &mut Ledger) -> Executed {
    let assignments =
        ConsensusDeterminedVersionAssignments::CanceledTransactionsV2 { canceled_transactions: Vec::new() };
    let transaction = transaction(TransactionKind::ConsensusCommitPrologueV4(ConsensusCommitPrologueV4 {
        epoch: place.epoch,
        round: place.number(),
        sub_dag_index: None,
        commit_timestamp_ms: place.time_ms,
        consensus_commit_digest: Digest::new(place.bytes("commit")),
        consensus_determined_version_assignments: assignments,
        additional_state_digest: Digest::new(place.bytes("state")),
    }));
    update(transaction, CLOCK, place.time_ms, place.epoch, Vec::new(), ledger)
}

/// New randomness.
pub(crate) fn randomness(place: &Place, ledger: &mut Ledger) -> Executed {
    let transaction = transaction(TransactionKind::RandomnessStateUpdate(RandomnessStateUpdate {
        epoch: place.epoch,
        randomness_round: place.number(),
        random_bytes: place.bytes("random").to_vec(),
        randomness_obj_initial_shared_version: 1,
    }));
    update(transaction, RANDOMNESS, place.number(), place.epoch, Vec::new(), ledger)
}

/// The last transaction of an epoch, with the event that tells of it.
pub(crate) fn change_epoch(place: &Place, gas: &GasCostSummary, ledger: &mut Ledger) -> Executed {
    let next = place.epoch + 1;
    let change = ChangeEpoch {
        epoch: next,
        protocol_version: PROTOCOL_VERSION,
        storage_charge: gas.storage_cost,
        computation_charge: gas.computation_cost,
        storage_rebate: gas.storage_rebate,
        non_refundable_storage_fee: gas.non_refundable_storage_fee,
        epoch_start_timestamp_ms: place.time_ms,
        system_packages: Vec::new(),
    };
    let kind = TransactionKind::EndOfEpoch(vec![EndOfEpochTransactionKind::ChangeEpoch(change)]);
    let numbers = [
        ("epoch", next),
        ("protocol_version", PROTOCOL_VERSION),
        ("reference_gas_price", 750),
        ("total_stake", 1_000_000),
        ("storage_fund_reinvestment", 0),
        ("storage_charge", gas.storage_cost),
        ("storage_rebate", gas.storage_rebate),
        ("storage_fund_balance", 0),
        ("stake_subsidy_amount", 0),
        ("total_gas_fees", gas.computation_cost),
        ("total_stake_rewards_distributed", gas.computation_cost),
        ("leftover_storage_fund_inflow", 0),
    ];
    let value = Value::Struct(numbers.map(|(name, number)| (name, Value::U64(number))).to_vec());
    let event = Event {
        package_id: SYSTEM,
        module: Identifier::from_static("sui_system"),
        sender: Address::ZERO,
        type_: tag(SYSTEM, "sui_system_state_inner", "SystemEpochInfoEvent", Vec::new()),
        contents: value.bcs(),
    };
    let emitted = vec![(event, Told { value, amount: None })];
    update(transaction(kind), STATE, next, place.epoch, emitted, ledger)
}

/// Runs a transaction that sets the number of one shared object.
fn update(
    transaction: Transaction,
    id: Address,
    number: u64,
    epoch: u64,
    emitted: Vec<(Event, Told)>,
    ledger: &mut Ledger,
) -> Executed {
    let mut changes = Changes::default();
    let mut version = 1;
    if let Some(before) = ledger.object(&id).cloned() {
        version = before.version() + 1;
        let after = before.next(version, object::numbered(id, number), transaction.digest());
        changes.write(Some(before), after);
    }
    done(transaction, version, epoch, changes, emitted, ledger)
}

fn done(
    transaction: Transaction,
    version: u64,
    epoch: u64,
    changes: Changes,
    emitted: Vec<(Event, Told)>,
    ledger: &mut Ledger,
) -> Executed {
    let done = Done {
        digest: transaction.digest(),
        transaction,
        version,
        epoch,
        status: ExecutionStatus::Success,
        gas_used: GasCostSummary::default(),
        gas: None,
    };
    execute::finish(done, changes, emitted, vec![unsigned()], ledger)
}

fn transaction(kind: TransactionKind) -> Transaction {
    let nothing = ObjectReference::new(Address::ZERO, 0, Digest::ZERO);
    Transaction {
        kind,
        sender: Address::ZERO,
        gas_payment: GasPayment { objects: vec![nothing], owner: Address::ZERO, price: 1, budget: 0 },
        expiration: TransactionExpiration::None,
    }
}

/// What stands where the signature of a system transaction would.
fn unsigned() -> UserSignature {
    UserSignature::Simple(SimpleSignature::Ed25519 {
        signature: Ed25519Signature::new([0; 64]),
        public_key: Ed25519PublicKey::new([0; 32]),
    })
}
