//! Slack: incoming webhooks, which take a message and tell nothing; and the API with a bot's token, which
//! has threads, can change what was posted, and keeps hidden data with it.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, Url};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::channel::{Channel, Parcel, Recalled, Receipt, Sight};
use super::secret::Secret;
use super::transport::{Request, Transport, shown};
use super::{Fault, Letter, digest};
use crate::render::message::{SlackPost, slack, slack_details};

/// Slack takes about one message a second for each channel.
const PACE: Duration = Duration::from_millis(1_050);
/// What our hidden data is called.
const EVENT: &str = "headsup_message";
/// How many jobs are kept with a message.
const MOST_JOBS: usize = 5;
/// How many pages of a channel's history are looked through.
const MOST_PAGES: usize = 3;

/// An incoming webhook.
pub(super) struct SlackWebhook {
    pub(super) transport: Arc<dyn Transport>,
    pub(super) url: Url,
    pub(super) mentions: Vec<String>,
}

impl SlackWebhook {
    fn body(&self, letter: &Letter) -> Option<Value> {
        let post = slack(letter.messages.first()?, &self.mentions);
        Some(json!({ "text": post.text, "blocks": post.blocks, "unfurl_links": false, "unfurl_media": false }))
    }
}

impl Channel for SlackWebhook {
    fn preview(&self, letter: &Letter) -> Vec<Parcel> {
        let body = self.body(letter).map(|body| format!("{body:#}"));
        body.into_iter().map(|body| Parcel { to: format!("POST {}", shown(&self.url)), body }).collect()
    }

    fn look(&self, _: &Letter, _: Option<&str>) -> Result<Sight, Fault> {
        Ok(Sight::Nothing)
    }

    fn send(&self, letter: &Letter, _: Option<&str>, _: &mut dyn FnMut(&str)) -> Result<Receipt, Fault> {
        let Some(body) = self.body(letter) else { return Ok(Receipt::Sent(None)) };
        self.transport.exchange(&Request::json(Method::POST, self.url.clone(), &body))?.succeeded("Slack")?;
        Ok(Receipt::Sent(None))
    }

    fn pace(&self) -> Duration {
        PACE
    }
}

/// Slack's API.
pub(super) struct SlackApi {
    pub(super) transport: Arc<dyn Transport>,
    /// Ends with a slash.
    pub(super) api: Url,
    pub(super) token: Secret,
    pub(super) channel: String,
    pub(super) mentions: Vec<String>,
}

/// Where a message is: enough to change it, and to tell which of its two parts are there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    channel: String,
    ts: String,
    fingerprint: String,
    /// The reply with the details.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply: Option<String>,
    /// Which letter the details belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replied: Option<String>,
}

impl Place {
    fn read(reference: &str) -> Option<Self> {
        serde_json::from_str(reference).ok()
    }

    fn written(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Which part of a letter something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Message,
    Details,
}

impl Part {
    const fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Details => "details",
        }
    }
}

impl SlackApi {
    fn call(&self, request: Request) -> Result<Value, Fault> {
        let request = request.with_token("authorization", "Bearer ", &self.token);
        let answer = self.transport.exchange(&request)?.succeeded("Slack")?.value()?;
        if answer["ok"] == json!(true) {
            return Ok(answer);
        }
        let error = answer["error"].as_str().unwrap_or("an error without a name");
        let said = format!("Slack refused: {}", error.chars().take(80).collect::<String>());
        Err(match error {
            "ratelimited"
            | "rate_limited"
            | "internal_error"
            | "fatal_error"
            | "service_unavailable"
            | "request_timeout" => Fault::passing(said),
            _ => Fault::lasting(said),
        })
    }

    fn method(&self, name: &str) -> Result<Url, Fault> {
        self.api.join(name).map_err(|_| Fault::lasting("the address of Slack's API is none"))
    }

    fn post_body(&self, letter: &Letter, post: &SlackPost, part: Part) -> Value {
        let about = letter.messages.iter().flat_map(|message| &message.about);
        let jobs: Vec<&str> = about.take(MOST_JOBS).map(|about| about.job.as_str()).collect();
        json!({
            "channel": self.channel,
            "text": post.text,
            "blocks": post.blocks,
            "unfurl_links": false,
            "unfurl_media": false,
            "metadata": { "event_type": EVENT, "event_payload": {
                "conversation": letter.conversation(),
                "fingerprint": letter.fingerprint(),
                "part": part.name(),
                "change": change_key(&letter.change),
                "owner": letter.owner.as_deref().unwrap_or_default(),
                "jobs": jobs.join("\n"),
                "announces": if letter.announces() { "yes" } else { "no" },
            } },
        })
    }

