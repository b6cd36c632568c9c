//! Reads human-readable signatures: `event Transfer(address indexed from, address indexed to, uint256 value)`.
//!
//! Structs are written `tuple(uint256 a, bool b)` or just `(uint256 a, bool b)`, or by the name of a
//! `struct Name { uint256 a; bool b; }` that was read before.

use std::collections::HashMap;

use super::{
    signature::{Input, Kind, MAX_ARGUMENTS, Signature},
    types::{AbiType, MAX_DEPTH, MAX_PARTS, Param},
};

/// A signature has a few hundred bytes; anything much longer is not one.
const MAX_LEN: usize = 64 * 1024;

/// Words between an argument's type and name that do not change the type.
const LOCATIONS: [&str; 4] = ["memory", "calldata", "storage", "payable"];
/// Words after a function's arguments that do not change them.
const MODIFIERS: [&str; 8] =
    ["external", "public", "internal", "private", "pure", "view", "payable", "virtual"];

/// Structs by name.
pub(super) type Structs = HashMap<String, AbiType>;

/// Text that is no signature.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    /// Byte in the text.
    pub(crate) offset: usize,
    pub(crate) reason: String,
}

/// Reads one signature. Without the leading word `event` or `function` it is taken for what `expected` says; without
/// that either, for an event when it has `indexed` or `anonymous` or begins with a capital letter.
pub(super) fn signature(
    text: &str,
    expected: Option<Kind>,
    structs: &Structs,
) -> Result<Signature, SyntaxError> {
    let mut parser = Parser::new(text, structs)?;
    let written = match parser.peek_word() {
        "event" => Some(Kind::Event),
        "function" => Some(Kind::Function),
        _ => None,
    };
    if let (Some(written), Some(expected)) = (written, expected)
        && written != expected
    {
        let wanted = if expected == Kind::Event { "an event" } else { "a function" };
        return Err(parser.error(format!("{wanted} is asked for here")));
    }
    if written.is_some() {
        parser.word();
    }
    let name = parser.name("a name")?.to_owned();
    let mut inputs = Vec::new();
    parser.expect('(')?;
    parser.list(')', |parser| {
        if inputs.len() == MAX_ARGUMENTS {
            return Err(parser.error(format!("a signature has at most {MAX_ARGUMENTS} arguments")));
        }
        inputs.push(parser.input()?);
        Ok(())
    })?;
    let anonymous = parser.take_word("anonymous");
    let looks_like_event = anonymous
        || inputs.iter().any(|input| input.indexed)
        || name.starts_with(|c: char| c.is_ascii_uppercase());
    let guessed = if looks_like_event { Kind::Event } else { Kind::Function };
    let kind = written.or(expected).unwrap_or(guessed);
    if kind == Kind::Function {
        parser.function_tail()?;
    }
    parser.end()?;
    Ok(Signature { kind, name, inputs, anonymous })
}

