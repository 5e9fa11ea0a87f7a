//! GitLab: one note on a merge request, found again by a line that readers do not see, and changed in
//! place.

use std::sync::Arc;

use reqwest::{Method, Url};
use serde_json::Value;

use super::channel::{Channel, Parcel, Receipt, Sight};
use super::comment::{Comments, MOST_PAGES, body, leave, sight};
use super::github::Origin;
use super::secret::Secret;
use super::transport::{Request, Response, Transport};
use super::{Fault, Letter};

/// The notes of one merge request.
pub(super) struct GitLab {
    pub(super) transport: Arc<dyn Transport>,
    /// Ends with a slash.
    pub(super) api: Url,
    pub(super) token: Secret,
    pub(super) project: String,
    pub(super) number: u64,
    /// Whether the merge request comes from a fork.
    pub(super) origin: Origin,
}

impl GitLab {
    fn call(&self, request: Request) -> Result<Response, Fault> {
        let writes = request.method != Method::GET;
        let response = self.transport.exchange(&request.with_token("private-token", "", &self.token))?;
        self.origin.judge(response, "GitLab", writes)
    }

    fn url(&self, path: &str) -> Result<Url, Fault> {
        let path = format!("projects/{}/merge_requests/{}/{path}", self.project, self.number);
        self.api.join(&path).map_err(|_| Fault::lasting("the address of GitLab's API is none"))
    }
}

impl Comments for GitLab {
    fn make(&self, content: &Value) -> Result<Option<String>, Fault> {
        let url = self.url("notes")?;
        let answer = self.call(Request::json(Method::POST, url, content))?.value()?;
        Ok(answer["id"].as_u64().map(|id| id.to_string()))
    }

    fn change(&self, id: &str, content: &Value) -> Result<(), Fault> {
        let url = self.url(&format!("notes/{id}"))?;
        self.call(Request::json(Method::PUT, url, content)).map(drop)
    }

    fn remove(&self, id: &str) -> Result<(), Fault> {
        self.call(Request::delete(self.url(&format!("notes/{id}"))?)).map(drop)
    }
}

impl Channel for GitLab {
    fn preview(&self, letter: &Letter) -> Vec<Parcel> {
        let place = format!("{}projects/{}/merge_requests/{}", self.api, self.project, self.number);
        vec![Parcel { to: format!("POST {place}/notes, or PUT ours"), body: body(letter) }]
    }

    fn look(&self, letter: &Letter, _: Option<&str>) -> Result<Sight, Fault> {
        let mut page = "1".to_owned();
        for _ in 0..MOST_PAGES {
            let path = format!("notes?per_page=100&sort=asc&order_by=created_at&page={page}");
            let answer = self.call(Request::get(self.url(&path)?))?;
            let notes = answer.value()?;
            for note in notes.as_array().ok_or_else(|| Fault::passing("GitLab sent no list of notes"))? {
                let (text, id) = (note["body"].as_str().unwrap_or_default(), note["id"].as_u64());
                if let Some(sight) = id.and_then(|id| sight(letter, text, id.to_string())) {
                    return Ok(sight);
                }
            }
            match answer.header("x-next-page").map(str::trim).filter(|next| next.parse::<u32>().is_ok()) {
                Some(next) => page = next.to_owned(),
                None => break,
            }
        }
        Ok(Sight::Nothing)
    }

    fn send(&self, letter: &Letter, there: Option<&str>, _: &mut dyn FnMut(&str)) -> Result<Receipt, Fault> {
        leave(self, letter, there)
    }
}
