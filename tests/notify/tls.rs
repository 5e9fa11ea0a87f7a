//! TLS: a certificate that the machine does not trust, or of another host, gets nothing. The key and the
//! certificates beside this file are for these tests only.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::checks::SHA;
use crate::http::{Answer, Server};
use crate::ledger::{fixture, headsup, outcomes};
use crate::places::HOOK;
use crate::smtp::{Begins, MailServer};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/notify/tls");

/// A server's side of TLS, with a certificate for `localhost`.
fn config() -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_file(format!("{FOLDER}/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(format!("{FOLDER}/server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap())
}

/// A server with that certificate: its port, and what it was sent.
fn server() -> (u16, Arc<Mutex<Vec<String>>>) {
    let config = config();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
            let mut buffer = [0; 16_384];
            // Whoever does not trust the certificate says nothing more.
            let Ok(length) = stream.read(&mut buffer) else { continue };
            noted.lock().unwrap().push(String::from_utf8_lossy(&buffer[..length]).into_owned());
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
            let _ = stream.flush();
        }
    });
    (port, asked)
}

/// Sends one message to a host of this machine.
fn sent(host: &str, port: u16, authority: &str) -> (Vec<String>, i32) {
    let fixture = fixture("  hook: { kind: slack, webhook_env: HOOK }\n", &[headsup("finance", "hook", "x")])
        .with("HOOK", &format!("https://{host}:{port}{HOOK}"))
        .with("SSL_CERT_FILE", &format!("{FOLDER}/{authority}"));
    outcomes(&fixture, "notify --from report.json --give-up-after 5")
}

#[test]
fn only_a_trusted_certificate_of_the_right_host_is_talked_to() {
    let (port, asked) = server();
    assert_eq!(sent("localhost", port, "ca.pem"), (vec!["finance sent".to_owned()], 0));
    assert_eq!(asked.lock().unwrap().len(), 1);
    for (host, authority) in [("localhost", "none.pem"), ("127.0.0.1", "ca.pem")] {
        let (said, code) = sent(host, port, authority);
        assert!(said[0].starts_with("finance undelivered: ") && said[0].contains("certificate"), "{said:?}");
        assert_eq!(code, 4);
    }
    assert_eq!(asked.lock().unwrap().len(), 1, "nothing is said to a server that is not trusted");
}

/// The password of `ann`.
const PASSWORD: &str = "s3cr3tpass";

/// Sends one mail by a scheme to a host of this machine.
fn mailed(scheme: &str, host: &str, server: &MailServer, authority: &str) -> (Vec<String>, i32) {
    let channel = "  mail: { kind: email, to: audit@example.com, from: headsup@example.com }\n";
    let fixture = fixture(channel, &[headsup("finance", "mail", "x")])
        .with("SMTP_URL", &format!("{scheme}://ann:s3cr3tpass@{host}:{}", server.port()))
        .with("SSL_CERT_FILE", &format!("{FOLDER}/{authority}"));
    let (said, code) = outcomes(&fixture, "notify --from report.json --give-up-after 3 --timeout 5");
    assert!(!said.join("").contains("s3cr3tpass"), "{said:?}");
    (said, code)
}

#[test]
fn mail_goes_over_tls_from_the_start_or_from_where_it_is_offered() {
    for (scheme, begins) in [("smtps", Begins::Covered), ("smtp", Begins::Offering)] {
        let server = MailServer::with_tls(PASSWORD, begins, config());
        assert_eq!(mailed(scheme, "localhost", &server, "ca.pem"), (vec!["finance sent".to_owned()], 0), "{scheme}");
        assert_eq!(server.mails().len(), 1, "{scheme}");
        let clear = server.said_in_the_clear().join(" ").to_uppercase();
        assert!(!clear.contains("AUTH") && !clear.contains("MAIL"), "{scheme}: {clear}");
    }
}

#[test]
fn no_mail_goes_to_a_server_that_offers_no_tls_or_is_not_trusted() {
    let clear = MailServer::new(PASSWORD, &[]);
    let (said, code) = mailed("smtp", "localhost", &clear, "ca.pem");
    assert!(said[0].starts_with("finance undelivered: the mail server localhost: "), "{said:?}");
    assert!(code == 4 && clear.mails().is_empty() && !clear.said_in_the_clear().join(" ").contains("AUTH"));
    for (scheme, begins) in [("smtps", Begins::Covered), ("smtp", Begins::Offering)] {
        let server = MailServer::with_tls(PASSWORD, begins, config());
        for (host, authority) in [("localhost", "none.pem"), ("127.0.0.1", "ca.pem")] {
            let (said, code) = mailed(scheme, host, &server, authority);
            assert!(
                said[0].starts_with("finance undelivered: ") && said[0].contains("certificate"),
                "{scheme}: {said:?}"
            );
            assert!(code == 4 && server.mails().is_empty());
        }
    }
}

/// A proxy that lets nothing through sees every host that anything is meant for.
#[test]
fn no_host_is_contacted_but_those_that_are_named() {
    let proxy = Server::new(|_| Answer::text(502, ""));
    let channels = "  hook: { kind: slack, webhook_env: HOOK }
  bot: { kind: slack, token_env: BOT, channel: C0FINANCE }
  team: { kind: teams, webhook_env: TEAM }
  any: { kind: webhook, webhook_env: ANY }
  pr: { kind: github }
  check: { kind: github-check }
";
    let all = ["hook", "bot", "team", "any", "pr"].map(|channel| headsup(channel, channel, "see https://evil.example"));
    let fixture = fixture(channels, &all)
        .with("HTTPS_PROXY", &proxy.url)
        .with("https_proxy", &proxy.url)
        .with("HOOK", "https://hooks.slack.example/services/x")
        .with("BOT", "xoxb-token")
        .with("TEAM", "https://teams.example/workflows/x")
        .with("ANY", "https://any.example/x")
        .with("GITHUB_TOKEN", "ghs_token")
        .with("GITHUB_API_URL", "https://github.example/api/v3")
        .with("GITHUB_REPOSITORY", "acme/warehouse")
        .with("GITHUB_EVENT_PATH", "[DIR]/event.json");
    let head = serde_json::json!({ "sha": SHA, "repo": { "full_name": "acme/warehouse" } });
    fixture.write("event.json", serde_json::json!({ "pull_request": { "number": 412, "head": head } }).to_string());
    assert_eq!(outcomes(&fixture, "notify --from report.json --give-up-after 1").1, 4);
    let hosts: BTreeSet<String> = proxy.asked().into_iter().map(|asked| asked.path).collect();
    let named = ["any.example", "github.example", "hooks.slack.example", "slack.com", "teams.example"];
    assert_eq!(hosts, named.map(|host| format!("{host}:443")).into());
}
