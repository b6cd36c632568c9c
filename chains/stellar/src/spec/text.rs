//! Reads human-readable signatures.
//!
//! ```text
//! event transfer(from: address @topic, to: address @topic, amount: i128)
//! event Swapped["pool", "swap"](user: address @topic, in: i128, out: i128) as vec
//! fn swap(user: address, path: vec<address>, limits: {least: i128, deadline: option<u64>}) -> i128
//! struct Order { owner: address, price: u128 }
//! ```
//!
//! An event's parameters are topics where they are marked `@topic`, and otherwise in its data. Its first topic is its
//! name, unless brackets tell other constant topics. `as value`, `as vec` or `as map` tells how the data holds its
//! parameters; where it is left out, the data itself shows: a map holds them by name, a vector by position, and anything
//! else is the first of them. Topics of type `option<…>` may be missing.
//!
//! Types are those of Soroban, in lower case or as Rust writes them: `bool`, `u32`, `i32`, `u64`, `i64`, `u128`, `i128`,
//! `u256`, `i256`, `timepoint`, `duration`, `bytes`, `bytes<32>`, `string`, `symbol`, `address`, `muxed_address`, `error`,
//! `void`, `val` (told by the data), `option<T>`, `vec<T>`, `map<K, V>`, `result<T, E>`, `(T, U)`, `{name: T}`, `memo`
//! (whom a payment is for, by CAP-67), and the names of the contract's own types.

use std::sync::Arc;

use super::types::{
    DataFormat, Event, EventParam, Function, MAX_DEPTH, MAX_PARTS, Param, SpecType, Types, UserType,
    simple_type,
};

/// A signature has a few hundred bytes; anything much longer is not one.
const MAX_LEN: usize = 64 * 1024;
/// Topics that all events of a kind share.
const MAX_PREFIX: usize = 8;

/// Text that is no signature.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    /// Byte in the text.
    pub(crate) offset: usize,
    pub(crate) reason: String,
}

/// What a line of a description says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Event(Event),
    Function(Function),
    Struct(Arc<str>, UserType),
}

/// What is asked for, where the leading word may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    Event,
    Function,
}

/// Reads one line of a description: an event, a function or a struct.
pub(crate) fn item(text: &str, types: &Types) -> Result<Item, SyntaxError> {
    let mut parser = Parser::new(text, types)?;
    match parser.word() {
        "event" => parser.event().map(Item::Event),
        "fn" | "function" => parser.function().map(Item::Function),
        "struct" => parser.user_struct(),
        _ => Err(SyntaxError {
            offset: 0,
            reason: "a line begins with event, fn or struct, for example \
                     event transfer(from: address @topic, to: address @topic, amount: i128)"
                .to_owned(),
        }),
    }
}

/// Reads an event's signature; the leading word may be left out.
pub(crate) fn event(text: &str, types: &Types) -> Result<Event, SyntaxError> {
    let mut parser = Parser::new(text, types)?;
    parser.leading("event", Expected::Event)?;
    parser.event()
}

