//! A contract's code as far as its description goes: a WebAssembly module with nothing but custom sections.

/// A module whose sections `contractenvmetav0` and `contractspecv0` hold these bytes.
pub(crate) fn module(meta: &[u8], spec: &[u8]) -> Vec<u8> {
    let mut out = b"\0asm\x01\0\0\0".to_vec();
    custom(&mut out, b"contractenvmetav0", meta);
    custom(&mut out, b"contractspecv0", spec);
    out
}

fn custom(out: &mut Vec<u8>, name: &[u8], content: &[u8]) {
    let mut body = Vec::new();
    leb128(&mut body, name.len());
    body.extend_from_slice(name);
    body.extend_from_slice(content);
    out.push(0);
    leb128(out, body.len());
    out.extend_from_slice(&body);
}

fn leb128(out: &mut Vec<u8>, mut number: usize) {
    while number > 0x7f {
        out.push(number as u8 & 0x7f | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_as_many_bytes_as_they_need() {
        let module = module(b"m", &[7; 300]);
        assert_eq!(&module[..10], b"\0asm\x01\0\0\0\0\x13");
        let spec = &module[10 + 19..];
        assert_eq!(&spec[..4], [0, 0xbb, 0x02, 14]);
        assert_eq!(spec.len(), 3 + 315);
    }
}
