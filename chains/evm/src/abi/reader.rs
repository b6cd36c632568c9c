//! Decodes values out of ABI-encoded data, whoever wrote it: bounded by the data's length, whatever its offsets say.
//!
//! Words are read strictly, as Solidity's ABI decoder v2 does: bits beyond the type's width have to be what the type
//! implies. Text that is not UTF-8 is kept, with U+FFFD in place of what cannot be shown: a contract must not hide an
//! event behind a bad name.

use chainbell_model::{Address, Int, Value};

use super::layout::{Layout, Shape, WORD, Word};

/// Honest encodings refer to each byte once. Offsets that point at the same bytes again and again would make a small
/// payload expand without end.
const READS_PER_BYTE: usize = 4;

/// What is wrong with the data.
pub(super) type Reason = &'static str;

const SHORT: Reason = "the data is too short";

/// Reads one payload.
pub(super) struct Reader<'a> {
    data: &'a [u8],
    /// Bytes that may still be read.
    budget: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, budget: data.len().saturating_mul(READS_PER_BYTE) }
    }

    /// The value whose head stands at `head` in a sequence that begins at `base`, from which its offset counts.
    pub(super) fn value(&mut self, layout: &Layout, base: usize, head: usize) -> Result<Value, Reason> {
        if !layout.dynamic {
            return self.body(&layout.shape, head);
        }
        let start = base.checked_add(self.size(head)?).filter(|start| *start <= self.data.len());
        self.body(&layout.shape, start.ok_or("an offset points behind the data")?)
    }

    fn body(&mut self, shape: &Shape, at: usize) -> Result<Value, Reason> {
        match shape {
            Shape::Word(word) => word_value(*word, self.word(at)?),
            Shape::Bytes => Ok(Value::Bytes(self.bytes(at)?.into())),
            Shape::Text => Ok(Value::Text(String::from_utf8_lossy(self.bytes(at)?).into())),
            Shape::List(item) => {
                let length = self.size(at)?;
                self.items(item, length, at.saturating_add(WORD))
            }
            Shape::Fixed(item, length) => self.items(item, *length, at),
            Shape::Record(fields) => {
                let mut head = at;
                let mut values = Vec::with_capacity(fields.len());
                for field in fields {
                    values.push(self.value(field, at, head)?);
                    head = head.saturating_add(field.head);
                }
                Ok(Value::Record(values))
            }
        }
    }

    fn items(&mut self, item: &Layout, length: usize, base: usize) -> Result<Value, Reason> {
        // Heads are never empty, so this bounds the length before anything is allocated for it.
        let room = self.data.len().saturating_sub(base);
        if length > room / item.head {
            return Err("a list is longer than the data");
        }
        let mut values = Vec::with_capacity(length);
        for place in 0..length {
            values.push(self.value(item, base, base + place * item.head)?);
        }
        Ok(Value::List(values))
    }

    fn bytes(&mut self, at: usize) -> Result<&'a [u8], Reason> {
        let length = self.size(at)?;
        let content = self.data.get(at.saturating_add(WORD)..).and_then(|rest| rest.get(..length));
        self.spend(length)?;
        content.ok_or(SHORT)
    }

    /// An offset or length. Whatever does not fit the data is too large for it, in the same words.
    fn size(&mut self, at: usize) -> Result<usize, Reason> {
        let (high, low) = self.word(at)?.split_last_chunk::<8>().ok_or(SHORT)?;
        let size = usize::try_from(u64::from_be_bytes(*low)).ok().filter(|size| *size <= self.data.len());
        size.filter(|_| high.iter().all(|&byte| byte == 0)).ok_or("an offset or a length is beyond the data")
    }

    fn word(&mut self, at: usize) -> Result<&'a [u8; WORD], Reason> {
        let word = self.data.get(at..).and_then(|rest| rest.first_chunk()).ok_or(SHORT)?;
        self.spend(WORD)?;
        Ok(word)
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Reason> {
        self.budget = self.budget.checked_sub(bytes).ok_or("offsets refer to the same data too often")?;
        Ok(())
    }
}

