//! A contract's events and calls, found by name, by canonical signature, or written out where they are asked for.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
};

use chainbell_model::{Decoder, EventKey, Interface, InterfaceError, similar};

use crate::abi::{
    builtin,
    call::CallDecoder,
    description,
    event::EventDecoder,
    raw::{RawCall, RawEvent},
    signature::{Kind, Signature},
};

/// The descriptions that have names, compiled once: thousands of contracts may be of one.
static BUILT_IN: LazyLock<Vec<(&str, Arc<EvmInterface>)>> = LazyLock::new(|| {
    let compiled = |(name, text)| (name, Arc::new(EvmInterface::of_built_in(text)));
    builtin::descriptions().map(compiled).collect()
});

/// The name of the built-in description with the most functions, all of which the code can be asked for.
pub(crate) fn built_in_of_code(code: &[u8]) -> Option<&'static str> {
    let selectors = |interface: &EvmInterface| -> Vec<EventKey> {
        let functions = interface.entries.iter().filter(|entry| entry.signature.kind == Kind::Function);
        functions.filter_map(|entry| entry.decoder.key()).collect()
    };
    // PUSH4 and the selector: how every compiler writes the comparison.
    let pushes = |key: &EventKey| {
        let push = [0x63, key[0], key[1], key[2], key[3]];
        code.windows(push.len()).any(|window| window == push)
    };
    BUILT_IN
        .iter()
        .map(|(name, interface)| (*name, selectors(interface)))
        .filter(|(_, selectors)| !selectors.is_empty() && selectors.iter().all(pushes))
        .max_by_key(|(_, selectors)| selectors.len())
        .map(|(name, _)| name)
}

/// The token standards, for signatures without names where no description has them.
static TOKEN_STANDARDS: LazyLock<EvmInterface> =
    LazyLock::new(|| EvmInterface::of_built_in(builtin::token_standards()));

type Decoders = Vec<Arc<dyn Decoder>>;

/// A contract's description, compiled. Without any, signatures still make decoders.
#[derive(Debug, Default)]
pub(crate) struct EvmInterface {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    signature: Signature,
    decoder: Arc<dyn Decoder>,
}

impl EvmInterface {
    /// Reads a built-in description by its name, or the text of one.
    pub(crate) fn read(source: &str) -> Result<Arc<Self>, InterfaceError> {
        let name = source.trim();
        if let Some((_, interface)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
            return Ok(Arc::clone(interface));
        }
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        // No description is a single word.
        if !name.is_empty() && name.bytes().all(is_word) {
            let similar = similar(name, BUILT_IN.iter().map(|(known, _)| *known));
            return Err(InterfaceError::Unknown { reference: name.to_owned(), similar });
        }
        Self::compile(description::read(source)?).map(Arc::new)
    }

    fn of_built_in(text: String) -> Self {
        let compiled = description::read(&text).and_then(Self::compile);
        compiled.expect("the built-in descriptions are well-formed")
    }

    fn compile(signatures: Vec<Signature>) -> Result<Self, InterfaceError> {
        let mut entries = Vec::with_capacity(signatures.len());
        let mut seen = HashSet::new();
        for signature in signatures {
            // Merged descriptions repeat themselves; a second decoder would match the same event again.
            let identity = (signature.to_string(), signature.kind, signature.marks(), signature.anonymous);
            if seen.insert(identity) {
                let decoder = compile(&signature)?;
                entries.push(Entry { signature, decoder });
            }
        }
        Ok(Self { entries })
    }

