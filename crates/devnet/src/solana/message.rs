//! Messages: keys in their order, instructions that name them by index, and the bytes of it all.

use std::collections::BTreeMap;

use super::{
    base58::{Blockhash, Pubkey, Signature},
    known::EventAuthorities,
    spec::{AccountSpec, TxSpec, TxVersion},
};

/// A compiled message.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) version: TxVersion,
    pub(crate) required_signatures: u8,
    pub(crate) read_only_signed: u8,
    pub(crate) read_only_unsigned: u8,
    /// Those in the message, then those loaded to be written, then those loaded to be read.
    pub(crate) keys: Vec<Pubkey>,
    /// How many keys are in the message.
    pub(crate) static_keys: usize,
    /// How many are loaded to be written.
    pub(crate) loaded_writable: usize,
    pub(crate) recent_blockhash: Blockhash,
    pub(crate) instructions: Vec<Compiled>,
    pub(crate) lookup: Option<Lookup>,
}

/// An instruction whose keys are indices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Compiled {
    pub(crate) program: u8,
    pub(crate) accounts: Vec<u8>,
    pub(crate) data: Vec<u8>,
}

/// What is loaded from a table.
#[derive(Debug)]
pub(crate) struct Lookup {
    pub(crate) table: Pubkey,
    pub(crate) writable: Vec<u8>,
    pub(crate) read_only: Vec<u8>,
}

/// What a transaction does with a key.
#[derive(Clone, Copy, Debug, Default)]
struct Role {
    order: usize,
    signer: bool,
    writable: bool,
    called: bool,
}

impl Message {
    /// Compiles `spec`; what a lookup table can hold comes from `table` where the version allows it.
    pub(crate) fn compile(
        spec: &TxSpec,
        recent_blockhash: Blockhash,
        table: Pubkey,
        authorities: &EventAuthorities,
    ) -> Self {
        let roles = roles(spec, authorities);
        let loads = |role: &Role| spec.version == TxVersion::V0 && !role.signer && !role.called;
        let rank = |(_, role): &(Pubkey, Role)| {
            let place = if loads(role) { 4 } else { 2 * usize::from(!role.signer) };
            (place + usize::from(!role.writable), role.order)
        };
        let mut ordered: Vec<(Pubkey, Role)> = roles.into_iter().collect();
        ordered.sort_by_key(rank);
        let count = |wanted: &dyn Fn(&Role) -> bool| ordered.iter().filter(|(_, role)| wanted(role)).count();
        let loaded_writable = count(&|role| loads(role) && role.writable);
        let loaded_read_only = count(&|role| loads(role) && !role.writable);
        let keys: Vec<Pubkey> = ordered.iter().map(|(key, _)| *key).collect();
        let mut message = Self {
            version: spec.version,
            required_signatures: narrow(count(&|role| role.signer)),
            read_only_signed: narrow(count(&|role| role.signer && !role.writable)),
            read_only_unsigned: narrow(count(&|role| !role.signer && !role.writable && !loads(role))),
            static_keys: keys.len() - loaded_writable - loaded_read_only,
            loaded_writable,
            keys,
            recent_blockhash,
            instructions: Vec::new(),
            lookup: None,
        };
        message.instructions = spec
            .instructions
            .iter()
            .map(|instruction| {
                message.indices(&instruction.program, &instruction.accounts, &instruction.data)
            })
            .collect();
        if loaded_writable + loaded_read_only > 0 {
            // Where in the table the keys are is of no consequence, as long as they differ.
            let (writable, rest) = (narrow(loaded_writable), narrow(loaded_read_only));
            message.lookup = Some(Lookup {
                table,
                writable: (0..writable).collect(),
                read_only: (writable..writable.saturating_add(rest)).collect(),
            });
        }
        message
    }

    /// An instruction with the indices of its keys, which must all be in the message.
    pub(crate) fn indices(&self, program: &Pubkey, accounts: &[AccountSpec], data: &[u8]) -> Compiled {
        Compiled {
            program: self.index(program),
            accounts: accounts.iter().map(|account| self.index(&account.key)).collect(),
            data: data.to_vec(),
        }
    }

    fn index(&self, key: &Pubkey) -> u8 {
        narrow(self.keys.iter().position(|known| known == key).unwrap_or_default())
    }

    /// The keys in the message itself.
    pub(crate) fn static_keys(&self) -> &[Pubkey] {
        &self.keys[..self.static_keys]
    }

    /// The keys loaded to be written, and those loaded to be read.
    pub(crate) fn loaded_keys(&self) -> (&[Pubkey], &[Pubkey]) {
        self.keys[self.static_keys..].split_at(self.loaded_writable)
    }

    /// Whether the key at this index signed, and whether it may be changed.
    pub(crate) fn role(&self, index: usize) -> (bool, bool) {
        let signed = usize::from(self.required_signatures);
        let writable = if index < signed {
            index < signed - usize::from(self.read_only_signed)
        } else if index < self.static_keys {
            index < self.static_keys - usize::from(self.read_only_unsigned)
        } else {
            index < self.static_keys + self.loaded_writable
        };
        (index < signed, writable)
    }

    /// Whether it has a version, which older clients do not know.
    pub(crate) fn is_versioned(&self) -> bool {
        self.version == TxVersion::V0
    }

    /// The bytes that are signed.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        if self.is_versioned() {
            out.push(0x80);
        }
        out.extend([self.required_signatures, self.read_only_signed, self.read_only_unsigned]);
        short_len(&mut out, self.static_keys);
        self.static_keys().iter().for_each(|key| out.extend_from_slice(&key.0));
        out.extend_from_slice(&self.recent_blockhash.0);
        short_len(&mut out, self.instructions.len());
        for instruction in &self.instructions {
            out.push(instruction.program);
            short_bytes(&mut out, &instruction.accounts);
            short_bytes(&mut out, &instruction.data);
        }
        if self.is_versioned() {
            short_len(&mut out, usize::from(self.lookup.is_some()));
            if let Some(lookup) = &self.lookup {
                out.extend_from_slice(&lookup.table.0);
                short_bytes(&mut out, &lookup.writable);
                short_bytes(&mut out, &lookup.read_only);
            }
        }
        out
    }
}

