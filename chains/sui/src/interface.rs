//! A package's events and functions, found by name, or written out where they are asked for.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use chainbell_model::{Address, Decoder, Interface, InterfaceError, similar};
use parking_lot::Mutex;

use crate::layout::{
    call::CallDecoder,
    catalogue::Catalogue,
    description::{self, malformed},
    event::{EventDecoder, Wanted, signature},
    parser::{ANY, Parser, Path, SyntaxError},
    pattern::Arguments,
    raw::{RawCall, RawEvent},
    shape::Unlaid,
    text,
    types::{Function, Name, UNTOLD},
};

type Decoders = Result<Vec<Arc<dyn Decoder>>, InterfaceError>;

/// A package's description. Without any, written layouts still make decoders.
#[derive(Debug, Default)]
pub(crate) struct SuiInterface {
    catalogue: Arc<Catalogue>,
    /// By signature, so that whoever asks for the same gets the same.
    events: Mutex<HashMap<String, Arc<dyn Decoder>>>,
    calls: Mutex<HashMap<String, Arc<dyn Decoder>>>,
}

impl SuiInterface {
    /// Reads a description.
    pub(crate) fn read(source: &[u8]) -> Result<Self, InterfaceError> {
        let word = source.trim_ascii();
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        // No description is a single word: it was meant to name one.
        if !word.is_empty() && word.len() < 100 && word.iter().all(is_part) {
            let reference = String::from_utf8_lossy(word).into_owned();
            return Err(InterfaceError::Unknown { reference, similar: Vec::new() });
        }
        Ok(Self { catalogue: Arc::new(description::read(source)?), ..Self::default() })
    }

    fn event(&self, name: &Name, wanted: &Wanted) -> Result<Arc<dyn Decoder>, Unlaid> {
        let signature = signature(name, wanted);
        if let Some(known) = self.events.lock().get(&signature) {
            return Ok(Arc::clone(known));
        }
        let decoder: Arc<dyn Decoder> = Arc::new(EventDecoder::new(&self.catalogue, name, wanted)?);
        Ok(Arc::clone(self.events.lock().entry(signature).or_insert(decoder)))
    }

    /// The datatypes that `path` may mean; of several, those of its package, and of these those that can be events.
    fn named(&self, path: &Path<'_>, package: Option<[u8; 32]>) -> Vec<Name> {
        let (module, name) = module_and_name(path);
        let same = |one: &&Name| &*one.name == name && module.is_none_or(|module| *one.module == *module);
        let mut found: Vec<_> = self.catalogue.own().iter().filter(same).collect();
        if found.iter().any(|one| Some(one.package) == package) {
            found.retain(|one| Some(one.package) == package);
        }
        if found.len() > 1 {
            let is_event = |one: &&Name| self.catalogue.datatype(one).is_some_and(|one| one.emittable);
            let events: Vec<_> = found.iter().copied().filter(is_event).collect();
            found = if events.is_empty() { found } else { events };
        }
        found.into_iter().cloned().collect()
    }

    fn find_event(&self, reference: &str) -> Decoders {
        let written = read_whole(reference)?;
        let path = &written.path;
        let package = package(path).map_err(at)?;
        if let [.., module, ANY] = path.segments[..]
            && written.arguments.is_empty()
            && module != ANY
        {
            return Ok(vec![Arc::new(RawEvent::of_module(package, module))]);
        }
        let arguments = Arguments::read(&written.arguments).map_err(at)?;
        let wanted = Wanted { package, arguments };
        let name = match &self.named(path, package)[..] {
            [name] => name.clone(),
            [] => self.framework(path, package).ok_or_else(|| self.unknown_event(reference))?,
            several => return Err(ambiguous(reference, several.iter().map(Name::short))),
        };
        let decoder = self.event(&name, &wanted).map_err(|unlaid| unlaid_error(reference, &unlaid))?;
        Ok(vec![decoder])
    }

    /// A known type of the framework, asked for by its whole name.
    fn framework(&self, path: &Path<'_>, package: Option<[u8; 32]>) -> Option<Name> {
        let (module, name) = module_and_name(path);
        let name = Name::new(package?, module?, name);
        self.catalogue.datatype(&name).map(|_| name)
    }

    fn unknown_event(&self, reference: &str) -> InterfaceError {
        let events: Vec<_> = self.catalogue.events().map(|(name, _)| name.short()).collect();
        unknown(reference, &events)
    }

    fn find_call(&self, reference: &str) -> Decoders {
        let written = read_whole(reference)?;
        let path = &written.path;
        if package(path).map_err(at)?.is_some() {
            let reason = "a call's package is the address of its contract: write module::function";
            return Err(malformed(reason, Some(path.offset)));
        }
        if let [module, ANY] = path.segments[..] {
            return Ok(vec![Arc::new(RawCall::of_module(module))]);
        }
        let (module, name) = module_and_name(path);
        let same = |one: &&Function| &*one.name == name && module.is_none_or(|module| *one.module == *module);
        let functions = self.catalogue.functions();
        let found: Vec<_> = functions.iter().filter(same).collect();
        let short = |one: &Function| format!("{}::{}", one.module, one.name);
        let function = match found[..] {
            [function] => function,
            [] => return Err(unknown(reference, &functions.iter().map(short).collect::<Vec<_>>())),
            _ => return Err(ambiguous(reference, found.into_iter().map(short))),
        };
        let arguments = Arguments::read(&written.arguments).map_err(at)?;
        self.call(function, &arguments).map_err(|unlaid| unlaid_error(reference, &unlaid))
    }

