//! From settings and the environment to channels that can be used, or the reason why one cannot.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;

use super::channel::Channel;
use super::checks::Checks;
use super::email::Email;
use super::file::Appended;
use super::github::{GitHub, Origin, Repository};
use super::gitlab::GitLab;
use super::memory::Memory;
use super::secret::{Environment, Secret, Secrets};
use super::slack::{SlackApi, SlackWebhook};
use super::stdout::Stdout;
use super::surroundings::{Forge, Surroundings};
use super::teams::Teams;
use super::transport::{Http, Transport, address};
use super::webhook::Webhook;
use crate::settings::{EnvName, GITHUB_CHECK, Route, Settings};

/// Where Slack's API is; the variable is for Slack's other worlds, such as GovSlack.
const SLACK_API: (&str, &str) = ("SLACK_API_URL", "https://slack.com/api/");

/// Why a channel cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undeliverable {
    /// Something is missing or wrong that somebody has to mend.
    Wrong(String),
    /// The run is not for a pull request of the channel's service.
    NotHere(String),
    /// The run is for a fork, which has no secrets: nobody could mend that.
    Fork(String),
}

impl Undeliverable {
    /// Why, in words.
    #[must_use]
    pub fn said(&self) -> &str {
        match self {
            Self::Wrong(said) | Self::NotHere(said) | Self::Fork(said) => said,
        }
    }
}

/// The channels that settings name, ready to be used.
pub struct Routes(BTreeMap<String, Ready>);

struct Ready {
    kind: &'static str,
    channel: Result<Box<dyn Channel>, Undeliverable>,
}

impl fmt::Debug for Routes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.0.keys()).finish()
    }
}

impl Routes {
    /// Makes the channels of settings; `folder` is the project's, and `memory` knows what services said before.
    #[must_use]
    pub fn new(
        settings: &Settings,
        environment: &Environment<'_>,
        surroundings: &Surroundings,
        secrets: &Arc<Secrets>,
        folder: &Path,
        memory: &Memory,
        patience: Duration,
    ) -> Self {
        let making = Making { environment, surroundings, secrets, folder, memory, patience, http: None };
        let mut making = making;
        let channels = settings.channels.iter().map(|(name, channel)| {
            let ready = Ready { kind: channel.route.kind(), channel: making.channel(&channel.route) };
            (name.clone(), ready)
        });
        Self(channels.collect())
    }

    /// A channel by its name.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn channel(&self, name: &str) -> Result<&dyn Channel, &str> {
        match self.0.get(name).map(|ready| &ready.channel) {
            Some(Ok(channel)) => Ok(channel.as_ref()),
            Some(Err(why)) => Err(why.said()),
            None => Err("no channel of this name is defined in headsup.yml"),
        }
    }

    /// Why a channel cannot be used, if it cannot.
    #[must_use]
    pub fn obstacle(&self, name: &str) -> Option<&Undeliverable> {
        self.0.get(name)?.channel.as_ref().err()
    }

    /// What kind a channel is of.
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<&'static str> {
        self.0.get(name).map(|ready| ready.kind)
    }

    /// The names of all channels.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The channels that are comments on a pull request, which all read.
    pub fn comments(&self) -> impl Iterator<Item = &str> {
        let shared = |ready: &Ready| matches!(ready.kind, "github" | "gitlab");
        self.0.iter().filter(move |(_, ready)| shared(ready)).map(|(name, _)| name.as_str())
    }

    /// The channels that are checks on a pull request.
    pub fn checks(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, ready)| ready.kind == GITHUB_CHECK).map(|(name, _)| name.as_str())
    }
}

/// What channels are made of.
struct Making<'a> {
    environment: &'a Environment<'a>,
    surroundings: &'a Surroundings,
    secrets: &'a Arc<Secrets>,
    folder: &'a Path,
    memory: &'a Memory,
    patience: Duration,
    http: Option<Arc<dyn Transport>>,
}

