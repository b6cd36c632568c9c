//! The log of a transaction, with the runtime's own limit.

/// What the runtime keeps of one transaction's log.
const MOST_BYTES: usize = 10_000;

/// Collects lines as the runtime does: a line that would go beyond the limit is left out, and so is what follows, except lines
/// that are short enough to fit after all.
#[derive(Debug, Default)]
pub(crate) struct LogCollector {
    lines: Vec<String>,
    bytes: usize,
    truncated: bool,
}

/// Whether a line was kept, and nothing before it was not: after a gap no line can be told whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    Yes,
    No,
}

impl LogCollector {
    pub(crate) fn line(&mut self, line: String) -> Kept {
        let bytes = self.bytes + line.len();
        if bytes < MOST_BYTES {
            self.bytes = bytes;
            self.lines.push(line);
            return if self.truncated { Kept::No } else { Kept::Yes };
        }
        if !self.truncated {
            self.truncated = true;
            self.lines.push("Log truncated".into());
        }
        Kept::No
    }

    pub(crate) fn finish(self) -> Vec<String> {
        self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_logs_are_cut_off_but_short_lines_slip_through() {
        let mut log = LogCollector::default();
        assert_eq!(log.line("x".repeat(9_990)), Kept::Yes);
        assert_eq!(log.line("y".repeat(10)), Kept::No);
        assert_eq!(log.line("z".repeat(10)), Kept::No);
        assert_eq!(log.line("short".into()), Kept::No);
        assert_eq!(log.finish()[1..], ["Log truncated", "short"]);
    }
}
