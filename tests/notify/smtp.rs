//! A small mail server: enough of SMTP to take a message, to ask for a password, and to refuse.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A mail as it came.
#[derive(Debug, Clone)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    pub data: String,
}

/// A server on this machine, without TLS.
pub struct MailServer {
    pub address: String,
    mails: Arc<Mutex<Vec<Mail>>>,
}

impl MailServer {
    /// `refusals` are answers to MAIL, one for each attempt, before anything is taken.
    pub fn new(password: &str, refusals: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mails = Arc::new(Mutex::new(Vec::new()));
        let refusals: Arc<Mutex<Vec<String>>> =
            Arc::new(Mutex::new(refusals.iter().rev().map(|text| (*text).to_owned()).collect()));
        let (noted, password) = (Arc::clone(&mails), password.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (noted, password, refusals) = (Arc::clone(&noted), password.clone(), Arc::clone(&refusals));
                std::thread::spawn(move || serve(stream, &noted, &password, &refusals));
            }
        });
        Self { address, mails }
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, mails: &Mutex<Vec<Mail>>, password: &str, refusals: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).ok();
    say("220 mail.example.com ESMTP")?;
    let mut mail = Mail { from: String::new(), to: Vec::new(), data: String::new() };
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        let command = line.to_uppercase();
        if command.starts_with("EHLO") {
            say("250-mail.example.com\r\n250-AUTH PLAIN\r\n250 8BITMIME")?;
        } else if command.starts_with("AUTH PLAIN") {
            let right = line.split_whitespace().nth(2) == Some(password);
            say(if right { "235 go ahead" } else { "535 5.7.8 authentication failed" })?;
        } else if command.starts_with("MAIL FROM:") {
            let refusal = refusals.lock().unwrap().pop();
            mail = Mail { from: address(line), to: Vec::new(), data: String::new() };
            say(refusal.as_deref().unwrap_or("250 OK"))?;
        } else if command.starts_with("RCPT TO:") {
            mail.to.push(address(line));
            say("250 OK")?;
        } else if command == "DATA" {
            say("354 go on")?;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).ok()?;
                if line == ".\r\n" {
                    break;
                }
                mail.data.push_str(&line);
            }
            mails.lock().unwrap().push(mail.clone());
            say("250 taken")?;
        } else if command == "QUIT" {
            say("221 bye")?;
            return Some(());
        } else {
            say("250 OK")?;
        }
    }
}

fn address(line: &str) -> String {
    line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(address, _)| address).to_owned()
}