impl Making<'_> {
    fn channel(&mut self, route: &Route) -> Result<Box<dyn Channel>, Undeliverable> {
        Ok(match route {
            Route::SlackWebhook { webhook_env, mention } => {
                let url = self.address(webhook_env)?;
                Box::new(SlackWebhook { transport: self.http()?, url, mentions: mention.clone() })
            }
            Route::SlackApi { token_env, channel, mention } => Box::new(SlackApi {
                token: self.secret(token_env)?,
                api: self
                    .base(SLACK_API.0, &self.environment.get(SLACK_API.0).unwrap_or_else(|| SLACK_API.1.to_owned()))?,
                transport: self.http()?,
                channel: channel.clone(),
                mentions: mention.clone(),
            }),
            Route::Teams { webhook_env } => {
                let url = self.address(webhook_env)?;
                Box::new(Teams { transport: self.http()?, url })
            }
            Route::Webhook { webhook_env, token_env, secret_env } => Box::new(Webhook {
                url: self.address(webhook_env)?,
                token: token_env.as_ref().map(|name| self.secret(name)).transpose()?,
                secret: secret_env.as_ref().map(|name| self.secret(name)).transpose()?,
                transport: self.http()?,
            }),
            Route::Email { to, from, smtp_env } => {
                let url = self.secret(smtp_env)?;
                let email = Email::new(&url, from.as_deref(), to, Arc::clone(self.secrets), self.patience);
                Box::new(email.map_err(|said| Undeliverable::Wrong(format!("{} {said}", smtp_env.as_str())))?)
            }
            Route::File { path } => {
                Box::new(Appended { path: self.folder.join(path.as_str()), name: path.to_string() })
            }
            Route::Stdout => Box::new(Stdout),
            Route::GitHub { token_env } => {
                let (repository, number) = self.repository(token_env)?;
                Box::new(GitHub { repository, number })
            }
            Route::GitHubCheck { token_env, name } => {
                let (repository, _) = self.repository(token_env)?;
                Box::new(Checks { repository, name: name.clone() })
            }
            Route::GitLab { token_env } => match &self.surroundings.forge {
                Some(Forge::GitLab { api, project, number, fork }) => Box::new(GitLab {
                    token: self.secret(token_env)?,
                    api: self.base("CI_API_V4_URL", api)?,
                    transport: self.http()?,
                    project: project.clone(),
                    number: *number,
                    origin: if *fork { Origin::Fork } else { Origin::Own },
                }),
                _ => return Err(Undeliverable::NotHere("this run is not for a merge request on GitLab".to_owned())),
            },
        })
    }

    /// The repository on GitHub that the run is for, and the number of the pull request.
    fn repository(&mut self, token_env: &EnvName) -> Result<(Repository, u64), Undeliverable> {
        let Some(Forge::GitHub { api, repository, number, fork, .. }) = &self.surroundings.forge else {
            return Err(Undeliverable::NotHere("this run is not for a pull request on GitHub".to_owned()));
        };
        let repository = Repository {
            token: self.secret(token_env)?,
            api: self.base("GITHUB_API_URL", api)?,
            transport: self.http()?,
            name: repository.clone(),
            origin: if *fork { Origin::Fork } else { Origin::Own },
            memory: self.memory.clone(),
        };
        Ok((repository, *number))
    }

    fn http(&mut self) -> Result<Arc<dyn Transport>, Undeliverable> {
        if let Some(http) = &self.http {
            return Ok(Arc::clone(http));
        }
        let http = Http::new(Arc::clone(self.secrets), self.patience);
        let http: Arc<dyn Transport> = Arc::new(http.map_err(|fault| Undeliverable::Wrong(fault.to_string()))?);
        self.http = Some(Arc::clone(&http));
        Ok(http)
    }

    fn secret(&self, name: &EnvName) -> Result<Secret, Undeliverable> {
        let missing = || {
            let said = format!("the environment variable {} is not set", name.as_str());
            match self.surroundings.is_fork() {
                true => Undeliverable::Fork(format!("{said}: runs for a fork have no secrets")),
                false => Undeliverable::Wrong(said),
            }
        };
        self.secrets.take(self.environment, name).ok_or_else(missing)
    }

    /// The address that a variable holds, which is secret.
    fn address(&self, name: &EnvName) -> Result<Url, Undeliverable> {
        let secret = self.secret(name)?;
        address(secret.reveal()).map_err(|said| Undeliverable::Wrong(format!("what {} holds {said}", name.as_str())))
    }

    /// The address of an API, ending with a slash.
    fn base(&self, name: &str, text: &str) -> Result<Url, Undeliverable> {
        let text = format!("{}/", text.trim_end_matches('/'));
        address(&text).map_err(|said| Undeliverable::Wrong(format!("what {name} holds {said}")))
    }
}
