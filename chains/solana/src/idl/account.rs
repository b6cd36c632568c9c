//! Where Anchor keeps a program's IDL on chain, and how it stands there.

use std::io::Read as _;

use curve25519_dalek::edwards::CompressedEdwardsY;
use flate2::read::ZlibDecoder;
use sha2::{Digest, Sha256};

use crate::payload::DISCRIMINATOR_LEN;

/// What an account's address is made with that nobody has a key to.
const MARKER: &[u8] = b"ProgramDerivedAddress";
const SEED: &[u8] = b"anchor:idl";
/// No IDL is longer, however small it was packed.
const MAX_LEN: usize = 16 << 20;

/// The address of a program's IDL account.
pub fn idl_address(program: &[u8; 32]) -> [u8; 32] {
    let (base, _) = find_program_address(&[], program);
    hash(&[&base, SEED, program])
}

/// The IDL in the content of its account: discriminator, authority, length, and the JSON packed by zlib.
pub fn read(account_data: &[u8]) -> Result<Vec<u8>, String> {
    let rest = account_data.get(DISCRIMINATOR_LEN + 32..);
    let Some((len, packed)) = rest.and_then(|rest| rest.split_first_chunk::<4>()) else {
        return Err(format!("the IDL account is too short, it has {} bytes", account_data.len()));
    };
    let len = u32::from_le_bytes(*len);
    let packed = usize::try_from(len).ok().and_then(|len| packed.get(..len));
    let packed =
        packed.ok_or_else(|| format!("the IDL account is shorter than the {len} bytes it tells of"))?;
    let mut json = Vec::new();
    let mut unpacking = ZlibDecoder::new(packed).take(MAX_LEN as u64 + 1);
    unpacking.read_to_end(&mut json).map_err(|error| format!("the IDL account does not unpack: {error}"))?;
    if json.len() > MAX_LEN {
        return Err(format!("the IDL is longer than {} MiB", MAX_LEN >> 20));
    }
    Ok(json)
}

/// The first address of the program for these seeds that is no public key, from the bump seed 255 down, and that seed.
pub fn find_program_address(seeds: &[&[u8]], program: &[u8; 32]) -> ([u8; 32], u8) {
    let mut found = ([0; 32], 0);
    for bump in (0..=u8::MAX).rev() {
        let mut parts = seeds.to_vec();
        let bump_seed = [bump];
        parts.extend([&bump_seed, program.as_slice(), MARKER]);
        found = (hash(&parts), bump);
        // Half of all hashes are keys: that none of 256 is free never happens.
        if !is_public_key(&found.0) {
            break;
        }
    }
    found
}

fn is_public_key(bytes: &[u8; 32]) -> bool {
    CompressedEdwardsY(*bytes).decompress().is_some()
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::ZlibEncoder};

    use super::*;
    use crate::address::parse;

    fn packed(json: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(json).unwrap();
        encoder.finish().unwrap()
    }

    fn account(packed: &[u8], len: u32) -> Vec<u8> {
        [&[7; 40][..], &len.to_le_bytes(), packed].concat()
    }

    #[test]
    fn event_authorities_of_real_programs_are_found() {
        // The accounts that their recorded `emit_cpi!` instructions name.
        for (program, authority) in [
            ("PERPHjGBqRHArX4DySjwM6UJHiR3sWAatqfdBS2qQJu", "37hJBDnntwqhGbK7L6M1bLyvccj4u55CCUiLPdYkiqBN"),
            ("6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P", "Ce6TQqeHC9p8KetsN6JsjHK7UTZk7nasjjnr7XxXp9F1"),
        ] {
            let (address, _) = find_program_address(&[b"__event_authority"], &parse(program).unwrap());
            assert_eq!(address, parse(authority).unwrap());
        }
    }

    #[test]
    fn the_address_of_an_idl_is_made_of_the_programs() {
        let program = parse("whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc").unwrap();
        let (base, _) = find_program_address(&[], &program);
        assert!(!is_public_key(&base));
        assert_eq!(idl_address(&program), hash(&[&base, b"anchor:idl", &program]));
    }

    #[test]
    fn an_idl_reads_back_whatever_stands_behind_it() {
        let json = br#"{"instructions":[]}"#;
        let packed = packed(json);
        let mut data = account(&packed, packed.len() as u32);
        data.extend([0; 100]);
        assert_eq!(read(&data).unwrap(), json);
    }

    #[test]
    fn what_is_no_idl_account_is_refused() {
        assert!(read(&[]).unwrap_err().contains("too short"));
        assert!(read(&[0; 43]).unwrap_err().contains("too short"));
        assert!(read(&account(&[1, 2], 3)).unwrap_err().contains("the 3 bytes"));
        assert!(read(&account(&[1, 2, 3], 3)).unwrap_err().contains("does not unpack"));
        let bomb = packed(&vec![b' '; MAX_LEN + 1]);
        assert!(bomb.len() < MAX_LEN / 100);
        assert!(read(&account(&bomb, bomb.len() as u32)).unwrap_err().contains("longer than 16 MiB"));
    }
}