/// Reads `struct Name { type field; … }` into `structs`.
pub(super) fn structure(text: &str, structs: &mut Structs) -> Result<(), SyntaxError> {
    let mut parser = Parser::new(text, structs)?;
    parser.word();
    let name = parser.name("a struct's name")?.to_owned();
    parser.expect('{')?;
    let mut fields = Vec::new();
    while !parser.take('}') {
        let param = parser.param(1)?;
        parser.expect(';')?;
        parser.push_part(&mut fields, param)?;
    }
    let ty = AbiType::tuple(fields).map_err(|reason| parser.error(reason))?;
    parser.end()?;
    structs.insert(name, ty);
    Ok(())
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    structs: &'a Structs,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, structs: &'a Structs) -> Result<Self, SyntaxError> {
        if text.len() > MAX_LEN {
            return Err(SyntaxError { offset: 0, reason: "the signature is too long".to_owned() });
        }
        Ok(Self { text, at: 0, structs })
    }

    fn error(&self, reason: impl Into<String>) -> SyntaxError {
        SyntaxError { offset: self.at, reason: reason.into() }
    }

    fn rest(&mut self) -> &'a str {
        let rest = self.text[self.at..].trim_start();
        self.at = self.text.len() - rest.len();
        rest
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.rest().starts_with(wanted);
        self.at += if found { wanted.len_utf8() } else { 0 };
        found
    }

    fn expect(&mut self, wanted: char) -> Result<(), SyntaxError> {
        if self.take(wanted) { Ok(()) } else { Err(self.error(format!("{wanted:?} is expected here"))) }
    }

    /// The identifier that comes next, or "".
    fn peek_word(&mut self) -> &'a str {
        let rest = self.rest();
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$');
        &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())]
    }

    fn word(&mut self) -> &'a str {
        let word = self.peek_word();
        self.at += word.len();
        word
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let found = self.peek_word() == wanted;
        self.at += if found { wanted.len() } else { 0 };
        found
    }

    fn name(&mut self, what: &str) -> Result<&'a str, SyntaxError> {
        let word = self.peek_word();
        if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(self.error(format!("{what} is expected here")));
        }
        Ok(self.word())
    }

    /// Items with commas between them, up to and with `close`.
    fn list(
        &mut self,
        close: char,
        mut item: impl FnMut(&mut Self) -> Result<(), SyntaxError>,
    ) -> Result<(), SyntaxError> {
        if self.take(close) {
            return Ok(());
        }
        loop {
            item(self)?;
            if self.take(close) {
                return Ok(());
            }
            if !self.take(',') {
                return Err(self.error(format!("',' or {close:?} is expected here")));
            }
        }
    }

    fn input(&mut self) -> Result<Input, SyntaxError> {
        let ty = self.ty(1)?;
        let mut indexed = false;
        loop {
            match self.peek_word() {
                "indexed" => indexed = true,
                word if LOCATIONS.contains(&word) => {}
                name => {
                    self.at += name.len();
                    return Ok(Input { param: Param { name: name.to_owned(), ty }, indexed });
                }
            }
            self.word();
        }
    }

    fn param(&mut self, depth: usize) -> Result<Param, SyntaxError> {
        let ty = self.ty(depth)?;
        Ok(Param { name: self.word().to_owned(), ty })
    }

    fn ty(&mut self, depth: usize) -> Result<AbiType, SyntaxError> {
        if depth > MAX_DEPTH {
            return Err(self.error("the type is nested too deeply"));
        }
        let start = self.text.len() - self.rest().len();
        let word = self.type_word();
        let base = if matches!(word, "" | "tuple") && self.take('(') {
            let mut fields = Vec::new();
            self.list(')', |parser| {
                let field = parser.param(depth + 1)?;
                parser.push_part(&mut fields, field)
            })?;
            AbiType::tuple(fields).map_err(|reason| self.error(reason))?
        } else {
            let known = AbiType::elementary(word).or_else(|| self.structs.get(word).cloned());
            known.ok_or_else(|| SyntaxError { offset: start, reason: unknown_type(word) })?
        };
        let rest = self.rest();
        let is_bracket = |c: char| c.is_ascii_digit() || matches!(c, '[' | ']');
        let brackets = &rest[..rest.find(|c| !is_bracket(c)).unwrap_or(rest.len())];
        let ty = base.with_brackets(brackets).map_err(|reason| self.error(reason))?;
        self.at += brackets.len();
        Ok(ty)
    }

    /// Like a word, but structs of libraries have dots in their names.
    fn type_word(&mut self) -> &'a str {
        let start = self.text.len() - self.rest().len();
        self.word();
        while self.text[self.at..].starts_with('.') {
            self.at += 1;
            self.word();
        }
        &self.text[start..self.at]
    }

    /// Adds a struct's field; the parts are counted as they come, so that structs of structs cannot grow without bound.
    fn push_part(&self, fields: &mut Vec<Param>, field: Param) -> Result<(), SyntaxError> {
        let parts: usize = fields.iter().chain([&field]).map(|field| field.ty.parts()).sum();
        if parts > MAX_PARTS {
            return Err(self.error("the type has too many parts"));
        }
        fields.push(field);
        Ok(())
    }

    /// Visibility, mutability and returned values.
    fn function_tail(&mut self) -> Result<(), SyntaxError> {
        loop {
            let word = self.peek_word();
            if word == "returns" {
                self.word();
                self.expect('(')?;
                self.list(')', |parser| parser.input().map(drop))?;
                return Ok(());
            }
            if !MODIFIERS.contains(&word) {
                return Ok(());
            }
            self.word();
        }
    }

    fn end(&mut self) -> Result<(), SyntaxError> {
        self.take(';');
        match self.rest() {
            "" => Ok(()),
            _ => Err(self.error("the signature should end here")),
        }
    }
}

