//! Finds the spec in a contract's code: the custom sections `contractspecv0` of a WebAssembly module.

use chainbell_model::InterfaceError;

use super::malformed;

/// What a module begins with, and the only version.
pub(crate) const MAGIC: &[u8] = b"\0asm";
const VERSION: &[u8] = &[1, 0, 0, 0];

const CUSTOM: u8 = 0;
const SPEC: &[u8] = b"contractspecv0";

/// The contents of all its spec sections, one behind the other.
pub(crate) fn spec(module: &[u8]) -> Result<Vec<u8>, InterfaceError> {
    let body = module.strip_prefix(MAGIC).and_then(|rest| rest.strip_prefix(VERSION));
    let mut rest = body.ok_or_else(|| malformed("this is no WebAssembly module of version 1", None))?;
    let mut spec = Vec::new();
    let mut found = false;
    while !rest.is_empty() {
        let at = module.len() - rest.len();
        let (id, contents, behind) =
            section(rest).ok_or_else(|| malformed("the module ends within a section", Some(at)))?;
        rest = behind;
        if id == CUSTOM
            && let Some((SPEC, entries)) = split_prefixed(contents)
        {
            found = true;
            spec.extend_from_slice(entries);
        }
    }
    if found { Ok(spec) } else { Err(malformed("the contract's code has no spec (contractspecv0)", None)) }
}

/// The first section and what follows it.
fn section(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (id, rest) = bytes.split_first()?;
    let (contents, behind) = split_prefixed(rest)?;
    Some((*id, contents, behind))
}

/// What stands behind its own length, and what follows it.
fn split_prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = leb128(bytes)?;
    rest.split_at_checked(usize::try_from(length).ok()?)
}

/// An unsigned number of at most 32 bits in LEB128.
fn leb128(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut number = 0u64;
    for (place, byte) in bytes.iter().take(5).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((u32::try_from(number).ok()?, &bytes[place + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn custom(name: &[u8], contents: &[u8]) -> Vec<u8> {
        let body = [&[name.len() as u8][..], name, contents].concat();
        [&[CUSTOM, body.len() as u8][..], &body].concat()
    }

    fn module(sections: &[Vec<u8>]) -> Vec<u8> {
        [MAGIC, VERSION, &sections.concat()].concat()
    }

    #[test]
    fn the_spec_is_what_its_sections_hold_together() {
        let types = vec![1, 0x83, 0x80, 0, 7, 7, 7];
        let sections = [custom(b"name", b"x"), types, custom(SPEC, b"one"), custom(SPEC, b"two")];
        assert_eq!(spec(&module(&sections)).unwrap(), b"onetwo");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let reason = |module: &[u8]| spec(module).unwrap_err().to_string();
        assert!(reason(b"\0asm\x0d\0\x01\0").contains("no WebAssembly module"));
        assert!(reason(&module(&[custom(b"contractmetav0", b"")])).contains("no spec"));
        assert!(reason(&module(&[vec![0, 9, 1]])).contains("ends within a section"));
        assert!(reason(&module(&[vec![0, 0xff, 0xff, 0xff, 0xff, 0x7f]])).contains("ends within"));
    }

    proptest! {
        #[test]
        fn no_module_makes_the_walker_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = spec(&[MAGIC, VERSION, &bytes].concat());
        }
    }
}
