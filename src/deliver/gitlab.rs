//! GitLab: one note on a merge request, found again by a line that readers do not see, and changed in
//! place.

use std::sync::Arc;

use reqwest::{Method, Url};
use serde_json::json;

use super::channel::{Channel, Parcel, Receipt, Sight};
use super::comment::{MOST_PAGES, body, is_not_ours, sight};
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
}

impl GitLab {
    fn call(&self, request: Request) -> Result<Response, Fault> {
        self.transport.exchange(&request.with_token("private-token", "", &self.token))?.succeeded("GitLab")
    }

    /// Changes a note, if it is there and ours.
    fn update(&self, letter: &Letter, id: &str) -> Result<bool, Fault> {
        let text = json!({ "body": body(letter) });
        match self.call(Request::json(Method::PUT, self.url(&format!("notes/{id}"))?, &text)) {
            Ok(_) => Ok(true),
            Err(Fault::Lasting { said }) if is_not_ours(&said) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    fn url(&self, path: &str) -> Result<Url, Fault> {
        let path = format!("projects/{}/merge_requests/{}/{path}", self.project, self.number);
        self.api.join(&path).map_err(|_| Fault::lasting("the address of GitLab's API is none"))
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
        if let Some(id) = there
            && self.update(letter, id)?
        {
            return Ok(Receipt::Updated(Some(id.to_owned())));
        }
        let text = json!({ "body": body(letter) });
        let answer = self.call(Request::json(Method::POST, self.url("notes")?, &text))?.value()?;
        let id = answer["id"].as_u64().map(|id| id.to_string());
        // A run on another machine may have looked at the same time: then the earlier note stays.
        let first = match self.look(letter, None)? {
            Sight::Same(first) | Sight::Other(first) => first,
            Sight::Nothing => return Ok(Receipt::Sent(id)),
        };
        match id {
            Some(id) if id != first && self.update(letter, &first)? => {
                self.call(Request::delete(self.url(&format!("notes/{id}"))?))?;
                Ok(Receipt::Updated(Some(first)))
            }
            id => Ok(Receipt::Sent(id)),
        }
    }
}
