//! What someone may have meant: the known names nearest to an unknown one.

/// How many are worth showing.
const SHOWN: usize = 5;
/// Names are compared by this many letters at the most.
const COMPARED: usize = 64;

/// The names most similar to `wanted`, nearest first, each once.
pub fn similar<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let wanted = letters(wanted);
    let mut ranked: Vec<_> =
        names.into_iter().map(|name| (distance(&wanted, &letters(name)), name)).collect();
    ranked.sort_unstable();
    ranked.dedup();
    ranked.into_iter().take(SHOWN).map(|(_, name)| name.to_owned()).collect()
}

fn letters(name: &str) -> Vec<char> {
    name.chars().take(COMPARED).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Levenshtein's: how many letters to insert, remove or replace.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (above, left_letter) in left.iter().enumerate() {
        let mut diagonal = above;
        row[0] = above + 1;
        for (place, right_letter) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(left_letter != right_letter);
            diagonal = row[place + 1];
            row[place + 1] = replaced.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_comes_first_and_each_once() {
        let names = ["Approval", "Transfer", "Transfer", "Deposit", "TransferSingle"];
        assert_eq!(similar("Trasnfer", names)[0], "Transfer");
        assert_eq!(similar("transfer", names).len(), 4);
        assert!(similar("x", []).is_empty());
    }
}
