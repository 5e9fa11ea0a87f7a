//! What a CI service says of the run: which pull request it is for, who made it, where it can be seen.
//! It must not know channels.

use std::path::PathBuf;

use serde_json::Value;

use super::secret::Environment;
use crate::message::Occasion;

/// What is known of the run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The service and the pull request, if the run is for one.
    pub forge: Option<Forge>,
    /// Where GitHub takes a summary of the run.
    pub summary: Option<PathBuf>,
    /// Who made the change.
    pub author: Option<String>,
    /// Where it can be seen.
    pub link: Option<String>,
    /// The branch, where a run does not have it checked out by name.
    pub branch: Option<String>,
    /// Whether the change is still to come.
    pub fate: Fate,
}

/// What is known of a change's future.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fate {
    /// It may land, or has.
    #[default]
    Open,
    /// Its pull request was closed, and not merged.
    GivenUp,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forge {
    /// On GitHub.
    GitHub {
        /// The base of the API.
        api: String,
        /// `owner/name`.
        repository: String,
        /// Its number.
        number: u64,
        /// Whether it comes from a fork.
        fork: bool,
        /// Its newest commit, where the service says.
        head: Option<String>,
    },
    /// On GitLab.
    GitLab {
        /// The base of the API.
        api: String,
        /// The project's number or path.
        project: String,
        /// Its number.
        number: u64,
        /// Whether it comes from a fork.
        fork: bool,
    },
}

impl Surroundings {
    /// What the environment says; `read` reads a file that it names.
    #[must_use]
    pub fn read(environment: &Environment<'_>, read: impl Fn(&str) -> Option<String>) -> Self {
        let summary = environment.get("GITHUB_STEP_SUMMARY").map(PathBuf::from);
        let found = gitlab(environment).or_else(|| github(environment, read));
        Self { summary, ..found.unwrap_or_default() }
    }

    /// What to call the pull request.
    #[must_use]
    pub fn request(&self) -> Option<String> {
        match &self.forge {
            Some(Forge::GitHub { number, .. }) => Some(format!("pull request {number}")),
            Some(Forge::GitLab { number, .. }) => Some(format!("merge request {number}")),
            None => None,
        }
    }

    /// Whether the run is for a pull request from a fork, which has no secrets.
    #[must_use]
    pub fn is_fork(&self) -> bool {
        matches!(self.forge, Some(Forge::GitHub { fork: true, .. } | Forge::GitLab { fork: true, .. }))
    }

    /// The newest commit of the pull request, where checks are.
    #[must_use]
    pub fn commit(&self) -> Option<&str> {
        match &self.forge {
            Some(Forge::GitHub { head, .. }) => head.as_deref(),
            _ => None,
        }
    }

    /// Which change a run is about, across its runs: the pull request, else the branch in its repository.
    #[must_use]
    pub fn change(&self, repository: Option<&str>, head: &str) -> String {
        match &self.forge {
            Some(Forge::GitHub { repository, number, .. }) => format!("github {repository} {number}"),
            Some(Forge::GitLab { project, number, .. }) => format!("gitlab {project} {number}"),
            // What is not committed yet is the same change as soon as it is.
            None => {
                let branch = head.trim_end_matches(" with uncommitted changes");
                format!("branch {} {branch}", repository.unwrap_or("here"))
            }
        }
    }

    /// The occasion of messages about a change.
    #[must_use]
    pub fn occasion(&self, base: &str, head: &str, repository: Option<&str>) -> Occasion {
        let head = self.branch.as_deref().unwrap_or(head);
        Occasion {
            change: self.change(repository, head),
            head: head.to_owned(),
            base: base.to_owned(),
            author: self.author.clone(),
            request: self.request(),
            link: self.link.clone().filter(|link| is_link(link)),
            lands: None,
        }
    }
}

/// Whether a text is the address of a page, and nothing that could be more than that where it is shown.
#[must_use]
pub fn is_link(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let fits = |c: char| c.is_ascii_graphic() && !"<>\"'`|\\^{}()[]*".contains(c);
        !host.is_empty() && !host.contains('@') && rest.chars().all(fits) && text.len() <= 500
    })
}

