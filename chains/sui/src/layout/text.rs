//! Reads layouts as text: `pool::Swapped<A, B> { pool: ID, amount: u64 }`, one after the other, in a notation that
//! Move's own declarations fit into.
//!
//! `module deepbook::pool;` or `module deepbook::pool { … }` says the module of what follows without one. The words
//! `public`, `struct` and `has copy, drop` may be there. Enums begin with `enum`, functions with `fun`; their bodies, and
//! `use`, `const` and `friend`, are passed over.

use super::{
    catalogue::{Catalogue, Origin},
    known,
    parser::{Parser, SyntaxError, Written},
    resolve::{Scope, Undeclared},
    types::{Body, Datatype, Function, Member, MoveType, Name, Parameter, UNTOLD, Variant},
};
use crate::address;

/// A member's name and type, as written.
type WrittenMembers<'a> = Vec<(&'a str, Written<'a>)>;

/// A declaration, before the names in it are resolved.
struct Item<'a> {
    name: Name,
    parameters: Vec<&'a str>,
    emittable: bool,
    content: Content<'a>,
}

enum Content<'a> {
    Struct(WrittenMembers<'a>),
    Enum(Vec<(&'a str, WrittenMembers<'a>)>),
    Function(WrittenMembers<'a>),
}

/// Reads layouts.
pub(crate) fn read(source: &str) -> Result<Catalogue, SyntaxError> {
    let mut reader = Reader { parser: Parser::new(source), module: None, inside: false, items: Vec::new() };
    while !reader.parser.at_end() {
        reader.item()?;
    }
    if reader.inside {
        return Err(reader.parser.error("\"}\" is missing"));
    }
    if reader.items.is_empty() {
        return Err(reader.parser.error("a layout is expected here: module::Name { field: type }"));
    }
    let items = reader.items;
    let declared: Vec<&Name> =
        items.iter().filter(|item| !item.is_function()).map(|item| &item.name).collect();
    let scope = Scope::new(&declared);
    let mut catalogue = Catalogue::default();
    for item in &items {
        item.resolve(&scope, &mut catalogue)?;
    }
    Ok(catalogue)
}

struct Reader<'a> {
    parser: Parser<'a>,
    /// Of what is written without one.
    module: Option<([u8; address::LEN], &'a str)>,
    /// Between the braces of a module.
    inside: bool,
    items: Vec<Item<'a>>,
}

impl<'a> Reader<'a> {
    fn item(&mut self) -> Result<(), SyntaxError> {
        self.parser.attributes()?;
        while self.parser.take_word("public")
            || self.parser.take_word("entry")
            || self.parser.take_word("native")
        {
            if self.parser.take("(") {
                self.parser.name("package or friend")?;
                self.parser.expect(")")?;
            }
        }
        if self.inside && self.parser.take("}") {
            self.inside = false;
            self.module = None;
            return Ok(());
        }
        match self.parser.peek_word() {
            "module" => self.module(),
            "use" | "const" | "friend" => self.parser.skip_statement(),
            "fun" => {
                self.parser.word();
                self.function()
            }
            "enum" => {
                self.parser.word();
                self.enumeration()
            }
            "struct" => {
                self.parser.word();
                self.structure()
            }
            _ => self.structure(),
        }
    }

    fn module(&mut self) -> Result<(), SyntaxError> {
        self.parser.word();
        let path = self.parser.path()?;
        self.module = Some(match &path.segments[..] {
            [module] => (UNTOLD, module),
            [package, module] => (path.package(package)?, module),
            _ => return Err(path.error("a module's name is expected here")),
        });
        self.inside = self.parser.take("{");
        if !self.inside {
            self.parser.expect(";")?;
        }
        Ok(())
    }

    /// The name of what is declared, and its type parameters.
    fn head(&mut self) -> Result<(Name, Vec<&'a str>), SyntaxError> {
        let path = self.parser.path()?;
        let name = match (&path.segments[..], self.module) {
            ([name], Some((package, module))) => Name::new(package, module, name),
            ([module, name], _) => Name::new(UNTOLD, module, name),
            ([package, module, name], _) => Name::new(path.package(package)?, module, name),
            _ => return Err(path.error("the module is missing: write module::Name")),
        };
        Ok((name, self.parser.type_parameters()?))
    }

    /// Whether there are abilities, and if so, whether they are those of an event. Before the body or after it.
    fn abilities(&mut self) -> Result<Option<bool>, SyntaxError> {
        if !self.parser.take_word("has") {
            return Ok(None);
        }
        let mut abilities = vec![self.parser.name("an ability")?];
        while self.parser.take(",") {
            abilities.push(self.parser.name("an ability")?);
        }
        let has = |ability| abilities.contains(&ability);
        Ok(Some(has("copy") && has("drop") && !has("key")))
    }

    fn structure(&mut self) -> Result<(), SyntaxError> {
        let (name, parameters) = self.head()?;
        let before = self.abilities()?;
        let members = self.members()?;
        let after = self.abilities()?;
        self.parser.take(";");
        let emittable = before.or(after).unwrap_or(true);
        self.items.push(Item { name, parameters, emittable, content: Content::Struct(members) });
        Ok(())
    }

    fn enumeration(&mut self) -> Result<(), SyntaxError> {
        let (name, parameters) = self.head()?;
        let emittable = self.abilities()?.unwrap_or(true);
        let mut variants = Vec::new();
        self.parser.expect("{")?;
        self.parser.list("}", |parser| {
            let name = parser.name("a variant")?;
            let members = match parser.begins_with(['{', '(']) {
                true => members(parser)?,
                false => Vec::new(),
            };
            variants.push((name, members));
            Ok(())
        })?;
        self.items.push(Item { name, parameters, emittable, content: Content::Enum(variants) });
        Ok(())
    }

    fn function(&mut self) -> Result<(), SyntaxError> {
        let (name, parameters) = self.head()?;
        let mut inputs = Vec::new();
        self.parser.expect("(")?;
        self.parser.list(")", |parser| {
            parser.take_word("mut");
            let name = parser.name("a parameter")?;
            parser.expect(":")?;
            inputs.push((name, parser.ty()?));
            Ok(())
        })?;
        self.parser.skip_function_tail()?;
        self.items.push(Item { name, parameters, emittable: false, content: Content::Function(inputs) });
        Ok(())
    }

    fn members(&mut self) -> Result<WrittenMembers<'a>, SyntaxError> {
        members(&mut self.parser)
    }
}

