//! What operations invoked.

use chainbell_model::{Call, Contracts};
use stellar_xdr::{HostFunction, InvokeContractArgs, Limits, OperationBody, WriteXdr};

use crate::{
    address,
    details::operations,
    payload::{self, CallParts},
    wire::{Body, Flaw},
};

/// Larger than any transaction.
const MAX_XDR: usize = 1 << 24;

/// Appends the invocations of wanted contracts. Deploying one or uploading code is none.
pub(super) fn push(
    wanted: &Contracts,
    body: &Body,
    transaction: u32,
    calls: &mut Vec<Call>,
) -> Result<(), Flaw> {
    for (operation, body) in (0..).zip(operations(&body.envelope)) {
        let OperationBody::InvokeHostFunction(invoked) = &body.body else { continue };
        let HostFunction::InvokeContract(invoked) = &invoked.host_function else { continue };
        let contract = address::of_sc_address(&invoked.contract_address);
        if wanted.wants(&contract) {
            let payload = encode(invoked, operation)?;
            let key = payload::call_key(invoked.function_name.0.as_slice());
            calls.push(Call { transaction, index: u32::from(operation), contract, key, payload });
        }
    }
    Ok(())
}

fn encode(invoked: &InvokeContractArgs, operation: u16) -> Result<chainbell_model::Payload, Flaw> {
    let arguments = invoked
        .args
        .to_xdr(Limits { depth: 1_000, len: MAX_XDR })
        .map_err(|_| Flaw::new("arguments that do not encode"))?;
    let function = invoked.function_name.0.as_slice();
    Ok(payload::call(&CallParts { depth: 0, operation, function, arguments: &arguments }))
}
