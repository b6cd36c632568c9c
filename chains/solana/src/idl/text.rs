//! Reads signatures: `Transfer(pubkey from, pubkey to, u64 amount)`.
//!
//! A line may begin with `event` or `instruction`; else names in upper case are events and others instructions. Then, where
//! it is not Anchor's, the discriminator in hexadecimal. After an instruction's arguments its accounts may follow, those
//! that may be absent with a question mark:
//!
//! ```text
//! instruction 0x03 transfer(u64 amount) [source, destination, authority?]
//! ```

use chainbell_model::{InterfaceError, similar};

use super::{
    bounds::{MAX_ACCOUNTS, MAX_DEPTH, MAX_PARTS},
    description::{Description, malformed},
    discriminator::Discriminator,
    item::{Account, Definitions, Item, Kind},
    types::{Count, Field, Number, NumberKind, PRIMITIVES, Ty},
};

/// What is wrong with a signature, and where in it.
#[derive(Debug)]
struct SyntaxError {
    reason: String,
    offset: usize,
}

type Parsed<T> = Result<T, SyntaxError>;

/// A description of one signature per line. Empty lines and comments (`//`, `#`) are passed over.
pub(super) fn lines(source: &str) -> Result<Description, InterfaceError> {
    let definitions = Definitions::new();
    let mut items = Vec::new();
    let mut start = 0;
    for line in source.split_inclusive('\n') {
        let text = line.trim();
        if !text.is_empty() && !text.starts_with("//") && !text.starts_with('#') {
            let item = Parser { text: line, at: 0, definitions: &definitions, parts: 0 }.item(None);
            items.push(item.map_err(|error| malformed(error.reason, Some(start + error.offset)))?);
        }
        start += line.len();
    }
    Ok(Description { items, definitions })
}

/// One signature of the given kind, which may name the description's own types.
pub(super) fn one(text: &str, kind: Kind, definitions: &Definitions) -> Result<Item, InterfaceError> {
    let item = Parser { text, at: 0, definitions, parts: 0 }.item(Some(kind));
    item.map_err(|error| malformed(error.reason, Some(error.offset)))
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    definitions: &'a Definitions,
    parts: usize,
}

impl<'a> Parser<'a> {
    fn item(mut self, expected: Option<Kind>) -> Parsed<Item> {
        let written = self.kind();
        if let (Some(written), Some(expected)) = (written, expected)
            && written != expected
        {
            return Err(self.error("this is the other kind: events and instructions are asked for apart"));
        }
        let constant = self.discriminator()?;
        let name = self.path()?;
        let by_case = if name.starts_with(|first: char| first.is_uppercase()) {
            Kind::Event
        } else {
            Kind::Instruction
        };
        let kind = written.or(expected).unwrap_or(by_case);
        let fields = self.parameters()?.into();
        let accounts =
            if kind == Kind::Instruction && self.sees('[') { self.accounts()? } else { Vec::new() };
        self.eat(';');
        self.space();
        if self.at < self.text.len() {
            return Err(self.error("the signature should end here"));
        }
        let discriminator = constant.unwrap_or_else(|| match kind {
            Kind::Event => Discriminator::of_event(name),
            Kind::Instruction => Discriminator::of_instruction(name),
        });
        let start = discriminator.leading_len();
        let (name, place) = (name.to_owned(), String::new());
        Ok(Item { kind, name, place, discriminator, start, fields, accounts, program: None })
    }

    fn kind(&mut self) -> Option<Kind> {
        for (word, kind) in [("event", Kind::Event), ("instruction", Kind::Instruction)] {
            self.space();
            let rest = self.text[self.at..].strip_prefix(word);
            // An instruction may be called `event`.
            if rest.is_some_and(|rest| rest.starts_with([' ', '\t']) && !rest.trim_start().starts_with('(')) {
                self.at += word.len();
                return Some(kind);
            }
        }
        None
    }

    fn discriminator(&mut self) -> Parsed<Option<Discriminator>> {
        self.space();
        let Some(rest) = self.text[self.at..].strip_prefix("0x") else { return Ok(None) };
        let digits = &rest[..rest.find(|letter: char| !letter.is_ascii_hexdigit()).unwrap_or(rest.len())];
        let Ok(bytes) = const_hex::decode(digits) else {
            return Err(self.error("a discriminator has two hexadecimal digits for each byte"));
        };
        if bytes.is_empty() {
            return Err(self.error("the discriminator is empty"));
        }
        self.at += 2 + digits.len();
        Ok(Some(Discriminator::leading(&bytes)))
    }

    fn parameters(&mut self) -> Parsed<Vec<Field>> {
        self.need('(')?;
        let mut fields = Vec::new();
        if self.eat(')') {
            return Ok(fields);
        }
        loop {
            let ty = self.ty(0)?;
            let name = if self.sees(',') || self.sees(')') { "" } else { self.word()? };
            fields.push(Field { name: name.to_owned(), ty, hidden: false });
            if self.eat(')') {
                return Ok(fields);
            }
            if !self.eat(',') {
                return Err(self.error("',' or ')' was expected"));
            }
        }
    }

