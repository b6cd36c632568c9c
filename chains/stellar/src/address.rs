//! Addresses: the version byte and the payload of a strkey (SEP-23), and its text with the checksum.

use chainbell_model::{Address, AddressError};
use stellar_strkey::{
    ClaimableBalance, Contract, DecodeError, LiquidityPool, MuxedContract, Strkey,
    ed25519::{MuxedAccount, PublicKey},
};
use stellar_xdr::{self as xdr, AccountId, ContractId, ScAddress};

/// `G…`: an account.
pub(crate) const ACCOUNT: u8 = 6 << 3;
/// `C…`: a contract.
pub(crate) const CONTRACT: u8 = 2 << 3;
/// `M…`: an account and a number behind it.
pub(crate) const MUXED_ACCOUNT: u8 = 12 << 3;
/// `W…`: a contract and a number behind it.
pub(crate) const MUXED_CONTRACT: u8 = 22 << 3;
/// `B…`: a claimable balance.
pub(crate) const CLAIMABLE_BALANCE: u8 = 1 << 3;
/// `L…`: a liquidity pool.
pub(crate) const LIQUIDITY_POOL: u8 = 11 << 3;

const ID_LEN: usize = 32;

/// Reads an address of any of the six kinds.
///
/// # Errors
/// What is wrong: the kind, the length, the alphabet or the checksum. Never quotes what may be a secret key.
pub(crate) fn parse(text: &str) -> Result<Address, AddressError> {
    let Some(first) = text.chars().next() else { return Err(wrong("an address is not empty")) };
    if first.eq_ignore_ascii_case(&'S') {
        let reason = "an address is wanted and this begins like a secret key (S…): never put one here";
        return Err(AddressError::of_secret(reason));
    }
    let length = match first {
        'G' | 'C' | 'L' => 56,
        'B' => 58,
        'M' | 'W' => 69,
        'T' | 'X' | 'P' => {
            return Err(wrong(format!(
                "{first}… names a signer of transactions, not an account or contract"
            )));
        }
        other => {
            let kinds =
                "G (account), C (contract), M (muxed account), B (claimable balance) or L (liquidity pool)";
            return Err(wrong(format!("an address begins with {kinds}, not with {other:?}")));
        }
    };
    if let Some(bad) = text.chars().find(|c| !matches!(c, 'A'..='Z' | '2'..='7')) {
        return Err(wrong(format!("an address has letters A to Z and digits 2 to 7 only, {bad:?} is none")));
    }
    if text.len() != length {
        return Err(wrong(format!("an address {first}… has {length} characters, this has {}", text.len())));
    }
    match Strkey::from_string(text) {
        Ok(strkey) => of_strkey(&strkey).ok_or_else(|| wrong("this is no account or contract")),
        Err(DecodeError::ChecksumMismatch) => {
            Err(wrong("the checksum of the address is wrong: some character is mistyped"))
        }
        Err(error) => Err(wrong(format!("this is no address: {error}"))),
    }
}

fn of_strkey(strkey: &Strkey) -> Option<Address> {
    Some(match strkey {
        Strkey::PublicKeyEd25519(PublicKey(key)) => account(key),
        Strkey::Contract(Contract(id)) => contract(id),
        Strkey::LiquidityPool(LiquidityPool(id)) => liquidity_pool(id),
        Strkey::ClaimableBalance(ClaimableBalance::V0(id)) => claimable_balance(id),
        Strkey::MuxedAccountEd25519(MuxedAccount { ed25519, id }) => muxed_account(ed25519, *id),
        Strkey::MuxedContract(MuxedContract { contract_id, id }) => muxed_contract(contract_id, *id),
        _ => return None,
    })
}

/// Appends the strkey of an address; of anything else that is no Stellar address, plain hexadecimal.
pub(crate) fn push_text(address: &[u8], out: &mut String) {
    match to_strkey(address) {
        Some(Strkey::PublicKeyEd25519(it)) => out.push_str(&it.to_string()),
        Some(Strkey::Contract(it)) => out.push_str(&it.to_string()),
        Some(other) => out.push_str(&other.to_string()),
        None => out.push_str(&const_hex::encode_prefixed(address)),
    }
}