/// `{ name: type, … }`, or `(type, …)` whose members are called by their places, as the compiler does.
fn members<'a>(parser: &mut Parser<'a>) -> Result<WrittenMembers<'a>, SyntaxError> {
    let mut members = Vec::new();
    if parser.take("(") {
        parser.list(")", |parser| {
            let place = PLACES.get(members.len()).ok_or_else(|| parser.error("too many fields"))?;
            members.push((*place, parser.ty()?));
            Ok(())
        })?;
        return Ok(members);
    }
    parser.expect("{")?;
    parser.list("}", |parser| {
        let name = parser.name("a field")?;
        parser.expect(":")?;
        members.push((name, parser.ty()?));
        Ok(())
    })?;
    Ok(members)
}

const PLACES: [&str; 12] =
    ["pos0", "pos1", "pos2", "pos3", "pos4", "pos5", "pos6", "pos7", "pos8", "pos9", "pos10", "pos11"];

impl Item<'_> {
    fn is_function(&self) -> bool {
        matches!(self.content, Content::Function(_))
    }

    fn resolve(&self, scope: &Scope<'_>, catalogue: &mut Catalogue) -> Result<(), SyntaxError> {
        // Of what functions take, many are objects, which nobody has to describe.
        let undeclared = if self.is_function() { Undeclared::Taken } else { Undeclared::Refused };
        let ty = |written: &Written<'_>| scope.resolve(written, &self.name, &self.parameters, undeclared);
        let members = |written: &WrittenMembers<'_>| -> Result<Vec<Member>, SyntaxError> {
            let member =
                |(name, written): &(&str, Written<'_>)| Ok(Member { name: (*name).into(), ty: ty(written)? });
            written.iter().map(member).collect()
        };
        let parameters = self.parameters.len();
        let datatype = match &self.content {
            Content::Struct(written) => Datatype::of_struct(parameters, self.emittable, members(written)?),
            Content::Enum(written) => {
                let variant = |(name, written): &(&str, WrittenMembers<'_>)| {
                    Ok(Variant { name: (*name).into(), members: members(written)? })
                };
                let variants = written.iter().map(variant).collect::<Result<_, SyntaxError>>()?;
                Datatype { parameters, emittable: self.emittable, body: Body::Enum(variants) }
            }
            Content::Function(written) => {
                let mut inputs = Vec::with_capacity(written.len());
                for (name, written) in written {
                    let ty = ty(written)?;
                    if !known::is_context(&ty) {
                        inputs.push(Parameter { name: Some((*name).into()), ty });
                    }
                }
                let Name { module, name, .. } = self.name.clone();
                let added = catalogue.add_function(Function { module, name, parameters, inputs });
                return added.map_err(|reason| SyntaxError { offset: 0, reason });
            }
        };
        let added = catalogue.add(self.name.clone(), datatype, Origin::Described);
        added.map_err(|reason| SyntaxError { offset: 0, reason })
    }
}

