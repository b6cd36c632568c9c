//! Shows where in a condition something is wrong.

use std::ops::Range;

/// The most characters of a line that are shown.
const MAX_SHOWN: usize = 100;
/// How much is shown before the span when the line is longer than that.
const BEFORE: usize = 30;

/// The line of `text` in which `span` (bytes) begins, and below it carets under the span:
///
/// ```text
/// value > tresHold
///         ^^^^^^^^
/// ```
///
/// Long lines are cut around the span; control characters are shown as spaces. Any span will do.
pub fn render(text: &str, span: Range<usize>) -> String {
    let start = text.floor_char_boundary(span.start.min(text.len()));
    let end = text.ceil_char_boundary(span.end.clamp(start, text.len()));
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let line = &text[line_start..line_end];
    let column = text[line_start..start].chars().count();
    let width = text[start..end.min(line_end).max(start)].chars().count();
    let (cut, hidden) =
        if line.chars().count() <= MAX_SHOWN { (false, 0) } else { (true, column.saturating_sub(BEFORE)) };
    let mut shown = String::new();
    if hidden > 0 {
        shown.push('…');
    }
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    shown.extend(line.chars().skip(hidden).take(MAX_SHOWN).map(visible));
    if cut && line.chars().count() > hidden + MAX_SHOWN {
        shown.push('…');
    }
    let indent = column - hidden + usize::from(hidden > 0);
    let room = (MAX_SHOWN + hidden).saturating_sub(column).max(1);
    format!("{}\n{}{}", shown.trim_end(), " ".repeat(indent), "^".repeat(width.clamp(1, room)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_under_the_span_of_its_own_line() {
        assert_eq!(render("a &&\n  böse > 1\n", 7..12), "  böse > 1\n  ^^^^");
        assert_eq!(render("a > ", 4..4), "a >\n    ^");
        assert_eq!(render("", 7..9), "\n^");
    }

    #[test]
    fn long_lines_are_cut_around_the_span() {
        let text = format!("{}HERE{}", "a".repeat(500), "b".repeat(500));
        let shown = render(&text, 500..504);
        let (line, carets) = shown.split_once('\n').unwrap();
        assert!(line.chars().count() <= MAX_SHOWN + 2);
        let at = line.chars().position(|c| c == 'H').unwrap();
        assert_eq!(carets, format!("{}^^^^", " ".repeat(at)));
    }
}
