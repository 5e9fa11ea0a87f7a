//! Where heads-ups go. Secrets are named, never held: a channel knows the variable, not its value.

use headsup_lineage::diagnostic::Position;

use super::Digest;
use super::fields::{Fields, Named, Problems, Value, looks_secret};
use super::names::{EnvName, ProjectPath};
use crate::yaml::Content;

/// A place where heads-ups go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// How they get there.
    pub route: Route,
    /// How often what is not urgent is told together.
    pub digest: Option<Digest>,
    /// Where the file says so.
    pub position: Position,
}

/// How heads-ups get to a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// A Slack incoming webhook, which has its channel built in.
    SlackWebhook {
        /// Holds the webhook's URL.
        webhook_env: EnvName,
        /// Who is mentioned: ids of users and groups, `here`, `channel`, `everyone`.
        mention: Vec<String>,
    },
    /// Slack's API.
    SlackApi {
        /// Holds the token.
        token_env: EnvName,
        /// Such as `#finance-audit`, or its id.
        channel: String,
        /// Who is mentioned: ids of users and groups, `here`, `channel`, `everyone`.
        mention: Vec<String>,
    },
    /// A comment on the pull request.
    GitHub {
        /// Holds the token.
        token_env: EnvName,
    },
    /// A check on the newest commit of the pull request.
    GitHubCheck {
        /// Holds the token.
        token_env: EnvName,
        /// What the check is called.
        name: String,
    },
    /// A note on the merge request.
    GitLab {
        /// Holds the token.
        token_env: EnvName,
    },
    /// A Microsoft Teams webhook.
    Teams {
        /// Holds the webhook's URL.
        webhook_env: EnvName,
    },
    /// E-mail.
    Email {
        /// The addresses.
        to: Vec<String>,
        /// Whom it is from, if not the user of the mail server.
        from: Option<String>,
        /// Holds the URL of the mail server, with user and password.
        smtp_env: EnvName,
    },
    /// Any other webhook.
    Webhook {
        /// Holds the webhook's URL.
        webhook_env: EnvName,
        /// Holds a bearer token, if one is needed.
        token_env: Option<EnvName>,
        /// Holds the key that messages are signed with, if they are.
        secret_env: Option<EnvName>,
    },
    /// A file in the project directory.
    File {
        /// Where.
        path: ProjectPath,
    },
    /// Standard output.
    Stdout,
}

/// The kind of a check on GitHub, as the file calls it.
pub const GITHUB_CHECK: &str = "github-check";
/// What a check is called that has no name.
const CHECK_NAME: &str = "headsup";

impl Route {
    /// Its kind, as the file calls it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::SlackWebhook { .. } | Self::SlackApi { .. } => "slack",
            Self::GitHub { .. } => "github",
            Self::GitHubCheck { .. } => GITHUB_CHECK,
            Self::GitLab { .. } => "gitlab",
            Self::Teams { .. } => "teams",
            Self::Email { .. } => "email",
            Self::Webhook { .. } => "webhook",
            Self::File { .. } => "file",
            Self::Stdout => "stdout",
        }
    }

    /// Whether it is a comment that all read, whoever is told.
    #[must_use]
    pub const fn is_comment(&self) -> bool {
        matches!(self, Self::GitHub { .. } | Self::GitLab { .. })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Slack,
    GitHub,
    GitHubCheck,
    GitLab,
    Teams,
    Email,
    Webhook,
    File,
    Stdout,
}

const KINDS: [(&str, Kind); 9] = [
    ("slack", Kind::Slack),
    ("github", Kind::GitHub),
    (GITHUB_CHECK, Kind::GitHubCheck),
    ("gitlab", Kind::GitLab),
    ("teams", Kind::Teams),
    ("email", Kind::Email),
    ("webhook", Kind::Webhook),
    ("file", Kind::File),
    ("stdout", Kind::Stdout),
];

