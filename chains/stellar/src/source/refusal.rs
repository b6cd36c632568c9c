//! Reads what a server says when it refuses: which ledgers it has, or how much one answer may hold.

/// What a refusal says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The ledger asked for is not among those it has.
    Outside(Window),
    /// It keeps ledgers from a later one on, and does not say which.
    TooOld,
    /// It does not have the ledger yet.
    TooNew,
    /// An answer holds at most so many items.
    Limit(u32),
    /// It does not know the wildcard for any number of topics.
    NoOpenTopics,
    /// Something else.
    Unknown,
}

/// The ledgers that a server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) oldest: u32,
    pub(super) latest: u32,
}

impl Window {
    /// From the oldest to the newest that either has.
    pub(super) fn widest(self, other: Self) -> Self {
        Self { oldest: self.oldest.min(other.oldest), latest: self.latest.max(other.latest) }
    }
}

/// Texts are the node's to write: only their head is read.
const READ_CHARS: usize = 1_000;

/// The meaning of an error's text.
pub(super) fn read_refusal(message: &str) -> Refusal {
    let text = message.chars().take(READ_CHARS).collect::<String>().to_ascii_lowercase();
    if let Some(window) = window(&text) {
        return Refusal::Outside(window);
    }
    if let Some(limit) = after(&text, "limit must not exceed").and_then(first_number) {
        return Refusal::Limit(limit.max(1));
    }
    if text.contains("before oldest ledger") {
        return Refusal::TooOld;
    }
    if text.contains("after newest ledger") {
        return Refusal::TooNew;
    }
    // Servers before protocol 23 take the wildcard for a value, which it is not.
    let words = ["topic", "segment", "wildcard", "xdr", "base64"];
    if words.iter().any(|word| text.contains(word)) {
        return Refusal::NoOpenTopics;
    }
    Refusal::Unknown
}

/// "…within the ledger range: 1 - 2", or "…between the oldest ledger: 1 and the latest ledger: 2…".
fn window(text: &str) -> Option<Window> {
    let (oldest, latest) = match after(text, "ledger range:") {
        Some(rest) => {
            let (oldest, latest) = rest.split_once('-')?;
            (first_number(oldest)?, first_number(latest)?)
        }
        None => {
            (first_number(after(text, "oldest ledger:")?)?, first_number(after(text, "latest ledger:")?)?)
        }
    };
    (oldest <= latest).then_some(Window { oldest, latest })
}

fn after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    text.split_once(words).map(|(_, rest)| rest)
}

fn first_number(text: &str) -> Option<u32> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_texts_of_real_servers_are_understood() {
        let window = Refusal::Outside(Window { oldest: 3_846_337, latest: 3_967_296 });
        for (text, refusal) in [
            ("startLedger must be within the ledger range: 3846337 - 3967296", window),
            (
                "start ledger (5) must be between the oldest ledger: 3846337 and the latest ledger: 3967296 for this rpc instance",
                window,
            ),
            (
                "cursor ('4') must be between the oldest ledger: 3846337 and the latest ledger: 3967296 for this rpc instance",
                window,
            ),
            ("start is before oldest ledger", Refusal::TooOld),
            ("start is after newest ledger", Refusal::TooNew),
            ("limit must not exceed 200", Refusal::Limit(200)),
            ("limit must not exceed 0", Refusal::Limit(1)),
            ("filter 1 invalid: topic 1 invalid: segment 2 invalid", Refusal::NoOpenTopics),
            ("invalid parameters: illegal base64 data at input byte 0", Refusal::NoOpenTopics),
            ("the database is locked", Refusal::Unknown),
            ("startLedger must be within the ledger range: 9 - 1", Refusal::Unknown),
        ] {
            assert_eq!(read_refusal(text), refusal, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".*", number in any::<u64>()) {
            let _ = read_refusal(&text);
            let _ = read_refusal(&format!("ledger range:{number}-{text}"));
            let _ = read_refusal(&format!("limit must not exceed {number}"));
        }
    }
}
