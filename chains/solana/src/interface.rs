//! A program's events and instructions, found by name, by signature, or written out where they are asked for.

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use chainbell_model::{Decoder, Interface, InterfaceError, similar};

use crate::idl::{
    builtin,
    description::{self, Description},
    item::{Item, Kind},
    raw::{RawCall, RawEvent},
};

/// The descriptions that have names, compiled once.
static BUILT_IN: LazyLock<Vec<(&str, Arc<SolanaInterface>)>> = LazyLock::new(|| {
    let compiled = |(name, text): (&'static str, &str)| {
        let interface = description::read(text.as_bytes()).and_then(SolanaInterface::compile);
        (name, Arc::new(interface.expect("the built-in descriptions are well-formed")))
    };
    builtin::DESCRIPTIONS.into_iter().map(compiled).collect()
});

type Decoders = Vec<Arc<dyn Decoder>>;

/// A program's description, compiled. Without any, signatures still make decoders.
#[derive(Default)]
pub(crate) struct SolanaInterface {
    description: Description,
    /// One for each of the description's items.
    decoders: Decoders,
}

impl fmt::Debug for SolanaInterface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} events and instructions", self.decoders.len())
    }
}

impl SolanaInterface {
    /// Reads a built-in description by its name, or a description.
    pub(crate) fn read(source: &[u8]) -> Result<Arc<Self>, InterfaceError> {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let word = source.trim_ascii();
        // No description is a single word.
        if !word.is_empty() && word.iter().all(is_word) {
            let name = String::from_utf8_lossy(word);
            if let Some((_, interface)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
                return Ok(Arc::clone(interface));
            }
            let similar = similar(&name, BUILT_IN.iter().map(|(known, _)| *known));
            return Err(InterfaceError::Unknown { reference: name.into_owned(), similar });
        }
        Self::compile(description::read(source)?).map(Arc::new)
    }

    fn compile(description: Description) -> Result<Self, InterfaceError> {
        let decoders = description.decoders(&description.items)?;
        Ok(Self { description, decoders })
    }

    fn entries(&self, kind: Kind) -> impl Iterator<Item = (&Item, &Arc<dyn Decoder>)> {
        self.description.items.iter().zip(&self.decoders).filter(move |(item, _)| item.kind == kind)
    }

    fn find(&self, reference: &str, kind: Kind) -> Result<Decoders, InterfaceError> {
        let reference = reference.trim();
        if !reference.contains('(') {
            return self.by_name(reference, kind);
        }
        let written = self.description.signature(reference, kind)?;
        let alike: Vec<_> = self.entries(kind).filter(|(item, _)| item.is_like(&written)).collect();
        if alike.is_empty() {
            // A description that lacks what is asked for points to a mistake, unless the signature says all by itself.
            if !self.decoders.is_empty() && !written.has_names() {
                return Err(self.unknown(reference, kind, |decoder| decoder.signature()));
            }
            return self.description.decoders(&[written]);
        }
        if !written.has_names() {
            return Ok(alike.into_iter().map(|(_, decoder)| Arc::clone(decoder)).collect());
        }
        let renamed: Vec<_> =
            alike.into_iter().map(|(item, _)| item.clone().renamed_like(&written)).collect();
        self.description.decoders(&renamed)
    }

    /// The name as it is written goes before the same one in another case.
    fn by_name(&self, name: &str, kind: Kind) -> Result<Decoders, InterfaceError> {
        let found = |is_it: &dyn Fn(&Item) -> bool| -> Decoders {
            let found = self.entries(kind).filter(|(item, _)| is_it(item));
            found.map(|(_, decoder)| Arc::clone(decoder)).collect()
        };
        let mut decoders = found(&|item| item.name == name);
        if decoders.is_empty() {
            decoders = found(&|item| item.is_called(name));
        }
        if decoders.is_empty() {
            Err(self.unknown(name, kind, |decoder| decoder.name()))
        } else {
            Ok(decoders)
        }
    }

    fn unknown(
        &self,
        reference: &str,
        kind: Kind,
        text: for<'a> fn(&'a Arc<dyn Decoder>) -> &'a str,
    ) -> InterfaceError {
        let similar = similar(reference, self.entries(kind).map(|(_, decoder)| text(decoder)));
        InterfaceError::Unknown { reference: reference.to_owned(), similar }
    }
}

impl Interface for SolanaInterface {
    fn events(&self, reference: &str) -> Result<Decoders, InterfaceError> {
        if reference.trim() == "*" {
            return Ok(vec![Arc::new(RawEvent)]);
        }
        self.find(reference, Kind::Event)
    }

    fn calls(&self, reference: &str) -> Result<Decoders, InterfaceError> {
        if reference.trim() == "*" {
            return Ok(vec![Arc::new(RawCall)]);
        }
        self.find(reference, Kind::Instruction)
    }

    fn all_events(&self) -> Decoders {
        self.entries(Kind::Event).map(|(_, decoder)| Arc::clone(decoder)).collect()
    }
}
