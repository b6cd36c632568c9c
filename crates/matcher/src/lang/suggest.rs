//! The known name that was probably meant.

/// How many names are listed when none is near.
const MAX_LISTED: usize = 12;
/// Longer names are compared by their beginnings.
const MAX_COMPARED: usize = 64;

/// `; did you mean "x"?`, or else what there is.
pub(super) fn suggestion(name: &str, known: &[&str]) -> String {
    if let Some(nearest) = nearest(name, known) {
        return format!("; did you mean {nearest:?}?");
    }
    if known.is_empty() {
        return String::new();
    }
    let listed = known.iter().take(MAX_LISTED).copied().collect::<Vec<_>>().join(", ");
    format!("; there are {listed}{}", if known.len() > MAX_LISTED { ", …" } else { "" })
}

fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let allowed = 1 + name.len() / 4;
    let same_end = |known: &&&str| known.rsplit_once('.').is_some_and(|(_, last)| last == name);
    known.iter().find(same_end).copied().or_else(|| {
        let ranked = known.iter().map(|known| (distance(name, known), *known));
        ranked
            .filter(|(distance, _)| *distance <= allowed)
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, name)| name)
    })
}

/// How many insertions, removals and replacements lie between two names, whatever their case.
fn distance(one: &str, other: &str) -> usize {
    let lower = |text: &str| -> Vec<char> {
        text.chars().take(MAX_COMPARED).map(|c| c.to_ascii_lowercase()).collect()
    };
    let (one, other) = (lower(one), lower(other));
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_or_all_are_listed() {
        let known = ["from", "to", "value", "tx.gas_price"];
        assert_eq!(suggestion("vlaue", &known), "; did you mean \"value\"?");
        assert_eq!(suggestion("Value", &known), "; did you mean \"value\"?");
        assert_eq!(suggestion("gas_price", &known), "; did you mean \"tx.gas_price\"?");
        assert_eq!(suggestion("quantity", &known), "; there are from, to, value, tx.gas_price");
        assert_eq!(suggestion("x", &[]), "");
    }
}