    fn call(&self, function: &Function, arguments: &Arguments) -> Result<Vec<Arc<dyn Decoder>>, Unlaid> {
        if arguments.len() > 0 && arguments.len() != function.parameters {
            return Err(Unlaid::Arguments(Name::new(UNTOLD, &function.module, &function.name)));
        }
        let decoder: Arc<dyn Decoder> = Arc::new(CallDecoder::new(&self.catalogue, function, arguments)?);
        let mut calls = self.calls.lock();
        Ok(vec![Arc::clone(calls.entry(decoder.signature().to_owned()).or_insert(decoder))])
    }
}

impl Interface for SuiInterface {
    fn events(&self, reference: &str) -> Decoders {
        let trimmed = reference.trim();
        if trimmed == ANY {
            return Ok(vec![Arc::new(RawEvent::every())]);
        }
        if !reference.contains('{') {
            return self.find_event(reference);
        }
        // The first is the event, the others are what it holds.
        let written = Self { catalogue: Arc::new(text::read(reference).map_err(at)?), ..Self::default() };
        let Some(name) = written.catalogue.own().first() else {
            return Err(malformed("an event's layout is expected here: module::Name { field: type }", None));
        };
        let wanted = Wanted { package: Some(name.package).filter(|it| *it != UNTOLD), ..Wanted::default() };
        Ok(vec![written.event(name, &wanted).map_err(|unlaid| unlaid_error(reference, &unlaid))?])
    }

    fn calls(&self, reference: &str) -> Decoders {
        if reference.trim() == ANY {
            return Ok(vec![Arc::new(RawCall::every())]);
        }
        if !reference.contains('(') {
            return self.find_call(reference);
        }
        let is_marked = reference.split_whitespace().any(|word| word == "fun");
        let marked = if is_marked { reference.to_owned() } else { format!("fun {reference}") };
        let shift = marked.len() - reference.len();
        let catalogue = text::read(&marked)
            .map_err(|error| malformed(error.reason, Some(error.offset.saturating_sub(shift))))?;
        let written = Self { catalogue: Arc::new(catalogue), ..Self::default() };
        let [function] = written.catalogue.functions() else {
            return Err(malformed("one function is expected here: module::function(name: type)", None));
        };
        written.call(function, &Arguments::default()).map_err(|unlaid| unlaid_error(reference, &unlaid))
    }

    fn all_events(&self) -> Vec<Arc<dyn Decoder>> {
        let decoder = |name: &Name| -> Arc<dyn Decoder> {
            match self.event(name, &Wanted::default()) {
                Ok(decoder) => decoder,
                // Better kept raw than not at all.
                Err(_) => {
                    let raw = || Arc::new(RawEvent::of_type(name)) as Arc<dyn Decoder>;
                    Arc::clone(self.events.lock().entry(format!("{ANY}{name}")).or_insert_with(raw))
                }
            }
        };
        self.catalogue.likeliest_events().into_iter().map(decoder).collect()
    }

    fn also_at(&self) -> Vec<Address> {
        let packages: BTreeSet<[u8; 32]> = self.catalogue.own().iter().map(|name| name.package).collect();
        let told = packages.into_iter().filter(|package| *package != UNTOLD);
        told.filter_map(|package| Address::from_slice(&package)).collect()
    }
}

fn read_whole(reference: &str) -> Result<crate::layout::parser::Written<'_>, InterfaceError> {
    let mut parser = Parser::new(reference);
    let written = parser.ty().map_err(at)?;
    if !parser.at_end() {
        return Err(at(parser.error("a reference ends here")));
    }
    Ok(written)
}

fn module_and_name<'a>(path: &Path<'a>) -> (Option<&'a str>, &'a str) {
    match path.segments[..] {
        [.., module, name] => (Some(module), name),
        [name] => (None, name),
        [] => (None, ""),
    }
}

/// The package that a whole name begins with.
fn package(path: &Path<'_>) -> Result<Option<[u8; 32]>, SyntaxError> {
    let [package, _, _] = path.segments[..] else { return Ok(None) };
    match path.package(package)? {
        UNTOLD => Err(path.error("a package is written as its address: 0x…::module::Name")),
        package => Ok(Some(package)),
    }
}

fn at(error: SyntaxError) -> InterfaceError {
    malformed(error.reason, Some(error.offset))
}

fn unlaid_error(reference: &str, unlaid: &Unlaid) -> InterfaceError {
    malformed(format!("{reference:?} cannot be decoded: {unlaid}"), None)
}

fn unknown(reference: &str, there: &[String]) -> InterfaceError {
    let similar = similar(reference, there.iter().map(String::as_str));
    InterfaceError::Unknown { reference: reference.to_owned(), similar }
}

fn ambiguous(reference: &str, found: impl Iterator<Item = String>) -> InterfaceError {
    let found: Vec<_> = found.collect();
    malformed(format!("{reference:?} is in several modules; it may be {}", found.join(", ")), None)
}
