//! The accounts that a node can be asked for: those that hold the demo programs' descriptions.

use std::{collections::HashMap, io::Write};

use flate2::{Compression, write::ZlibEncoder};

use super::{base58::Pubkey, demo, known};

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
