//! Writes JSON straight into a byte buffer.

/// Appends one JSON object field by field. Keys and plain texts must not need escaping.
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> Object<'a> {
    pub(crate) fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, first: true }
    }

    pub(crate) fn end(self) {
        self.out.push(b'}');
    }

    /// Writes the key and returns the buffer for its value.
    pub(crate) fn key(&mut self, key: &str) -> &mut Vec<u8> {
        self.out.extend_from_slice(if self.first { b"\"" } else { b",\"" });
        self.first = false;
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    pub(crate) fn raw(&mut self, key: &str, json: &str) {
        self.key(key).extend_from_slice(json.as_bytes());
    }

    pub(crate) fn hex(&mut self, key: &str, bytes: &[u8]) {
        hex(self.key(key), bytes);
    }

    pub(crate) fn quantity(&mut self, key: &str, number: u64) {
        quantity(self.key(key), number);
    }
}

/// `"0x…"` with two digits a byte.
pub(crate) fn hex(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(b"\"0x");
    let start = out.len();
    out.resize(start + 2 * bytes.len(), 0);
    const_hex::encode_to_slice(bytes, &mut out[start..]).expect("the slice is twice as long as the bytes");
    out.push(b'"');
}

/// `"0x…"` without leading zeros.
pub(crate) fn quantity(out: &mut Vec<u8>, number: u64) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"\"0x");
    let digits = (64 - (number | 1).leading_zeros()).div_ceil(4);
    for digit in (0..digits).rev() {
        out.push(DIGITS[(number >> (4 * digit)) as usize & 15]);
    }
    out.push(b'"');
}

/// Appends `items` as a JSON array.
pub(crate) fn array<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}
