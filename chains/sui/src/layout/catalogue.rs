//! Everything a description tells, found by name.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{
    known,
    types::{Body, Datatype, Function, MoveType, Name, UNTOLD},
};
use crate::address;

/// More would be no package's.
const MAX_DATATYPES: usize = 20_000;

/// Datatypes and functions of a description.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    datatypes: HashMap<Name, Datatype>,
    /// The names of the datatypes of the package described, in its order.
    own: Vec<Name>,
    functions: Vec<Function>,
}

impl Catalogue {
    /// Adds a datatype; of the package described itself, or of one that it uses. The first of a name stays.
    pub(crate) fn add(&mut self, name: Name, datatype: Datatype, origin: Origin) -> Result<(), String> {
        if self.datatypes.len() >= MAX_DATATYPES {
            return Err("the description has too many types".to_owned());
        }
        if !self.datatypes.contains_key(&name) {
            if origin == Origin::Described {
                self.own.push(name.clone());
            }
            self.datatypes.insert(name, datatype);
        }
        Ok(())
    }

    pub(crate) fn add_function(&mut self, function: Function) -> Result<(), String> {
        if self.functions.len() >= MAX_DATATYPES {
            return Err("the description has too many functions".to_owned());
        }
        self.functions.push(function);
        Ok(())
    }

    /// The datatype of that name: of this description, or one that everybody knows.
    pub(crate) fn datatype(&self, name: &Name) -> Option<&Datatype> {
        let described = self.datatypes.get(name).or_else(|| known::catalogue().datatypes.get(name));
        described.or_else(|| {
            // Layouts written by hand leave the package out.
            let untold = Name { package: UNTOLD, ..name.clone() };
            self.datatypes.get(&untold)
        })
    }

    /// The names of the datatypes of the package described.
    pub(crate) fn own(&self) -> &[Name] {
        &self.own
    }

    pub(crate) fn functions(&self) -> &[Function] {
        &self.functions
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.datatypes.is_empty() && self.functions.is_empty()
    }

    /// Of the package described, those that may be events.
    pub(crate) fn events(&self) -> impl Iterator<Item = (&Name, &Datatype)> {
        let own = self.own.iter().filter_map(|name| Some((name, self.datatypes.get(name)?)));
        own.filter(|(_, datatype)| datatype.emittable)
    }

    /// The same, structs that no other type holds first: the others are rather parts of events.
    pub(crate) fn likeliest_events(&self) -> Vec<&Name> {
        let mut held: HashSet<&Name> = HashSet::new();
        let mut left: Vec<&MoveType> = self
            .own
            .iter()
            .filter_map(|name| self.datatypes.get(name))
            .flat_map(|one| one.body.types())
            .collect();
        while let Some(ty) = left.pop() {
            match ty {
                MoveType::Vector(item) => left.push(item),
                MoveType::Datatype(name, arguments) => {
                    held.insert(name);
                    left.extend(arguments);
                }
                MoveType::Bool | MoveType::Uint(_) | MoveType::Address | MoveType::Parameter(_) => {}
            }
        }
        let mut events: Vec<(&Name, &Datatype)> = self.events().collect();
        events
            .sort_by_key(|(name, datatype)| held.contains(name) || !matches!(datatype.body, Body::Struct(_)));
        events.into_iter().map(|(name, _)| name).collect()
    }

    /// The packages that define what the events of the package described hold and nobody describes.
    pub(crate) fn missing_packages(&self) -> BTreeSet<[u8; address::LEN]> {
        let mut missing = BTreeSet::new();
        let mut held: HashMap<&Name, BTreeSet<usize>> = HashMap::new();
        let mut left: Vec<&MoveType> =
            self.events().flat_map(|(_, datatype)| datatype.body.types()).collect();
        while let Some(ty) = left.pop() {
            let (name, arguments) = match ty {
                MoveType::Vector(item) => {
                    left.push(item);
                    continue;
                }
                MoveType::Datatype(name, arguments) => (name, arguments),
                MoveType::Bool | MoveType::Uint(_) | MoveType::Address | MoveType::Parameter(_) => continue,
            };
            if known::special(name).is_some() {
                left.extend(arguments);
                continue;
            }
            let Some(datatype) = self.datatype(name) else {
                missing.insert(name.package);
                continue;
            };
            let parameters = held.entry(name).or_insert_with(|| {
                left.extend(datatype.body.types());
                datatype.body.types().flat_map(MoveType::parameters).collect()
            });
            // Of the others no value is held: they are phantoms.
            left.extend(parameters.iter().filter_map(|place| arguments.get(*place)));
        }
        missing.remove(&UNTOLD);
        missing
    }
}

/// Whose a datatype is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Of the package described.
    Described,
    /// Of another one, which it uses.
    Used,
}
