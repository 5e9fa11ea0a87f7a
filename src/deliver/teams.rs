//! Microsoft Teams: an Adaptive Card to the webhook of a workflow.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, Url};

use super::channel::{Channel, Parcel, Receipt, Sight};
use super::transport::{Request, Transport, shown};
use super::{Fault, Letter};
use crate::render::message::card;

/// A workflow's webhook.
pub(super) struct Teams {
    pub(super) transport: Arc<dyn Transport>,
    pub(super) url: Url,
}

impl Channel for Teams {
    fn preview(&self, letter: &Letter) -> Vec<Parcel> {
        let cards = letter.messages.iter().map(card);
        cards.map(|card| Parcel { to: format!("POST {}", shown(&self.url)), body: format!("{card:#}") }).collect()
    }

    fn look(&self, _: &Letter, _: Option<&str>) -> Result<Sight, Fault> {
        Ok(Sight::Nothing)
    }

    fn send(&self, letter: &Letter, _: Option<&str>, _: &mut dyn FnMut(&str)) -> Result<Receipt, Fault> {
        let Some(message) = letter.messages.first() else { return Ok(Receipt::Sent(None)) };
        let request = Request::json(Method::POST, self.url.clone(), &card(message));
        self.transport.exchange(&request)?.succeeded("Teams")?;
        Ok(Receipt::Sent(None))
    }

    fn pace(&self) -> Duration {
        // Four requests a second is what a connector takes.
        Duration::from_millis(300)
    }
}
