//! A small HTTP server: requests in, answers out, everything noted. It can be slow, cut a connection, and
//! do its work without saying so.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// Without the query.
    pub path: String,
    pub query: BTreeMap<String, String>,
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Asked {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn number(&self, name: &str, default: usize) -> usize {
        self.query.get(name).map_or(default, |value| value.parse().expect("a number"))
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub manner: Manner,
}

/// How an answer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Whole,
    /// The connection ends in the middle of it.
    Cut,
    /// The connection ends before it.
    Silent,
    /// It takes so many milliseconds.
    Slow(u64),
}

impl Answer {
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string(), manner: Manner::Whole }
    }

    pub fn text(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.to_owned(), manner: Manner::Whole }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn in_manner(mut self, manner: Manner) -> Self {
        self.manner = manner;
        self
    }

    /// The same as services give it that know what they said: with a tag, and as nothing but "the same" to whoever has
    /// that tag already.
    pub fn tagged(self, asked: &Asked) -> Self {
        if asked.method != "GET" || self.status != 200 {
            return self;
        }
        let mut hash = DefaultHasher::new();
        (&self.body, &self.headers).hash(&mut hash);
        let tag = format!("W/\"{:016x}\"", hash.finish());
        let same = asked.header("if-none-match") == tag;
        let answer = if same { Self::text(304, "") } else { self };
        answer.with("ETag", &tag)
    }

    pub fn busy(seconds: u64) -> Self {
        Self::json(429, &json!({ "ok": false, "error": "ratelimited" })).with("Retry-After", &seconds.to_string())
    }
}

/// A server on this machine.
pub struct Server {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Answers each request with what a function makes of it.
    pub fn new(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (noted, answer) = (Arc::clone(&asked), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (noted, answer) = (Arc::clone(&noted), Arc::clone(&answer));
                // Whoever is killed in the middle leaves a broken connection.
                std::thread::spawn(move || serve(stream, &noted, &*answer));
            }
        });
        Self { url, asked }
    }

    /// Everything that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// What was asked, a line each: `POST /x`.
    pub fn lines(&self) -> Vec<String> {
        self.asked().iter().map(|asked| format!("{} {}", asked.method, asked.path)).collect()
    }
}

fn serve(stream: TcpStream, noted: &Mutex<Vec<Asked>>, answer: &dyn Fn(&Asked) -> Answer) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut parts = line.split_whitespace();
    let (method, target) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    let asked = Asked {
        method,
        path: path.to_owned(),
        query: query.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        headers,
        body: String::from_utf8(body).unwrap(),
    };
    noted.lock().unwrap().push(asked.clone());
    let answer = answer(&asked);
    let mut text =
        format!("HTTP/1.1 {} X\r\nContent-Length: {}\r\nConnection: close\r\n", answer.status, answer.body.len());
    for (name, value) in &answer.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.push_str(&answer.body);
    let mut stream = stream;
    match answer.manner {
        Manner::Silent => return None,
        Manner::Cut => text.truncate(text.len() - answer.body.len().div_ceil(2)),
        Manner::Slow(time) => std::thread::sleep(Duration::from_millis(time)),
        Manner::Whole => {}
    }
    stream.write_all(text.as_bytes()).ok()
}
