//! Literals read by what they stand for: addresses, bytes, amounts in units, and numbers within a type's range.

use std::ops::Range;

use chainbell_model::{Int, Value};

use super::{
    ast::{Expression, Kind},
    check::{Checker, Typed},
    program::Operand,
    types::Ty,
};

/// More decimals than any number of 256 bits has.
const MAX_DECIMALS: u64 = 77;
/// The length of the hash that stands for an indexed value.
const HASH_LEN: usize = 32;

impl Checker<'_> {
    /// Reads `typed`, when `written` is a text literal, as what it is compared with.
    pub(super) fn read_as(&mut self, typed: Typed, written: &Expression, wanted: &Ty) -> Option<Typed> {
        let Kind::Text(text) = &written.kind else { return Some(typed) };
        let span = typed.span.clone();
        let value = match wanted {
            Ty::Address => match self.scope.dialect.parse_address(text) {
                Ok(address) => Value::Address(address),
                Err(error) => return self.report(span, error.to_string()),
            },
            Ty::Bytes => match hex_bytes(text) {
                Some(bytes) => Value::Bytes(bytes),
                None => {
                    return self.report(span, "bytes are written \"0x…\", with two hexadecimal digits each");
                }
            },
            Ty::Hash => match hex_bytes(text).filter(|bytes| bytes.len() == HASH_LEN) {
                Some(bytes) => Value::Bytes(bytes),
                None => return self.report(span, HASH_ONLY),
            },
            _ => return Some(typed),
        };
        Some(Typed { operand: Operand::Const(value), ty: wanted.clone(), span })
    }

    /// Refuses a constant that the type of what it is compared with cannot hold: the comparison would always give the
    /// same, and something else was meant.
    pub(super) fn check_range(&mut self, constant: &Typed, other: &Typed) -> Option<()> {
        let (Some(int), Ty::Int(Some(width))) = (constant.constant_int(), &other.ty) else { return Some(()) };
        if width.holds(&int) {
            return Some(());
        }
        let message = format!("this is beyond {}, which holds {}", width.name(), width.range());
        self.report(constant.span.clone(), message)
    }

    /// `units("1.5", 18)`.
    pub(super) fn units(&mut self, arguments: &[Expression], span: Range<usize>) -> Option<Typed> {
        let [amount, decimals] = arguments else {
            return self.report(span, "units takes an amount and a number of decimals: units(\"1.5\", 18)");
        };
        let decimals = match &decimals.kind {
            Kind::Int(int) => int.to_u64().filter(|decimals| *decimals <= MAX_DECIMALS),
            _ => None,
        };
        let Some(decimals) = decimals.and_then(|decimals| u32::try_from(decimals).ok()) else {
            let message = format!("the decimals are a literal number from 0 to {MAX_DECIMALS}");
            return self.report(arguments[1].span.clone(), message);
        };
        self.amount(amount, decimals, span)
    }

    /// A literal amount of a unit with so many decimals, in the smallest unit.
    pub(super) fn amount(&mut self, amount: &Expression, decimals: u32, span: Range<usize>) -> Option<Typed> {
        let written = match &amount.kind {
            Kind::Int(int) => int.to_string(),
            Kind::Text(text) => text.to_string(),
            _ => {
                let message = "the amount is a literal: a whole number, or text such as \"1.5\"";
                return self.report(amount.span.clone(), message);
            }
        };
        match scaled(&written, decimals) {
            Ok(int) => Some(Typed { operand: Operand::Const(Value::Int(int)), ty: Ty::Int(None), span }),
            Err(message) => self.report(amount.span.clone(), message),
        }
    }
}

pub(super) const HASH_ONLY: &str = "of this indexed value the chain keeps only the hash: compare it with its 32 bytes, \
                                    written \"0x…\" with 64 hexadecimal digits";

fn hex_bytes(text: &str) -> Option<Box<[u8]>> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// `text`, a decimal number, times ten to the power of `decimals`.
fn scaled(text: &str, decimals: u32) -> Result<Int, String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let unsigned = whole.strip_prefix('-').unwrap_or(whole);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit())
        || !is_digits(unsigned)
        || !is_digits(fraction)
        || text.ends_with('.')
    {
        return Err("this is not a decimal number".to_owned());
    }
    let fraction = fraction.replace('_', "");
    let missing = (decimals as usize).checked_sub(fraction.len());
    let Some(zeros) = missing else {
        return Err(format!("this has more than {decimals} decimals"));
    };
    let digits = format!("{whole}{fraction}{}", "0".repeat(zeros));
    Int::parse(&digits).ok_or_else(|| "the amount is beyond 256 bits".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_or_refused() {
        for (text, decimals, wanted) in [
            ("1.5", 18, "1500000000000000000"),
            ("1_000", 6, "1000000000"),
            ("0.000001", 6, "1"),
            ("-2.5", 1, "-25"),
            ("7", 0, "7"),
        ] {
            assert_eq!(scaled(text, decimals).unwrap().to_string(), wanted, "{text}");
        }
        for (text, decimals) in
            [("1.5", 0), ("1.", 2), (".5", 2), ("", 2), ("-", 2), ("1e5", 2), ("1.2.3", 9)]
        {
            assert!(scaled(text, decimals).is_err(), "{text}");
        }
        assert!(scaled("1", 77).is_ok());
        assert!(scaled("2", 77).is_err());
    }
}
