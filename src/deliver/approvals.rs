//! Who has approved a pull or merge request, and who is in a team, as the service says. It must not know jobs, nor
//! what an approval is for.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use serde_json::{Value, json};

use super::comment::MOST_PAGES;
use super::github::authorized;
use super::memory::{Memory, Page};
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

/// The service that has the pull or merge request of a run, ready to be asked.
pub struct Service<'a> {
    forge: &'a Forge,
    api: Url,
    http: Http,
    token: Secret,
    /// The token that may look into teams, where that is another one.
    of_teams: Option<Secret>,
    secrets: &'a Arc<Secrets>,
    memory: &'a Memory,
}

impl fmt::Debug for Service<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Service({})", self.name())
    }
}

impl<'a> Service<'a> {
    /// The service; nothing where a run is for no pull request.
    ///
    /// # Errors
    /// Why it cannot be asked, in words that hold no secret.
    pub fn new(
        settings: &Settings,
        environment: &Environment<'_>,
        surroundings: &'a Surroundings,
        secrets: &'a Arc<Secrets>,
        memory: &'a Memory,
        patience: Duration,
    ) -> Result<Option<Self>, String> {
        let Some(forge) = &surroundings.forge else { return Ok(None) };
        let (service, variable, api) = match forge {
            Forge::GitHub { api, .. } => ("GitHub", "GITHUB_TOKEN", api),
            Forge::GitLab { api, .. } => ("GitLab", "GITLAB_TOKEN", api),
        };
        let set = settings.comment_token(variable);
        let token = set.and_then(|name| secrets.take(environment, &name));
        let token = token.ok_or_else(|| format!("{service} is not asked without a token, such as in {variable}"))?;
        let of_teams = Settings::teams_token().and_then(|name| secrets.take(environment, &name));
        let http = Http::new(Arc::clone(secrets), patience).map_err(|fault| fault.to_string())?;
        let api = address(&format!("{}/", api.trim_end_matches('/')))?;
        Ok(Some(Self { forge, api, http, token, of_teams, secrets, memory }))
    }

    /// The approvals of the pull or merge request.
    ///
    /// # Errors
    /// Why they cannot be known, in words that hold no secret.
    pub fn approvals(&self) -> Result<Vec<Approval>, String> {
        let found = match self.forge {
            Forge::GitHub { repository, number, head, .. } => {
                self.reviews(&format!("repos/{repository}/pulls/{number}"), head.as_deref())
            }
            Forge::GitLab { project, number, .. } => {
                self.approvers(&format!("projects/{project}/merge_requests/{number}"))
            }
        };
        self.said(found)
    }

    /// Who is in a team, by his name there: `acme/finance` is the team of an organisation on GitHub, and a group on
    /// GitLab.
    ///
    /// # Errors
    /// Why that cannot be known, in words that hold no secret.
    pub fn members(&self, team: &str) -> Result<Vec<String>, String> {
        let fits = |part: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            !part.is_empty() && part.chars().all(fits) && !part.starts_with('.')
        };
        let parts: Vec<&str> = team.split('/').collect();
        let token = self.of_teams.as_ref().unwrap_or(&self.token);
        let found = match (self.forge, parts.as_slice()) {
            (_, parts) if !parts.iter().all(|part| fits(part)) => Err(Fault::lasting("that is no name of a team")),
            (Forge::GitHub { .. }, [organisation, team]) => {
                let path = format!("orgs/{organisation}/teams/{team}/members");
                self.list(&path, token, |member| Some(member["login"].clone()))
            }
            (Forge::GitHub { .. }, _) => Err(Fault::lasting("on GitHub a team is ORGANISATION/TEAM")),
            (Forge::GitLab { .. }, parts) => {
                let path = format!("groups/{}/members/all", parts.join("%2F"));
                self.list(&path, token, |member| {
                    (member["state"] == json!("active")).then(|| member["username"].clone())
                })
            }
        };
        let names = |members: Vec<Value>| members.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect();
        self.said(found.map(names))
    }

    fn said<T>(&self, found: Result<T, Fault>) -> Result<T, String> {
        found.map_err(|fault| self.secrets.mask(&fault.to_string()))
    }

    const fn name(&self) -> &'static str {
        match self.forge {
            Forge::GitHub { .. } => "GitHub",
            Forge::GitLab { .. } => "GitLab",
        }
    }

    /// What is at a path, unless it is what has a tag.
    fn get(&self, url: &Url, token: &Secret, tag: Option<&str>) -> Result<Response, Fault> {
        let request = Request::get(url.clone()).unless(tag);
        let request = match self.forge {
            Forge::GitLab { .. } => request.with_token("private-token", "", token),
            Forge::GitHub { .. } => authorized(request, token),
        };
        let mut attempt = 0;
        loop {
            let answer = self.http.exchange(&request).and_then(|answer| answer.succeeded_or_same(self.name()));
            match answer {
                Err(Fault::Passing { after, .. }) if attempt + 1 < ATTEMPTS => {
                    clock::wait(after.unwrap_or_else(|| clock::backoff(attempt)).min(Duration::from_secs(30)));
                    attempt += 1;
                }
                answer => return answer,
            }
        }
    }

    fn url(&self, path: &str) -> Result<Url, Fault> {
        let url = self.api.join(path);
        url.map_err(|_| Fault::lasting(format!("the address of {}'s API is none", self.name())))
    }

    /// All items of a list, with so much of each as is taken of it.
    fn list(&self, path: &str, token: &Secret, take: impl Fn(&Value) -> Option<Value>) -> Result<Vec<Value>, Fault> {
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let url = self.url(&format!("{path}?per_page=100&page={page}"))?;
            let ask = |tag: Option<&str>| self.get(&url, token, tag);
            let page = self.memory.page(&url, ask, |answer| {
                let value = answer.value()?;
                let list = value.as_array().ok_or_else(|| Fault::lasting(format!("{} sent no list", self.name())))?;
                Ok(Page { items: list.iter().filter_map(&take).collect(), has_more: list.len() == 100 })
            })?;
            all.extend(page.items);
            if !page.has_more {
                break;
            }
        }
        Ok(all)
    }

    /// The reviews on GitHub: of each reviewer the last one that decides counts.
    fn reviews(&self, path: &str, head: Option<&str>) -> Result<Vec<Approval>, Fault> {
        let mut last: BTreeMap<String, Option<Approval>> = BTreeMap::new();
        let take = |review: &Value| {
            let login = review["user"]["login"].clone();
            Some(json!({ "user": { "login": login }, "state": review["state"], "commit_id": review["commit_id"] }))
        };
        for review in self.list(&format!("{path}/reviews"), &self.token, take)? {
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
    fn approvers(&self, path: &str) -> Result<Vec<Approval>, Fault> {
        let answer = self.get(&self.url(&format!("{path}/approvals"))?, &self.token, None)?.value()?;
        let given = answer["approved_by"].as_array().cloned().unwrap_or_default();
        let moment = |value: &Value| value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
        let mut versions: Vec<(Timestamp, String)> = Vec::new();
        if given.iter().any(|approval| moment(&approval["approved_at"]).is_some()) {
            let take = |version: &Value| {
                Some(json!({ "created_at": version["created_at"], "head_commit_sha": version["head_commit_sha"] }))
            };
            for version in self.list(&format!("{path}/versions"), &self.token, take)? {
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