/// A type as the chain writes it in its events.
pub(super) fn canonical_type(text: &str) -> Option<MoveType> {
    let mut parser = Parser::new(text);
    let written = parser.ty().ok()?;
    if !parser.at_end() {
        return None;
    }
    Scope::default().resolve(&written, &Name::new(UNTOLD, "", ""), &[], Undeclared::Refused).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn types(source: &str) -> Vec<String> {
        let catalogue = read(source).unwrap();
        let text = |name: &Name| match &catalogue.datatype(name).unwrap().body {
            Body::Struct(members) => {
                let members: Vec<_> = members.iter().map(|it| format!("{}: {}", it.name, it.ty)).collect();
                format!("{name} {{ {} }}", members.join(", "))
            }
            body => format!("{name} {body:?}"),
        };
        catalogue.own().iter().map(|name| text(name).replace(&"0".repeat(63), "")).collect()
    }

    #[test]
    fn a_layout_takes_a_line() {
        assert_eq!(
            types(
                "# of the pool\npool::Swapped<phantom A, B> { id: ID, by: address, gave: Option<B>, left: vector<Coin> }\n\
                 pool::Coin { name: String, url: Url, worth: Balance<Coin> }"
            ),
            [
                "pool::Swapped { id: 0x2::object::ID, by: address, gave: 0x1::option::Option<T1>, left: vector<pool::Coin> }",
                "pool::Coin { name: 0x1::string::String, url: 0x2::url::Url, worth: 0x2::balance::Balance<pool::Coin> }",
            ]
        );
    }

    #[test]
    fn the_declarations_of_move_are_layouts() {
        let source = "
            // Copyright
            module deepbook::order;
            use sui::object::{Self, ID};
            const EWrong: u64 = 1;
            /// An event. { not a body
            #[allow(unused)]
            public struct Placed<phantom T: store> has copy, drop, store {
                order: sui::object::ID, // which
                price: Price,
                kind: Kind,
            }
            public struct Price(u64, u8) has copy, drop;
            public struct Cap has key, store { id: UID }
            public(package) fun price<T>(order: &Placed<T>, mut at: u64, ctx: &mut TxContext): (u64, &Cap) { if (at > 0) { at } }
            public enum Kind has copy, drop { Limit { at: u64 }, Market, Both(u8, u8), }
            public struct Empty has copy, drop {}
        ";
        let catalogue = read(source).unwrap();
        let events: Vec<_> = catalogue.events().map(|(name, _)| name.short()).collect();
        assert_eq!(events, ["order::Placed", "order::Price", "order::Kind", "order::Empty"]);
        let [price] = catalogue.functions() else { panic!("one function") };
        assert_eq!(price.inputs.len(), 2, "the context is nobody's to give");
        assert_eq!(price.inputs[1], Parameter { name: Some("at".into()), ty: MoveType::Uint(64) });
        let types = types(source);
        assert_eq!(types[1], "order::Price { pos0: u64, pos1: u8 }");
        assert_eq!(types[4], "order::Empty { dummy_field: bool }");
        assert!(types[3].contains("Both") && types[3].contains("pos1"), "{}", types[3]);
    }

    #[test]
    fn modules_have_braces_or_not_and_addresses_or_names() {
        let source = "module 0x5::a { struct A { x: B } struct B { y: b::C } }\nmodule b; struct C { z: u8 }";
        assert_eq!(types(source), ["0x5::a::A { x: 0x5::a::B }", "0x5::a::B { y: b::C }", "b::C { z: u8 }"]);
    }

    #[test]
    fn what_is_wrong_is_said_and_where() {
        for (source, at, reason) in [
            ("m::A { a: u65 }", 10, "no layout of u65"),
            ("A { a: u64 }", 0, "module::Name"),
            ("m::A { a u64 }", 9, "\":\" is expected"),
            ("m::A { a: u64<u8> }", 10, "no type arguments"),
            ("m::A { a: u64", 13, "is expected here"),
            ("m::A { 1: u64 }", 7, "a field is expected"),
            ("a::b::c::D { a: u8 }", 0, "module::Name"),
            ("m::A { a: vector }", 10, "no layout of vector"),
            ("0xg::m::A { a: u8 }", 0, "'g' is none"),
            ("// nothing", 10, "a layout is expected"),
            ("m::A { a: * }", 10, "no layout of *"),
            ("module m { struct A { a: u8 }", 29, "\"}\" is missing"),
        ] {
            let error = read(source).map(|_| ()).unwrap_err();
            assert_eq!(error.offset, at, "{source}: {}", error.reason);
            assert!(error.reason.contains(reason), "{source}: {}", error.reason);
        }
        let deep = format!("m::A {{ a: {}u8{} }}", "vector<".repeat(5000), ">".repeat(5000));
        assert!(read(&deep).unwrap_err().reason.contains("too deep"));
    }

    #[test]
    fn types_of_events_read_back() {
        let address = format!("0x{}", "ab".repeat(32));
        for text in [
            "u8".to_owned(),
            format!("{address}::m::N"),
            format!("vector<{address}::m::N<u256, {address}::a::B<bool, address>>>"),
        ] {
            assert_eq!(canonical_type(&text).unwrap().to_string(), text);
        }
        for text in ["", "m::N", "N", "u8 u8", "*", "0x1::m::N<", "vector<u8,u8>"] {
            assert_eq!(canonical_type(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "(module|struct|enum|fun|public|use|m::A|0x1|vector|u8|[{}()<>:;,*&#/\\[\\] a\u{e9}\n]){0,40}") {
            let _ = read(&text);
            let _ = canonical_type(&text);
        }
    }
}
