//! Reads the type nodes of Codama's IDLs.

use super::{
    codama::{Idl, name},
    codama_values as values,
    node::{Fault, Node},
    types::{Count, Encoding, Number, NumberKind, Ty, Variant},
};

/// A type. Recurses as deep as the JSON does, which serde_json bounds.
pub(super) fn ty<'j>(node: &Node<'j, '_>, idl: &Idl<'j>) -> Result<Ty, Fault> {
    let inner = |key: &'static str| ty(&node.need(key)?, idl);
    let boxed = |key: &'static str| inner(key).map(Box::new);
    if let Some(transforms) = node.get("transforms")
        && transforms.items()?.next().is_some()
    {
        return Err(transforms.fault("transforms are not known"));
    }
    match node.kind() {
        "numberTypeNode" | "integerTypeNode" | "floatTypeNode" => number(node).map(Ty::Number),
        "amountTypeNode" | "solAmountTypeNode" | "dateTimeTypeNode" | "durationTypeNode" => inner("number"),
        "booleanTypeNode" => match node.get("size") {
            Some(size) => numeric(&size).map(Ty::Bool),
            None => Ok(Ty::Bool(Number::U8)),
        },
        "publicKeyTypeNode" => Ok(Ty::Address),
        "bytesTypeNode" => Ok(Ty::Bytes),
        "stringTypeNode" => encoding(node).map(Ty::Text),
        "structTypeNode" => match node.get("fields") {
            Some(list) => idl.fields(&list).map(Ty::Struct),
            None => Ok(Ty::Struct([].into())),
        },
        "tupleTypeNode" => items(node, idl).map(Ty::tuple),
        "definedTypeLinkNode" => idl.link(node),
        "enumTypeNode" => enumeration(node, idl),
        "arrayTypeNode" | "setTypeNode" => Ok(Ty::list(inner("item")?, count(node)?)),
        "mapTypeNode" => Ok(Ty::Map(boxed("key")?, boxed("value")?, count(node)?)),
        "optionTypeNode" => {
            let prefix = node.get("prefix").map_or(Ok(Number::U8), |prefix| numeric(&prefix))?;
            Ok(Ty::Option { item: boxed("item")?, prefix, fixed: node.flag("fixed") })
        }
        "remainderOptionTypeNode" => Ok(Ty::Trailing(boxed("item")?)),
        "zeroableOptionTypeNode" => {
            let zero = match node.get("zeroValue") {
                Some(zero) => Some(values::constant(&zero, idl)?.into()),
                None => None,
            };
            Ok(Ty::Zeroable(boxed("item")?, zero))
        }
        "fixedSizeTypeNode" => Ok(Ty::Sized(boxed("type")?, node.need("size")?.size()?)),
        "sizePrefixTypeNode" => Ok(Ty::Prefixed(boxed("type")?, numeric(&node.need("prefix")?)?)),
        "sentinelTypeNode" => {
            let end = values::constant(&node.need("sentinel")?, idl)?;
            if end.is_empty() {
                return Err(node.fault("the sentinel is empty"));
            }
            Ok(Ty::Until(boxed("type")?, end.into()))
        }
        "hiddenPrefixTypeNode" => {
            let before = constants(node, "prefix", idl)?;
            Ok(Ty::Hidden { before, ty: boxed("type")?, after: Box::default() })
        }
        "hiddenSuffixTypeNode" => {
            let after = constants(node, "suffix", idl)?;
            Ok(Ty::Hidden { before: Box::default(), ty: boxed("type")?, after })
        }
        "" => Err(node.fault("a type was expected")),
        other => Err(node.fault(format_args!("{other:?} is no type that can be decoded"))),
    }
}

/// The type inside those that only say where it stands.
pub(super) fn innermost<'j, 'p>(node: &Node<'j, 'p>) -> Result<Node<'j, 'p>, Fault> {
    let mut value = node.value();
    while let Some(inner) = value.get("type").filter(|_| value.get("kind").is_some_and(is_wrapper)) {
        value = inner;
    }
    Ok(node.moved(value))
}

