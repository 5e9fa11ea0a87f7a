//! GitHub: one comment on a pull request, found again by a line that readers do not see, and changed in
//! place. It is made only if there is something to say.

use std::sync::Arc;

use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::channel::{Channel, Parcel, Receipt, Sight};
use super::comment::{Comments, MOST_PAGES, body, first_line, leave, sight};
use super::memory::{Memory, Page};
use super::secret::Secret;
use super::transport::{Request, Response, Transport};
use super::{Fault, Letter};

/// A repository, asked with a token.
#[derive(Clone)]
pub(super) struct Repository {
    pub(super) transport: Arc<dyn Transport>,
    /// Ends with a slash.
    pub(super) api: Url,
    pub(super) token: Secret,
    /// `owner/name`.
    pub(super) name: String,
    /// Whether the pull request comes from a fork, whose runs may only read.
    pub(super) origin: Origin,
    /// What it said before.
    pub(super) memory: Memory,
}

/// Where a pull request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Own,
    Fork,
}

impl Origin {
    /// An answer, if it is one of success; a fork is not blamed for what it may not write.
    pub(super) fn judge(self, response: Response, service: &str, writes: bool) -> Result<Response, Fault> {
        let status = response.status;
        response.succeeded(service).map_err(|fault| match fault {
            Fault::Lasting { said } if writes && matches!(status, 401 | 403 | 404) && self == Self::Fork => {
                Fault::Forbidden { said: format!("{said}; a pull request from a fork may only read") }
            }
            fault => fault,
        })
    }
}

impl Repository {
    /// A page of a list, with so much of each item as is taken of it; of what has not changed since it was asked for
    /// before, GitHub says only that.
    pub(super) fn page(
        &self,
        url: &Url,
        items: impl Fn(&Value) -> Option<&Vec<Value>>,
        take: impl Fn(&Value) -> Option<Value>,
    ) -> Result<Page, Fault> {
        let ask = |tag: Option<&str>| {
            let request = authorized(Request::get(url.clone()).unless(tag), &self.token);
            self.transport.exchange(&request)?.succeeded_or_same("GitHub")
        };
        self.memory.page(url, ask, |answer| read(answer, &items, &take))
    }

    pub(super) fn call(&self, request: Request) -> Result<Response, Fault> {
        let request = authorized(request, &self.token);
        let writes = request.method != Method::GET;
        self.origin.judge(self.transport.exchange(&request)?, "GitHub", writes)
    }

    pub(super) fn url(&self, path: &str) -> Result<Url, Fault> {
        let path = format!("repos/{}/{path}", self.name);
        self.api.join(&path).map_err(|_| Fault::lasting("the address of GitHub's API is none"))
    }

    /// An address for people.
    pub(super) fn shown(&self, path: &str) -> String {
        format!("{}repos/{}/{path}", self.api, self.name)
    }
}

/// A request as GitHub wants it.
pub(super) fn authorized(request: Request, token: &Secret) -> Request {
    request
        .with_token("authorization", "Bearer ", token)
        .with("accept", "application/vnd.github+json")
        .with("x-github-api-version", "2022-11-28")
}

/// What is needed of a page of a list on GitHub.
pub(super) fn read(
    answer: &Response,
    items: impl Fn(&Value) -> Option<&Vec<Value>>,
    take: impl Fn(&Value) -> Option<Value>,
) -> Result<Page, Fault> {
    let value = answer.value()?;
    let list = items(&value).ok_or_else(|| Fault::passing("GitHub did not send the list that it was asked for"))?;
    let has_more = answer.header("link").is_some_and(|links| links.contains("rel=\"next\""));
    Ok(Page { items: list.iter().filter_map(take).collect(), has_more })
}

/// The comments of one pull request.
pub(super) struct GitHub {
    pub(super) repository: Repository,
    pub(super) number: u64,
}

impl Comments for GitHub {
    fn make(&self, content: &Value) -> Result<Option<String>, Fault> {
        let url = self.repository.url(&format!("issues/{}/comments", self.number))?;
        let answer = self.repository.call(Request::json(Method::POST, url, content))?.value()?;
        Ok(answer["id"].as_u64().map(|id| id.to_string()))
    }

    fn change(&self, id: &str, content: &Value) -> Result<(), Fault> {
        let url = self.repository.url(&format!("issues/comments/{id}"))?;
        self.repository.call(Request::json(Method::PATCH, url, content)).map(drop)
    }

    fn remove(&self, id: &str) -> Result<(), Fault> {
        self.repository.call(Request::delete(self.repository.url(&format!("issues/comments/{id}"))?)).map(drop)
    }
}

impl Channel for GitHub {
    fn preview(&self, letter: &Letter) -> Vec<Parcel> {
        let place = self.repository.shown(&format!("issues/{}/comments", self.number));
        let to = format!("POST {place}, or PATCH ours");
        vec![Parcel { to, body: body(letter) }]
    }

    fn look(&self, letter: &Letter, _: Option<&str>) -> Result<Sight, Fault> {
        for page in 1..=MOST_PAGES {
            let path = format!("issues/{}/comments?per_page=100&page={page}", self.number);
            // Of comments that may be ours the first line says all; what others write is not kept.
            let page = self.repository.page(&self.repository.url(&path)?, Value::as_array, |comment| {
                let line = first_line(comment["body"].as_str()?)?;
                Some(json!({ "id": comment["id"].as_u64()?, "body": line }))
            })?;
            for comment in &page.items {
                let (text, id) = (comment["body"].as_str().unwrap_or_default(), comment["id"].as_u64());
                if let Some(sight) = id.and_then(|id| sight(letter, text, id.to_string())) {
                    return Ok(sight);
                }
            }
            if !page.has_more {
                break;
            }
        }
        Ok(Sight::Nothing)
    }

    fn send(&self, letter: &Letter, there: Option<&str>, _: &mut dyn FnMut(&str)) -> Result<Receipt, Fault> {
        leave(self, letter, there)
    }
}
