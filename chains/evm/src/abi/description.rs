//! Reads a contract's description in any of its forms: JSON, or human-readable signatures, one per line.

use chainbell_model::InterfaceError;

use super::{
    json,
    signature::{Kind, Signature},
    text::{self, Structs, SyntaxError},
};

/// Artifacts hold sources and bytecode as well, yet none comes near.
const MAX_LEN: usize = 32 * 1024 * 1024;
/// More would be no contract's.
const MAX_SIGNATURES: usize = 10_000;

/// The signatures of a description.
pub(crate) fn read(source: &str) -> Result<Vec<Signature>, InterfaceError> {
    if source.len() > MAX_LEN {
        return Err(malformed("the description is too long", None));
    }
    let signatures = if source.trim_start().starts_with(['[', '{']) {
        json::signatures(source).map_err(|error| malformed(error.to_string(), offset(source, &error)))?
    } else {
        lines(source)?
    };
    match signatures.len() {
        0 => Err(malformed("the description has neither events nor functions", None)),
        count if count > MAX_SIGNATURES => Err(malformed("the description has too many signatures", None)),
        _ => Ok(signatures),
    }
}

/// One signature of the given kind; the leading word may be left out.
pub(crate) fn read_one(text: &str, kind: Kind) -> Result<Signature, InterfaceError> {
    text::signature(text, Some(kind), &Structs::new())
        .map_err(|error| malformed(error.reason, Some(error.offset)))
}

/// Lines that are empty, comments (`//`, `#`), or of the other kinds of items that contracts have are passed over.
fn lines(source: &str) -> Result<Vec<Signature>, InterfaceError> {
    let mut structs = Structs::new();
    let mut signatures = Vec::new();
    let mut start = 0;
    for line in source.split_inclusive('\n') {
        let at = |error: SyntaxError| malformed(error.reason, Some(start + error.offset));
        match line.trim_start() {
            "" => {}
            text if text.starts_with("//") || text.starts_with('#') => {}
            text if ["constructor", "error ", "fallback(", "receive("]
                .iter()
                .any(|other| text.starts_with(other)) => {}
            text if text.starts_with("struct ") => text::structure(line, &mut structs).map_err(at)?,
            _ => signatures.push(text::signature(line, None, &structs).map_err(at)?),
        }
        start += line.len();
    }
    Ok(signatures)
}

/// The byte that line and column of the error stand for.
fn offset(source: &str, error: &serde_json::Error) -> Option<usize> {
    let before: usize = source.split_inclusive('\n').take(error.line().checked_sub(1)?).map(str::len).sum();
    Some((before + error.column().saturating_sub(1)).min(source.len()))
}

fn malformed(reason: impl Into<String>, offset: Option<usize>) -> InterfaceError {
    InterfaceError::Malformed { reason: reason.into(), offset }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_stand_one_per_line_among_comments() {
        let signatures = read(
            "// a token\n\n  struct Pair { uint a; uint b; }\nevent Paid(Pair pair);\r\nconstructor(address)\nerror Broke(uint)\nfunction pay(Pair pair)\n",
        )
        .unwrap();
        let names: Vec<_> = signatures.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["Paid((uint256,uint256))", "pay((uint256,uint256))"]);
    }

    #[test]
    fn the_offset_of_an_error_counts_from_the_start_of_the_description() {
        let offset_of = |source: &str, what: &str| {
            let Err(InterfaceError::Malformed { offset, .. }) = read(source) else {
                panic!("{source} is well-formed")
            };
            assert_eq!(offset, Some(source.find(what).unwrap()), "{source}");
        };
        offset_of("event A()\nevent B(unit x)\n", "unit");
        offset_of("[\n  {\"type\": \"event\", \"name\": 3}]", "3");
        assert!(read("\n# nothing\n").is_err());
        assert!(read("[]").is_err());
    }
}
