//! An HTTP receiver: CloudEvents by default, signed the Standard Webhooks way.

mod send;
mod settings;

use serde_json::Value;

use crate::{Kind, SettingError, Settings};

/// The kind `webhook`.
#[derive(Clone, Copy, Debug)]
pub struct Webhook;

impl Kind for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn validate(&self, settings: &Value) -> Result<Box<dyn Settings>, Vec<SettingError>> {
        Ok(Box::new(settings::WebhookSettings::read(settings)?))
    }
}
