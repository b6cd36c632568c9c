//! A contract's events and calls, found by name, by signature, or written out where they are asked for.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, LazyLock},
};

use chainbell_model::{Decoder, Interface, InterfaceError, similar};

use crate::{
    payload,
    spec::{
        self, builtin,
        call::CallDecoder,
        event::EventDecoder,
        layout::Layouts,
        located, malformed,
        raw::{NamedEvent, RawCall, RawEvent},
        text,
        types::{DataFormat, Description, Event, Function, Param, Types},
    },
};

/// The descriptions that have names, compiled once: thousands of contracts may be of one.
static BUILT_IN: LazyLock<Vec<(&str, Arc<StellarInterface>)>> = LazyLock::new(|| {
    let compiled =
        |(name, description)| (name, Arc::new(StellarInterface::compile(description, Strictness::Always)));
    builtin::descriptions().map(compiled).collect()
});

/// No built-in name is longer.
const MAX_WORD: usize = 32;
/// What stands for arguments that nobody tells.
const UNTOLD: &str = "(...)";

type Decoders = Vec<Arc<dyn Decoder>>;

/// A contract's description, compiled. Without any, names and signatures still make decoders.
#[derive(Debug, Default)]
pub(crate) struct StellarInterface {
    events: Vec<EventEntry>,
    functions: Vec<FunctionEntry>,
    types: Types,
}

#[derive(Debug)]
struct EventEntry {
    event: Event,
    /// Other names for it.
    aliases: Vec<Arc<str>>,
    decoder: Arc<dyn Decoder>,
}

#[derive(Debug)]
struct FunctionEntry {
    function: Function,
    decoder: Arc<dyn Decoder>,
}

impl StellarInterface {
    /// Reads a built-in description by its name, or the content of one.
    pub(crate) fn read(source: &[u8]) -> Result<Arc<Self>, InterfaceError> {
        if let Some(name) = std::str::from_utf8(source).ok().map(str::trim).filter(|text| is_word(text)) {
            return match BUILT_IN.iter().find(|(known, _)| *known == name) {
                Some((_, interface)) => Ok(Arc::clone(interface)),
                None => Err(unknown(name, BUILT_IN.iter().map(|(known, _)| (*known).to_owned()))),
            };
        }
        let mut description = spec::read(source)?;
        if !builtin::is_standard(&description) {
            return Ok(Arc::new(Self::compile(description, Strictness::WhereNamesAreShared)));
        }
        let told = std::mem::replace(&mut description.events, builtin::token_events());
        let mut interface = Self::compile(description, Strictness::Always);
        for event in told {
            let same = interface.events.iter_mut().find(|entry| entry.event.prefix == event.prefix);
            same.into_iter().for_each(|entry| entry.aliases.push(Arc::clone(&event.name)));
        }
        Ok(Arc::new(interface))
    }

    fn compile(description: Description, strictness: Strictness) -> Self {
        let Description { mut functions, mut events, types } = description;
        let mut seen = HashSet::new();
        events.retain(|event| seen.insert((event.to_string(), event.format)));
        let mut seen = HashSet::new();
        functions.retain(|function| seen.insert(Arc::clone(&function.name)));
        let mut named: HashMap<_, usize> = HashMap::new();
        for event in &events {
            *named.entry(event.prefix.clone()).or_default() += 1;
        }
        let mut layouts = Layouts::new(&types);
        let of_event = |event: Event| {
            let shared = named.get(&event.prefix).is_some_and(|count| *count > 1);
            let strict = strictness == Strictness::Always || shared;
            let decoder = Arc::new(EventDecoder::new(&event, strict, &mut layouts));
            EventEntry { event, aliases: Vec::new(), decoder }
        };
        let events = events.into_iter().map(of_event).collect();
        let of_function = |function: Function| {
            let decoder = Arc::new(CallDecoder::new(&function, &mut layouts));
            FunctionEntry { function, decoder }
        };
        let functions = functions.into_iter().map(of_function).collect();
        Self { events, functions, types }
    }

    /// Of that name, be it the description's or the one on the ledger.
    fn named_events(&self, name: &str) -> Result<Decoders, InterfaceError> {
        let found: Decoders = self
            .events
            .iter()
            .filter(|entry| entry.names().any(|known| &**known == name))
            .map(|entry| Arc::clone(&entry.decoder))
            .collect();
        if !found.is_empty() {
            return Ok(found);
        }
        if self.events.is_empty() {
            return Ok(vec![Arc::new(NamedEvent::new(symbol(name)?))]);
        }
        Err(unknown(name, self.events.iter().flat_map(EventEntry::names).map(|name| name.to_string())))
    }

    fn written_event(&self, reference: &str) -> Result<Decoders, InterfaceError> {
        let written = text::event(reference, &self.types).map_err(|error| located(error, 0))?;
        let known = self.events.iter().find(|entry| entry.is(&written));
        Ok(vec![match known {
            Some(entry) => Arc::clone(&entry.decoder),
            None => Arc::new(EventDecoder::new(&written, false, &mut Layouts::new(&self.types))),
        }])
    }

