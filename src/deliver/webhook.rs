//! Any other webhook: a message as JSON, signed, with a key by which the receiver can tell a repetition.

use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Method, Url};
use serde_json::{Value, json};
use sha2::Sha256;

use super::channel::{Channel, Parcel, Receipt, Sight};
use super::secret::Secret;
use super::transport::{Request, Transport, shown};
use super::{Fault, Letter, clock, hex};
use crate::render::message::json as message_json;

/// A webhook of somebody's own.
pub(super) struct Webhook {
    pub(super) transport: Arc<dyn Transport>,
    pub(super) url: Url,
    pub(super) token: Option<Secret>,
    pub(super) secret: Option<Secret>,
}

impl Webhook {
    fn body(letter: &Letter) -> Option<Value> {
        let mut body = message_json(letter.messages.first()?);
        body["conversation"] = json!(letter.conversation());
        body["fingerprint"] = json!(letter.fingerprint());
        Some(body)
    }
}

/// `v1=` and the HMAC-SHA256 of the timestamp, a full stop and the body, in hexadecimal digits.
fn signature(secret: &str, timestamp: &str, body: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body.as_bytes());
    Some(format!("v1={}", hex(&mac.finalize().into_bytes())))
}

impl Channel for Webhook {
    fn preview(&self, letter: &Letter) -> Vec<Parcel> {
        let body = Self::body(letter).map(|body| format!("{body:#}"));
        body.into_iter().map(|body| Parcel { to: format!("POST {}", shown(&self.url)), body }).collect()
    }

    fn look(&self, _: &Letter, _: Option<&str>) -> Result<Sight, Fault> {
        Ok(Sight::Nothing)
    }

    fn send(&self, letter: &Letter, _: Option<&str>, _: &mut dyn FnMut(&str)) -> Result<Receipt, Fault> {
        let Some(body) = Self::body(letter) else { return Ok(Receipt::Sent(None)) };
        let timestamp = (clock::now() / 1_000).to_string();
        let mut request = Request::json(Method::POST, self.url.clone(), &body);
        if let Some(secret) = &self.secret {
            let signed = signature(secret.reveal(), &timestamp, request.body.as_deref().unwrap_or_default());
            let signed = signed.ok_or_else(|| Fault::lasting("the signing secret cannot be used"))?;
            request = request.with("x-headsup-signature", signed);
        }
        request = request.with("x-headsup-timestamp", timestamp).with("idempotency-key", letter.fingerprint());
        if let Some(token) = &self.token {
            request = request.with_token("authorization", "Bearer ", token);
        }
        self.transport.exchange(&request)?.succeeded("the webhook")?;
        Ok(Receipt::Sent(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_documented_one() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac 'a signing secret'
        assert_eq!(signature("a signing secret", "1700000000", "{\"a\":1}").as_deref(), Some(EXPECTED));
    }

    const EXPECTED: &str = "v1=8684a444ca2e912b560858f6bbd34d35e46a45294787687b3ce1a2e9550fa436";
}
