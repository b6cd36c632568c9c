//! Recursive length prefix encoding, as far as block headers need it (Yellow Paper, appendix B).

/// Encodes one list of byte strings and integers.
#[derive(Default)]
pub(crate) struct RlpList {
    payload: Vec<u8>,
}

impl RlpList {
    /// Appends a byte string.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        match bytes {
            [single] if *single < 0x80 => {}
            _ => prefix(0x80, bytes.len(), &mut self.payload),
        }
        self.payload.extend_from_slice(bytes);
    }

    /// Appends an integer given big-endian: leading zeros do not count.
    pub(crate) fn integer(&mut self, big_endian: &[u8]) {
        let zeros = big_endian.iter().take_while(|byte| **byte == 0).count();
        self.bytes(&big_endian[zeros..]);
    }

    /// The encoded list.
    pub(crate) fn finish(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.payload.len() + 9);
        prefix(0xc0, self.payload.len(), &mut out);
        out.extend_from_slice(&self.payload);
        out
    }
}

fn prefix(offset: u8, len: usize, out: &mut Vec<u8>) {
    if len < 56 {
        return out.push(offset + len as u8);
    }
    let bytes = len.to_be_bytes();
    let significant = &bytes[(len.leading_zeros() / 8) as usize..];
    out.push(offset + 55 + significant.len() as u8);
    out.extend_from_slice(significant);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(fill: impl Fn(&mut RlpList)) -> Vec<u8> {
        let mut list = RlpList::default();
        fill(&mut list);
        list.finish()
    }

    #[test]
    fn strings_and_integers_encode_as_the_yellow_paper_says() {
        assert_eq!(list(|_| {}), [0xc0]);
        assert_eq!(list(|l| l.bytes(b"")), [0xc1, 0x80]);
        assert_eq!(list(|l| l.bytes(&[0x7f])), [0xc1, 0x7f]);
        assert_eq!(list(|l| l.bytes(&[0x80])), [0xc2, 0x81, 0x80]);
        assert_eq!(list(|l| l.bytes(b"dog")), [0xc4, 0x83, b'd', b'o', b'g']);
        assert_eq!(list(|l| l.integer(&0u64.to_be_bytes())), [0xc1, 0x80]);
        assert_eq!(list(|l| l.integer(&1024u64.to_be_bytes())), [0xc3, 0x82, 4, 0]);
        let long = list(|l| l.bytes(&[7; 300]));
        assert_eq!(long[..6], [0xf9, 0x01, 0x2f, 0xb9, 0x01, 0x2c]);
    }
}
