//! The settings of a `stdout` target.

use std::sync::Arc;

use chainbell_model::{Message, Target};
use serde_json::Value;

use super::send::StdoutTarget;
use crate::{
    BuildContext, BuildError, Rendered, SettingError, Settings, TemplateError, keys::Keys, lines::LineForm,
};

/// Where lines look like; there is nothing else to set.
#[derive(Debug)]
pub(super) struct StdoutSettings {
    /// `line`: a template for one line instead of the CloudEvent.
    line: LineForm,
}

impl StdoutSettings {
    pub(super) fn read(settings: &Value) -> Result<Self, Vec<SettingError>> {
        let mut keys = Keys::new(settings);
        let line = LineForm::read(&mut keys);
        keys.finish(line.map(|line| Self { line }))
    }
}

impl Settings for StdoutSettings {
    fn build(&self, _context: &BuildContext) -> Result<Arc<dyn Target>, BuildError> {
        Ok(Arc::new(StdoutTarget::new(self.line.clone())))
    }

    fn render(&self, message: &Message) -> Result<Rendered, TemplateError> {
        self.line.render(message)
    }
}
