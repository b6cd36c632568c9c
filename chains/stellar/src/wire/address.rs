//! Addresses straight from XDR.

use chainbell_model::Address;

use super::xdr::Walk;
use crate::address::{account, claimable_balance, contract, liquidity_pool, muxed_account, muxed_contract};

/// The address that an encoded `ScAddress` is.
pub(crate) fn from_xdr(xdr: &[u8]) -> Option<Address> {
    let mut walk = Walk::new(xdr);
    let address = match walk.uint()? {
        0 if walk.uint()? == 0 => account(&walk.array()?),
        1 => contract(&walk.array()?),
        2 => {
            let number = walk.array().map(u64::from_be_bytes)?;
            muxed_account(&walk.array()?, number)
        }
        3 if walk.uint()? == 0 => claimable_balance(&walk.array()?),
        4 => liquidity_pool(&walk.array()?),
        5 => {
            let number = walk.array().map(u64::from_be_bytes)?;
            muxed_contract(&walk.array()?, number)
        }
        _ => return None,
    };
    walk.rest().is_empty().then_some(address)
}

#[cfg(test)]
mod tests {
    use stellar_xdr::{
        AccountId, ClaimableBalanceId, ContractId, Hash, Limits, MuxedContract, MuxedEd25519Account, PoolId,
        PublicKey, ScAddress, Uint256, WriteXdr,
    };

    use super::*;
    use crate::address::of_sc_address;

    #[test]
    fn every_kind_of_address_is_that_of_the_decoded_one() {
        let key = Uint256([7; 32]);
        for address in [
            ScAddress::Account(AccountId(PublicKey::PublicKeyTypeEd25519(key.clone()))),
            ScAddress::Contract(ContractId(Hash([8; 32]))),
            ScAddress::MuxedAccount(MuxedEd25519Account { id: 9, ed25519: key }),
            ScAddress::ClaimableBalance(ClaimableBalanceId::ClaimableBalanceIdTypeV0(Hash([1; 32]))),
            ScAddress::LiquidityPool(PoolId(Hash([2; 32]))),
            ScAddress::MuxedContract(MuxedContract { id: 3, contract_id: ContractId(Hash([4; 32])) }),
        ] {
            let mut xdr = address.to_xdr(Limits::len(100)).unwrap();
            assert_eq!(Walk::new(&xdr).address(), Some(&xdr[..]));
            assert_eq!(from_xdr(&xdr), Some(of_sc_address(&address)));
            xdr.push(0);
            assert_eq!(from_xdr(&xdr), None);
        }
        assert_eq!(from_xdr(&[0, 0, 0, 9]), None);
    }
}
