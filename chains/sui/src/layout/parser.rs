//! Takes text in Move's notation apart: words, paths, types.

use super::types::{FRAMEWORK, MAX_DEPTH, STD, UNTOLD};
use crate::address;

/// Text that is not in the notation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    /// Byte in the text.
    pub(crate) offset: usize,
    pub(crate) reason: String,
}

/// `Name`, `module::Name` or `package::module::Name`.
#[derive(Debug)]
pub(crate) struct Path<'a> {
    /// One to three.
    pub(crate) segments: Vec<&'a str>,
    pub(crate) offset: usize,
}

impl Path<'_> {
    pub(crate) fn error(&self, reason: impl Into<String>) -> SyntaxError {
        SyntaxError { offset: self.offset, reason: reason.into() }
    }

    /// The package that `segment` means: an address, or a name, which only the source knows unless it is usual.
    pub(crate) fn package(&self, segment: &str) -> Result<[u8; address::LEN], SyntaxError> {
        match segment {
            "std" => Ok(STD),
            "sui" => Ok(FRAMEWORK),
            _ if segment.starts_with("0x") => {
                address::parse(segment).map_err(|error| self.error(error.reason))
            }
            _ => Ok(UNTOLD),
        }
    }
}

/// A type as written, before its names are resolved.
#[derive(Debug)]
pub(crate) struct Written<'a> {
    pub(crate) path: Path<'a>,
    pub(crate) arguments: Vec<Written<'a>>,
}

/// What stands for any type, or for any name.
pub(crate) const ANY: &str = "*";

