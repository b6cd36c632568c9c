//! What is wrong with a configuration: every problem of a load, each shown at its place.

use std::{fmt, ops::Range, path::PathBuf, sync::Arc};

use super::source::{Place, SourceFile, Sources};

/// The most characters of a line that are shown.
const MAX_SHOWN: usize = 120;

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    /// Where; `None` when a whole file is the trouble.
    pub(super) place: Option<Place>,
    /// The path of the key, for example `monitors[2].when`; empty for errors of syntax.
    pub(super) key: String,
    /// In words, without secrets.
    pub(super) message: String,
    /// Another place that has to do with it, and in which way.
    pub(super) related: Option<(Place, &'static str)>,
}

/// Everything that is wrong with a configuration. [`fmt::Display`] shows each problem as `file:line:column: key:
/// message` with its line and a caret; values that are or may be secret are starred.
#[derive(Clone, thiserror::Error)]
pub struct ConfigErrors {
    sources: Arc<Sources>,
    problems: Vec<Problem>,
}

impl ConfigErrors {
    pub(super) fn new(sources: Arc<Sources>, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.place);
        Self { sources, problems }
    }

    /// For a file that cannot be read at all.
    pub(super) fn unreadable(path: PathBuf, error: &std::io::Error) -> Self {
        let message = format!("{}: cannot be read: {error}", path.display());
        let problem = Problem { place: None, key: String::new(), message, related: None };
        Self { sources: Arc::default(), problems: vec![problem] }
    }

    /// How many problems there are; at least one.
    pub fn count(&self) -> usize {
        self.problems.len()
    }

    /// Each problem by itself, in the order of files and lines.
    pub fn rendered(&self) -> impl Iterator<Item = String> + '_ {
        self.problems.iter().map(|problem| render(&self.sources, problem))
    }
}

/// More than this are one mistake made many times.
const MOST_SHOWN: usize = 50;

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.rendered().take(MOST_SHOWN).enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&problem)?;
        }
        match self.count().saturating_sub(MOST_SHOWN) {
            0 => Ok(()),
            more => writeln!(f, "\n… and {more} more mistakes"),
        }
    }
}

impl fmt::Debug for ConfigErrors {
    /// As displayed: the sources hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn render(sources: &Sources, problem: &Problem) -> String {
    let Some(place) = problem.place else { return format!("{}\n", problem.message) };
    let position = sources.position(place);
    let key = if problem.key.is_empty() { String::new() } else { format!("{}: ", problem.key) };
    let mut out = format!("{position}: {key}{}\n", problem.message);
    if let Some(file) = sources.file(place) {
        out.push_str(&excerpt(file, place));
    }
    if let Some((related, what)) = problem.related {
        out.push_str(&format!("  = {what} {}\n", sources.position(related)));
    }
    out
}

/// The line of `place` with carets under it.
fn excerpt(file: &SourceFile, place: Place) -> String {
    let start = file.text.floor_char_boundary(place.start as usize);
    let (number, line) = file.line_of(start);
    let start = start.min(line.end);
    let shown = window(&file.text, line.clone(), start);
    let end = file.text.floor_char_boundary(place.end as usize).clamp(start, shown.end);

    let margin = file.text[shown.start..start].chars().map(|char| if char == '\t' { '\t' } else { ' ' });
    let margin: String = margin.collect();
    let carets = "^".repeat(file.text[start..end].chars().count().max(1));
    let (lead, indent) = if shown.start > line.start { ("… ", "  ") } else { ("", "") };
    let tail = if shown.end < line.end { " …" } else { "" };
    let text: String = shown_chars(file, shown).collect();

    let number = (number + 1).to_string();
    let gutter = " ".repeat(number.len());
    format!("{gutter} |\n{number} | {lead}{text}{tail}\n{gutter} | {indent}{margin}{carets}\n")
}

/// The part of a line that is shown: a long one around `start`.
fn window(text: &str, line: Range<usize>, start: usize) -> Range<usize> {
    let back =
        |chars: usize| text[line.start..start].char_indices().rev().nth(chars).map(|(at, _)| line.start + at);
    let first = back(MAX_SHOWN - 20).and_then(|_| back(MAX_SHOWN / 2)).unwrap_or(line.start);
    let last = text[first..line.end].char_indices().nth(MAX_SHOWN).map_or(line.end, |(at, _)| first + at);
    first..last
}

/// A part of a line as it may be shown: secrets starred, control characters replaced, one character for each.
fn shown_chars(file: &SourceFile, part: Range<usize>) -> impl Iterator<Item = char> + '_ {
    let start = part.start;
    let text = &file.text[part];
    let names = variable_names(text);
    text.char_indices().map(move |(offset, char)| match char {
        '\t' => char,
        _ if names.iter().any(|name| name.contains(&offset)) => char,
        _ if file.is_masked(start + offset) => '*',
        _ if char.is_control() => '\u{fffd}',
        _ => char,
    })
}

/// Where `${NAME}` stands: the name of a variable is not secret.
fn variable_names(text: &str) -> Vec<Range<usize>> {
    let starts = text.match_indices("${").map(|(at, _)| at).filter(|at| !text[..*at].ends_with('$'));
    let whole = |at: usize| {
        let name =
            text[at + 2..].bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let end = at + 2 + name;
        (text[end..].starts_with('}')).then_some(at..end + 1)
    };
    starts.filter_map(whole).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, masked: Range<u32>, span: Range<usize>) -> String {
        let mut file = SourceFile::new("c.toml".into(), text.to_owned());
        file.mask(vec![masked]);
        let problem = Problem {
            place: Some(Place::new(0, span)),
            key: "log.level".to_owned(),
            message: "is wrong".to_owned(),
            related: None,
        };
        ConfigErrors::new(Arc::new(Sources { files: vec![file] }), vec![problem]).to_string()
    }

    #[test]
    fn a_problem_shows_its_line_and_a_caret_and_stars_secrets() {
        assert_eq!(
            shown("x = 1\n\tsecret = \"abc\", y = 2\n", 17..20, 23..24),
            "c.toml:2:18: log.level: is wrong\n  |\n2 | \tsecret = \"***\", y = 2\n  | \t                ^\n"
        );
    }

    #[test]
    fn a_long_line_is_shown_around_the_place() {
        let text = format!("x = \"{}!{}\"", "a".repeat(300), "b".repeat(300));
        let shown = shown(&text, 0..0, 305..306);
        let lines: Vec<&str> = shown.lines().collect();
        let caret = lines[3].chars().position(|char| char == '^');
        assert_eq!(lines[2].chars().position(|char| char == '!'), caret);
        assert!(lines[2].chars().count() < 140);
    }

    #[test]
    fn places_outside_the_text_do_no_harm() {
        for span in [0..0, 0..900, 900..901] {
            shown("é = 1", 0..0, span);
        }
        shown("", 0..0, 0..0);
    }
}