/// Reads a function's signature; the leading word may be left out.
pub(crate) fn function(text: &str, types: &Types) -> Result<Function, SyntaxError> {
    let mut parser = Parser::new(text, types)?;
    parser.leading("fn", Expected::Function)?;
    parser.function()
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    types: &'a Types,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, types: &'a Types) -> Result<Self, SyntaxError> {
        if text.len() > MAX_LEN {
            return Err(SyntaxError { offset: 0, reason: "the signature is too long".to_owned() });
        }
        Ok(Self { text, at: 0, types, depth: 0 })
    }

    fn error(&self, reason: impl Into<String>) -> SyntaxError {
        SyntaxError { offset: self.at, reason: reason.into() }
    }

    fn rest(&mut self) -> &'a str {
        let rest = self.text[self.at..].trim_start();
        self.at = self.text.len() - rest.len();
        rest
    }

    fn take(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        self.at += if found { wanted.len() } else { 0 };
        found
    }

    fn expect(&mut self, wanted: &str) -> Result<(), SyntaxError> {
        if self.take(wanted) { Ok(()) } else { Err(self.error(format!("{wanted:?} is expected here"))) }
    }

    fn peek_word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        &rest[..end]
    }

    /// The word that comes next, or "".
    fn word(&mut self) -> &'a str {
        let word = self.peek_word();
        self.at += word.len();
        word
    }

    fn name(&mut self, what: &str) -> Result<&'a str, SyntaxError> {
        match self.word() {
            "" => Err(self.error(format!("{what} is expected here"))),
            name => Ok(name),
        }
    }

    /// Passes over the leading word where it is there, and where it is not just the name.
    fn leading(&mut self, word: &str, expected: Expected) -> Result<(), SyntaxError> {
        let start = self.at;
        let first = self.word();
        if self.rest().starts_with(['(', '[']) || self.rest().is_empty() {
            self.at = start;
            return Ok(());
        }
        if first == word || (first == "function" && expected == Expected::Function) {
            return Ok(());
        }
        self.at = start;
        Err(match (expected, first) {
            (Expected::Event, "fn" | "function") => self.error("an event is asked for here"),
            (Expected::Function, "event") => self.error("a function is asked for here"),
            _ => {
                self.at += first.len();
                self.error("\"(\" is expected here")
            }
        })
    }

    fn end(&mut self) -> Result<(), SyntaxError> {
        if self.rest().is_empty() { Ok(()) } else { Err(self.error("the signature should end here")) }
    }

    /// Items between commas up to `close`; a comma may stand behind the last.
    fn list<T>(
        &mut self,
        close: &str,
        most: usize,
        mut item: impl FnMut(&mut Self, usize) -> Result<T, SyntaxError>,
    ) -> Result<Vec<T>, SyntaxError> {
        let mut items = Vec::new();
        while !self.take(close) {
            if items.len() == most {
                return Err(self.error(format!("there are at most {most} here")));
            }
            items.push(item(self, items.len())?);
            if !self.take(",") {
                self.expect(close)?;
                break;
            }
        }
        Ok(items)
    }

    fn event(&mut self) -> Result<Event, SyntaxError> {
        let name: Arc<str> = self.name("an event's name")?.into();
        let prefix = match self.take("[") {
            true => self.list("]", MAX_PREFIX, |parser, _| parser.quoted())?,
            false => vec![Arc::clone(&name)],
        };
        self.expect("(")?;
        let params = self.list(")", MAX_PARTS, |parser, place| {
            let param = parser.param(place)?;
            Ok(EventParam { param, topic: parser.take("@topic") })
        })?;
        let format = if self.peek_word() == "as" { self.format()? } else { DataFormat::Unknown };
        let data = params.iter().filter(|param| !param.topic).count();
        if format == DataFormat::Single && data > 1 {
            return Err(self.error("the data as one value holds one parameter only"));
        }
        self.end()?;
        Ok(Event { name, prefix, params, format, lenient: true })
    }

    fn format(&mut self) -> Result<DataFormat, SyntaxError> {
        self.word();
        Ok(match self.peek_word() {
            "value" => (self.word(), DataFormat::Single).1,
            "vec" => (self.word(), DataFormat::Vec).1,
            "map" => (self.word(), DataFormat::Map).1,
            _ => return Err(self.error("data is held as value, as vec or as map")),
        })
    }

    fn quoted(&mut self) -> Result<Arc<str>, SyntaxError> {
        self.expect("\"")?;
        let rest = &self.text[self.at..];
        let Some(end) = rest.find('"') else { return Err(self.error("the text does not end")) };
        let text = &rest[..end];
        if text.contains('\\') {
            return Err(self.error("a constant topic has no backslash"));
        }
        self.at += end + 1;
        Ok(text.into())
    }

    fn function(&mut self) -> Result<Function, SyntaxError> {
        let name = self.name("a function's name")?.into();
        self.expect("(")?;
        let inputs = self.list(")", MAX_PARTS, Self::param)?;
        if self.take("->") {
            self.ty()?;
        }
        self.end()?;
        Ok(Function { name, inputs })
    }

    fn user_struct(&mut self) -> Result<Item, SyntaxError> {
        let name = self.name("a struct's name")?.into();
        self.expect("{")?;
        let fields = self.list("}", MAX_PARTS, |parser, _| parser.named_param())?;
        self.end()?;
        Ok(Item::Struct(name, UserType::Struct(fields)))
    }

    /// `name: type`, or just a type.
    fn param(&mut self, place: usize) -> Result<Param, SyntaxError> {
        let start = self.at;
        let word = self.word();
        let named = !word.is_empty() && self.rest().starts_with(':');
        self.at = start;
        if named {
            return self.named_param();
        }
        Ok(Param { name: format!("arg{place}").into(), ty: self.ty()? })
    }

    fn named_param(&mut self) -> Result<Param, SyntaxError> {
        let name = self.name("a name")?.into();
        self.expect(":")?;
        Ok(Param { name, ty: self.ty()? })
    }

    fn ty(&mut self) -> Result<SpecType, SyntaxError> {
        if self.depth == MAX_DEPTH {
            return Err(self.error("the type is nested too deeply"));
        }
        self.depth += 1;
        let ty = self.ty_within();
        self.depth -= 1;
        ty
    }

    fn ty_within(&mut self) -> Result<SpecType, SyntaxError> {
        if self.take("(") {
            let items = self.list(")", MAX_PARTS, |parser, _| parser.ty())?;
            return Ok(if items.is_empty() { SpecType::Void } else { SpecType::Tuple(items) });
        }
        if self.take("{") {
            return self.list("}", MAX_PARTS, |parser, _| parser.named_param()).map(SpecType::Struct);
        }
        self.rest();
        let start = self.at;
        let name = self.name("a type")?;
        if self.take("<") {
            let ty = self.generic(name, start)?;
            self.expect(">")?;
            return Ok(ty);
        }
        if self.types.contains_key(name) {
            return Ok(SpecType::Named(name.into()));
        }
        simple_type(name).ok_or_else(|| SyntaxError {
            offset: start,
            reason: match name {
                "option" | "Option" | "vec" | "Vec" | "map" | "Map" | "result" | "Result" => {
                    format!("{name} tells what it holds, as in {name}<…>")
                }
                _ => format!("{name:?} is neither a type of Soroban nor one that the description tells"),
            },
        })
    }

    fn generic(&mut self, name: &str, start: usize) -> Result<SpecType, SyntaxError> {
        Ok(match name {
            "option" | "Option" => SpecType::Option(Box::new(self.ty()?)),
            "vec" | "Vec" => SpecType::Vec(Box::new(self.ty()?)),
            "map" | "Map" => SpecType::Map(Box::new(self.pair()?)),
            "result" | "Result" => SpecType::Result(Box::new(self.pair()?)),
            "bytes" | "Bytes" | "bytesn" | "BytesN" => {
                let Ok(length) = self.peek_word().parse() else {
                    return Err(self.error("the number of bytes is expected here"));
                };
                self.word();
                SpecType::BytesN(length)
            }
            _ => {
                let reason = format!("{name:?} is no type that holds others");
                return Err(SyntaxError { offset: start, reason });
            }
        })
    }

    fn pair(&mut self) -> Result<(SpecType, SpecType), SyntaxError> {
        let first = self.ty()?;
        self.expect(",")?;
        Ok((first, self.ty()?))
    }
}
