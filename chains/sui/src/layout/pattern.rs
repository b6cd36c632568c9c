//! Which types a reference means: `0x…::pool::Created<0x2::sui::SUI, *>`, every part of it optional.

use std::fmt::Write as _;

use super::{
    known,
    parser::{ANY, SyntaxError, Written},
    types::{MoveType, UNTOLD},
};
use crate::address;

/// The text of a type, taken apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tag<'a> {
    pub(crate) package: &'a str,
    pub(crate) module: &'a str,
    pub(crate) name: &'a str,
    /// What stands between the angle brackets.
    pub(crate) arguments: &'a str,
}

impl<'a> Tag<'a> {
    /// Total: what the text lacks is empty.
    pub(crate) fn split(text: &'a str) -> Self {
        let (path, arguments) = text.split_once('<').unwrap_or((text, ""));
        let arguments = arguments.trim_end().strip_suffix('>').unwrap_or(arguments);
        let mut segments = path.splitn(3, "::");
        let mut next = || segments.next().unwrap_or_default();
        Self { package: next(), module: next(), name: next(), arguments }
    }
}

/// Types with commas between them, one by one.
pub(crate) fn types(written: &str) -> impl Iterator<Item = &str> {
    let mut left = written;
    std::iter::from_fn(move || {
        let rest = left.trim_ascii();
        if rest.is_empty() {
            return None;
        }
        let end = first_type(rest.as_bytes());
        // What ends a type is ASCII, so both are whole.
        let (first, rest) = rest.split_at_checked(end)?;
        left = rest.strip_prefix([',', '>']).unwrap_or(rest);
        Some(first.trim_ascii())
    })
}

/// Where the first of types with commas between them ends.
fn first_type(written: &[u8]) -> usize {
    let mut depth = 0_usize;
    for (place, byte) in written.iter().enumerate() {
        match byte {
            b',' | b'>' if depth == 0 => return place,
            b'<' => depth += 1,
            b'>' => depth -= 1,
            _ => {}
        }
    }
    written.len()
}

/// What type arguments have to be: canonical texts without spaces, in which `*` is any type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Arguments(Vec<Box<str>>);

impl Arguments {
    /// The arguments as a reference writes them; one that has none means any.
    pub(crate) fn read(written: &[Written<'_>]) -> Result<Self, SyntaxError> {
        let mut patterns = Vec::with_capacity(written.len());
        for argument in written {
            let mut pattern = String::new();
            push_pattern(argument, &mut pattern)?;
            patterns.push(pattern.into());
        }
        Ok(Self(patterns))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Any will do.
    pub(crate) fn is_any(&self) -> bool {
        self.0.iter().all(|pattern| &**pattern == ANY)
    }

    /// Whether they are as they have to be.
    pub(crate) fn fit<'a>(&self, mut given: impl Iterator<Item = &'a str>) -> bool {
        self.0.is_empty()
            || self.0.iter().all(|pattern| given.next().is_some_and(|text| matches(pattern, text)))
                && given.next().is_none()
    }

    /// The types that are fixed as a whole, by their places; the others as parameters that stay open.
    pub(crate) fn types(&self, parameters: usize) -> Vec<MoveType> {
        let fixed = |place: usize| self.0.get(place).and_then(|text| super::text::canonical_type(text));
        (0..parameters).map(|place| fixed(place).unwrap_or(MoveType::Parameter(place))).collect()
    }

    /// `<…>` as written, with whole addresses; nothing where any will do.
    pub(crate) fn push_text(&self, out: &mut String) {
        if !self.0.is_empty() {
            let _ = write!(out, "<{}>", self.0.join(", "));
        }
    }
}

fn push_pattern(written: &Written<'_>, out: &mut String) -> Result<(), SyntaxError> {
    let Written { path, arguments } = written;
    match path.segments[..] {
        [ANY] => out.push_str(ANY),
        [name] if name == "vector" || MoveType::elementary(name).is_some() => out.push_str(name),
        [package, module, name] if path.package(package)? != UNTOLD => {
            address::push_text(&path.package(package)?, out);
            let _ = write!(out, "::{module}::{name}");
        }
        _ => {
            let known = match path.segments[..] {
                [module, name] => known::named(Some(module), name),
                [name] => known::named(None, name),
                _ => None,
            };
            let known =
                known.ok_or_else(|| path.error("a type argument needs its package: 0x…::module::Name"))?;
            let _ = write!(out, "{known}");
        }
    }
    for (place, argument) in arguments.iter().enumerate() {
        out.push(if place == 0 { '<' } else { ',' });
        push_pattern(argument, out)?;
    }
    if !arguments.is_empty() {
        out.push('>');
    }
    Ok(())
}

/// Whether the type `text` is what `pattern` says. Spaces in it do not count.
fn matches(pattern: &str, text: &str) -> bool {
    if pattern == ANY || pattern == text {
        return true;
    }
    let mut left = text.as_bytes();
    for wanted in pattern.bytes() {
        left = left.trim_ascii_start();
        if wanted == b'*' {
            left = &left[first_type(left)..];
            continue;
        }
        match left.split_first() {
            Some((found, rest)) if *found == wanted => left = rest,
            _ => return false,
        }
    }
    left.trim_ascii().is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::layout::parser::Parser;

    fn arguments(reference: &str) -> Arguments {
        Arguments::read(&Parser::new(reference).ty().unwrap().arguments).unwrap()
    }

    #[test]
    fn a_type_comes_apart() {
        let tag = Tag::split("0x2::pool::Created<0x2::a::B<u8, bool>, vector<u8>>");
        assert_eq!((tag.package, tag.module, tag.name), ("0x2", "pool", "Created"));
        assert_eq!(types(tag.arguments).collect::<Vec<_>>(), ["0x2::a::B<u8, bool>", "vector<u8>"]);
        assert_eq!(Tag::split("0x2::pool::Created").arguments, "");
        assert_eq!(types("").count(), 0);
    }

    #[test]
    fn arguments_fit_by_the_whole_type_and_anything_by_a_star() {
        let sui = format!("0x{}2::sui::SUI", "0".repeat(63));
        let fits = |reference: &str, given: &str| arguments(reference).fit(types(given));
        assert!(fits("E<0x2::sui::SUI, *>", &format!("{sui}, 0x3::a::B<u8, u64>")));
        assert!(fits("E<SUI, vector<*>>", &format!("{sui},vector<{sui}>")));
        assert!(!fits("E<SUI, *>", &sui));
        assert!(!fits("E<SUI, *>", &format!("u8, {sui}")));
        assert!(!fits("E<SUI>", &format!("{sui}, u8")));
        assert!(fits("E", &format!("{sui}, u8")));
        assert!(!fits("E<u8>", "u64") && !fits("E<u16>", "u1") && !fits("E<u16>", "u166"));
        assert!(Arguments::read(&Parser::new("E<usdc::USDC>").ty().unwrap().arguments).is_err());
    }

    proptest! {
        #[test]
        fn no_type_makes_the_matcher_panic(text in "[<>,*:a\u{e9} ]{0,40}") {
            let tag = Tag::split(&text);
            let found = types(tag.arguments).count();
            prop_assert!(found <= text.len());
            let _ = (matches("vector<*>,*", &text), matches("vector<*>", &text), matches("a<*,a>", &text));
        }
    }
}