fn gitlab(environment: &Environment<'_>) -> Option<Surroundings> {
    let api = environment.get("CI_API_V4_URL")?;
    let number: Option<u64> = environment.get("CI_MERGE_REQUEST_IID").and_then(|number| number.parse().ok());
    let project = environment.get("CI_MERGE_REQUEST_PROJECT_ID").or_else(|| environment.get("CI_PROJECT_ID"));
    let page = environment.get("CI_MERGE_REQUEST_PROJECT_URL").or_else(|| environment.get("CI_PROJECT_URL"));
    let link = match (&page, number, environment.get("CI_COMMIT_SHA")) {
        (Some(page), Some(number), _) => Some(format!("{page}/-/merge_requests/{number}")),
        (Some(page), None, Some(commit)) => Some(format!("{page}/-/commit/{commit}")),
        _ => None,
    };
    // A run for a fork is one of the fork's project, and has its variables.
    let source = environment.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID");
    let fork = source.is_some() && source != environment.get("CI_MERGE_REQUEST_PROJECT_ID");
    let forge = match (project, number) {
        (Some(project), Some(number)) => {
            Some(Forge::GitLab { api, project: project.replace('/', "%2F"), number, fork })
        }
        _ => None,
    };
    Some(Surroundings {
        forge,
        summary: None,
        author: environment.get("GITLAB_USER_NAME").or_else(|| environment.get("GITLAB_USER_LOGIN")),
        link,
        branch: environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"),
        // GitLab runs nothing when a merge request is closed.
        fate: Fate::Open,
    })
}

fn github(environment: &Environment<'_>, read: impl Fn(&str) -> Option<String>) -> Option<Surroundings> {
    let repository = environment.get("GITHUB_REPOSITORY").filter(|name| is_repository(name))?;
    let api = environment.get("GITHUB_API_URL").unwrap_or_else(|| "https://api.github.com".to_owned());
    let event = environment.get("GITHUB_EVENT_PATH").and_then(|path| read(&path));
    let event: Value = event.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let request = &event["pull_request"];
    let of_ref = || {
        let name = environment.get("GITHUB_REF")?;
        name.strip_prefix("refs/pull/")?.split('/').next()?.parse().ok()
    };
    let number = request["number"].as_u64().or_else(of_ref);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let server = environment.get("GITHUB_SERVER_URL").unwrap_or_else(|| "https://github.com".to_owned());
    let link = match (text(&request["html_url"]), number, environment.get("GITHUB_SHA")) {
        (Some(link), ..) => Some(link),
        (None, Some(number), _) => Some(format!("{server}/{repository}/pull/{number}")),
        (None, None, Some(commit)) => Some(format!("{server}/{repository}/commit/{commit}")),
        _ => None,
    };
    let is_elsewhere = || {
        let from = request["head"]["repo"]["full_name"].as_str();
        !request["head"].is_null() && from != Some(repository.as_str())
    };
    let is_given_up = event["action"] == "closed" && request["merged"] == false;
    let fork = is_elsewhere();
    let head = text(&request["head"]["sha"]).filter(|head| is_commit(head));
    Some(Surroundings {
        forge: number.map(|number| Forge::GitHub { api, repository: repository.clone(), number, fork, head }),
        summary: None,
        author: text(&request["user"]["login"]).or_else(|| environment.get("GITHUB_ACTOR")),
        link,
        branch: text(&request["head"]["ref"]).or_else(|| environment.get("GITHUB_HEAD_REF")),
        fate: if is_given_up { Fate::GivenUp } else { Fate::Open },
    })
}

/// Whether a text is the id of a commit, and nothing that leads elsewhere in an address.
fn is_commit(text: &str) -> bool {
    text.len() >= 40 && text.chars().all(|c| c.is_ascii_hexdigit())
}

/// Whether a text is `owner/name`, and nothing that leads elsewhere in an address.
fn is_repository(text: &str) -> bool {
    let fits = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            && !part.starts_with('.')
    };
    text.split_once('/').is_some_and(|(owner, name)| fits(owner) && fits(name))
}
