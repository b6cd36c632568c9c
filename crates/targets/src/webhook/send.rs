//! Sends one message as one signed request.

use std::fmt;

use async_trait::async_trait;
use chainbell_model::{Message, Outcome, Target};
use jiff::Timestamp;
use reqwest::{
    Client, Request,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};

use super::settings::WebhookSettings;
use crate::{http::exchange, retry::outcome};

/// Header values and URL parts shorter than this are not searched for in answers: striking them out would only garble.
const MIN_SECRET_BYTES: usize = 6;

pub(super) struct WebhookTarget {
    settings: WebhookSettings,
    client: Client,
    /// What a receiver may echo and the record must not keep.
    secrets: Vec<String>,
}

impl WebhookTarget {
    pub(super) fn new(settings: WebhookSettings, client: Client) -> Self {
        let headers = settings.headers.iter().filter(|(name, _)| *name != CONTENT_TYPE);
        let mut secrets: Vec<_> =
            headers.filter_map(|(_, value)| value.to_str().ok().map(str::to_owned)).collect();
        secrets.extend(settings.url.query().map(str::to_owned));
        secrets.push(settings.url.path().to_owned());
        secrets.retain(|secret| secret.len() >= MIN_SECRET_BYTES);
        Self { settings, client, secrets }
    }

    async fn send_one(&self, message: &Message) -> Outcome {
        let body = match self.settings.render_body(message) {
            Ok(body) => body,
            Err(error) => return Outcome::Rejected { reason: error.to_string() },
        };
        let headers = self.headers(message, Timestamp::now(), &body);
        let mut request = Request::new(self.settings.method.clone(), self.settings.url.clone());
        *request.headers_mut() = headers;
        *request.body_mut() = Some(body.into());
        outcome(exchange(&self.client, request, self.settings.timeout, &self.secrets).await)
    }

    /// The signature's time is the attempt's, so that receivers can refuse what is replayed later.
    fn headers(&self, message: &Message, now: Timestamp, body: &[u8]) -> HeaderMap {
        let mut headers = self.settings.headers.clone();
        let id = message.id.to_string();
        let timestamp = now.as_second();
        if let Some(signer) = &self.settings.signer {
            headers.insert("webhook-signature", ascii(&signer.sign(&id, timestamp, body)));
        }
        headers.insert("webhook-id", ascii(&id));
        headers.insert("webhook-timestamp", HeaderValue::from(timestamp));
        headers
    }
}

fn ascii(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("ids and base64 are visible ASCII")
}

impl fmt::Debug for WebhookTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WebhookTarget").field(&self.settings).finish()
    }
}

#[async_trait]
impl Target for WebhookTarget {
    async fn send(&self, batch: &[Message]) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(batch.len());
        for message in batch {
            outcomes.push(self.send_one(message).await);
        }
        outcomes
    }
}