    fn find(&self, reference: &str, kind: Kind) -> Result<Decoders, InterfaceError> {
        let reference = reference.trim();
        let entries = || self.entries.iter().filter(|entry| entry.signature.kind == kind);
        if !reference.contains('(') {
            let named = entries().filter(|entry| entry.signature.name == reference);
            let found: Decoders = named.map(|entry| Arc::clone(&entry.decoder)).collect();
            return if found.is_empty() {
                Err(self.unknown(reference, kind, |one| one.name.clone()))
            } else {
                Ok(found)
            };
        }
        let written = description::read_one(reference, kind)?;
        if let Some(same) = entries().find(|entry| entry.signature == written) {
            return Ok(vec![Arc::clone(&same.decoder)]);
        }
        if written.anonymous || written.has_indexed() {
            return Ok(vec![compile(&written)?]);
        }
        let described = self.alike(&written)?;
        if !described.is_empty() {
            return Ok(described);
        }
        // A description that lacks what is asked for points to a mistake, unless the signature says all by itself.
        if !self.entries.is_empty() && !written.has_names() {
            return Err(self.unknown(&written.to_string(), kind, ToString::to_string));
        }
        let standard = TOKEN_STANDARDS.alike(&written)?;
        if !standard.is_empty() {
            return Ok(standard);
        }
        match kind {
            Kind::Event => Ok(vec![Arc::new(EventDecoder::with_unknown_topics(&written)?)]),
            Kind::Function => Ok(vec![compile(&written)?]),
        }
    }

    /// What is here of that canonical signature, under the names of `written` where it has some.
    fn alike(&self, written: &Signature) -> Result<Decoders, InterfaceError> {
        let canonical = written.to_string();
        let alike = self
            .entries
            .iter()
            .filter(|entry| entry.signature.kind == written.kind && entry.decoder.signature() == canonical);
        let renamed = |entry: &Entry| match written.has_names() {
            true => compile(&entry.signature.clone().renamed_like(written)),
            false => Ok(Arc::clone(&entry.decoder)),
        };
        alike.map(renamed).collect()
    }

    fn unknown(&self, reference: &str, kind: Kind, text: impl Fn(&Signature) -> String) -> InterfaceError {
        let there = self.entries.iter().map(|entry| &entry.signature).filter(|one| one.kind == kind);
        let there: Vec<_> = there.map(text).collect();
        let similar = similar(reference, there.iter().map(String::as_str));
        InterfaceError::Unknown { reference: reference.to_owned(), similar }
    }
}

impl Interface for EvmInterface {
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
        self.find(reference, Kind::Function)
    }

    fn all_events(&self) -> Decoders {
        let events = self.entries.iter().filter(|entry| entry.signature.kind == Kind::Event);
        events.map(|entry| Arc::clone(&entry.decoder)).collect()
    }
}

fn compile(signature: &Signature) -> Result<Arc<dyn Decoder>, InterfaceError> {
    Ok(match signature.kind {
        Kind::Event => Arc::new(EventDecoder::new(signature)?),
        Kind::Function => Arc::new(CallDecoder::new(signature)?),
    })
}

#[cfg(test)]
mod tests {
    use chainbell_model::{Payload, Type};

    use super::*;

    fn names(decoder: &Arc<dyn Decoder>) -> Vec<&str> {
        decoder.schema().fields.iter().map(|field| &*field.name).collect()
    }

    fn log(topics: usize, data: usize) -> Payload {
        Payload(crate::payload::with_topics(&vec![[0; 32]; topics], data).0)
    }

    #[test]
    fn a_name_finds_every_overload_and_a_wrong_one_what_was_meant() {
        let interface = EvmInterface::read("erc721").unwrap();
        assert_eq!(interface.calls("safeTransferFrom").unwrap().len(), 2);
        assert_eq!(interface.events("Transfer").unwrap().len(), 1);
        let Err(InterfaceError::Unknown { similar, .. }) = interface.events("Trasnfer") else {
            panic!("it is unknown")
        };
        assert_eq!(similar[0], "Transfer");
        assert!(interface.events("transferFrom").is_err(), "a function is not an event");
        assert_eq!(interface.all_events().len(), 3);
    }

    #[test]
    fn code_tells_the_description_with_the_most_of_its_functions() {
        let code_of = |name: &str| -> Vec<u8> {
            let entries = &EvmInterface::read(name).unwrap().entries;
            let functions = entries.iter().filter(|entry| entry.signature.kind == Kind::Function);
            let push = |entry: &Entry| [&[0x63][..], &entry.decoder.key().unwrap()[..4]].concat();
            functions.flat_map(push).collect()
        };
        for name in ["erc20", "erc721", "erc1155", "weth"] {
            assert_eq!(built_in_of_code(&code_of(name)), Some(name));
        }
        assert_eq!(built_in_of_code(&code_of("erc20")[5..]), None);
        assert_eq!(built_in_of_code(&[]), None);
    }

