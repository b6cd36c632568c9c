//! Accounts: what they hold, and the content of those that hold the demo programs' descriptions.

use std::{collections::HashMap, io::Write};

use flate2::{Compression, write::ZlibEncoder};

use super::{
    answer::Answer,
    base58::Pubkey,
    demo,
    json::{self, Object, array},
    known,
    params::{Encoding, Options},
    view::View,
};
use crate::rpc::RpcError;

const MOST_ACCOUNTS: usize = 100;

/// An account.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) owner: Pubkey,
    pub(crate) lamports: u64,
    pub(crate) data: Vec<u8>,
}

/// The accounts of `programs`, by address.
pub(crate) fn descriptions(programs: &[Pubkey]) -> HashMap<Pubkey, Account> {
    let account = |program: &Pubkey| {
        let data = description(program);
        let lamports = 890_880 + 6960 * data.len() as u64;
        (known::idl_address(program), Account { owner: *program, lamports, data })
    };
    programs.iter().map(account).collect()
}

/// What Anchor writes: eight bytes, the authority, the length, and the description packed by zlib.
fn description(program: &Pubkey) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    let text = demo::idl(program).to_string();
    packed.write_all(text.as_bytes()).expect("memory takes all bytes");
    let packed = packed.finish().expect("memory takes all bytes");
    let mut data = demo::discriminator("internal", "IdlAccount").to_vec();
    data.extend(Pubkey::default().0);
    data.extend(u32::try_from(packed.len()).unwrap_or(u32::MAX).to_le_bytes());
    data.extend(packed);
    data
}

impl Answer<'_, '_> {
    pub(super) fn balance(self) -> Result<(), RpcError> {
        let key = self.call.base58(0)?;
        let slot = self.view.context(&self.call.options(1)?)?;
        self.with_context(slot, |view, out| {
            json::write(out, format_args!("{}", view.chain.lamports(&key, slot)));
        });
        Ok(())
    }

    pub(super) fn account(self) -> Result<(), RpcError> {
        let key = self.call.base58(0)?;
        let options = self.call.options(1)?;
        let slot = self.view.context(&options)?;
        let mut account = Vec::new();
        write_account(&self.view, &key, &options, Encoding::Binary, &mut account)?;
        self.with_context(slot, |_, out| out.extend_from_slice(&account));
        Ok(())
    }

    pub(super) fn accounts(self) -> Result<(), RpcError> {
        let keys: Vec<String> = self.call.required(0)?;
        let options = self.call.options(1)?;
        if keys.len() > MOST_ACCOUNTS {
            return Err(RpcError::invalid_params(format!("Too many inputs provided; max {MOST_ACCOUNTS}")));
        }
        let slot = self.view.context(&options)?;
        let mut accounts = Vec::new();
        for text in &keys {
            let key = text.parse().map_err(RpcError::wrong_key)?;
            let mut account = Vec::new();
            write_account(&self.view, &key, &options, Encoding::Base64, &mut account)?;
            accounts.push(account);
        }
        self.with_context(slot, |_, out| {
            array(out, &accounts, |out, account| out.extend_from_slice(account));
        });
        Ok(())
    }
}

/// An account, or null. Only what holds a description is known with its content.
fn write_account(
    view: &View<'_>,
    key: &Pubkey,
    options: &Options,
    default: Encoding,
    out: &mut Vec<u8>,
) -> Result<(), RpcError> {
    const MOST_BASE58: usize = 128;
    let Some(account) = view.chain.producer().account(key) else {
        out.extend_from_slice(b"null");
        return Ok(());
    };
    let whole = &account.data[..];
    let data = options.data_slice.map_or(whole, |slice| {
        let from = slice.offset.min(whole.len());
        &whole[from..from.saturating_add(slice.length).min(whole.len())]
    });
    let encoding = options.encoding.unwrap_or(default);
    if matches!(encoding, Encoding::Base58 | Encoding::Binary) && data.len() > MOST_BASE58 {
        let reason =
            "Encoded binary (base 58) data should be less than 128 bytes, please use Base64 encoding.";
        return Err(RpcError::new(-32600, reason));
    }
    let mut object = Object::begin(out);
    object.number("lamports", account.lamports);
    let written = object.key("data");
    match encoding {
        Encoding::Binary => json::bs58_text(written, data),
        Encoding::Base58 => {
            written.push(b'[');
            json::bs58_text(written, data);
            written.extend_from_slice(b",\"base58\"]");
        }
        _ => {
            written.push(b'[');
            json::base64_text(written, data);
            written.extend_from_slice(b",\"base64\"]");
        }
    }
    object.base58("owner", &account.owner);
    object.raw("executable", "false");
    object.number("rentEpoch", u64::MAX);
    object.number("space", whole.len());
    object.end();
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_description_unpacks_to_its_text() {
        let program = Pubkey::default();
        let data = description(&program);
        // The discriminator of every such account of mainnet.
        assert_eq!(data[..8], [24, 70, 98, 191, 58, 144, 123, 158]);
        let mut text = String::new();
        flate2::read::ZlibDecoder::new(&data[44..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, demo::idl(&program).to_string());
    }
}
