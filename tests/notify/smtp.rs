//! A mail server: what is said is parsed and answered by a published implementation of SMTP, and this is only the
//! wire below it; in the clear, with TLS from the start, or with TLS from where the client asks for it.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use mailin::{Action, AuthMechanism, Handler, Response, SessionBuilder, response};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A mail as it came.
#[derive(Debug, Clone)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    pub data: String,
}

/// How a connection is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begins {
    /// Without TLS, and without a word of it.
    Clear,
    /// Without TLS, which is offered.
    Offering,
    /// With TLS.
    Covered,
}

/// A server on this machine.
pub struct MailServer {
    pub address: String,
    mails: Arc<Mutex<Vec<Mail>>>,
    /// What was said to it without TLS.
    clear: Arc<Mutex<Vec<String>>>,
}

/// What a server holds its clients to.
#[derive(Clone)]
struct Terms {
    mails: Arc<Mutex<Vec<Mail>>>,
    clear: Arc<Mutex<Vec<String>>>,
    refusals: Arc<Mutex<Vec<String>>>,
    password: String,
    begins: Begins,
    tls: Option<Arc<ServerConfig>>,
}

impl MailServer {
    /// A server without TLS; `refusals` are answers to MAIL, one for each attempt, before anything is taken.
    pub fn new(password: &str, refusals: &[&str]) -> Self {
        Self::start(password, refusals, Begins::Clear, None)
    }

    /// A server with TLS.
    pub fn with_tls(password: &str, begins: Begins, tls: Arc<ServerConfig>) -> Self {
        Self::start(password, &[], begins, Some(tls))
    }

    fn start(password: &str, refusals: &[&str], begins: Begins, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let refusals = refusals.iter().rev().map(|text| (*text).to_owned()).collect();
        let terms = Terms {
            mails: Arc::default(),
            clear: Arc::default(),
            refusals: Arc::new(Mutex::new(refusals)),
            password: password.to_owned(),
            begins,
            tls,
        };
        let server = Self { address, mails: Arc::clone(&terms.mails), clear: Arc::clone(&terms.clear) };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let terms = terms.clone();
                std::thread::spawn(move || serve(stream, &terms));
            }
        });
        server
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }

    pub fn said_in_the_clear(&self) -> Vec<String> {
        self.clear.lock().unwrap().clone()
    }

    pub fn port(&self) -> &str {
        self.address.rsplit(':').next().unwrap()
    }
}

/// A connection.
enum Wire {
    Clear(TcpStream),
    Covered(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Wire {
    fn covered(stream: TcpStream, tls: &Arc<ServerConfig>) -> Self {
        Self::Covered(Box::new(StreamOwned::new(ServerConnection::new(Arc::clone(tls)).unwrap(), stream)))
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Clear(stream) => stream.read(buffer),
            Self::Covered(stream) => stream.read(buffer),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Clear(stream) => stream.write(bytes),
            Self::Covered(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Clear(stream) => stream.flush(),
            Self::Covered(stream) => stream.flush(),
        }
    }
}

fn say(wire: &mut BufReader<Wire>, answer: &Response) -> Option<()> {
    wire.get_mut().write_all(&answer.buffer().ok()?).ok()?;
    wire.get_mut().flush().ok()
}

/// What a mailbox does with what it is given.
struct Mailbox {
    terms: Terms,
    mail: Mail,
    bytes: Vec<u8>,
}

impl Handler for Mailbox {
    fn mail(&mut self, _: IpAddr, _: &str, from: &str) -> Response {
        self.mail = Mail { from: from.to_owned(), to: Vec::new(), data: String::new() };
        let refusal = self.terms.refusals.lock().unwrap().pop();
        let refusal = refusal.as_deref().and_then(|text| text.split_once(' '));
        refusal.map_or(response::OK, |(code, text)| Response::custom(code.parse().unwrap(), text.to_owned()))
    }

    fn rcpt(&mut self, to: &str) -> Response {
        self.mail.to.push(to.to_owned());
        response::OK
    }

    fn data(&mut self, line: &[u8]) -> std::io::Result<()> {
        self.bytes.extend_from_slice(line);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        self.mail.data = String::from_utf8(std::mem::take(&mut self.bytes)).unwrap();
        self.terms.mails.lock().unwrap().push(self.mail.clone());
        response::OK
    }

    fn auth_plain(&mut self, _: &str, user: &str, password: &str) -> Response {
        let is_right = user == "ann" && password == self.terms.password;
        if is_right { response::AUTH_OK } else { response::INVALID_CREDENTIALS }
    }
}

fn serve(stream: TcpStream, terms: &Terms) -> Option<()> {
    let from = stream.peer_addr().ok()?.ip();
    let wire = match (&terms.tls, terms.begins) {
        (Some(tls), Begins::Covered) => Wire::covered(stream, tls),
        _ => Wire::Clear(stream),
    };
    let mut wire = BufReader::new(wire);
    let mut builder = SessionBuilder::new("mail.example.com");
    builder.enable_auth(AuthMechanism::Plain);
    match terms.begins {
        Begins::Offering => builder.enable_start_tls(),
        // What offers no STARTTLS takes a password as it comes: over TLS, or from this machine.
        Begins::Clear | Begins::Covered => builder.insecure_enable_plaintext_auth(),
    };
    let mail = Mail { from: String::new(), to: Vec::new(), data: String::new() };
    let mut session = builder.build(from, Mailbox { terms: terms.clone(), mail, bytes: Vec::new() });
    say(&mut wire, &session.greeting())?;
    loop {
        let mut line = Vec::new();
        if wire.read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        if let Wire::Clear(_) = wire.get_ref() {
            terms.clear.lock().unwrap().push(String::from_utf8_lossy(&line).trim_end().to_owned());
        }
        let answer = session.process(&line);
        match (&answer.action, &terms.tls) {
            (Action::NoReply, _) => {}
            (Action::Reply, _) => say(&mut wire, &answer)?,
            (Action::UpgradeTls, Some(tls)) => {
                say(&mut wire, &answer)?;
                let Wire::Clear(stream) = wire.into_inner() else { return None };
                wire = BufReader::new(Wire::covered(stream, tls));
                session.tls_active();
            }
            (Action::Close | Action::UpgradeTls, _) => return say(&mut wire, &answer),
        }
    }
}
