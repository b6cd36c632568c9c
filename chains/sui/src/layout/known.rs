//! The types of the standard library and the framework that values of other packages are made of: nobody has to describe
//! them.

use std::sync::LazyLock;

use super::{
    catalogue::Catalogue,
    text,
    types::{FRAMEWORK, MoveType, Name, STD},
};
use crate::address;

/// Structs whose values are shown as something simpler than their fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Special {
    /// A string, or a struct of nothing else.
    Text,
    /// An object's id.
    Id,
    /// A list of one or none.
    Option,
}

const SPECIALS: [([u8; address::LEN], &str, &str, Special); 7] = [
    (STD, "string", "String", Special::Text),
    (STD, "ascii", "String", Special::Text),
    (STD, "type_name", "TypeName", Special::Text),
    (STD, "option", "Option", Special::Option),
    (FRAMEWORK, "object", "ID", Special::Id),
    (FRAMEWORK, "object", "UID", Special::Id),
    (FRAMEWORK, "url", "Url", Special::Text),
];

/// As which simpler thing the datatype is shown.
pub(super) fn special(name: &Name) -> Option<Special> {
    let same = |one: &&([u8; address::LEN], &str, &str, Special)| {
        (one.0, one.1, one.2) == (name.package, &*name.module, &*name.name)
    };
    SPECIALS.iter().find(same).map(|one| one.3)
}

/// Whether it is the context of the transaction, which functions get without anybody giving it.
pub(super) fn is_context(ty: &MoveType) -> bool {
    let MoveType::Datatype(name, _) = ty else { return false };
    (name.package, &*name.module, &*name.name) == (FRAMEWORK, "tx_context", "TxContext")
}

/// The known datatype that layouts mean by `path`: `Name` or `module::Name`.
pub(super) fn named(module: Option<&str>, name: &str) -> Option<Name> {
    let fits = |known: &str| module.is_none_or(|module| module == known);
    let special = SPECIALS.iter().find(|one| one.2 == name && fits(one.1));
    if let Some((package, module, ..)) = special {
        return Some(Name::new(*package, module, name));
    }
    if name == "TxContext" && fits("tx_context") {
        return Some(Name::new(FRAMEWORK, "tx_context", name));
    }
    catalogue().own().iter().find(|known| &*known.name == name && fits(&known.module)).cloned()
}

/// The known datatypes.
pub(super) fn catalogue() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> =
        LazyLock::new(|| text::read(LAYOUTS).expect("the layouts of the framework are well-formed"));
    &CATALOGUE
}

const LAYOUTS: &str = "
    0x1::ascii::Char { byte: u8 }
    0x1::bit_vector::BitVector { length: u64, bit_field: vector<bool> }
    0x1::fixed_point32::FixedPoint32 { value: u64 }
    0x1::uq32_32::UQ32_32 { pos0: u64 }
    0x1::uq64_64::UQ64_64 { pos0: u128 }

    0x2::bag::Bag { id: 0x2::object::UID, size: u64 }
    0x2::balance::Balance<T> { value: u64 }
    0x2::balance::Supply<T> { value: u64 }
    0x2::clock::Clock { id: 0x2::object::UID, timestamp_ms: u64 }
    0x2::coin::Coin<T> { id: 0x2::object::UID, balance: 0x2::balance::Balance<T> }
    0x2::coin::TreasuryCap<T> { id: 0x2::object::UID, total_supply: 0x2::balance::Supply<T> }
    0x2::display::DisplayCreated<T> { id: 0x2::object::ID }
    0x2::display::VersionUpdated<T> {
        id: 0x2::object::ID,
        version: u16,
        fields: 0x2::vec_map::VecMap<0x1::string::String, 0x1::string::String>,
    }
    0x2::group_ops::Element<T> { bytes: vector<u8> }
    0x2::kiosk::ItemListed<T> { kiosk: 0x2::object::ID, id: 0x2::object::ID, price: u64 }
    0x2::kiosk::ItemPurchased<T> { kiosk: 0x2::object::ID, id: 0x2::object::ID, price: u64 }
    0x2::kiosk::ItemDelisted<T> { kiosk: 0x2::object::ID, id: 0x2::object::ID }
    0x2::linked_table::LinkedTable<K, V> {
        id: 0x2::object::UID,
        size: u64,
        head: 0x1::option::Option<K>,
        tail: 0x1::option::Option<K>,
    }
    0x2::object_bag::ObjectBag { id: 0x2::object::UID, size: u64 }
    0x2::object_table::ObjectTable<K, V> { id: 0x2::object::UID, size: u64 }
    0x2::package::UpgradeTicket {
        cap: 0x2::object::ID,
        package: 0x2::object::ID,
        policy: u8,
        digest: vector<u8>,
    }
    0x2::package::UpgradeReceipt { cap: 0x2::object::ID, package: 0x2::object::ID }
    0x2::sui::SUI {}
    0x2::table::Table<K, V> { id: 0x2::object::UID, size: u64 }
    0x2::table_vec::TableVec<T> { contents: 0x2::table::Table<u64, T> }
    0x2::vec_map::Entry<K, V> { key: K, value: V }
    0x2::vec_map::VecMap<K, V> { contents: vector<0x2::vec_map::Entry<K, V>> }
    0x2::vec_set::VecSet<K> { contents: vector<K> }
    0x2::versioned::Versioned { id: 0x2::object::UID, version: u64 }
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layouts_of_the_framework_lack_nothing() {
        assert!(catalogue().own().len() > 20);
        assert!(catalogue().missing_packages().is_empty());
    }

    #[test]
    fn names_without_package_find_what_they_usually_mean() {
        let full = |module, name| named(module, name).map(|name| name.to_string().replace('0', ""));
        assert_eq!(full(None, "String").unwrap(), "x1::string::String");
        assert_eq!(full(Some("ascii"), "String").unwrap(), "x1::ascii::String");
        assert_eq!(full(None, "Balance").unwrap(), "x2::balance::Balance");
        assert_eq!(full(Some("kiosk"), "Balance"), None);
        assert!(is_context(&MoveType::Datatype(named(None, "TxContext").unwrap(), Vec::new())));
    }
}
