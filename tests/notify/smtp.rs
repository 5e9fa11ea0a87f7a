//! A small mail server: enough of SMTP to take a message, to ask for a password, and to refuse; in the
//! clear, with TLS from the start, or with TLS from where the client asks for it.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

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

fn say(wire: &mut BufReader<Wire>, text: &str) -> Option<()> {
    wire.get_mut().write_all(format!("{text}\r\n").as_bytes()).ok()?;
    wire.get_mut().flush().ok()
}

fn serve(stream: TcpStream, terms: &Terms) -> Option<()> {
    let wire = match (&terms.tls, terms.begins) {
        (Some(tls), Begins::Covered) => Wire::covered(stream, tls),
        _ => Wire::Clear(stream),
    };
    let mut wire = BufReader::new(wire);
    say(&mut wire, "220 mail.example.com ESMTP")?;
    let mut mail = Mail { from: String::new(), to: Vec::new(), data: String::new() };
    loop {
        let mut line = String::new();
        if wire.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        let is_clear = matches!(wire.get_ref(), Wire::Clear(_));
        if is_clear {
            terms.clear.lock().unwrap().push(line.to_owned());
        }
        let command = line.to_uppercase();
        if command.starts_with("EHLO") {
            let offers = is_clear && terms.begins == Begins::Offering;
            let offer = if offers { "250-STARTTLS\r\n" } else { "250-AUTH PLAIN\r\n" };
            say(&mut wire, &format!("250-mail.example.com\r\n{offer}250 8BITMIME"))?;
        } else if let ("STARTTLS", Some(tls)) = (command.as_str(), &terms.tls) {
            say(&mut wire, "220 go ahead")?;
            let Wire::Clear(stream) = wire.into_inner() else { return None };
            wire = BufReader::new(Wire::covered(stream, tls));
        } else if command.starts_with("AUTH PLAIN") {
            let right = line.split_whitespace().nth(2) == Some(&terms.password);
            say(&mut wire, if right { "235 go ahead" } else { "535 5.7.8 authentication failed" })?;
        } else if command.starts_with("MAIL FROM:") {
            let refusal = terms.refusals.lock().unwrap().pop();
            mail = Mail { from: address(line), to: Vec::new(), data: String::new() };
            say(&mut wire, refusal.as_deref().unwrap_or("250 OK"))?;
        } else if command.starts_with("RCPT TO:") {
            mail.to.push(address(line));
            say(&mut wire, "250 OK")?;
        } else if command == "DATA" {
            say(&mut wire, "354 go on")?;
            loop {
                let mut line = String::new();
                wire.read_line(&mut line).ok()?;
                if line == ".\r\n" {
                    break;
                }
                mail.data.push_str(&line);
            }
            terms.mails.lock().unwrap().push(mail.clone());
            say(&mut wire, "250 taken")?;
        } else if command == "QUIT" {
            say(&mut wire, "221 bye")?;
            return Some(());
        } else {
            say(&mut wire, "250 OK")?;
        }
    }
}

fn address(line: &str) -> String {
    line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(address, _)| address).to_owned()
}