/// The value of one word, of the data or of a topic.
pub(super) fn word_value(kind: Word, word: &[u8; WORD]) -> Result<Value, Reason> {
    match kind {
        Word::Bool => match word.split_last() {
            Some((value @ (0 | 1), rest)) if is_filled(rest, 0) => Ok(Value::Bool(*value == 1)),
            _ => Err("the word is neither true nor false"),
        },
        Word::Uint(bits) => {
            if !is_filled(&word[..WORD - usize::from(bits / 8)], 0) {
                return Err("the number does not fit its type");
            }
            Ok(Value::Int(Int::from_unsigned_be(*word)))
        }
        Word::Int(bits) => {
            let (extension, number) = word.split_at(WORD - usize::from(bits / 8));
            let sign = if number.first().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
            if !is_filled(extension, sign) {
                return Err("the number does not fit its type");
            }
            Ok(Value::Int(Int::from_signed_be(*word)))
        }
        Word::Address => {
            let (padding, address) = word.split_at(12);
            let address = Address::from_slice(address).filter(|_| is_filled(padding, 0));
            address.map(Value::Address).ok_or("the word is not an address")
        }
        Word::FixedBytes(size) => {
            let (bytes, padding) = word.split_at(usize::from(size));
            if !is_filled(padding, 0) {
                return Err("the bytes are longer than their type");
            }
            Ok(Value::Bytes(bytes.into()))
        }
    }
}

fn is_filled(bytes: &[u8], with: u8) -> bool {
    bytes.iter().all(|&byte| byte == with)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{layout::layout, types::AbiType};

    fn small(value: usize) -> [u8; 32] {
        let mut word = [0; 32];
        word[24..].copy_from_slice(&(value as u64).to_be_bytes());
        word
    }

    fn decode(ty: AbiType, words: &[[u8; 32]]) -> Result<Value, Reason> {
        Reader::new(words.as_flattened()).value(&layout(&ty).unwrap(), 0, 0)
    }

    #[test]
    fn words_with_bits_beyond_their_type_are_refused() {
        let mut high = [0; 32];
        high[11] = 1;
        for kind in [Word::Bool, Word::Uint(160), Word::Int(160), Word::Address, Word::FixedBytes(11)] {
            assert!(word_value(kind, &high).is_err(), "{kind:?}");
        }
        assert!(word_value(Word::Bool, &small(2)).is_err());
        assert!(word_value(Word::Int(8), &small(128)).is_err());
        assert_eq!(word_value(Word::Uint(8), &small(255)), Ok(Value::Int(Int::from(255u64))));
        assert_eq!(word_value(Word::Int(8), &[0xff; 32]), Ok(Value::Int(Int::from(-1i64))));
        assert_eq!(
            word_value(Word::Uint(256), &[0xff; 32]),
            Ok(Value::Int(Int::from_unsigned_be([0xff; 32])))
        );
    }

    #[test]
    fn text_that_is_not_utf8_is_kept_readable() {
        let mut content = [0; 32];
        content[..3].copy_from_slice(b"a\xffb");
        let text = decode(AbiType::Text, &[small(32), small(3), content]);
        assert_eq!(text, Ok(Value::Text("a\u{fffd}b".into())));
    }

    #[test]
    fn offsets_and_lengths_beyond_the_data_are_refused() {
        let list = || AbiType::List(Box::new(AbiType::Bool));
        for words in [
            vec![],
            vec![small(64)],
            vec![[0xff; 32], small(0)],
            vec![small(32), [0xff; 32]],
            vec![small(32), small(1)],
            vec![small(usize::MAX), small(1)],
        ] {
            assert!(decode(list(), &words).is_err());
            assert!(decode(AbiType::Bytes, &words).is_err());
        }
        assert_eq!(decode(list(), &[small(32), small(0)]), Ok(Value::List(vec![])));
    }

    #[test]
    fn offsets_to_the_same_data_cannot_make_it_expand() {
        // Each level is a list of eight offsets that all point at the next: 8^6 leaves out of 2 KB.
        const FAN: usize = 8;
        let mut ty = AbiType::Bool;
        let mut words = vec![small(32)];
        for level in 0..6 {
            ty = AbiType::List(Box::new(ty));
            words.push(small(FAN));
            let next = if level == 5 { 1 } else { FAN * 32 };
            words.extend([small(next); FAN]);
        }
        assert_eq!(decode(ty, &words), Err("offsets refer to the same data too often"));
    }
}
