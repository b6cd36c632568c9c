//! Finds what the names in layouts written by hand mean: a type parameter, a type of Move's own, a layout beside it, or one
//! that everybody knows.

use std::collections::HashMap;

use super::{
    known,
    parser::{SyntaxError, Written},
    types::{MoveType, Name, UNTOLD},
};

/// The layouts that are written beside each other.
#[derive(Debug, Default)]
pub(crate) struct Scope<'a> {
    by_name: HashMap<&'a str, Vec<&'a Name>>,
}

/// What becomes of a type without layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undeclared {
    /// It is a mistake.
    Refused,
    /// It is of the module in which it is named.
    Taken,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(declared: &[&'a Name]) -> Self {
        let mut by_name: HashMap<&str, Vec<&Name>> = HashMap::new();
        for name in declared {
            by_name.entry(&name.name).or_default().push(name);
        }
        Self { by_name }
    }

    /// The type that `written` means within `enclosing`, which has those type parameters.
    pub(crate) fn resolve(
        &self,
        written: &Written<'_>,
        enclosing: &Name,
        parameters: &[&str],
        undeclared: Undeclared,
    ) -> Result<MoveType, SyntaxError> {
        let Written { path, arguments } = written;
        let mut arguments = arguments
            .iter()
            .map(|argument| self.resolve(argument, enclosing, parameters, undeclared))
            .collect::<Result<Vec<_>, _>>()?;
        if let [name] = path.segments[..] {
            let parameter =
                parameters.iter().position(|parameter| *parameter == name).map(MoveType::Parameter);
            let plain = parameter.or_else(|| MoveType::elementary(name));
            match (plain, arguments.len()) {
                (Some(plain), 0) => return Ok(plain),
                (Some(_), _) => return Err(path.error(format!("{name} has no type arguments"))),
                (None, 1) if name == "vector" => {
                    return Ok(MoveType::Vector(Box::new(arguments.remove(0))));
                }
                _ => {}
            }
        }
        let name = match path.segments[..] {
            [package, module, name] => Some(Name::new(path.package(package)?, module, name)),
            [module, name] => self.declared(Some(module), name, enclosing),
            [name] => self.declared(None, name, enclosing),
            _ => None,
        };
        let taken = || match (undeclared, &path.segments[..]) {
            (Undeclared::Taken, [name]) => Some(Name::new(UNTOLD, &enclosing.module, name)),
            (Undeclared::Taken, [module, name]) => Some(Name::new(UNTOLD, module, name)),
            _ => None,
        };
        let name = name.or_else(taken);
        let name =
            name.ok_or_else(|| path.error(format!("there is no layout of {}", path.segments.join("::"))))?;
        Ok(MoveType::Datatype(name, arguments))
    }

    /// A layout of the same module goes before those of others, and all of them before what everybody knows.
    fn declared(&self, module: Option<&str>, name: &str, enclosing: &Name) -> Option<Name> {
        let named = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        let own = module.unwrap_or(&enclosing.module);
        if let Some(own) = named.iter().find(|one| &*one.module == own) {
            return Some((*own).clone());
        }
        match (module, named) {
            (None, [only]) => Some((*only).clone()),
            _ => known::named(module, name),
        }
    }
}
