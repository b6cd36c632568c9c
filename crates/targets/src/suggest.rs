//! Finds the known word that an unknown one was probably meant to be.

/// The candidate nearest to `word`, if one is near enough to be a slip of the hand.
pub fn closest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    // Words come from configuration: a long one is no slip, and the distance costs the product of the lengths.
    if word.len() > 64 {
        return None;
    }
    let near = candidates.iter().map(|candidate| (distance(word, candidate), *candidate));
    let (distance, candidate) = near.min_by_key(|(distance, _)| *distance)?;
    (distance <= 1 + word.len() / 5).then_some(candidate)
}

/// `; did you mean "…"?`, or nothing.
pub(crate) fn did_you_mean(word: &str, candidates: &[&str]) -> String {
    closest(word, candidates).map_or_else(String::new, |near| format!("; did you mean {near:?}?"))
}

/// Levenshtein's: insertions, deletions and replacements.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        row[0] = left;
        for (cell, to) in row[1..].iter_mut().zip(&b) {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = *cell;
            left = replaced.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let known = ["url", "secret", "timeout", "content_type"];
        assert_eq!(closest("secert", &known), Some("secret"));
        assert_eq!(closest("time_out", &known), Some("timeout"));
        assert_eq!(closest("contenttype", &known), Some("content_type"));
        assert_eq!(closest("colour", &known), None);
        assert_eq!(closest("", &[]), None);
        assert_eq!((distance("kitten", "sitting"), distance("", "abc"), distance("é", "e")), (3, 3, 1));
    }
}