fn is_wrapper(kind: &serde_json::Value) -> bool {
    let known = ["hiddenPrefixTypeNode", "hiddenSuffixTypeNode", "fixedSizeTypeNode", "sizePrefixTypeNode"];
    kind.as_str().is_some_and(|kind| known.contains(&kind))
}

fn items<'j>(node: &Node<'j, '_>, idl: &Idl<'j>) -> Result<Vec<Ty>, Fault> {
    let Some(list) = node.get("items") else { return Ok(Vec::new()) };
    list.items()?.map(|item| ty(&item, idl)).collect()
}

fn constants<'j>(node: &Node<'j, '_>, key: &'static str, idl: &Idl<'j>) -> Result<Box<[u8]>, Fault> {
    let mut bytes = Vec::new();
    if let Some(list) = node.get(key) {
        for constant in list.items()? {
            bytes.extend(values::constant(&constant, idl)?);
            values::check_len(&constant, bytes.len())?;
        }
    }
    Ok(bytes.into())
}

fn number(node: &Node<'_, '_>) -> Result<Number, Fault> {
    let format = node.need("format")?;
    let mut number =
        Number::named(format.text()?).ok_or_else(|| format.fault("this is no number's format"))?;
    if let Some(endian) = node.get("endian") {
        number.big_endian = match endian.text()? {
            "be" => true,
            "le" => false,
            _ => return Err(endian.fault("\"le\" or \"be\" was expected")),
        };
    }
    Ok(number)
}

/// A number that counts, sizes or tells apart, perhaps behind what says how it is shown.
fn numeric(node: &Node<'_, '_>) -> Result<Number, Fault> {
    if let Some(inner) = node.get("number") {
        return numeric(&inner);
    }
    let number = number(node)?;
    match number.kind {
        NumberKind::Unsigned | NumberKind::Compact => Ok(number),
        NumberKind::Signed | NumberKind::Float => Err(node.fault("an unsigned number was expected")),
    }
}

fn count(node: &Node<'_, '_>) -> Result<Count, Fault> {
    let count = node.need("count")?;
    match count.kind() {
        "fixedCountNode" => Ok(Count::Fixed(count.need("value")?.size()?)),
        "prefixedCountNode" => Ok(Count::Prefixed(numeric(&count.need("prefix")?)?)),
        "remainderCountNode" => Ok(Count::Rest),
        other => Err(count.fault(format_args!("{other:?} is no count that can be decoded"))),
    }
}

fn encoding(node: &Node<'_, '_>) -> Result<Encoding, Fault> {
    let Some(encoding) = node.get("encoding") else { return Ok(Encoding::Utf8) };
    match encoding.text()? {
        "utf8" => Ok(Encoding::Utf8),
        "base16" => Ok(Encoding::Base16),
        "base58" => Ok(Encoding::Base58),
        "base64" => Ok(Encoding::Base64),
        _ => Err(encoding.fault("this is no encoding of text")),
    }
}

fn enumeration<'j>(node: &Node<'j, '_>, idl: &Idl<'j>) -> Result<Ty, Fault> {
    let tag = node.get("size").map_or(Ok(Number::U8), |size| numeric(&size))?;
    let mut variants = Vec::new();
    if let Some(list) = node.get("variants") {
        for variant in list.items()? {
            let content = match variant.kind() {
                "enumEmptyVariantTypeNode" => None,
                "enumStructVariantTypeNode" => Some(ty(&variant.need("struct")?, idl)?),
                "enumTupleVariantTypeNode" => Some(ty(&variant.need("tuple")?, idl)?),
                other => return Err(variant.fault(format_args!("{other:?} is no variant"))),
            };
            let is_empty = |ty: &Ty| matches!(ty, Ty::Struct(fields) if fields.is_empty());
            let tag = match variant.get("discriminator") {
                Some(tag) => tag.size()? as u64,
                None => variants.len() as u64,
            };
            let name = name(&variant)?.to_owned();
            variants.push(Variant { name, tag, content: content.filter(|ty| !is_empty(ty)) });
        }
    }
    Ok(Ty::Enum { tag, variants })
}
