//! E-mail by SMTP, over TLS: a text and a page, in one thread for each change and owner. A message that is
//! sent twice has one id, by which mail programs show it once.

use std::sync::Mutex;
use std::time::Duration;

use lettre::message::header::{InReplyTo, MessageId, References};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{SmtpTransport, Transport as _};
use reqwest::Url;

use super::channel::{Channel, Parcel, Receipt, Sight};
use super::secret::{Secret, Secrets, decoded};
use super::transport::is_local;
use super::{Fault, Letter};
use crate::render::message::email;

/// Addresses, and the server that takes mail for them.
pub(super) struct Email {
    server: Mutex<SmtpTransport>,
    host: String,
    from: Mailbox,
    to: Vec<Mailbox>,
    secrets: std::sync::Arc<Secrets>,
}

impl Email {
    /// From `smtp://user:password@host:587` (STARTTLS), or `smtps://…:465` (TLS from the start).
    pub(super) fn new(
        url: &Secret,
        from: Option<&str>,
        to: &[String],
        secrets: std::sync::Arc<Secrets>,
        patience: Duration,
    ) -> Result<Self, String> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let bad = "is no address of a mail server, such as smtp://user:password@mail.example.com:587";
        let url = Url::parse(url.reveal()).map_err(|_| bad.to_owned())?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| bad.to_owned())?.to_owned();
        let plain = url.query_pairs().any(|(key, value)| key == "tls" && value == "none");
        let user = decoded(url.username());
        let parameters =
            || TlsParameters::new(host.clone()).map_err(|error| format!("asks for TLS, and {}", words(&error)));
        let (tls, port) = match url.scheme() {
            "smtps" => (Tls::Wrapper(parameters()?), 465),
            "smtp" if plain && is_local(&host) => (Tls::None, 25),
            "smtp" if plain => {
                return Err("asks for no TLS, which only a server on this machine may do without".to_owned());
            }
            "smtp" => (Tls::Required(parameters()?), 587),
            _ => return Err(bad.to_owned()),
        };
        let mut server =
            SmtpTransport::builder_dangerous(&host).port(url.port().unwrap_or(port)).tls(tls).timeout(Some(patience));
        if let Some(password) = url.password() {
            server = server.credentials(Credentials::new(user.clone(), decoded(password)));
        }
        let from =
            from.map_or_else(|| if user.contains('@') { user } else { format!("headsup@{host}") }, str::to_owned);
        let mailbox = |text: &str| text.parse::<Mailbox>().map_err(|_| format!("`{text}` is no e-mail address"));
        Ok(Self {
            from: mailbox(&from).map_err(|said| format!("says from whom mail is, and {said}; name it with `from`"))?,
            to: to.iter().map(|text| mailbox(text)).collect::<Result<_, _>>()?,
            server: Mutex::new(server.build()),
            host,
            secrets,
        })
    }

    fn message(&self, letter: &Letter) -> Option<lettre::Message> {
        let message = letter.messages.first()?;
        let parts = email(message);
        let domain = self.from.email.domain();
        let thread = format!("<{}@{domain}>", letter.conversation());
        let mut mail = lettre::Message::builder()
            .from(self.from.clone())
            .subject(parts.subject)
            .header(MessageId::from(format!("<{}.{}@{domain}>", letter.fingerprint(), letter.conversation())))
            .header(InReplyTo::from(thread.clone()))
            .header(References::from(thread));
        for to in &self.to {
            mail = mail.to(to.clone());
        }
        mail.multipart(MultiPart::alternative_plain_html(parts.text, parts.html)).ok()
    }
}

impl Channel for Email {
    fn preview(&self, letter: &Letter) -> Vec<Parcel> {
        let to: Vec<String> = self.to.iter().map(ToString::to_string).collect();
        let parcel = |message| {
            let parts = email(message);
            let body = format!("Subject: {}\n\n{}\n{}", parts.subject, parts.text, parts.html);
            Parcel { to: format!("mail to {} by {}", to.join(", "), self.host), body }
        };
        letter.messages.first().map(parcel).into_iter().collect()
    }

    fn look(&self, _: &Letter, _: Option<&str>) -> Result<Sight, Fault> {
        Ok(Sight::Nothing)
    }

    fn send(&self, letter: &Letter, _: Option<&str>, _: &mut dyn FnMut(&str)) -> Result<Receipt, Fault> {
        let mail = self.message(letter).ok_or_else(|| Fault::lasting("no e-mail can be made of the message"))?;
        let server = self.server.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match server.send(&mail) {
            Ok(_) => Ok(Receipt::Sent(None)),
            Err(error) => {
                let said = self.secrets.mask(&format!("the mail server {}: {}", self.host, words(&error)));
                Err(if error.is_permanent() || is_untrusted(&said) {
                    Fault::lasting(said)
                } else {
                    Fault::passing(said)
                })
            }
        }
    }
}

/// Whether a server's certificate is what is wrong, which waiting does not mend.
fn is_untrusted(said: &str) -> bool {
    said.contains("certificate") || said.contains("STARTTLS")
}

fn words(error: &lettre::transport::smtp::Error) -> String {
    use std::error::Error as _;
    let said = error.to_string();
    let text = match error.source().map(ToString::to_string) {
        Some(source) if !said.contains(&source) => format!("{said}: {source}"),
        _ => said,
    };
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
