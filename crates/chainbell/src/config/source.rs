//! The files of a configuration, kept as text so that an error can show the place it is about.

use std::{
    fmt, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The largest configuration file that is read, in bytes. Offsets into it fit 32 bits.
pub(super) const MAX_FILE_BYTES: u64 = 64 << 20;

/// Some bytes of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) file: u32,
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Place {
    pub(super) fn new(file: u32, span: Range<usize>) -> Self {
        // Files are at most MAX_FILE_BYTES long, so that offsets fit.
        Self { file, start: span.start as u32, end: span.end as u32 }
    }

    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// One file.
pub(super) struct SourceFile {
    /// As shown in errors.
    pub(super) path: PathBuf,
    pub(super) text: String,
    line_starts: OnceLock<Vec<u32>>,
    /// What errors must not show: ascending, not overlapping.
    masked: Vec<Range<u32>>,
}

impl SourceFile {
    pub(super) fn new(path: PathBuf, text: String) -> Self {
        Self { path, text, line_starts: OnceLock::new(), masked: Vec::new() }
    }

    /// The folder that relative paths in this file start from.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or_else(|| Path::new(""))
    }

    /// Hides these bytes wherever a line of the file is shown.
    pub(super) fn mask(&mut self, mut ranges: Vec<Range<u32>>) {
        ranges.sort_unstable_by_key(|range| range.start);
        ranges.dedup_by(|next, kept| {
            let overlap = next.start <= kept.end;
            if overlap {
                kept.end = kept.end.max(next.end);
            }
            overlap
        });
        self.masked = ranges;
    }

    /// Whether errors must not show the byte at `offset`.
    pub(super) fn is_masked(&self, offset: usize) -> bool {
        let after = self.masked.partition_point(|range| range.start as usize <= offset);
        after.checked_sub(1).is_some_and(|index| offset < self.masked[index].end as usize)
    }

    /// The line that holds `offset`: its number from 0 and its bytes, without the line end.
    pub(super) fn line_of(&self, offset: usize) -> (usize, Range<usize>) {
        let starts = self.line_starts.get_or_init(|| {
            let breaks = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0).chain(breaks.map(|(index, _)| index as u32 + 1)).collect()
        });
        let line = starts.partition_point(|start| *start as usize <= offset).saturating_sub(1);
        let start = starts[line] as usize;
        let end = starts.get(line + 1).map_or(self.text.len(), |next| *next as usize - 1);
        let text = &self.text[start..end];
        (line, start..start + text.trim_end_matches('\r').len())
    }
}

impl fmt::Debug for SourceFile {
    /// Without the text: it holds secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// All files of one configuration, in the order they were read.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) files: Vec<SourceFile>,
}

impl Sources {
    pub(super) fn file(&self, place: Place) -> Option<&SourceFile> {
        self.files.get(place.file as usize)
    }

    /// The bytes of `place` as written.
    pub(super) fn raw(&self, place: Place) -> &str {
        self.file(place).and_then(|file| file.text.get(place.range())).unwrap_or_default()
    }

    /// `file:line:column`, both from 1, the column in characters.
    pub(super) fn position(&self, place: Place) -> String {
        let Some(file) = self.file(place) else { return String::new() };
        let offset = file.text.floor_char_boundary(place.start as usize);
        let (line, bytes) = file.line_of(offset);
        let column = file.text[bytes.start..offset.max(bytes.start)].chars().count();
        format!("{}:{}:{}", file.path.display(), line + 1, column + 1)
    }
}

/// All bytes of a text that cannot be parsed, except headers and bare keys: what looks like a value may be a secret.
pub(super) fn possible_values(text: &str) -> Vec<Range<u32>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let bare = |text: &str| {
            text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" \t_.-[]\r\n".contains(&byte))
        };
        let hidden = match line.split_once('=') {
            Some((key, _)) if bare(key) => key.len() + 1,
            None if line.trim_start().starts_with('[') && bare(line) => line.len(),
            _ => 0,
        };
        let blank = line[hidden..].len() - line[hidden..].trim_start().len();
        ranges.push((start + hidden + blank) as u32..(start + line.len()) as u32);
        start += line.len();
    }
    ranges
}

/// Reads a file of at most `limit` bytes as UTF-8.
pub(super) fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    let bytes = read_bytes(path, limit)?;
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// Reads a file of at most `limit` bytes.
pub(super) fn read_bytes(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    use io::Read as _;

    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {limit} bytes")));
    }
    Ok(bytes)
}

/// The files that `path` stands for: itself, or all `*.toml` of a folder by name.
pub(super) fn config_files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !std::fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "toml") && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_lines_and_characters() {
        let text = "a = 1\r\nb = \"é\" # x\n".to_owned();
        let sources = Sources { files: vec![SourceFile::new("c.toml".into(), text)] };
        let at = |offset| sources.position(Place::new(0, offset..offset));
        assert_eq!(at(0), "c.toml:1:1");
        assert_eq!(at(7), "c.toml:2:1");
        assert_eq!(at(14), "c.toml:2:7");
        assert_eq!(at(20), "c.toml:3:1");
        assert_eq!(sources.files[0].line_of(8).1, 7..19);
    }
}
