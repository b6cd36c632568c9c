//! The known name that someone most likely meant.

use chainbell_targets::closest;

/// Distances between longer names cost time and help nobody.
const MAX_COMPARED: usize = 100;
/// Of more names only so many are compared: thousands of mistakes among thousands of names have to stay affordable.
const MAX_CANDIDATES: usize = 256;

/// The nearest of `known`, when it is near enough to be a slip of the fingers.
pub(super) fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if given.len() > MAX_COMPARED {
        return None;
    }
    let similar =
        |name: &&str| name.len().abs_diff(given.len()) <= 2 + given.len() / 5 && name.len() <= MAX_COMPARED;
    let known: Vec<&str> = known.into_iter().filter(similar).take(MAX_CANDIDATES).collect();
    closest(given, &known)
}

/// `; did you mean "…"?`, or nothing.
pub(super) fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(given, known).map_or_else(String::new, |name| format!("; did you mean {name:?}?"))
}