/// Every key that some kind of channel has.
pub(super) const KEYS: [&str; 12] = [
    "kind",
    "name",
    "webhook_env",
    "token_env",
    "secret_env",
    "smtp_env",
    "channel",
    "mention",
    "to",
    "from",
    "path",
    "digest",
];

/// Keys that people write secrets into.
const SECRETS: [&str; 8] = ["webhook", "webhook_url", "url", "token", "api_key", "secret", "password", "smtp"];

impl Kind {
    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Slack => &["kind", "webhook_env", "token_env", "channel", "mention", "digest"],
            Self::GitHub | Self::GitLab => &["kind", "token_env"],
            Self::GitHubCheck => &["kind", "token_env", "name"],
            Self::Teams => &["kind", "webhook_env", "digest"],
            Self::Email => &["kind", "to", "from", "smtp_env", "digest"],
            Self::Webhook => &["kind", "webhook_env", "token_env", "secret_env", "digest"],
            Self::File => &["kind", "path", "digest"],
            Self::Stdout => &["kind", "digest"],
        }
    }
}

/// Reads one channel.
pub(super) fn read(value: &Value<'_>, problems: &mut Problems) -> Option<Channel> {
    let secrets = report_secrets(value, problems);
    let kind = match value.node.get("kind").filter(|entry| entry.value.content != Content::Null) {
        Some(_) if secrets.iter().any(|key| key == "kind") => None,
        Some(entry) => {
            let at = entry.value.position.unwrap_or(value.at);
            Value { node: &entry.value, at, what: "`kind`".to_owned() }.choice(problems, &KINDS)
        }
        None => {
            if matches!(value.node.content, Content::Mapping(_)) {
                let kinds: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
                let hint = format!("it is one of {}", kinds.join(", "));
                problems.report("settings-missing", value.at, "the channel needs `kind`", hint);
            } else {
                problems.wrong_type(value, "a mapping");
            }
            None
        }
    };
    // Without a kind the keys of all kinds are allowed: the kind is the one problem to mend first.
    let keys: &[&str] = kind.map_or(&KEYS, Kind::keys);
    let mut unsecret = value.node.clone();
    if let Content::Mapping(entries) = &mut unsecret.content {
        entries.retain(|entry| !secrets.contains(&entry.key));
    }
    let value = Value { node: &unsecret, at: value.at, what: value.what.clone() };
    if !matches!(value.node.content, Content::Mapping(_)) {
        return None;
    }
    let fields = value.fields(problems, "the channel", keys)?;
    // Those that are kept out as secrets would only be missed a second time.
    let before = problems.0.len();
    let route = route(&fields, kind?, problems);
    let digest = fields.get("digest").and_then(|value| value.choice(problems, &Digest::ALL));
    if !secrets.is_empty() {
        let missing = problems.0.split_off(before);
        problems.0.extend(missing.into_iter().filter(|problem| problem.code != "settings-missing"));
    }
    Some(Channel { route: route?, digest, position: value.at })
}

