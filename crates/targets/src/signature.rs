//! Signs messages as the Standard Webhooks specification 1.0 says: HMAC-SHA256 over `id.timestamp.body`.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

/// What a base64 secret begins with.
const PREFIX: &str = "whsec_";

/// Why a text cannot be a signing secret. Never shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretError {
    #[error("is empty")]
    Empty,
    #[error("must be base64 after {PREFIX}")]
    NotBase64,
}

/// Holds the keys of all active secrets, hashed as far as the key goes.
#[derive(Clone)]
pub(crate) struct Signer {
    keys: Vec<Hmac<Sha256>>,
}

impl Signer {
    /// `whsec_` and base64, or any other text, whose bytes are the key.
    pub(crate) fn new(secrets: &[SecretString]) -> Result<Self, SecretError> {
        Ok(Self { keys: secrets.iter().map(key).collect::<Result<_, _>>()? })
    }

    /// The value of the `webhook-signature` header: one `v1` signature per secret, so that a receiver that knows any of
    /// them can verify while keys are being rotated.
    pub(crate) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let prefix = format!("{id}.{timestamp}.");
        let mut header = String::with_capacity(self.keys.len() * 48);
        for key in &self.keys {
            let mut mac = key.clone();
            mac.update(prefix.as_bytes());
            mac.update(body);
            if !header.is_empty() {
                header.push(' ');
            }
            header.push_str("v1,");
            STANDARD.encode_string(mac.finalize().into_bytes(), &mut header);
        }
        header
    }
}

fn key(secret: &SecretString) -> Result<Hmac<Sha256>, SecretError> {
    let secret = secret.expose_secret();
    let bytes = match secret.strip_prefix(PREFIX) {
        Some(encoded) => STANDARD.decode(encoded).map_err(|_| SecretError::NotBase64)?,
        None => secret.as_bytes().to_vec(),
    };
    if bytes.is_empty() {
        return Err(SecretError::Empty);
    }
    Ok(Hmac::new_from_slice(&bytes).expect("HMAC takes a key of any length"))
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({} keys)", self.keys.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(secrets: &[&str]) -> Result<Signer, SecretError> {
        let secrets: Vec<_> = secrets.iter().map(|secret| SecretString::from(*secret)).collect();
        Signer::new(&secrets)
    }

    #[test]
    fn the_specification_s_own_example_is_reproduced() {
        let signature = signer(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]).unwrap().sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_secret_signs_so_that_keys_can_be_rotated() {
        let both = signer(&["old", "new"]).unwrap().sign("d_1", 1, b"x");
        let alone = |secret| signer(&[secret]).unwrap().sign("d_1", 1, b"x");
        assert_eq!(both, format!("{} {}", alone("old"), alone("new")));
    }

    #[test]
    fn secrets_that_are_no_keys_are_refused_without_being_shown() {
        assert_eq!(signer(&[""]).unwrap_err(), SecretError::Empty);
        assert_eq!(signer(&["whsec_"]).unwrap_err(), SecretError::Empty);
        assert_eq!(signer(&["whsec_%%%"]).unwrap_err(), SecretError::NotBase64);
        assert_eq!(format!("{:?}", signer(&["a", "b"]).unwrap()), "Signer(2 keys)");
    }
}
