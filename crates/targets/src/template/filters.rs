//! The filters and tests that templates have. None makes a text longer than the output may be.

use std::io::Write as _;

use chainbell_model::Int;
use minijinja::{Environment, Error, ErrorKind, Value, filters, tests};

use super::Capped;

/// Every filter, by name.
pub(super) const FILTERS: [&str; 18] = [
    "tojson",
    "units",
    "lower",
    "upper",
    "title",
    "capitalize",
    "trim",
    "default",
    "length",
    "first",
    "last",
    "items",
    "int",
    "float",
    "round",
    "abs",
    "urlencode",
    "join",
];

/// Every test, by name.
pub(super) const TESTS: [&str; 9] =
    ["defined", "undefined", "none", "string", "number", "sequence", "mapping", "startingwith", "endingwith"];

pub(super) fn install(environment: &mut Environment<'_>) {
    environment.add_filter("tojson", to_json);
    environment.add_filter("units", units);
    environment.add_filter("join", join);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("upper", filters::upper);
    environment.add_filter("title", filters::title);
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("default", filters::default);
    environment.add_filter("length", filters::length);
    environment.add_filter("first", filters::first);
    environment.add_filter("last", filters::last);
    environment.add_filter("items", filters::items);
    environment.add_filter("int", filters::int);
    environment.add_filter("float", filters::float);
    environment.add_filter("round", filters::round);
    environment.add_filter("abs", filters::abs);
    environment.add_filter("urlencode", filters::urlencode);
    environment.add_test("defined", tests::is_defined);
    environment.add_test("undefined", tests::is_undefined);
    environment.add_test("none", tests::is_none);
    environment.add_test("string", tests::is_string);
    environment.add_test("number", tests::is_number);
    environment.add_test("sequence", tests::is_sequence);
    environment.add_test("mapping", tests::is_mapping);
    environment.add_test("startingwith", tests::is_startingwith);
    environment.add_test("endingwith", tests::is_endingwith);
}

/// The value as JSON: the way to put chain data into a JSON body.
fn to_json(value: &Value) -> Result<String, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let mut out = Capped(Vec::new());
    serde_json::to_writer(&mut out, value).map_err(|_| too_long())?;
    text(out)
}

/// `"1500000"|units(6)` is `1.5`: an amount in an asset's smallest unit, written in whole ones.
fn units(amount: &Value, decimals: u32) -> Result<String, Error> {
    const MAX_DECIMALS: u32 = 77;
    let invalid = |reason: &'static str| Error::new(ErrorKind::InvalidOperation, reason);
    let amount = amount.as_str().map_or_else(|| amount.to_string(), ToOwned::to_owned);
    let amount = Int::parse(&amount).ok_or_else(|| invalid("units needs a whole number"))?;
    if decimals > MAX_DECIMALS {
        return Err(invalid("units takes at most 77 decimals"));
    }
    let width = decimals as usize + 1;
    let digits = format!("{:0>width$}", amount.magnitude().to_string());
    let (whole, fraction) = digits.split_at(digits.len() - decimals as usize);
    let sign = if amount.is_negative() { "-" } else { "" };
    Ok(match fraction.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    })
}

/// The items of a list, with `separator` in between.
fn join(items: &Value, separator: Option<&str>) -> Result<String, Error> {
    let mut out = Capped(Vec::new());
    for (index, item) in items.try_iter()?.enumerate() {
        let separator = if index > 0 { separator.unwrap_or_default() } else { "" };
        write!(out, "{separator}{item}").map_err(|_| too_long())?;
    }
    text(out)
}

fn text(out: Capped) -> Result<String, Error> {
    String::from_utf8(out.0).map_err(|_| Error::from(ErrorKind::BadSerialization))
}

fn too_long() -> Error {
    Error::from(ErrorKind::WriteFailure)
}

#[cfg(test)]
mod tests_of_filters {
    use super::*;

    #[test]
    fn units_places_the_decimal_point_at_any_size() {
        let shown = |amount: &str, decimals| units(&Value::from(amount), decimals).unwrap();
        assert_eq!(shown("1500000", 6), "1.5");
        assert_eq!(shown("1", 18), "0.000000000000000001");
        assert_eq!(shown("-2000000", 6), "-2");
        assert_eq!(shown("0", 6), "0");
        assert_eq!(shown("42", 0), "42");
        assert_eq!(units(&Value::from(7), 1).unwrap(), "0.7");
        assert!(units(&Value::from("0.5"), 6).is_err());
        assert!(units(&Value::from("1"), 1_000_000).is_err());
    }

    #[test]
    fn every_listed_name_is_installed() {
        let mut environment = Environment::empty();
        install(&mut environment);
        for name in FILTERS {
            environment.compile_expression_owned(format!("x|{name}")).unwrap();
            assert!(
                environment.empty_state().apply_filter(name, &[]).unwrap_err().kind()
                    != ErrorKind::UnknownFilter
            );
        }
        for name in TESTS {
            let error = environment.empty_state().perform_test(name, &[]).unwrap_err();
            assert!(error.kind() != ErrorKind::UnknownTest, "{name}");
        }
    }
}