    fn accounts(&mut self) -> Parsed<Vec<Account>> {
        self.need('[')?;
        let mut accounts = Vec::new();
        while !self.eat(']') {
            if !accounts.is_empty() {
                self.need(',')?;
            }
            if accounts.len() >= MAX_ACCOUNTS {
                return Err(self.error("these are too many accounts"));
            }
            let name = self.word()?.to_owned();
            accounts.push(Account { name, optional: self.eat('?') });
        }
        Ok(accounts)
    }

    fn ty(&mut self, depth: usize) -> Parsed<Ty> {
        self.parts += 1;
        if depth > MAX_DEPTH || self.parts > MAX_PARTS {
            return Err(self.error("the type is too large"));
        }
        if self.eat('[') {
            let item = self.ty(depth + 1)?;
            self.need(';')?;
            let length = self.length()?;
            self.need(']')?;
            return Ok(Ty::list(item, Count::Fixed(length)));
        }
        if self.eat('(') {
            let mut items = Vec::new();
            while !self.eat(')') {
                if !items.is_empty() {
                    self.need(',')?;
                }
                items.push(self.ty(depth + 1)?);
            }
            return Ok(Ty::tuple(items));
        }
        let (start, word) = (self.at, self.path()?);
        match word {
            "vec" | "Vec" => {
                self.need('<')?;
                let item = self.ty(depth + 1)?;
                let prefix = if self.eat(',') { self.prefix()? } else { Number::U32 };
                self.need('>')?;
                Ok(Ty::list(item, Count::Prefixed(prefix)))
            }
            "option" | "Option" => {
                self.need('<')?;
                let item = self.ty(depth + 1)?;
                self.need('>')?;
                Ok(Ty::option(item))
            }
            "string" | "String" | "bytes" => {
                let plain = Ty::primitive(if word == "bytes" { word } else { "string" });
                let prefix = if self.eat('<') {
                    let prefix = self.prefix()?;
                    self.need('>')?;
                    Some(prefix)
                } else {
                    None
                };
                match (plain, prefix) {
                    (Some(Ty::Prefixed(ty, _)), Some(prefix)) => Ok(Ty::Prefixed(ty, prefix)),
                    (Some(plain), _) => Ok(plain),
                    (None, _) => Err(self.unknown(start, word)),
                }
            }
            "Pubkey" => Ok(Ty::Address),
            _ => match Ty::primitive(word) {
                Some(ty) => Ok(ty),
                None if self.definitions.contains_key(word) => Ok(Ty::Named(word.to_owned(), Vec::new())),
                None => Err(self.unknown(start, word)),
            },
        }
    }

    /// The number that tells how long something is.
    fn prefix(&mut self) -> Parsed<Number> {
        let word = self.word()?;
        let number =
            Number::named(word).filter(|number| number.kind == NumberKind::Unsigned && number.size <= 8);
        number.ok_or_else(|| self.error("a length is u8, u16, u32 or u64"))
    }

    fn length(&mut self) -> Parsed<usize> {
        self.space();
        let rest = &self.text[self.at..];
        let digits = &rest[..rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len())];
        let length = digits.parse::<u32>().ok().and_then(|length| usize::try_from(length).ok());
        let length = length.ok_or_else(|| self.error("an array's length is a number"))?;
        self.at += digits.len();
        Ok(length)
    }

    /// A name, with the module before it where it has one.
    fn path(&mut self) -> Parsed<&'a str> {
        self.space();
        let start = self.at;
        self.word()?;
        while self.text[self.at..].starts_with("::") {
            self.at += 2;
            self.word()?;
        }
        Ok(&self.text[start..self.at])
    }

    fn word(&mut self) -> Parsed<&'a str> {
        self.space();
        let text = self.text;
        let rest = &text[self.at..];
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
        let word = &rest[..rest.find(|letter| !is_part(letter)).unwrap_or(rest.len())];
        if word.is_empty() {
            return Err(self.error("a name or a type was expected"));
        }
        self.at += word.len();
        Ok(word)
    }

    fn space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn sees(&mut self, letter: char) -> bool {
        self.space();
        self.text[self.at..].starts_with(letter)
    }

    fn eat(&mut self, letter: char) -> bool {
        let sees = self.sees(letter);
        self.at += if sees { letter.len_utf8() } else { 0 };
        sees
    }

    fn need(&mut self, letter: char) -> Parsed<()> {
        if self.eat(letter) { Ok(()) } else { Err(self.error(format!("{letter:?} was expected"))) }
    }

    fn unknown(&self, start: usize, word: &str) -> SyntaxError {
        let known = PRIMITIVES.into_iter().chain(["vec", "option"]);
        let near = similar(word, known.chain(self.definitions.keys().map(String::as_str)));
        let near = near.first().map_or_else(String::new, |near| format!("; {near:?} is the nearest"));
        let offset = start + (self.text[start..].len() - self.text[start..].trim_start().len());
        SyntaxError { reason: format!("there is no type {word:?}{near}"), offset }
    }

    fn error(&self, reason: impl Into<String>) -> SyntaxError {
        SyntaxError { reason: reason.into(), offset: self.at }
    }
}
