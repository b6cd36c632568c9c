//! How Stellar RPC writes values into JSON.

use std::fmt::{self, Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};

pub(crate) use crate::json::{Object, array};

/// Fields of an object.
pub(crate) trait Fields {
    /// Text that needs no escaping.
    fn plain(&mut self, key: &str, text: impl fmt::Display);
    fn base64(&mut self, key: &str, bytes: &[u8]);
    fn digits(&mut self, key: &str, bytes: &[u8]);
    /// A list of base64 texts.
    fn base64s(&mut self, key: &str, items: &[Vec<u8>]);
}

impl Fields for Object<'_> {
    fn plain(&mut self, key: &str, text: impl fmt::Display) {
        let out = self.key(key);
        out.push(b'"');
        write(out, text);
        out.push(b'"');
    }

    fn base64(&mut self, key: &str, bytes: &[u8]) {
        base64(self.key(key), bytes);
    }

    fn digits(&mut self, key: &str, bytes: &[u8]) {
        self.plain(key, const_hex::encode(bytes));
    }

    fn base64s(&mut self, key: &str, items: &[Vec<u8>]) {
        array(self.key(key), items, |out, item| base64(out, item));
    }
}

/// `"…"` in base64.
pub(crate) fn base64(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let written = STANDARD.encode_slice(bytes, &mut out[start..]);
    written.expect("four digits for each three bytes fit");
    out.push(b'"');
}

struct Bytes<'a>(&'a mut Vec<u8>);

impl fmt::Write for Bytes<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

fn write(out: &mut Vec<u8>, value: impl fmt::Display) {
    // Writing into memory does not fail.
    let _ = write!(Bytes(out), "{value}");
}
