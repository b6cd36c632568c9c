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
    types::{Body, Datatype, Function, Member, MoveType, Name, UNTOLD, Variant},
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
                        inputs.push((Some((*name).into()), ty));
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
