//! The settings of a `file` target.

use std::{
    path::{self, PathBuf},
    sync::Arc,
};

use chainbell_model::{Message, Target};
use serde_json::Value;

use super::send::{AppendFile, FileTarget};
use crate::{
    BuildContext, BuildError, Rendered, SettingError, Settings, TemplateError, keys::Keys, lines::LineForm,
};

#[derive(Debug)]
pub(super) struct FileSettings {
    /// `path`: absolute, or relative to the working directory. Its directories are made when missing.
    path: PathBuf,
    /// `fsync`: whether a message counts as delivered only when the disk has it; off by default.
    fsync: bool,
    /// `line`: a template for one line instead of the CloudEvent.
    line: LineForm,
}

impl FileSettings {
    pub(super) fn read(settings: &Value) -> Result<Self, Vec<SettingError>> {
        let mut keys = Keys::new(settings);
        let path = keys.required_text("path").and_then(|path| match check_path(path) {
            Ok(path) => Some(path),
            Err(message) => {
                keys.refuse("path", message);
                None
            }
        });
        let fsync = keys.flag("fsync").unwrap_or(false);
        let line = LineForm::read(&mut keys);
        keys.finish(path.zip(line).map(|(path, line)| Self { path, fsync, line }))
    }
}

fn check_path(text: &str) -> Result<PathBuf, &'static str> {
    if text.is_empty() || text.contains('\0') {
        return Err("must name a file");
    }
    let path = PathBuf::from(text);
    if text.ends_with(path::is_separator) || path.file_name().is_none() {
        return Err("must name a file, not a directory");
    }
    Ok(path)
}

impl Settings for FileSettings {
    fn build(&self, _context: &BuildContext) -> Result<Arc<dyn Target>, BuildError> {
        if self.path.is_dir() {
            return Err(BuildError::Directory(self.path.clone()));
        }
        let file = AppendFile::open(self.path.clone(), self.fsync)
            .map_err(|source| BuildError::File { path: self.path.clone(), source })?;
        Ok(Arc::new(FileTarget::new(file, self.line.clone())))
    }

    fn render(&self, message: &Message) -> Result<Rendered, TemplateError> {
        self.line.render(message)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_has_to_name_a_file() {
        for bad in ["", "/", "out/", ".", "..", "a/..", "a\0b"] {
            let errors = FileSettings::read(&json!({"path": bad})).unwrap_err();
            assert_eq!(errors[0].key, "path", "{bad:?}");
        }
        assert!(FileSettings::read(&json!({"path": "out/events.ndjson", "fsync": true})).is_ok());
        let errors = FileSettings::read(&json!({"fsync": "yes", "lines": ""})).unwrap_err();
        let told: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "path: is required",
                "fsync: must be true or false",
                "lines: unknown key; did you mean \"line\"?"
            ]
        );
    }
}
