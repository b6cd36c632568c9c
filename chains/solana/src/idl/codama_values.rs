//! Turns the constants of Codama's IDLs into the bytes they stand for.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    codama::Idl,
    codama_types as types,
    node::{Fault, Node},
    types::{Encoding, Number, NumberKind, Ty},
};
use crate::address;

/// No constant is longer.
const MAX_LEN: usize = 1024;

/// The bytes of a constant, which comes with its type.
pub(super) fn constant<'j>(node: &Node<'j, '_>, idl: &Idl<'j>) -> Result<Vec<u8>, Fault> {
    let ty = types::ty(&node.need("type")?, idl)?;
    bytes(&node.need("value")?, &ty)
}

/// The bytes of a value of that type.
pub(super) fn bytes(node: &Node<'_, '_>, ty: &Ty) -> Result<Vec<u8>, Fault> {
    let bytes = match ty {
        Ty::Sized(inner, size) => {
            let mut bytes = bytes(node, inner)?;
            check_len(node, *size)?;
            bytes.resize(*size, 0);
            bytes
        }
        Ty::Prefixed(inner, prefix) => {
            let content = bytes(node, inner)?;
            let mut bytes = integer(node, &content.len().to_string(), *prefix)?;
            bytes.extend(content);
            bytes
        }
        Ty::Hidden { before, ty, after } => [before, bytes(node, ty)?.as_slice(), after].concat(),
        _ => plain(node, ty)?,
    };
    check_len(node, bytes.len())?;
    Ok(bytes)
}

fn plain(node: &Node<'_, '_>, ty: &Ty) -> Result<Vec<u8>, Fault> {
    match (node.kind(), ty) {
        ("bytesValueNode", _) => {
            let data = node.need("data")?;
            let encoding = node.need("encoding")?;
            let text = data.text()?;
            check_len(&data, text.len() / 2)?;
            let bytes = match encoding.text()? {
                "base16" => const_hex::decode(text).ok(),
                "base58" => bs58::decode(text).into_vec().ok(),
                "base64" => STANDARD.decode(text).ok(),
                "utf8" => Some(text.as_bytes().to_vec()),
                _ => return Err(encoding.fault("this is no encoding of bytes")),
            };
            bytes.ok_or_else(|| data.fault("the text is not in the encoding it should be in"))
        }
        ("numberValueNode" | "integerValueNode", Ty::Number(number)) => {
            let value = node.need("number")?;
            integer(&value, &value.value().to_string(), *number)
        }
        ("booleanValueNode", Ty::Bool(number)) => {
            integer(node, if node.flag("boolean") { "1" } else { "0" }, *number)
        }
        ("publicKeyValueNode", _) => {
            let key = node.need("publicKey")?;
            address::parse(key.text()?).map(Vec::from).map_err(|error| key.fault(error))
        }
        ("stringValueNode", Ty::Text(Encoding::Utf8)) => Ok(node.need("string")?.text()?.as_bytes().to_vec()),
        ("constantValueNode", _) => bytes(&node.need("value")?, ty),
        (other, _) => Err(node.fault(format_args!("{other:?} is no constant of type {ty}"))),
    }
}

fn integer(node: &Node<'_, '_>, text: &str, number: Number) -> Result<Vec<u8>, Fault> {
    let wrong = || node.fault(format_args!("{text} is no {number}"));
    let value: i128 = text.parse().map_err(|_| wrong())?;
    let size = usize::from(number.size);
    let fits = match number.kind {
        NumberKind::Unsigned => value >= 0 && (size >= 16 || value >> (size * 8) == 0),
        NumberKind::Signed => size >= 16 || (value >> (size * 8 - 1) == 0 || value >> (size * 8 - 1) == -1),
        NumberKind::Float | NumberKind::Compact => false,
    };
    if !fits {
        return Err(wrong());
    }
    let mut bytes = value.to_le_bytes().to_vec();
    bytes.resize(size, if value < 0 { 0xff } else { 0 });
    if number.big_endian {
        bytes.reverse();
    }
    Ok(bytes)
}

pub(super) fn check_len(node: &Node<'_, '_>, len: usize) -> Result<(), Fault> {
    if len > MAX_LEN { Err(node.fault("the constant is too long")) } else { Ok(()) }
}
