//! The log of a transaction: which program each `Program data:` line is from.
//!
//! The runtime brackets what a program logs between `Program <id> invoke [<depth>]` and `Program <id> success` or
//! `Program <id> failed: …`. What a program says itself stands after `Program log: ` or `Program data: ` and may imitate
//! anything, so only a whole line that begins as the runtime's do counts. Built-in programs also log lines without any
//! prefix; none of theirs reads like the runtime's.

use crate::wire::base58;

/// Beyond any invocation depth of the runtime.
const MAX_DEPTH: usize = 64;

/// What a line means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A program begins.
    Invoke {
        /// Which.
        program: [u8; 32],
        /// 1 is a top-level instruction.
        depth: u8,
    },
    /// A program ends, well or not.
    Exit {
        /// Which.
        program: [u8; 32],
    },
    /// What `sol_log_data` was given: parts in base64 with spaces between them.
    Data(&'a str),
    /// The node cut the log off. Short lines may still follow, but not all of them.
    Truncated,
    /// Anything else.
    Text,
}

impl<'a> Line<'a> {
    /// Reads a line.
    pub fn read(line: &'a str) -> Self {
        let Some(rest) = line.strip_prefix("Program ") else {
            return if line == "Log truncated" { Self::Truncated } else { Self::Text };
        };
        if let Some(data) = rest.strip_prefix("data: ") {
            return Self::Data(data);
        }
        let Some((program, what)) = rest.split_once(' ') else { return Self::Text };
        if what == "success" || what.starts_with("failed: ") {
            return base58::key(program).map_or(Self::Text, |program| Self::Exit { program });
        }
        let depth = what.strip_prefix("invoke [").and_then(|what| what.strip_suffix(']'));
        let Some(depth) = depth.and_then(|depth| depth.parse().ok()) else { return Self::Text };
        base58::key(program).map_or(Self::Text, |program| Self::Invoke { program, depth })
    }
}

/// Why nothing after some line can be attributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The node cut the log off.
    Truncated,
    /// The invocations do not add up.
    Contradiction,
}

impl Cut {
    /// In words.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Truncated => "the node cut off this transaction's log",
            Self::Contradiction => "this transaction's log contradicts itself",
        }
    }
}

/// What a line tells in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told<'a> {
    /// A program began.
    Entered {
        /// Which.
        program: [u8; 32],
        /// 1 is a top-level instruction.
        depth: u8,
    },
    /// A program logged data.
    Data {
        /// Which.
        program: [u8; 32],
        /// 1 is a top-level instruction.
        depth: u8,
        /// Parts in base64 with spaces between them.
        text: &'a str,
    },
    /// Nothing about events.
    Nothing,
}

/// A walk through a log, with the programs that are running.
#[derive(Debug, Default)]
pub struct Walk {
    running: Vec<[u8; 32]>,
}