    /// Puts one part where it belongs: in place of what is at `ts`, or anew, in a thread if there is one.
    fn put(
        &self,
        mut body: Value,
        channel: &str,
        ts: Option<&str>,
        thread: Option<&str>,
    ) -> Result<(String, String), Fault> {
        if let Some(ts) = ts {
            let mut changed = body.clone();
            changed["channel"] = json!(channel);
            changed["ts"] = json!(ts);
            let method = self.method("chat.update")?;
            match self.call(Request::json(Method::POST, method, &changed)) {
                Ok(_) => return Ok((channel.to_owned(), ts.to_owned())),
                Err(Fault::Lasting { said }) if is_gone(&said) => {}
                Err(fault) => return Err(fault),
            }
        }
        if let Some(thread) = thread {
            body["thread_ts"] = json!(thread);
            body["channel"] = json!(channel);
        }
        let answer = self.call(Request::json(Method::POST, self.method("chat.postMessage")?, &body))?;
        let text = |key: &str| answer[key].as_str().map(str::to_owned);
        match (text("channel"), text("ts")) {
            (Some(channel), Some(ts)) => Ok((channel, ts)),
            _ => Err(Fault::lasting("Slack did not say where the message is")),
        }
    }

    /// The messages of a channel, the latest first, or the replies below one: those that are ours, each with
    /// its hidden data. Nothing if the token may not read them.
    fn ours(&self, channel: &str, thread: Option<&str>) -> Result<Option<Vec<(String, Value)>>, Fault> {
        let part = if thread.is_some() { Part::Details } else { Part::Message };
        let mut cursor = String::new();
        let mut found = Vec::new();
        for _ in 0..MOST_PAGES {
            let mut url =
                self.method(if thread.is_some() { "conversations.replies" } else { "conversations.history" })?;
            {
                let mut query = url.query_pairs_mut();
                query.append_pair("channel", channel).append_pair("include_all_metadata", "true");
                query.append_pair("limit", "200");
                if let Some(thread) = thread {
                    query.append_pair("ts", thread);
                }
                if !cursor.is_empty() {
                    query.append_pair("cursor", &cursor);
                }
            }
            let answer = match self.call(Request::get(url)) {
                Ok(answer) => answer,
                // A token that may not read the channel cannot look; then a crash can cost a repetition.
                Err(Fault::Lasting { .. }) => return Ok(None),
                Err(fault) => return Err(fault),
            };
            for message in answer["messages"].as_array().into_iter().flatten() {
                let data = &message["metadata"];
                let payload = &data["event_payload"];
                let is_ours = data["event_type"] == json!(EVENT) && payload["part"] == json!(part.name());
                if let (true, Some(ts)) = (is_ours, message["ts"].as_str()) {
                    found.push((ts.to_owned(), payload.clone()));
                }
            }
            cursor = answer["response_metadata"]["next_cursor"].as_str().unwrap_or_default().to_owned();
            if cursor.is_empty() {
                break;
            }
        }
        Ok(Some(found))
    }

    /// What is ours and of one conversation, each with the fingerprint of the letter that it belongs to.
    fn of_conversation(
        &self,
        letter: &Letter,
        channel: &str,
        thread: Option<&str>,
    ) -> Result<Vec<(String, String)>, Fault> {
        let conversation = json!(letter.conversation());
        let ours = self.ours(channel, thread)?.unwrap_or_default();
        let of_it = ours.into_iter().filter(|(_, payload)| payload["conversation"] == conversation);
        Ok(of_it.filter_map(|(ts, payload)| Some((ts, payload["fingerprint"].as_str()?.to_owned()))).collect())
    }
}

/// What a change is called in hidden data.
fn change_key(change: &str) -> String {
    digest(&[change])[..20].to_owned()
}

/// Whether Slack says that a message can no longer be changed.
fn is_gone(said: &str) -> bool {
    ["message_not_found", "cant_update_message", "edit_window_closed"].iter().any(|error| said.ends_with(error))
}