    fn named_calls(&self, name: &str) -> Result<Decoders, InterfaceError> {
        if self.functions.is_empty() {
            return Ok(vec![Arc::new(RawCall::new(Some(symbol(name)?)))]);
        }
        self.function(name).map(|entry| vec![Arc::clone(&entry.decoder)])
    }

    fn function(&self, name: &str) -> Result<&FunctionEntry, InterfaceError> {
        let found = self.functions.iter().find(|entry| &*entry.function.name == name);
        found.ok_or_else(|| unknown(name, self.functions.iter().map(|entry| entry.function.name.to_string())))
    }

    /// A spec tells all functions of a contract, so one that it lacks is a mistake.
    fn written_call(&self, reference: &str) -> Result<Decoders, InterfaceError> {
        let written = text::function(reference, &self.types).map_err(|error| located(error, 0))?;
        if !self.functions.is_empty() {
            let entry = self.function(&written.name)?;
            if same_params(&entry.function.inputs, &written.inputs) {
                return Ok(vec![Arc::clone(&entry.decoder)]);
            }
        }
        Ok(vec![Arc::new(CallDecoder::new(&written, &mut Layouts::new(&self.types)))])
    }
}

/// Which events have to have the types that are told of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strictness {
    Always,
    WhereNamesAreShared,
}

impl EventEntry {
    fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        [&self.event.name].into_iter().chain(self.event.prefix.first()).chain(&self.aliases)
    }

    /// Whether `written` means it: the same topics and types, and names where it has some.
    fn is(&self, written: &Event) -> bool {
        let topics = |event: &Event| -> Vec<bool> { event.params.iter().map(|param| param.topic).collect() };
        let format = written.format == DataFormat::Unknown || written.format == self.event.format;
        let params = same_params(
            self.event.params.iter().map(|it| &it.param),
            written.params.iter().map(|it| &it.param),
        );
        format && params && self.event.prefix == written.prefix && topics(&self.event) == topics(written)
    }
}

/// The same types, and the same names where `written` does not just number them.
fn same_params<'a>(
    known: impl IntoIterator<Item = &'a Param>,
    written: impl IntoIterator<Item = &'a Param>,
) -> bool {
    let (mut known, mut written) = (known.into_iter(), written.into_iter());
    for place in 0.. {
        match (known.next(), written.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if one.ty == other.ty => {
                if one.name != other.name && *other.name != *format!("arg{place}") {
                    return false;
                }
            }
            _ => return false,
        }
    }
    false
}

impl Interface for StellarInterface {
    fn events(&self, reference: &str) -> Result<Decoders, InterfaceError> {
        let reference = reference.trim();
        if reference == "*" {
            return Ok(vec![Arc::new(RawEvent::new())]);
        }
        match reference.strip_suffix(UNTOLD) {
            Some(name) => Ok(vec![Arc::new(NamedEvent::new(symbol(name)?))]),
            None if reference.contains('(') => self.written_event(reference),
            None => self.named_events(reference),
        }
    }

    fn calls(&self, reference: &str) -> Result<Decoders, InterfaceError> {
        let reference = reference.trim();
        if reference == "*" {
            return Ok(vec![Arc::new(RawCall::new(None))]);
        }
        match reference.strip_suffix(UNTOLD) {
            Some(name) => Ok(vec![Arc::new(RawCall::new(Some(symbol(name)?)))]),
            None if reference.contains('(') => self.written_call(reference),
            None => self.named_calls(reference),
        }
    }

    /// A contract whose code tells functions only emits events all the same: they come as they are.
    fn all_events(&self) -> Decoders {
        if self.events.is_empty() && !self.functions.is_empty() {
            return vec![Arc::new(RawEvent::new())];
        }
        self.events.iter().map(|entry| Arc::clone(&entry.decoder)).collect()
    }
}

/// No description is a single word.
fn is_word(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=MAX_WORD).contains(&text.len()) && text.bytes().all(is_part)
}

/// A name that an event or function can have without a description that tells of it.
fn symbol(name: &str) -> Result<&str, InterfaceError> {
    let name = name.trim();
    let fits = payload::call_key(name.as_bytes()).is_some() && !name.is_empty();
    if fits && name.bytes().all(|byte| byte.is_ascii_graphic() && !b"()[]{},\"".contains(&byte)) {
        return Ok(name);
    }
    Err(malformed(format!("{name:?} is neither a name of at most 32 characters nor a signature"), Some(0)))
}

fn unknown(reference: &str, there: impl Iterator<Item = String>) -> InterfaceError {
    let there: Vec<_> = there.collect();
    let similar = similar(reference, there.iter().map(String::as_str));
    InterfaceError::Unknown { reference: reference.to_owned(), similar }
}
