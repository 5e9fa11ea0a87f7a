//! What a service said before, kept in the ledger with the tag that it gave it: where nothing has changed the service
//! says only that, and does not count the question. Kept is what was made of an answer, not the answer.

use std::path::PathBuf;

use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::transport::Response;
use super::{Fault, Ledger};

/// The ledger as a memory of answers.
#[derive(Debug, Clone)]
pub struct Memory {
    ledger: PathBuf,
}

/// What was made of a page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Page {
    /// Its items, with no more of each than is needed.
    pub(super) items: Vec<Value>,
    /// Whether another page follows.
    pub(super) has_more: bool,
}

impl Memory {
    /// A memory in a ledger, which need not be there yet; none is made for it.
    #[must_use]
    pub const fn new(ledger: PathBuf) -> Self {
        Self { ledger }
    }

    fn open(&self) -> Option<Ledger> {
        // What cannot be remembered is asked for in full.
        self.ledger.is_file().then(|| Ledger::open(&self.ledger).ok()).flatten()
    }

    /// A page of a list: as it was, if the service says that it is as it was. `ask` asks, with the tag of what is kept;
    /// `take` makes of an answer what is needed of it.
    pub(super) fn page(
        &self,
        url: &Url,
        ask: impl Fn(Option<&str>) -> Result<Response, Fault>,
        take: impl Fn(&Response) -> Result<Page, Fault>,
    ) -> Result<Page, Fault> {
        let ledger = self.open();
        let kept = ledger.as_ref().and_then(|ledger| ledger.page(url.as_str()));
        let kept: Option<(String, Page)> =
            kept.and_then(|(tag, content)| Some((tag, serde_json::from_str(&content).ok()?)));
        let answer = ask(kept.as_ref().map(|(tag, _)| tag.as_str()))?;
        if answer.status == 304 {
            return kept.map(|(_, page)| page).ok_or_else(|| Fault::passing("what was asked for did not come"));
        }
        let page = take(&answer)?;
        if let (Some(ledger), Some(tag)) = (&ledger, answer.header("etag"))
            && let Ok(content) = serde_json::to_string(&page)
        {
            ledger.keep_page(url.as_str(), tag, &content);
        }
        Ok(page)
    }
}
