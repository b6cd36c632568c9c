//! A transaction as it travels between validators: signatures, then the message with keys and instructions.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Accounts, Data, Instruction, Keys, Message, message::Instructions};

/// Set in the first byte of a message that names its version; legacy ones begin with a small number.
const VERSIONED: u8 = 0x80;

/// Reads a transaction in base64. `buffer` holds its bytes.
pub(super) fn message<'a>(text: &str, buffer: &'a mut Vec<u8>) -> Result<Message<'a>, String> {
    buffer.clear();
    STANDARD.decode_vec(text, buffer).map_err(|_| "a transaction that is no base64")?;
    read(buffer).ok_or_else(|| "a transaction whose bytes end early".to_owned())?
}

/// `None` when the bytes end early.
fn read(bytes: &[u8]) -> Option<Result<Message<'_>, String>> {
    let mut reader = Reader(bytes);
    let signatures = reader.count()?;
    let (signatures, _) = reader.take(signatures * 64)?.as_chunks::<64>();
    let Some(&signature) = signatures.first() else {
        return Some(Err("a transaction without a signature".to_owned()));
    };
    let mut required_signatures = reader.byte()?;
    if required_signatures & VERSIONED != 0 {
        let version = required_signatures & !VERSIONED;
        if version != 0 {
            return Some(Err(format!("a transaction of the unknown version {version}")));
        }
        required_signatures = reader.byte()?;
    }
    let _read_only_counts = reader.take(2)?;
    let keys = reader.count()?;
    let (keys, _) = reader.take(keys * 32)?.as_chunks();
    let _recent_blockhash = reader.take(32)?;
    let mut instructions = Vec::new();
    for _ in 0..reader.count()? {
        instructions.push(reader.instruction()?);
    }
    let keys = Keys::Bytes(keys);
    let instructions = Instructions::Bytes(instructions);
    Some(Ok(Message { signature, required_signatures, keys, instructions }))
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }

    /// Seven bits a byte, the least significant first, at most three bytes.
    fn count(&mut self) -> Option<usize> {
        let mut count = 0;
        for shift in [0, 7, 14] {
            let byte = self.byte()?;
            count |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(count);
            }
        }
        None
    }

    fn instruction(&mut self) -> Option<Instruction<'a>> {
        let program = self.byte()?;
        let accounts = self.count()?;
        let accounts = Accounts::Bytes(self.take(accounts)?);
        let data = self.count()?;
        let data = Data::Bytes(self.take(data)?);
        Some(Instruction { program, accounts, data, stack_height: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One signature, two keys, one instruction of the second key with the first as account.
    fn transaction(version: Option<u8>) -> Vec<u8> {
        let mut bytes = vec![1];
        bytes.extend([7; 64]);
        bytes.extend(version.map(|version| VERSIONED | version));
        bytes.extend([1, 0, 1, 2]);
        bytes.extend([[1; 32], [2; 32], [9; 32]].as_flattened());
        bytes.extend([1, 1, 1, 0, 3, 10, 11, 12]);
        bytes.extend(version.map(|_| 0));
        bytes
    }

    fn read_back(bytes: &[u8]) -> Result<(usize, usize), String> {
        let mut buffer = Vec::new();
        let message = message(&STANDARD.encode(bytes), &mut buffer)?;
        assert_eq!((message.signature, message.required_signatures), ([7; 64], 1));
        let Keys::Bytes(keys) = message.keys else { panic!("keys are bytes") };
        let keys = keys.len();
        let instructions = message.into_instructions()?;
        assert_eq!(instructions[0].program, 1);
        assert!(matches!(instructions[0].data, Data::Bytes([10, 11, 12])));
        Ok((keys, instructions.len()))
    }

    #[test]
    fn legacy_and_version_0_read_alike() {
        assert_eq!(read_back(&transaction(None)), Ok((2, 1)));
        assert_eq!(read_back(&transaction(Some(0))), Ok((2, 1)));
        assert!(read_back(&transaction(Some(1))).unwrap_err().contains("version 1"));
    }

    #[test]
    fn bytes_that_end_early_are_refused() {
        let whole = transaction(None);
        for len in 0..whole.len() {
            assert!(read_back(&whole[..len]).is_err(), "{len} bytes");
        }
        assert!(message("???", &mut Vec::new()).is_err());
    }
}