fn to_strkey(address: &[u8]) -> Option<Strkey> {
    let (version, payload) = address.split_first()?;
    let (id, behind) = payload.split_first_chunk::<ID_LEN>()?;
    Some(match (*version, behind) {
        (ACCOUNT, []) => Strkey::PublicKeyEd25519(PublicKey(*id)),
        (CONTRACT, []) => Strkey::Contract(Contract(*id)),
        (LIQUIDITY_POOL, []) => Strkey::LiquidityPool(LiquidityPool(*id)),
        (CLAIMABLE_BALANCE, _) => {
            let [0, id @ ..] = <&[u8; 33]>::try_from(payload).ok()? else { return None };
            Strkey::ClaimableBalance(ClaimableBalance::V0(*id))
        }
        (MUXED_ACCOUNT, number) => {
            let id = *id;
            Strkey::MuxedAccountEd25519(MuxedAccount { ed25519: id, id: number_of(number)? })
        }
        (MUXED_CONTRACT, number) => {
            Strkey::MuxedContract(MuxedContract { contract_id: *id, id: number_of(number)? })
        }
        _ => return None,
    })
}

fn number_of(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes)
}

/// `G…`.
pub(crate) fn account(key: &[u8; ID_LEN]) -> Address {
    put(ACCOUNT, &[key])
}

/// `C…`.
pub(crate) fn contract(id: &[u8; ID_LEN]) -> Address {
    put(CONTRACT, &[id])
}

/// `L…`.
pub(crate) fn liquidity_pool(id: &[u8; ID_LEN]) -> Address {
    put(LIQUIDITY_POOL, &[id])
}

/// `B…`, of version 0, the only one.
pub(crate) fn claimable_balance(id: &[u8; ID_LEN]) -> Address {
    put(CLAIMABLE_BALANCE, &[&[0], id])
}

/// `M…`.
pub(crate) fn muxed_account(key: &[u8; ID_LEN], id: u64) -> Address {
    put(MUXED_ACCOUNT, &[key, &id.to_be_bytes()])
}

/// `W…`.
pub(crate) fn muxed_contract(contract: &[u8; ID_LEN], id: u64) -> Address {
    put(MUXED_CONTRACT, &[contract, &id.to_be_bytes()])
}

/// The longest has 41 bytes.
fn put(version: u8, parts: &[&[u8]]) -> Address {
    let mut bytes = [0; Address::MAX_LEN];
    bytes[0] = version;
    let mut end = 1;
    for part in parts {
        bytes[end..end + part.len()].copy_from_slice(part);
        end += part.len();
    }
    Address::from_slice(&bytes[..end]).expect("it has at most the bytes that an address has room for")
}

/// The address of an account of the ledger.
pub(crate) fn of_account_id(id: &AccountId) -> Address {
    let AccountId(xdr::PublicKey::PublicKeyTypeEd25519(key)) = id;
    account(&key.0)
}

/// The address of a contract of the ledger.
pub(crate) fn of_contract_id(id: &ContractId) -> Address {
    contract(&id.0.0)
}

/// The address of a source or destination, with its number where it has one.
pub(crate) fn of_muxed_account(id: &xdr::MuxedAccount) -> Address {
    match id {
        xdr::MuxedAccount::Ed25519(key) => account(&key.0),
        xdr::MuxedAccount::MuxedEd25519(muxed) => muxed_account(&muxed.ed25519.0, muxed.id),
    }
}

/// The address that a contract sees.
pub(crate) fn of_sc_address(address: &ScAddress) -> Address {
    match address {
        ScAddress::Account(id) => of_account_id(id),
        ScAddress::Contract(id) => of_contract_id(id),
        ScAddress::MuxedAccount(muxed) => muxed_account(&muxed.ed25519.0, muxed.id),
        ScAddress::ClaimableBalance(xdr::ClaimableBalanceId::ClaimableBalanceIdTypeV0(id)) => {
            claimable_balance(&id.0)
        }
        ScAddress::LiquidityPool(id) => liquidity_pool(&id.0.0),
        ScAddress::MuxedContract(muxed) => muxed_contract(&muxed.contract_id.0.0, muxed.id),
    }
}

/// The contract that an address names; `None` for the other kinds.
pub(crate) fn to_contract_id(address: &Address) -> Option<ContractId> {
    match to_strkey(address)? {
        Strkey::Contract(Contract(id)) => Some(ContractId(xdr::Hash(id))),
        _ => None,
    }
}

