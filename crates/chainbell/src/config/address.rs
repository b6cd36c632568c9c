//! Addresses in a chain's text form, alone or in lists.

use chainbell_model::{Address, Dialect};

use super::item::Item;

/// Like [`addresses`]; an empty list is reported, because whoever writes one cannot mean that nothing is limited.
pub(super) fn some_addresses(item: Item<'_>, dialect: &dyn Dialect) -> Vec<Address> {
    if item.value.get_ref().as_array().is_some_and(|list| list.is_empty()) {
        item.report("this list is empty; to set no limit leave the key out");
    }
    addresses(item, dialect)
}

/// One address, or a list of them. Reports each that is none.
pub(super) fn addresses(item: Item<'_>, dialect: &dyn Dialect) -> Vec<Address> {
    item.one_or_many().iter().filter_map(|item| address(item, dialect)).collect()
}

fn address(item: &Item<'_>, dialect: &dyn Dialect) -> Option<Address> {
    if item.value.get_ref().is_integer() {
        item.reading.mark_plain(item.place());
        item.report("an address is text: put it in quotes");
        return None;
    }
    let text = item.text()?;
    let parsed = dialect.parse_address(&text.value);
    parsed
        .map_err(|error| {
            if error.secret {
                item.reading.mark_secret(item.place());
            }
            item.report(error.to_string());
        })
        .ok()
}