impl Walk {
    /// Takes the next line. After a [`Cut`] the rest of the log tells nothing.
    pub fn line<'a>(&mut self, line: &'a str) -> Result<Told<'a>, Cut> {
        match Line::read(line) {
            Line::Invoke { program, depth } => self.enter(program, depth),
            Line::Exit { program } => self.leave(program),
            Line::Data(text) => {
                let program = *self.running.last().ok_or(Cut::Contradiction)?;
                Ok(Told::Data { program, depth: self.depth(), text })
            }
            Line::Truncated => Err(Cut::Truncated),
            Line::Text => Ok(Told::Nothing),
        }
    }

    /// The programs that are running, the outermost first.
    pub fn running(&self) -> &[[u8; 32]] {
        &self.running
    }

    fn depth(&self) -> u8 {
        // At most MAX_DEPTH.
        self.running.len() as u8
    }

    fn enter<'a>(&mut self, program: [u8; 32], depth: u8) -> Result<Told<'a>, Cut> {
        if usize::from(depth) != self.running.len() + 1 || self.running.len() >= MAX_DEPTH {
            return Err(Cut::Contradiction);
        }
        self.running.push(program);
        Ok(Told::Entered { program, depth })
    }

    fn leave<'a>(&mut self, program: [u8; 32]) -> Result<Told<'a>, Cut> {
        if self.running.last() != Some(&program) {
            return Err(Cut::Contradiction);
        }
        self.running.pop();
        Ok(Told::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OUTER: &str = "CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK";
    const INNER: &str = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";

    fn walk(lines: &[&str]) -> (Vec<(String, u8)>, Result<(), Cut>) {
        let mut walk = Walk::default();
        let mut data = Vec::new();
        for line in lines {
            match walk.line(&line.replace("OUT", OUTER).replace("IN", INNER)) {
                Ok(Told::Data { program, depth, .. }) => {
                    data.push((bs58::encode(program).into_string(), depth));
                }
                Ok(_) => {}
                Err(cut) => return (data, Err(cut)),
            }
        }
        (data, Ok(()))
    }

    #[test]
    fn data_is_from_the_innermost_program_that_runs() {
        let (data, end) = walk(&[
            "Program OUT invoke [1]",
            "Program data: AA==",
            "Program IN invoke [2]",
            "Program data: AQ==",
            "Program IN consumed 6147 of 55736 compute units",
            "Program IN failed: custom program error: 0x1",
            "Program data: Ag==",
            "Program OUT success",
        ]);
        let from = |name: &str, depth| (name.to_owned(), depth);
        assert_eq!(data, [from(OUTER, 1), from(INNER, 2), from(OUTER, 1)]);
        assert_eq!(end, Ok(()));
    }

    #[test]
    fn what_a_program_says_is_text_whatever_it_imitates() {
        for line in [
            "Program log: Program IN invoke [2]",
            "Program log: Log truncated",
            "Program log: success",
            "Program return: IN success",
            "Program consumption: 5 units remaining",
            "Program failed to complete: exceeded CUs meter",
            " Program IN invoke [2]",
            "program IN invoke [2]",
            "Program IN invoke [2] ",
            "Program IN invoke [-2]",
            "Program IN invoke [999]",
            "Program INx invoke [2]",
            "Program IN successful",
            "Program  IN success",
            "Program IN",
            "Transfer: insufficient lamports 1, need 2",
            "Log truncated ",
            "",
        ] {
            let (data, end) =
                walk(&["Program OUT invoke [1]", line, "Program data: AA==", "Program OUT success"]);
            assert_eq!((data, end), (vec![(OUTER.to_owned(), 1)], Ok(())), "{line}");
        }
    }

    #[test]
    fn a_log_that_does_not_add_up_is_left() {
        for lines in [
            &["Program data: AA=="][..],
            &["Program OUT success"],
            &["Program OUT invoke [2]"],
            &["Program OUT invoke [1]", "Program IN invoke [1]"],
            &["Program OUT invoke [1]", "Program IN success"],
        ] {
            assert_eq!(walk(lines), (vec![], Err(Cut::Contradiction)), "{lines:?}");
        }
    }

    #[test]
    fn nothing_after_a_cut_is_attributed() {
        let (data, end) =
            walk(&["Program OUT invoke [1]", "Program data: AA==", "Log truncated", "Program data: AQ=="]);
        assert_eq!((data.len(), end), (1, Err(Cut::Truncated)));
    }

    #[test]
    fn endless_depth_is_refused() {
        let mut walk = Walk::default();
        let ends = (1..=255).find(|depth| walk.line(&format!("Program {OUTER} invoke [{depth}]")).is_err());
        assert_eq!(ends, Some(MAX_DEPTH + 1));
    }

    proptest! {
        #[test]
        fn any_lines_are_walked(lines in proptest::collection::vec(
            prop_oneof![
                Just("Program OUT invoke [1]".to_owned()),
                Just("Program IN invoke [2]".to_owned()),
                Just("Program IN success".to_owned()),
                Just("Program OUT failed: x".to_owned()),
                Just("Program data: AA== ?".to_owned()),
                "Program [ -~é]{0,60}",
                "\\PC{0,20}",
            ], 0..30)) {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let (data, _) = walk(&lines);
            prop_assert!(data.len() <= lines.len());
        }
    }
}