/// What is left of a text.
#[derive(Debug)]
pub(crate) struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn error(&self, reason: impl Into<String>) -> SyntaxError {
        SyntaxError { offset: self.at, reason: reason.into() }
    }

    /// What is left, from the next token on. Comments are passed over.
    fn rest(&mut self) -> &'a str {
        loop {
            let rest = self.text[self.at..].trim_start();
            let comment = match rest {
                _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
                _ if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
                _ if rest.starts_with('#') && !rest.starts_with("#[") => {
                    rest.find('\n').unwrap_or(rest.len())
                }
                _ => 0,
            };
            self.at = self.text.len() - rest.len() + comment;
            if comment == 0 {
                return rest;
            }
        }
    }

    pub(crate) fn at_end(&mut self) -> bool {
        self.rest().is_empty()
    }

    pub(crate) fn begins_with(&mut self, wanted: [char; 2]) -> bool {
        self.rest().starts_with(wanted)
    }

    pub(crate) fn take(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        self.at += if found { wanted.len() } else { 0 };
        found
    }

    pub(crate) fn expect(&mut self, wanted: &str) -> Result<(), SyntaxError> {
        if self.take(wanted) { Ok(()) } else { Err(self.error(format!("{wanted:?} is expected here"))) }
    }

    /// The word that comes next, or "".
    pub(crate) fn peek_word(&mut self) -> &'a str {
        let rest = self.rest();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())]
    }

    pub(crate) fn word(&mut self) -> &'a str {
        let word = self.peek_word();
        self.at += word.len();
        word
    }

    pub(crate) fn take_word(&mut self, wanted: &str) -> bool {
        let found = self.peek_word() == wanted;
        self.at += if found { wanted.len() } else { 0 };
        found
    }

    pub(crate) fn name(&mut self, what: &str) -> Result<&'a str, SyntaxError> {
        let word = self.peek_word();
        if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(self.error(format!("{what} is expected here")));
        }
        Ok(self.word())
    }

    /// Items with commas between them, up to and with `close`.
    pub(crate) fn list(
        &mut self,
        close: &str,
        mut item: impl FnMut(&mut Self) -> Result<(), SyntaxError>,
    ) -> Result<(), SyntaxError> {
        loop {
            if self.take(close) {
                return Ok(());
            }
            item(self)?;
            if !self.take(",") {
                return match self.take(close) {
                    true => Ok(()),
                    false => Err(self.error(format!("\",\" or {close:?} is expected here"))),
                };
            }
        }
    }

    pub(crate) fn path(&mut self) -> Result<Path<'a>, SyntaxError> {
        self.rest();
        let offset = self.at;
        let mut segments = Vec::with_capacity(3);
        loop {
            let segment = match self.take(ANY) {
                true => ANY,
                false => self.word(),
            };
            if segment.is_empty() {
                return Err(self.error("a name is expected here"));
            }
            segments.push(segment);
            if !self.take("::") {
                break;
            }
        }
        let path = Path { segments, offset };
        let is_number = |segment: &&str| segment.starts_with(|c: char| c.is_ascii_digit());
        // Only a package may be one.
        let names = &path.segments[usize::from(path.segments.len() > 1)..];
        if path.segments.len() > 3 || names.iter().any(is_number) {
            return Err(path.error("module::Name or 0x…::module::Name is expected here"));
        }
        Ok(path)
    }

    /// A type. References are taken for what they refer to.
    pub(crate) fn ty(&mut self) -> Result<Written<'a>, SyntaxError> {
        self.ty_within(1)
    }

    fn ty_within(&mut self, depth: usize) -> Result<Written<'a>, SyntaxError> {
        if depth > MAX_DEPTH {
            return Err(self.error("the type nests too deep"));
        }
        if self.take("&") {
            self.take_word("mut");
        }
        let path = self.path()?;
        let arguments = self.type_arguments(depth)?;
        Ok(Written { path, arguments })
    }

    /// `<type, …>`, or nothing.
    fn type_arguments(&mut self, depth: usize) -> Result<Vec<Written<'a>>, SyntaxError> {
        let mut arguments = Vec::new();
        if self.take("<") {
            self.list(">", |parser| {
                arguments.push(parser.ty_within(depth + 1)?);
                Ok(())
            })?;
        }
        Ok(arguments)
    }

    /// `<T, phantom U: copy + drop>`, or nothing.
    pub(crate) fn type_parameters(&mut self) -> Result<Vec<&'a str>, SyntaxError> {
        let mut parameters = Vec::new();
        if self.take("<") {
            self.list(">", |parser| {
                parser.take_word("phantom");
                parameters.push(parser.name("a type parameter")?);
                if parser.take(":") {
                    parser.name("an ability")?;
                    while parser.take("+") {
                        parser.name("an ability")?;
                    }
                }
                Ok(())
            })?;
        }
        Ok(parameters)
    }

    /// Passes over `#[…]`.
    pub(crate) fn attributes(&mut self) -> Result<(), SyntaxError> {
        while self.take("#[") {
            self.skip_balanced("]")?;
        }
        Ok(())
    }

    /// Passes over everything up to and with the next semicolon.
    pub(crate) fn skip_statement(&mut self) -> Result<(), SyntaxError> {
        let end = self.rest().find(';').ok_or_else(|| self.error("\";\" is missing"))?;
        self.at += end + 1;
        Ok(())
    }

    /// Passes over what follows a function's parameters: what it returns, and its body or a semicolon.
    pub(crate) fn skip_function_tail(&mut self) -> Result<(), SyntaxError> {
        if self.take(":") {
            if self.take("(") {
                self.list(")", |parser| parser.ty().map(drop))?;
            } else {
                self.ty()?;
            }
        }
        if self.take("{") {
            return self.skip_balanced("}");
        }
        self.take(";");
        Ok(())
    }

    /// Passes over everything up to and with the `close` that belongs to what was just opened.
    fn skip_balanced(&mut self, close: &str) -> Result<(), SyntaxError> {
        let start = self.at;
        let mut depth = 1_usize;
        while depth > 0 {
            let Some(next) = self.rest().chars().next() else {
                return Err(SyntaxError { offset: start, reason: format!("{close:?} is missing") });
            };
            depth = match next {
                '{' | '[' | '(' => depth + 1,
                '}' | ']' | ')' => depth - 1,
                _ => depth,
            };
            self.at += next.len_utf8();
        }
        Ok(())
    }
}