fn route(fields: &Fields<'_>, kind: Kind, problems: &mut Problems) -> Option<Route> {
    let mention = mentions(fields, problems);
    let mut env = |key: &str| fields.get(key).map(|value| value.checked(problems, EnvName::new));
    Some(match kind {
        Kind::Slack => {
            let (webhook, token) = (env("webhook_env"), env("token_env"));
            match (webhook, token) {
                (Some(webhook), None) => {
                    if fields.get("channel").is_some() {
                        let hint = "leave `channel` out, or use `token_env` in place of `webhook_env`".to_owned();
                        let message = "a Slack webhook has its channel built in";
                        problems.report("settings-value", fields.at, message, hint);
                    }
                    Route::SlackWebhook { webhook_env: webhook?, mention: mention? }
                }
                (None, Some(token)) => {
                    let channel = fields.required(problems, "channel");
                    Route::SlackApi { channel: channel?.text(problems)?, token_env: token?, mention: mention? }
                }
                (None, None) => {
                    let message = "the channel needs `webhook_env`, or `token_env` and `channel`";
                    problems.report("settings-missing", fields.at, message, None);
                    return None;
                }
                (Some(_), Some(_)) => {
                    let message = "the channel has both `webhook_env` and `token_env`";
                    problems.report("settings-value", fields.at, message, "keep one of them".to_owned());
                    return None;
                }
            }
        }
        Kind::GitHub => Route::GitHub { token_env: optional(env("token_env"), "GITHUB_TOKEN")? },
        Kind::GitHubCheck => Route::GitHubCheck {
            token_env: optional(env("token_env"), "GITHUB_TOKEN")?,
            name: fields.text(problems, "name").unwrap_or_else(|| CHECK_NAME.to_owned()),
        },
        Kind::GitLab => Route::GitLab { token_env: optional(env("token_env"), "GITLAB_TOKEN")? },
        Kind::Teams => {
            let webhook = fields.required(problems, "webhook_env");
            Route::Teams { webhook_env: webhook?.checked(problems, EnvName::new)? }
        }
        Kind::Webhook => {
            let (token, secret) = (env("token_env"), env("secret_env"));
            let webhook = fields.required(problems, "webhook_env");
            let webhook_env = webhook?.checked(problems, EnvName::new)?;
            Route::Webhook { webhook_env, token_env: token.flatten(), secret_env: secret.flatten() }
        }
        Kind::Email => {
            let smtp_env = optional(env("smtp_env"), "SMTP_URL");
            let to = fields.required(problems, "to")?;
            let to = match &to.node.content {
                Content::List(_) => to.texts(problems).into_iter().map(|address| address.name).collect(),
                _ => vec![to.text(problems)?],
            };
            Route::Email { to, from: fields.text(problems, "from"), smtp_env: smtp_env? }
        }
        Kind::File => {
            let path = fields.required(problems, "path");
            Route::File { path: path?.checked(problems, ProjectPath::new)? }
        }
        Kind::Stdout => Route::Stdout,
    })
}

/// Who is mentioned in Slack; `None` if it is not what Slack would take for somebody.
fn mentions(fields: &Fields<'_>, problems: &mut Problems) -> Option<Vec<String>> {
    let Some(value) = fields.get("mention") else { return Some(Vec::new()) };
    let named: Vec<Named> = match &value.node.content {
        Content::List(_) => value.texts(problems),
        _ => value.named(problems).into_iter().collect(),
    };
    let is_id = |text: &str| {
        text.starts_with(['U', 'W', 'S'])
            && text.len() > 1
            && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    };
    let mut all = Vec::new();
    for one in named {
        if !is_id(&one.name) && !matches!(one.name.as_str(), "here" | "channel" | "everyone") {
            let hint = "it is the id of a user (U…) or of a group (S…), `here`, `channel` or `everyone`".to_owned();
            problems.report("settings-value", one.at, "Slack knows nobody by this `mention`", hint);
            return None;
        }
        all.push(one.name);
    }
    Some(all)
}

/// What was given, else the default; `None` if what was given is wrong.
fn optional(given: Option<Option<EnvName>>, default: &str) -> Option<EnvName> {
    match given {
        Some(given) => given,
        None => EnvName::new(default).ok(),
    }
}

/// Reports what looks like a secret, without its value, and tells which keys those are.
fn report_secrets(value: &Value<'_>, problems: &mut Problems) -> Vec<String> {
    let Content::Mapping(entries) = &value.node.content else { return Vec::new() };
    let mut secrets = Vec::new();
    for entry in entries {
        let Content::Text(text) = &entry.value.content else { continue };
        if SECRETS.contains(&entry.key.as_str()) || looks_secret(text) {
            let at = entry.value.position.or(entry.key_position).unwrap_or(value.at);
            problems.secret(
                at,
                &format!("`{}`", entry.key),
                if entry.key.contains("token") { "token_env" } else { "webhook_env" },
            );
            secrets.push(entry.key.clone());
        }
    }
    secrets
}