/// The account or contract itself, without the number that a muxed one carries.
pub(crate) fn without_number(address: &Address) -> Address {
    match to_strkey(address) {
        Some(Strkey::MuxedAccountEd25519(muxed)) => account(&muxed.ed25519),
        Some(Strkey::MuxedContract(muxed)) => contract(&muxed.contract_id),
        _ => *address,
    }
}

fn wrong(reason: impl Into<String>) -> AddressError {
    AddressError::new(reason)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Of SEP-23.
    const ACCOUNT_TEXT: &str = "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ";
    const MUXED_TEXT: &str = "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUAAAAAAAAAAAACJUQ";
    const CONTRACT_TEXT: &str = "CA3D5KRYM6CB7OWQ6TWYRR3Z4T7GNZLKERYNZGGA5SOAOPIFY6YQGAXE";
    const POOL_TEXT: &str = "LA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUPJN";
    const BALANCE_TEXT: &str = "BAAD6DBUX6J22DMZOHIEZTEQ64CVCHEDRKWZONFEUL5Q26QD7R76RGR4TU";

    fn text(address: &[u8]) -> String {
        let mut out = String::new();
        push_text(address, &mut out);
        out
    }

    #[test]
    fn the_examples_of_sep_23_read_and_write() {
        for example in [ACCOUNT_TEXT, MUXED_TEXT, CONTRACT_TEXT, POOL_TEXT, BALANCE_TEXT] {
            assert_eq!(text(&parse(example).unwrap()), example);
        }
        let muxed = parse(MUXED_TEXT).unwrap();
        assert_eq!(muxed[33..], [0; 8]);
        let largest = "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVAAAAAAAAAAAAAJLK";
        assert_eq!(parse(largest).unwrap()[33..], (1u64 << 63).to_be_bytes());
        assert_eq!(text(&without_number(&muxed)), ACCOUNT_TEXT);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let reason = |text: &str| parse(text).unwrap_err().reason;
        assert!(reason("").contains("not empty"));
        assert!(reason("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed").contains("begins with G"));
        assert!(reason(&ACCOUNT_TEXT[..55]).contains("has 56 characters, this has 55"));
        assert!(reason(&MUXED_TEXT[..56]).contains("has 69 characters, this has 56"));
        assert!(reason(&ACCOUNT_TEXT.replace('7', "1")).contains("'1' is none"));
        assert!(reason(&CONTRACT_TEXT.replace("CA3", "CA4")).contains("checksum"));
        assert!(reason(&ACCOUNT_TEXT.replace('G', "T")).contains("signer"));
        assert!(reason(&"G".repeat(10_000)).len() < 200);
    }

    #[test]
    fn a_secret_key_is_refused_without_being_quoted() {
        let secret = "SBU2RRGLXH3E5CQHTD3ODLDF2BWDCYUSSBLLZ5GNW7JXHDIYKXZWHOKR";
        for text in [secret, &secret.to_lowercase(), &secret[..50]] {
            let reason = parse(text).unwrap_err().reason;
            assert!(reason.contains("secret key") && !reason.contains(&text[..4]), "{reason}");
        }
        assert!(!parse(&format!(" {secret}")).unwrap_err().reason.contains(&secret[..4]));
    }

    #[test]
    fn what_is_no_address_is_written_in_hexadecimal() {
        for bytes in [&[][..], &[ACCOUNT, 1], &[0; 33], &[MUXED_ACCOUNT; 40], &[CLAIMABLE_BALANCE; 34]] {
            assert_eq!(text(bytes), const_hex::encode_prefixed(bytes));
        }
    }

    proptest! {
        #[test]
        fn every_address_reads_back(id in any::<[u8; 32]>(), number in any::<u64>()) {
            for address in [
                account(&id), contract(&id), liquidity_pool(&id), claimable_balance(&id),
                muxed_account(&id, number), muxed_contract(&id, number),
            ] {
                prop_assert_eq!(parse(&text(&address)), Ok(address));
                prop_assert_eq!(to_contract_id(&address).is_some(), address[0] == CONTRACT);
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,80}", mangled in "[GCMBLW][A-Z2-7]{50,70}") {
            let _ = (parse(&text), parse(&mangled));
        }
    }
}
