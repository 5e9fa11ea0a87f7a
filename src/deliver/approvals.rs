//! Who has approved a pull or merge request, as its service says. It must not know jobs, nor what an
//! approval is for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use serde_json::Value;

use super::comment::MOST_PAGES;
use super::secret::{Environment, Secret, Secrets};
use super::surroundings::{Forge, Surroundings};
use super::transport::{Http, Request, Response, Transport, address};
use super::{Fault, clock};
use crate::settings::Settings;

/// How often a busy service is asked.
const ATTEMPTS: u32 = 4;

/// An approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Who gave it, as the service calls him.
    pub name: String,
    /// The commit that he approved; none where that is the newest one.
    pub commit: Option<String>,
}

/// The approvals of the pull or merge request that a run is for; nothing where it is for none.
///
/// # Errors
/// Why they cannot be known, in words that hold no secret.
pub fn approvals(
    settings: &Settings,
    environment: &Environment<'_>,
    surroundings: &Surroundings,
    secrets: &Arc<Secrets>,
    patience: Duration,
) -> Result<Vec<Approval>, String> {
    let Some(forge) = &surroundings.forge else { return Ok(Vec::new()) };
    let (service, variable) = match forge {
        Forge::GitHub { .. } => ("GitHub", "GITHUB_TOKEN"),
        Forge::GitLab { .. } => ("GitLab", "GITLAB_TOKEN"),
    };
    let set = settings.comment_token(variable);
    let token = set.and_then(|name| secrets.take(environment, &name));
    let token = token.ok_or_else(|| format!("{service} is not asked without a token, such as in {variable}"))?;
    let http = Http::new(Arc::clone(secrets), patience).map_err(|fault| fault.to_string())?;
    let asking = |api: &str, path: String| -> Result<Asking<'_>, String> {
        let api = address(&format!("{}/", api.trim_end_matches('/')))?;
        Ok(Asking { transport: &http, api, path, token: &token, service })
    };
    let found = match forge {
        Forge::GitHub { api, repository, number, head, .. } => {
            asking(api, format!("repos/{repository}/pulls/{number}"))?.reviews(head.as_deref())
        }
        Forge::GitLab { api, project, number } => {
            asking(api, format!("projects/{project}/merge_requests/{number}"))?.approvers()
        }
    };
    found.map_err(|fault| secrets.mask(&fault.to_string()))
}

/// A request whose approvals are asked for.
struct Asking<'a> {
    transport: &'a dyn Transport,
    api: Url,
    path: String,
    token: &'a Secret,
    service: &'static str,
}

impl Asking<'_> {
    fn get(&self, rest: &str) -> Result<Response, Fault> {
        let url = self.api.join(&format!("{}/{rest}", self.path));
        let url = url.map_err(|_| Fault::lasting(format!("the address of {}'s API is none", self.service)))?;
        let request = match self.service {
            "GitLab" => Request::get(url).with_token("private-token", "", self.token),
            _ => Request::get(url)
                .with_token("authorization", "Bearer ", self.token)
                .with("accept", "application/vnd.github+json")
                .with("x-github-api-version", "2022-11-28"),
        };
        let mut attempt = 0;
        loop {
            let answer = self.transport.exchange(&request).and_then(|answer| answer.succeeded(self.service));
            match answer {
                Err(Fault::Passing { after, .. }) if attempt + 1 < ATTEMPTS => {
                    clock::wait(after.unwrap_or_else(|| clock::backoff(attempt)).min(Duration::from_secs(30)));
                    attempt += 1;
                }
                answer => return answer,
            }
        }
    }

    fn list(&self, rest: &str) -> Result<Vec<Value>, Fault> {
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let answer = self.get(&format!("{rest}?per_page=100&page={page}"))?;
            let Value::Array(items) = answer.value()? else {
                return Err(Fault::lasting(format!("{} sent no list", self.service)));
            };
            let has_more = items.len() == 100;
            all.extend(items);
            if !has_more {
                break;
            }
        }
        Ok(all)
    }

    /// The reviews on GitHub: of each reviewer the last one that decides counts.
    fn reviews(&self, head: Option<&str>) -> Result<Vec<Approval>, Fault> {
        let mut last: BTreeMap<String, Option<Approval>> = BTreeMap::new();
        for review in self.list("reviews")? {
            let Some(name) = review["user"]["login"].as_str() else { continue };
            let approval = match review["state"].as_str() {
                Some("APPROVED") => {
                    let commit = review["commit_id"].as_str().map(str::to_owned);
                    let commit = commit.filter(|commit| Some(commit.as_str()) != head);
                    Some(Approval { name: name.to_owned(), commit })
                }
                Some("CHANGES_REQUESTED" | "DISMISSED") => None,
                // A comment takes back nothing.
                _ => continue,
            };
            last.insert(name.to_owned(), approval);
        }
        Ok(last.into_values().flatten().collect())
    }

    /// The approvals on GitLab, each with the version that was the newest when it was given.
    fn approvers(&self) -> Result<Vec<Approval>, Fault> {
        let answer = self.get("approvals")?.value()?;
        let given = answer["approved_by"].as_array().cloned().unwrap_or_default();
        let moment = |value: &Value| value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
        let mut versions: Vec<(Timestamp, String)> = Vec::new();
        if given.iter().any(|approval| moment(&approval["approved_at"]).is_some()) {
            for version in self.list("versions")? {
                let commit = version["head_commit_sha"].as_str().map(str::to_owned);
                versions.extend(moment(&version["created_at"]).zip(commit));
            }
            versions.sort();
        }
        let newest = versions.last().map(|(_, commit)| commit.clone());
        let approval = |entry: &Value| {
            let name = entry["user"]["username"].as_str()?.to_owned();
            let at = moment(&entry["approved_at"]);
            let seen = at.and_then(|at| versions.iter().rev().find(|(made, _)| *made <= at));
            let commit = seen.map(|(_, commit)| commit.clone()).filter(|commit| Some(commit) != newest.as_ref());
            Some(Approval { name, commit })
        };
        Ok(given.iter().filter_map(approval).collect())
    }
}
