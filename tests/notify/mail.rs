//! E-mail, the signed webhook, and Teams.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

use crate::http::{Answer, Server};
use crate::ledger::{fixture, headsup, outcomes, report};
use crate::smtp::MailServer;
use crate::support::Fixture;

const MAIL: &str =
    "  mail: { kind: email, to: [audit@example.com, 'Ann <ann@example.com>'], from: headsup@example.com }\n";
/// The password of `ann`.
const PASSWORD: &str = "p@ss-s3cr3t";

fn with_mail(server: &MailServer, user: &str, headsups: &[serde_json::Value]) -> Fixture {
    fixture(MAIL, headsups).with("SMTP_URL", &format!("smtp://{user}@{}?tls=none", server.address))
}

#[test]
fn mail_has_two_parts_and_one_thread_a_change() {
    let server = MailServer::new(PASSWORD, &[]);
    let fixture = with_mail(&server, "ann:p%40ss-s3cr3t", &[headsup("finance", "mail", "revenue may differ")]);
    assert_eq!(outcomes(&fixture, "notify --from report.json"), (vec!["finance sent".to_owned()], 0));
    fixture.write("report.json", report(&[headsup("finance", "mail", "revenue is gone")]));
    outcomes(&fixture, "notify --from report.json");
    let mails = server.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(
        (mails[0].from.as_str(), mails[0].to.join(" ")),
        ("headsup@example.com", "audit@example.com ann@example.com".to_owned())
    );
    let header = |place: usize, name: &str| {
        let line = mails[place].data.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("{name}: {}", mails[place].data)).to_owned()
    };
    assert_eq!(header(0, "Subject"), "Heads-up: a change to core.orders reaches finance_report");
    assert_eq!(header(0, "References"), header(1, "References"));
    assert_eq!(header(0, "In-Reply-To"), header(0, "References"));
    assert_ne!(header(0, "Message-ID"), header(1, "Message-ID"));
    assert!(mails[0].data.contains("text/plain") && mails[0].data.contains("text/html"));
}

#[test]
fn a_busy_mail_server_is_tried_again_and_one_that_refuses_is_not() {
    let server = MailServer::new(PASSWORD, &["450 4.7.1 later", "451 4.3.0 not now"]);
    let fixture = with_mail(&server, "ann:p%40ss-s3cr3t", &[headsup("finance", "mail", "x")]);
    assert_eq!(outcomes(&fixture, "notify --from report.json").1, 0);
    assert_eq!(server.mails().len(), 1);
    let server = MailServer::new(PASSWORD, &["550 5.7.1 not you"]);
    let fixture = with_mail(&server, "ann:p%40ss-s3cr3t", &[headsup("finance", "mail", "x")]);
    let (said, code) = outcomes(&fixture, "notify --from report.json");
    assert!(said[0].starts_with("finance undelivered: the mail server 127.0.0.1") && code == 4, "{said:?}");
    assert!(server.mails().is_empty());
}

#[test]
fn a_wrong_password_is_said_without_it() {
    let server = MailServer::new(PASSWORD, &[]);
    let fixture = with_mail(&server, "ann:wr0ng-s3cr3t", &[headsup("finance", "mail", "x")]);
    let (said, code) = outcomes(&fixture, "notify --from report.json");
    let wanted = "finance undelivered: the mail server 127.0.0.1: permanent error (535): Invalid credentials";
    assert_eq!((said[0].as_str(), code), (wanted, 4));
}

#[test]
fn mail_goes_over_tls_or_not_at_all() {
    // A server that offers no STARTTLS gets neither the password nor the mail.
    let server = MailServer::new(PASSWORD, &[]);
    let url = format!("smtp://ann:p%40ss-s3cr3t@{}", server.address);
    let fixture = fixture(MAIL, &[headsup("finance", "mail", "x")]).with("SMTP_URL", &url);
    assert_eq!(outcomes(&fixture, "notify --from report.json --give-up-after 1").1, 4);
    assert!(server.mails().is_empty());
    let fixture = fixture.with("SMTP_URL", "smtp://ann:p@mail.example.com:25?tls=none");
    let (said, _) = outcomes(&fixture, "notify --from report.json");
    assert!(said[0].contains("only a server on this machine may do without"), "{said:?}");
    let fixture = fixture.with("SMTP_URL", "mail.example.com");
    let (said, _) = outcomes(&fixture, "notify --from report.json");
    assert!(said[0].contains("is no address of a mail server"), "{said:?}");
}

#[test]
fn a_webhook_is_signed_and_can_tell_a_repetition() {
    let server = Server::new(|_| Answer::text(204, ""));
    let fixture = fixture(
        "  hook: { kind: webhook, webhook_env: HOOK, token_env: TOKEN, secret_env: KEY }\n",
        &[headsup("finance", "hook", "revenue may differ")],
    )
    .with("HOOK", &format!("{}/in?key=s3cr3tquery", server.url))
    .with("TOKEN", "a-s3cr3t-token")
    .with("KEY", "a-s3cr3t-key");
    assert_eq!(outcomes(&fixture, "notify --from report.json").0, ["finance sent"]);
    let asked = server.asked().remove(0);
    assert_eq!(asked.header("authorization"), "Bearer a-s3cr3t-token");
    assert_eq!(asked.query["key"], "s3cr3tquery");
    let mut mac = Hmac::<Sha256>::new_from_slice(b"a-s3cr3t-key").unwrap();
    mac.update(format!("{}.{}", asked.header("x-headsup-timestamp"), asked.body).as_bytes());
    let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(asked.header("x-headsup-signature"), format!("v1={signature}"));
    let body = asked.json();
    assert_eq!(asked.header("idempotency-key"), body["fingerprint"].as_str().unwrap());
    assert_eq!(body["message"]["about"][0]["happens"], json!("revenue may differ"));
}

#[test]
fn teams_gets_a_card_that_is_not_too_large() {
    let server = Server::new(|asked| {
        let is_card = asked.json()["attachments"][0]["content"]["type"] == json!("AdaptiveCard");
        if is_card && asked.body.len() <= 28 * 1024 { Answer::text(202, "") } else { Answer::text(413, "too large") }
    });
    let long = "x\"\\\u{1F600}<at>all</at>".repeat(2_000);
    let mut large = headsup("finance", "team", &long);
    large["what"] = json!(vec![long.clone(); 40]);
    large["about"] = json!(vec![large["about"][0].clone(); 40]);
    let fixture = fixture("  team: { kind: teams, webhook_env: HOOK }\n", &[large]).with("HOOK", &server.url);
    assert_eq!(outcomes(&fixture, "notify --from report.json").0, ["finance sent"]);
}