fn unknown_type(word: &str) -> String {
    match word {
        "" => "a type is expected here".to_owned(),
        _ => format!("{word:?} is not a type of Solidity's ABI"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Signature, SyntaxError> {
        signature(text, None, &Structs::new())
    }

    #[test]
    fn an_event_has_names_and_indexed_arguments() {
        let event = read("event Transfer(address indexed from, address indexed to,uint value) ;").unwrap();
        assert_eq!(event.kind, Kind::Event);
        assert_eq!(event.to_string(), "Transfer(address,address,uint256)");
        let inputs: Vec<_> = event.inputs.iter().map(|input| (&*input.param.name, input.indexed)).collect();
        assert_eq!(inputs, [("from", true), ("to", true), ("value", false)]);
        assert!(read("Log(bytes32 indexed) anonymous").unwrap().anonymous);
    }

    #[test]
    fn a_function_may_have_modifiers_and_returned_values() {
        let function = read(
            "function f(address payable to, tuple(uint8 kind, string[] names)[2] calldata items) external payable returns (bool, (int24 a) b)",
        )
        .unwrap();
        assert_eq!(function.kind, Kind::Function);
        assert_eq!(function.to_string(), "f(address,(uint8,string[])[2])");
        assert_eq!(function.inputs[1].param.name, "items");
        assert_eq!(read("paused()").unwrap().kind, Kind::Function);
        assert_eq!(read("Paused()").unwrap().kind, Kind::Event);
    }

    #[test]
    fn structs_are_known_by_name_once_read() {
        let mut structs = Structs::new();
        structure("struct Point { uint x; int8 y; }", &mut structs).unwrap();
        structure("struct Line { Point from; Point[] via; }", &mut structs).unwrap();
        let function = signature("draw(Line line)", None, &structs).unwrap();
        assert_eq!(function.to_string(), "draw(((uint256,int8),(uint256,int8)[]))");
        for level in 0..40 {
            let text = format!("struct L{} {{ {} }}", level + 1, "Line a; ".repeat(100));
            let grown =
                structure(&text.replace("Line", if level == 0 { "Line" } else { "L1" }), &mut structs);
            assert_eq!(grown.is_ok(), level == 0, "{level}");
        }
    }

    #[test]
    fn an_error_names_its_place() {
        for (text, offset, reason) in [
            ("Transfer(address form", 21, "',' or ')' is expected here"),
            ("Transfer(adress from)", 9, "\"adress\" is not a type of Solidity's ABI"),
            ("Transfer(address from,)", 22, "a type is expected here"),
            ("Transfer(address a b)", 19, "',' or ')' is expected here"),
            ("(address)", 0, "a name is expected here"),
            ("f() nonsense", 4, "the signature should end here"),
            ("event E(uint[0] a)", 12, "an array's length cannot be zero"),
            ("f(())", 4, "a struct has at least one field"),
        ] {
            assert_eq!(read(text).unwrap_err(), SyntaxError { offset, reason: reason.to_owned() }, "{text}");
        }
        let wrong_kind = signature("function f()", Some(Kind::Event), &Structs::new()).unwrap_err();
        assert_eq!(wrong_kind.reason, "an event is asked for here");
    }

    #[test]
    fn nesting_without_end_is_refused() {
        for text in [
            format!("f{}", "(".repeat(60_000)),
            format!("f(uint{})", "[]".repeat(30_000)),
            "x".repeat(70_000),
        ] {
            assert!(read(&text).is_err());
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,80}") {
            let _ = read(&text);
        }

        #[test]
        fn no_near_signature_makes_the_parser_panic(words in prop::collection::vec(
            prop::sample::select(vec!["event", "f", "(", ")", "uint", "[", "]", "2", ",", "tuple", "indexed", " ", ";", "é", "."]),
            0..40,
        )) {
            let _ = read(&words.concat());
        }
    }
}
