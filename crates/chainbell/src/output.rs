//! What commands print: lines for programs, tables for people. Standard output carries nothing else.

use std::io::Write as _;

use chainbell_model::Timestamp;

/// Prints one line. A reader that went away (`| head`) ends the command quietly.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        written => Ok(written?),
    }
}

/// RFC 3339 in UTC, to the second.
pub(crate) fn time(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(
        |_out_of_range| at.0.to_string(),
        |time| time.round(jiff::Unit::Second).unwrap_or(time).to_string(),
    )
}

/// One endpoint of a network, from its JSON form: host, state, last failure.
pub(crate) fn endpoint(endpoint: &serde_json::Value) -> String {
    let text = |key: &str| endpoint[key].as_str();
    let failure = text("last_error").map(|failure| format!(" ({failure})")).unwrap_or_default();
    format!("{}: {}{failure}", text("url").unwrap_or_default(), text("state").unwrap_or_default())
}

/// At most `length` characters, with an ellipsis where something was cut.
pub(crate) fn shorten(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

/// A table with left-aligned columns as wide as their widest cell.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With these headings.
    pub(crate) fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|heading| heading.to_uppercase()).collect()] }
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    /// Prints it; a table without rows says so.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(crate) fn print(&self) -> anyhow::Result<()> {
        if self.rows.len() == 1 {
            return line("nothing found");
        }
        let columns = self.rows.first().map_or(0, Vec::len);
        let widths: Vec<usize> = (0..columns)
            .map(|column| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
            .collect();
        for row in &self.rows {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            line(cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(shorten("äöü", 2), "äö…");
        assert_eq!(shorten("äöü", 3), "äöü");
        assert_eq!(time(Timestamp(1_700_000_000_123)), "2023-11-14T22:13:20Z");
    }
}
