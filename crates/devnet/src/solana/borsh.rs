//! Borsh, as far as the demo program's events need it.

use super::base58::Pubkey;

/// Appends values in Borsh.
#[derive(Debug, Default)]
pub(crate) struct Borsh(pub(crate) Vec<u8>);

impl Borsh {
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn u8(self, number: u8) -> Self {
        self.raw(&[number])
    }

    pub(crate) fn u64(self, number: u64) -> Self {
        self.raw(&number.to_le_bytes())
    }

    pub(crate) fn i64(self, number: i64) -> Self {
        self.raw(&number.to_le_bytes())
    }

    pub(crate) fn u128(self, number: u128) -> Self {
        self.raw(&number.to_le_bytes())
    }

    pub(crate) fn key(self, key: &Pubkey) -> Self {
        self.raw(&key.0)
    }

    pub(crate) fn text(self, text: &str) -> Self {
        self.len(text.len()).raw(text.as_bytes())
    }

    pub(crate) fn option<T>(self, value: Option<T>, some: impl FnOnce(Self, T) -> Self) -> Self {
        match value {
            None => self.u8(0),
            Some(value) => some(self.u8(1), value),
        }
    }

    pub(crate) fn list<T>(self, items: &[T], item: impl Fn(Self, &T) -> Self) -> Self {
        items.iter().fold(self.len(items.len()), item)
    }

    fn len(self, len: usize) -> Self {
        self.raw(&u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes())
    }
}
