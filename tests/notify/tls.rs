//! TLS: a certificate that the machine does not trust, or of another host, gets nothing. The key and the
//! certificates beside this file are for these tests only.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::ledger::{fixture, headsup, outcomes};
use crate::places::HOOK;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/notify/tls");

/// A server with a certificate for `localhost`: its port, and what it was sent.
fn server() -> (u16, Arc<Mutex<Vec<String>>>) {
    let certificate = CertificateDer::from_pem_file(format!("{FOLDER}/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(format!("{FOLDER}/server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap());
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
