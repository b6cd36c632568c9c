//! The node's rendering of an event as JSON text.

use std::fmt::Write as _;

use chainbell_model::value::write_json_text;
use prost_types::{Value, value::Kind};

/// The text of a rendering. How deep one nests is bounded where the message is read.
pub(crate) fn text(value: &Value) -> String {
    let mut out = String::with_capacity(256);
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match &value.kind {
        None | Some(Kind::NullValue(_)) => out.push_str("null"),
        Some(Kind::BoolValue(value)) => out.push_str(if *value { "true" } else { "false" }),
        Some(Kind::NumberValue(number)) => write_number(*number, out),
        Some(Kind::StringValue(text)) => write_json_text(text, out),
        Some(Kind::ListValue(list)) => {
            out.push('[');
            for (place, item) in list.values.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Some(Kind::StructValue(fields)) => {
            out.push('{');
            for (place, (name, item)) in fields.fields.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write_json_text(name, out);
                out.push(':');
                write(item, out);
            }
            out.push('}');
        }
    }
}

/// JSON has no word for what is not finite.
fn write_number(number: f64, out: &mut String) {
    if number.is_finite() {
        let _ = write!(out, "{number}");
    } else {
        out.push_str("null");
    }
}

#[cfg(test)]
mod tests {
    use prost_types::{ListValue, Struct};

    use super::*;

    fn value(kind: Kind) -> Value {
        Value { kind: Some(kind) }
    }

    #[test]
    fn every_kind_has_its_json() {
        let list = vec![
            value(Kind::NullValue(0)),
            value(Kind::BoolValue(true)),
            value(Kind::NumberValue(7.0)),
            value(Kind::NumberValue(0.5)),
            value(Kind::NumberValue(f64::NAN)),
            value(Kind::StringValue("a\"b".into())),
            Value { kind: None },
        ];
        let fields = [("b".to_owned(), value(Kind::ListValue(ListValue { values: list })))];
        let whole = value(Kind::StructValue(Struct { fields: fields.into() }));
        let written = text(&whole);
        assert_eq!(written, r#"{"b":[null,true,7,0.5,null,"a\"b",null]}"#);
        assert!(serde_json::from_str::<serde_json::Value>(&written).is_ok());
    }
}
