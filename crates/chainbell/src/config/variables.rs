//! Replaces `${VAR}` and `${VAR:-default}` in a text and remembers where each byte came from. `$${` stands for `${`.

use std::ops::Range;

/// Where the bytes of a substituted text come from: the starts of its parts, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Origins(Box<[Part]>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    /// Its first byte in the substituted text.
    start: u32,
    /// Where it comes from in the text as it was.
    origin: u32,
    /// As it was written; else the value of a variable, all of which comes from `origin`.
    verbatim: bool,
}

impl Origins {
    /// The byte of the text before substitution that `offset` of the text after it comes from.
    pub(super) fn of(&self, offset: usize) -> usize {
        let after = self.0.partition_point(|part| part.start as usize <= offset);
        let Some(part) = after.checked_sub(1).and_then(|index| self.0.get(index)) else { return offset };
        let within = if part.verbatim { offset - part.start as usize } else { 0 };
        part.origin as usize + within
    }
}

/// What is wrong with a `${…}`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum VariableError {
    #[error("the environment variable {0} is not set; write ${{{0}:-…}} to give it a default")]
    Missing(String),
    #[error("{0:?} is not the name of an environment variable; write $${{ for a literal ${{")]
    BadName(String),
    #[error("this ${{ has no closing brace; write $${{ for a literal ${{")]
    Unclosed,
}

/// The bytes of the text where a `${…}` stands, and what is wrong with it.
pub(super) type Misplaced = (Range<usize>, VariableError);

/// `None` when there is nothing to replace. All errors are returned, not only the first.
pub(super) fn substitute(
    text: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<(String, Origins)>, Vec<Misplaced>> {
    if !text.contains("${") {
        return Ok(None);
    }
    let (mut out, mut parts, mut errors) = (String::with_capacity(text.len()), Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(found) = text[at..].find("${").map(|found| found + at) {
        let escaped = text[at..found].ends_with('$');
        let plain_end = if escaped { found - 1 } else { found };
        push_part(&mut parts, &out, at, true);
        out.push_str(&text[at..plain_end]);
        if escaped {
            push_part(&mut parts, &out, found, true);
            out.push_str("${");
            at = found + 2;
            continue;
        }
        let Some(end) = text[found..].find('}').map(|end| end + found) else {
            errors.push((found..text.len(), VariableError::Unclosed));
            break;
        };
        push_part(&mut parts, &out, found, false);
        match value_of(&text[found + 2..end], env) {
            Ok(value) => out.push_str(&value),
            Err(error) => errors.push((found..end + 1, error)),
        }
        at = end + 1;
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    push_part(&mut parts, &out, at, true);
    out.push_str(&text[at..]);
    Ok(Some((out, Origins(parts.into()))))
}

fn push_part(parts: &mut Vec<Part>, out: &str, origin: usize, verbatim: bool) {
    parts.push(Part { start: out.len() as u32, origin: origin as u32, verbatim });
}

fn value_of(inside: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, VariableError> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let first_fits = name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_');
    if !first_fits || !name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_') {
        return Err(VariableError::BadName(name.chars().take(40).collect()));
    }
    match (env(name), default) {
        // As in a shell, `:-` also stands in for a variable that is set to nothing.
        (Some(value), Some(default)) if value.is_empty() => Ok(default.to_owned()),
        (Some(value), _) => Ok(value),
        (None, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(VariableError::Missing(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn env(name: &str) -> Option<String> {
        match name {
            "KEY" => Some("k3y".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    fn replaced(text: &str) -> String {
        substitute(text, &env).unwrap().map_or_else(|| text.to_owned(), |(text, _)| text)
    }

    #[test]
    fn variables_defaults_and_escapes_are_replaced() {
        assert_eq!(replaced("no variable, $5 {x}"), "no variable, $5 {x}");
        assert_eq!(replaced("a/${KEY}/b${KEY}"), "a/k3y/bk3y");
        assert_eq!(replaced("${NONE:-d}${EMPTY:-e}${EMPTY}${KEY:-x}${NONE:-}"), "dek3y");
        assert_eq!(replaced("$${KEY} $$${KEY}"), "${KEY} $${KEY}");
    }

    #[test]
    fn every_bad_variable_is_told_with_its_place() {
        let errors = substitute("${A} ${1x} ${KEY} ${", &env).unwrap_err();
        assert_eq!(
            errors,
            [
                (0..4, VariableError::Missing("A".to_owned())),
                (5..10, VariableError::BadName("1x".to_owned())),
                (18..20, VariableError::Unclosed),
            ]
        );
    }

    #[test]
    fn bytes_are_traced_back_to_where_they_were_written() {
        let text = "ab${KEY}cd$${e";
        let (out, origins) = substitute(text, &env).unwrap().unwrap();
        assert_eq!(out, "abk3ycd${e");
        let traced: Vec<usize> = (0..out.len()).map(|offset| origins.of(offset)).collect();
        assert_eq!(traced, [0, 1, 2, 2, 2, 8, 9, 11, 12, 13]);
    }

    proptest! {
        #[test]
        fn no_text_panics_and_origins_stay_inside(text in r"[\PC${}:-]{0,40}") {
            if let Ok(Some((out, origins))) = substitute(&text, &env) {
                for offset in 0..=out.len() {
                    prop_assert!(origins.of(offset) <= text.len());
                }
            }
        }
    }
}