/// A transaction as it travels between nodes.
pub(crate) fn transaction_bytes(signatures: &[Signature], message: &Message) -> Vec<u8> {
    let mut out = Vec::new();
    short_len(&mut out, signatures.len());
    signatures.iter().for_each(|signature| out.extend_from_slice(&signature.0));
    out.extend_from_slice(&message.bytes());
    out
}

/// What becomes of each key, at whatever depth it is named; the payer first, the others in the order they are named.
fn roles(spec: &TxSpec, authorities: &EventAuthorities) -> BTreeMap<Pubkey, Role> {
    let payer = Role { order: 0, signer: true, writable: true, called: false };
    let mut roles = BTreeMap::from([(spec.payer, payer)]);
    for instruction in &spec.instructions {
        for account in &instruction.accounts {
            entry(&mut roles, account.key).signer |= account.signer;
        }
        entry(&mut roles, instruction.program).called = true;
        instruction.visit(&mut |nested| {
            for account in &nested.accounts {
                entry(&mut roles, account.key).writable |= account.writable;
            }
            entry(&mut roles, nested.program);
            if nested.tells_by_calling() {
                entry(&mut roles, authorities.of(&nested.program));
            }
        });
    }
    roles
}

fn entry(roles: &mut BTreeMap<Pubkey, Role>, key: Pubkey) -> &mut Role {
    let order = roles.len();
    roles.entry(key).or_insert(Role { order, ..Role::default() })
}

/// Messages have room for 256 keys, far more than fit into a packet; what is beyond has no index.
fn narrow(number: usize) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

fn short_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    short_len(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// A length as messages have it: seven bits a byte, the lowest first.
fn short_len(out: &mut Vec<u8>, mut len: usize) {
    while len > 0x7f {
        out.push(len as u8 | 0x80);
        len >>= 7;
    }
    out.push(len as u8);
}

#[cfg(test)]
mod tests {
    use super::{super::base58::Base58, *};
    use crate::solana::spec::{InstructionSpec, Told};

    fn key(byte: u8) -> Pubkey {
        Base58([byte; 32])
    }

    #[test]
    fn keys_stand_by_what_they_may() {
        let spec = TxSpec::transfer(key(9), key(5), key(3), 7, Told::Log);
        let message = Message::compile(&spec, key(1), key(2), &EventAuthorities::default());
        assert_eq!(message.keys, [key(5), key(3), key(9)]);
        assert_eq!(
            (message.required_signatures, message.read_only_signed, message.read_only_unsigned),
            (1, 0, 1)
        );
        assert_eq!(message.instructions[0].accounts, [0, 1, 0]);
        assert_eq!(message.instructions[0].program, 2);
        assert_eq!([0, 1, 2].map(|index| message.role(index)), [(true, true), (false, true), (false, false)]);
    }

    #[test]
    fn version_0_loads_what_neither_signs_nor_is_called() {
        let spec = TxSpec::transfer(key(9), key(5), key(3), 7, Told::Log).nested_under(key(8)).versioned();
        let message = Message::compile(&spec, key(1), key(2), &EventAuthorities::default());
        assert_eq!(message.static_keys(), [key(5), key(8)]);
        assert_eq!(message.loaded_keys(), (&[key(3)][..], &[key(9)][..]));
        assert_eq!([2, 3].map(|index| message.role(index)), [(false, true), (false, false)]);
        let lookup = message.lookup.as_ref().unwrap();
        assert_eq!((&lookup.writable[..], &lookup.read_only[..]), (&[0][..], &[1][..]));
    }

    #[test]
    fn a_recorded_transfer_has_the_bytes_of_its_message() {
        // The system transfer of a recorded transaction, without its signature.
        let parse = |text: &str| text.parse::<Pubkey>().unwrap();
        let from = parse("9hyAb89J2RGvsZwo28T3J95WfwRYaqLpBdZ6vTiibEKA");
        let to = parse("68WUSjRo9yuLBFsvBh79VKMvPak6FZc5web6SV2rUME6");
        let spec = TxSpec::new(from, vec![InstructionSpec::system_transfer(from, to, 1_000_001)]);
        let recent = parse("SURFNETxSAFEHASHxxxxxxxxxxxxxxxxxxxxxxxx1cx");
        let expected = "AQABA4FcO+3roA+lk7Lr7/MMusWL659YAMoFvF/DBFkVX7pxTDbTYcaehQbZjyEHaoHf/rD5y7lwHyBEV+OrQguYNC8AAAAAAAAA\
                        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAaGhZ04yAqXIUgYQWkX4L+PyhV+Rk+YzP0P+p34RQTNAQICAAEMAgAAAEFCDwAAAAAA\
                        ";
        use base64::Engine;
        let bytes = base64::engine::general_purpose::STANDARD.decode(expected).unwrap();
        assert_eq!(Message::compile(&spec, recent, key(2), &EventAuthorities::default()).bytes(), bytes);
    }

    #[test]
    fn lengths_grow_by_seven_bits() {
        let short = |len| {
            let mut out = Vec::new();
            short_len(&mut out, len);
            out
        };
        assert_eq!(short(0), [0]);
        assert_eq!(short(127), [127]);
        assert_eq!(short(128), [0x80, 1]);
        assert_eq!(short(16_384), [0x80, 0x80, 1]);
    }
}
