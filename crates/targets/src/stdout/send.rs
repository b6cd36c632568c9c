//! Prints batches to standard output.

use std::io::{self, Write as _};

use async_trait::async_trait;
use chainbell_model::{Message, Outcome, Target};

use crate::lines::{BATCH_SIZE, LineForm, LineSink, LineWriter};

#[derive(Debug)]
pub(super) struct StdoutTarget {
    lines: LineWriter<io::Stdout>,
}

impl StdoutTarget {
    pub(super) fn new(form: LineForm) -> Self {
        Self { lines: LineWriter::new(io::stdout(), form) }
    }
}

impl LineSink for io::Stdout {
    fn write_lines(&mut self, lines: &[u8]) -> io::Result<()> {
        // The lock keeps other targets and the process's own output from cutting in between lines.
        let mut stdout = self.lock();
        stdout.write_all(lines)?;
        stdout.flush()
    }
}

#[async_trait]
impl Target for StdoutTarget {
    fn batch_size(&self) -> usize {
        BATCH_SIZE
    }

    async fn send(&self, batch: &[Message]) -> Vec<Outcome> {
        self.lines.send(batch).await
    }
}
