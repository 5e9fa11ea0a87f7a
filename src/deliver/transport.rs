//! HTTP: one request, one answer. Certificates are checked, redirects are not followed, and nothing is
//! sent in the clear but to this machine.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use reqwest::blocking::Client;
use reqwest::{Method, Url};

use super::Fault;
use super::clock;
use super::secret::{Secret, Secrets};

/// The most of an answer that is read.
const LONGEST_ANSWER: u64 = 8 * 1024 * 1024;

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: Vec<(&'static str, String)>,
    /// A header whose value is not shown.
    pub(super) authorization: Option<(&'static str, String, Secret)>,
    pub(super) body: Option<String>,
}

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Response {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

/// Whatever carries requests.
pub(super) trait Transport: Send + Sync {
    /// The answer to a request, whatever its status.
    fn exchange(&self, request: &Request) -> Result<Response, Fault>;
}

impl Request {
    /// A request with a JSON body.
    pub(super) fn json(method: Method, url: Url, body: &serde_json::Value) -> Self {
        Self {
            method,
            url,
            headers: vec![("content-type", "application/json; charset=utf-8".to_owned())],
            authorization: None,
            body: Some(body.to_string()),
        }
    }

    /// A request without a body.
    pub(super) fn get(url: Url) -> Self {
        Self { method: Method::GET, url, headers: Vec::new(), authorization: None, body: None }
    }

    /// A request to remove something.
    pub(super) fn delete(url: Url) -> Self {
        Self { method: Method::DELETE, ..Self::get(url) }
    }

    /// The same with a token: `scheme` stands before it.
    pub(super) fn with_token(mut self, header: &'static str, scheme: &str, token: &Secret) -> Self {
        self.authorization = Some((header, scheme.to_owned(), token.clone()));
        self
    }

    /// The same, if the answer is another than the one with a tag.
    pub(super) fn unless(self, tag: Option<&str>) -> Self {
        match tag {
            Some(tag) => self.with("if-none-match", tag),
            None => self,
        }
    }

    pub(super) fn with(mut self, header: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((header, value.into()));
        self
    }
}

impl Response {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The answer as JSON.
    pub(super) fn value(&self) -> Result<serde_json::Value, Fault> {
        serde_json::from_str(&self.body).map_err(|_| Fault::passing("the answer is not JSON"))
    }

    /// The same, where the answer may also be that nothing has changed.
    pub(super) fn succeeded_or_same(self, service: &str) -> Result<Self, Fault> {
        if self.status == 304 { Ok(self) } else { self.succeeded(service) }
    }

    /// The answer if it is one of success, else what is wrong. `service` is who answered.
    pub(super) fn succeeded(self, service: &str) -> Result<Self, Fault> {
        let after = self.retry_after();
        let said = format!("{service} answered {}{}", self.status, self.hint());
        match self.status {
            200..=299 => Ok(self),
            300..=399 => {
                Err(Fault::lasting(format!("{service} answered {}, a redirect, which is not followed", self.status)))
            }
            408 | 425 | 429 | 500..=599 => Err(Fault::Passing { said, after }),
            403 if after.is_some() => Err(Fault::Passing { said, after }),
            _ => Err(Fault::lasting(said)),
        }
    }

    /// How long the service asks to be left alone.
    fn retry_after(&self) -> Option<Duration> {
        let seconds = |name: &str| self.header(name).and_then(|value| value.trim().parse::<u64>().ok());
        if let Some(wait) = seconds("retry-after") {
            return Some(Duration::from_secs(wait.min(24 * 3_600)));
        }
        // GitHub says when its budget is full again.
        let at = seconds("x-ratelimit-reset").filter(|_| seconds("x-ratelimit-remaining") == Some(0))?;
        let now = u64::try_from(clock::now() / 1_000).unwrap_or(0);
        Some(Duration::from_secs(at.saturating_sub(now).clamp(1, 24 * 3_600)))
    }

    /// The beginning of what the service says is wrong.
    fn hint(&self) -> String {
        const LONGEST: usize = 160;
        let value = serde_json::from_str::<serde_json::Value>(&self.body).ok();
        let said = value.as_ref().and_then(|value| value.get("message").or_else(|| value.get("error"))?.as_str());
        let text = said.unwrap_or(&self.body);
        let first: String =
            text.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
        if first.trim().is_empty() { String::new() } else { format!(": {}", first.trim()) }
    }
}

/// HTTP over the network.
pub(super) struct Http {
    client: Client,
    secrets: Arc<Secrets>,
}

impl Http {
    pub(super) fn new(secrets: Arc<Secrets>, patience: Duration) -> Result<Self, Fault> {
        // Whoever is second finds it done.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(patience.min(Duration::from_secs(10)))
            .timeout(patience)
            .user_agent(concat!("headsup/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| Fault::lasting("the certificates of this machine cannot be read"))?;
        Ok(Self { client, secrets })
    }
}

impl Transport for Http {
    fn exchange(&self, request: &Request) -> Result<Response, Fault> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let mut call = self.client.request(request.method.clone(), request.url.clone());
        for (name, value) in &request.headers {
            call = call.header(*name, value);
        }
        if let Some((name, scheme, token)) = &request.authorization {
            call = call.header(*name, format!("{scheme}{}", token.reveal()));
        }
        if let Some(body) = &request.body {
            call = call.body(body.clone());
        }
        let failed = |error: &(dyn std::error::Error + 'static)| {
            let said = self.secrets.mask(&format!("{host} cannot be reached: {}", innermost(error)));
            // Waiting does not make a certificate a trusted one.
            if said.contains("certificate") { Fault::lasting(said) } else { Fault::passing(said) }
        };
        let response = call.send().map_err(|error| {
            let error = error.without_url();
            match error.is_builder() {
                true => Fault::lasting("a header or an address is not one that can be sent"),
                false => failed(&error),
            }
        })?;
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers = headers.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
        let headers = headers.collect();
        let mut body = Vec::new();
        response.take(LONGEST_ANSWER).read_to_end(&mut body).map_err(|error| failed(&error))?;
        Ok(Response { status, headers, body: self.secrets.mask(&String::from_utf8_lossy(&body)) })
    }
}

/// The cause below all causes, which says most in the fewest words.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// An address that is fit to be contacted: over TLS, or on this machine.
pub(super) fn address(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text.trim()).map_err(|_| "is not an address")?;
    let host = url.host_str().ok_or("is not an address")?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_local(host) => Ok(url),
        "http" => Err("is an address without TLS"),
        _ => Err("is not an https address"),
    }
}

/// Whether a host is this machine.
pub(super) fn is_local(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Where an address leads, without what may be secret in it.
pub(super) fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}/***", url.scheme(), url.host_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_in_the_clear_but_to_this_machine() {
        assert!(address("https://hooks.slack.com/services/x").is_ok());
        assert!(address("http://127.0.0.1:8080/x").is_ok() && address("http://[::1]/").is_ok());
        assert_eq!(address("http://example.com/x").unwrap_err(), "is an address without TLS");
        assert_eq!(address("ftp://example.com").unwrap_err(), "is not an https address");
        assert_eq!(address("hooks").unwrap_err(), "is not an address");
    }

    #[test]
    fn a_busy_service_is_told_from_one_that_refuses() {
        let answer = |status, headers: &[(&str, &str)]| {
            let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            Response { status, headers, body: "{\"message\":\"no\"}".to_owned() }.succeeded("it").unwrap_err()
        };
        let after = |fault: Fault| match fault {
            Fault::Passing { after, .. } => after.map(|time| time.as_secs()),
            other => panic!("{other:?}"),
        };
        assert_eq!(after(answer(429, &[("Retry-After", "7")])), Some(7));
        assert_eq!(after(answer(503, &[])), None);
        assert_eq!(after(answer(403, &[("retry-after", "60")])), Some(60));
        assert!(after(answer(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1")])).is_some());
        assert_eq!(answer(403, &[]), Fault::lasting("it answered 403: no"));
        assert_eq!(answer(302, &[]), Fault::lasting("it answered 302, a redirect, which is not followed"));
    }
}
