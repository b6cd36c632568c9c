//! Appends batches to a file, each line whole, also after a crash or a full disk.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::PathBuf,
};

use async_trait::async_trait;
use chainbell_model::{Message, Outcome, Target};

use crate::lines::{BATCH_SIZE, LineForm, LineSink, LineWriter};

#[derive(Debug)]
pub(super) struct FileTarget {
    lines: LineWriter<AppendFile>,
}

impl FileTarget {
    pub(super) fn new(file: AppendFile, form: LineForm) -> Self {
        Self { lines: LineWriter::new(file, form) }
    }
}

#[async_trait]
impl Target for FileTarget {
    fn batch_size(&self) -> usize {
        BATCH_SIZE
    }

    async fn send(&self, batch: &[Message]) -> Vec<Outcome> {
        self.lines.send(batch).await
    }
}

/// A file open at its end.
#[derive(Debug)]
pub(super) struct AppendFile {
    path: PathBuf,
    fsync: bool,
    /// `None` after a failed write: the next one opens the file anew and looks how it ends.
    file: Option<fs::File>,
}

impl AppendFile {
    /// Makes the directories and the file where they are missing.
    pub(super) fn open(path: PathBuf, fsync: bool) -> io::Result<Self> {
        let mut file = Self { path, fsync, file: None };
        file.file = Some(file.reopen()?);
        Ok(file)
    }

    fn reopen(&self) -> io::Result<fs::File> {
        if let Some(directory) = self.path.parent() {
            fs::create_dir_all(directory)?;
        }
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&self.path)?;
        // A write that was cut off left half a line: end it, so that the next line stands by itself.
        if !ends_whole(&mut file)? {
            file.write_all(b"\n")?;
        }
        Ok(file)
    }
}

fn ends_whole(file: &mut fs::File) -> io::Result<bool> {
    let metadata = file.metadata()?;
    // Pipes and devices have no end to look at.
    if !metadata.is_file() || metadata.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

impl LineSink for AppendFile {
    fn write_lines(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => self.reopen()?,
        };
        file.write_all(lines)?;
        if self.fsync {
            file.sync_data()?;
        }
        self.file = Some(file);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_line_left_by_a_crash_is_ended_before_the_next() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deep/er/out.ndjson");
        AppendFile::open(path.clone(), true).unwrap().write_lines(b"one\n").unwrap();
        fs::write(&path, "one\ntw").unwrap();
        AppendFile::open(path.clone(), false).unwrap().write_lines(b"two\nthree\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntw\ntwo\nthree\n");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_fails_the_write_and_the_next_one_opens_anew() {
        let mut full = AppendFile::open("/dev/full".into(), false).unwrap();
        assert_eq!(full.write_lines(b"x\n").unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(full.file.is_none());
    }
}