    #[test]
    fn a_canonical_signature_takes_names_and_marks_from_the_description() {
        let interface =
            EvmInterface::read("event Transfer(address indexed a, address b, uint256 c)").unwrap();
        let decoders = interface.events("Transfer(address,address,uint256)").unwrap();
        assert_eq!(names(&decoders[0]), ["a", "b", "c"]);
        assert!(decoders[0].fits(&log(2, 64)) && !decoders[0].fits(&log(3, 32)));
        let renamed = interface.events("Transfer(address from, address, uint amount)").unwrap();
        assert_eq!(names(&renamed[0]), ["from", "b", "amount"]);
        assert!(renamed[0].fits(&log(2, 64)));
    }

    #[test]
    fn a_canonical_signature_absent_from_the_description_is_refused() {
        let interface = EvmInterface::read("erc20").unwrap();
        let error = interface.events("Transfer(address,address,uint128)").unwrap_err();
        let InterfaceError::Unknown { similar, .. } = error else { panic!("{error}") };
        assert_eq!(similar[0], "Transfer(address,address,uint256)");
        assert!(interface.calls("mint(address,uint256)").is_err());
        assert!(
            interface.events("event Minted(address indexed to, uint256 value)").is_ok(),
            "it says all by itself"
        );
    }

    #[test]
    fn without_a_description_the_token_standards_are_known() {
        let interface = EvmInterface::default();
        let decoders = interface.events("Transfer(address,address,uint256)").unwrap();
        let fitting = |topics| -> Vec<_> {
            let fitting = decoders.iter().filter(|decoder| decoder.fits(&log(topics, 32)));
            fitting.map(|decoder| names(decoder)[2].to_owned()).collect()
        };
        assert_eq!((fitting(3), fitting(4)), (vec!["value".to_owned()], vec!["tokenId".to_owned()]));
        let calls = interface.calls("transferFrom(address,address,uint256)").unwrap();
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0].key().unwrap()[..5], [0x23, 0xb8, 0x72, 0xdd, 0]);
        assert!(interface.events("Transfer").is_err());
    }

    #[test]
    fn an_unknown_signature_without_marks_goes_by_the_number_of_topics() {
        let decoders = EvmInterface::default().events("Priced(string,address,uint256)").unwrap();
        let [decoder] = &decoders[..] else { panic!("one decoder is enough") };
        assert_eq!(names(decoder), ["arg0", "arg1", "arg2"]);
        assert_eq!(decoder.schema().fields[0].ty, Type::Text);
        let fits: Vec<_> = (0..=4).map(|topics| decoder.fits(&log(topics, 96))).collect();
        assert_eq!(fits, [false, true, true, true, false]);
    }

    #[test]
    fn an_indexed_string_is_a_hash() {
        let decoders =
            EvmInterface::default().events("event Named(string indexed name, uint8[] indexed list)").unwrap();
        assert!(decoders[0].schema().fields.iter().all(|field| field.ty == Type::Hash));
        let mut out = Vec::new();
        decoders[0].decode(&log(3, 0), 1, &mut out).unwrap();
        assert_eq!(out, [Some(chainbell_model::Value::Bytes([0; 32].into())), None]);
    }

    #[test]
    fn every_built_in_description_is_well_formed_and_a_wrong_name_is_told() {
        for (name, _) in builtin::descriptions() {
            assert!(!EvmInterface::read(name).unwrap().all_events().is_empty(), "{name}");
        }
        let Err(InterfaceError::Unknown { similar, .. }) = EvmInterface::read("erc-20") else {
            panic!("it is unknown")
        };
        assert_eq!(similar[0], "erc20");
        assert!(matches!(EvmInterface::read(" "), Err(InterfaceError::Malformed { .. })));
    }

    #[test]
    fn repeated_descriptions_make_one_decoder() {
        let twice =
            EvmInterface::read("event A(uint a)\nevent A(uint256 b)\nevent A(uint indexed a)").unwrap();
        assert_eq!(twice.events("A").unwrap().len(), 2);
    }
}
