//! The known name that someone most likely meant.

use chainbell_targets::closest;

/// Distances between longer names cost time and help nobody.
const MAX_COMPARED: usize = 100;

/// The nearest of `known`, when it is near enough to be a slip of the fingers.
pub(super) fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if given.len() > MAX_COMPARED {
        return None;
    }
    let known: Vec<&str> = known.into_iter().filter(|name| name.len() <= MAX_COMPARED).collect();
    closest(given, &known)
}

/// `; did you mean "…"?`, or nothing.
pub(super) fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(given, known).map_or_else(String::new, |name| format!("; did you mean {name:?}?"))
}