/// Whether a channel is named by its id, with which its history can be asked for.
fn is_id(channel: &str) -> bool {
    channel.len() >= 8
        && channel.starts_with(['C', 'G', 'D'])
        && channel.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

impl Channel for SlackApi {
    fn preview(&self, letter: &Letter) -> Vec<Parcel> {
        let Some(message) = letter.messages.first() else { return Vec::new() };
        let to = |thread: &str| format!("POST {}chat.postMessage, channel {}{thread}", self.api, self.channel);
        let parcel = |post: &SlackPost, part: Part, thread: &str| Parcel {
            to: to(thread),
            body: format!("{:#}", self.post_body(letter, post, part)),
        };
        let mut parcels = vec![parcel(&slack(message, &self.mentions), Part::Message, "")];
        parcels.extend(slack_details(message).map(|post| parcel(&post, Part::Details, ", in its thread")));
        parcels
    }

    fn look(&self, letter: &Letter, known: Option<&str>) -> Result<Sight, Fault> {
        let known = known.and_then(Place::read);
        let mut place = match known {
            Some(place) => place,
            None if is_id(&self.channel) => {
                let found = self.of_conversation(letter, &self.channel, None)?;
                // The latest comes first.
                let Some((ts, fingerprint)) = found.into_iter().next() else { return Ok(Sight::Nothing) };
                Place { channel: self.channel.clone(), ts, fingerprint, reply: None, replied: None }
            }
            None => return Ok(Sight::Nothing),
        };
        let wants_details = letter.messages.first().and_then(slack_details).is_some();
        let print = letter.fingerprint();
        if wants_details
            && place.replied.as_ref() != Some(&print)
            && let Some((ts, of)) = self.of_conversation(letter, &place.channel, Some(&place.ts))?.pop()
        {
            (place.reply, place.replied) = (Some(ts), Some(of));
        }
        let is_whole = place.fingerprint == print && (!wants_details || place.replied.as_ref() == Some(&print));
        Ok(if is_whole { Sight::Same(place.written()) } else { Sight::Other(place.written()) })
    }

    fn send(&self, letter: &Letter, there: Option<&str>, note: &mut dyn FnMut(&str)) -> Result<Receipt, Fault> {
        let Some(message) = letter.messages.first() else { return Ok(Receipt::Sent(None)) };
        let print = letter.fingerprint();
        let before = there.and_then(Place::read);
        let is_update = before.is_some();
        let mut place = match before {
            Some(place) if place.fingerprint == print => place,
            before => {
                let body = self.post_body(letter, &slack(message, &self.mentions), Part::Message);
                let channel = before.as_ref().map_or(self.channel.as_str(), |place| &place.channel);
                let (channel, ts) = self.put(body, channel, before.as_ref().map(|place| place.ts.as_str()), None)?;
                // Details are below the message that they belong to, or begin anew with a new one.
                let kept = before.filter(|place| place.ts == ts);
                let (reply, replied) = kept.map_or((None, None), |place| (place.reply, place.replied));
                Place { channel, ts, fingerprint: print.clone(), reply, replied }
            }
        };
        note(&place.written());
        if let Some(details) = slack_details(message)
            && place.replied.as_ref() != Some(&print)
        {
            let body = self.post_body(letter, &details, Part::Details);
            let (_, ts) = self.put(body, &place.channel, place.reply.as_deref(), Some(&place.ts))?;
            (place.reply, place.replied) = (Some(ts), Some(print));
            note(&place.written());
        }
        let reference = Some(place.written());
        Ok(if is_update { Receipt::Updated(reference) } else { Receipt::Sent(reference) })
    }

    fn recall(&self, change: &str) -> Result<Vec<Recalled>, Fault> {
        if !is_id(&self.channel) {
            return Ok(Vec::new());
        }
        let key = json!(change_key(change));
        let ours = self.ours(&self.channel, None)?.unwrap_or_default().into_iter();
        let announced = ours.filter(|(_, payload)| payload["change"] == key && payload["announces"] == json!("yes"));
        let recalled = announced.filter_map(|(_, payload)| {
            let jobs = payload["jobs"].as_str()?.lines().map(str::to_owned).collect();
            Some(Recalled { owner: payload["owner"].as_str()?.to_owned(), jobs })
        });
        Ok(recalled.collect())
    }

    fn pace(&self) -> Duration {
        PACE
    }
}
