//! `/api/share`, `/s/{token}` and `telltale share`: nothing secret leaves, one trace and no more is behind a link.

use clap::Parser;
use http::Method;
use serde_json::{Value, json};
use telltale_model::SignalKind;

use super::harness::Server;
use super::sample;
use crate::cli::share;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "4111111111111111";
const SECRETS: [&str; 3] = ["ada@example.org", "hunter2hunter2", "5555555555554444"];
const FORMS: [&str; 5] = ["story.html", "story.md", "story.txt", "otlp.json", "otlp.pb"];

/// A server with a trace full of secrets, whose span id looks like a card number.
async fn server() -> Server {
    let server = Server::with_sample().await;
    let error = "POST https://api.example.com/pay?access_token=hunter2hunter2 failed for card 5555555555554444";
    server.send(SignalKind::Traces, &sample::one_span(TRACE, SPAN, "mail to ada@example.org", error)).await;
    server
}

fn holds(bytes: &[u8], needle: &str) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
}

/// Scenario: every form of a trace with secrets, with redaction, without one rule, and without any. Guarantees: no secret in
/// any form unless it was asked for; the ids stay; a file to save, with a policy of its own for the page.
#[tokio::test]
async fn every_form_is_redacted() {
    let server = server().await;
    for form in FORMS {
        let answer = server.get(&format!("/api/share/{TRACE}/{form}")).await;
        assert_eq!(answer.status, 200, "{form}: {}", answer.text());
        for secret in SECRETS {
            assert!(!holds(&answer.body, secret), "{secret} in {form}");
        }
        assert!(holds(&answer.body, "[redacted:email:"), "{form}");
        if form != "otlp.pb" {
            assert!(holds(&answer.body, TRACE), "{form}");
        }
        let extension = form.rsplit('.').next().unwrap();
        assert_eq!(answer.header("content-disposition"), format!("attachment; filename=\"{TRACE}.{extension}\""));
        let kept = server.get(&format!("/api/share/{TRACE}/{form}?without=email")).await;
        assert!(holds(&kept.body, "ada@example.org") && !holds(&kept.body, "hunter2hunter2"), "{form}");
        let plain = server.get(&format!("/api/share/{TRACE}/{form}?redact=off")).await;
        assert!(holds(&plain.body, "hunter2hunter2"), "{form}");
    }
    let page = server.get(&format!("/api/share/{TRACE}/story.html")).await;
    assert!(holds(&page.body, SPAN), "the span's id is no card number");
    assert!(page.header("content-security-policy").contains("default-src 'none'; script-src 'nonce-"));
    assert!(page.text().contains("Redacted: "), "{}", page.text());
    assert!(page.text().contains("id=\"otlp\""), "the data is inside");
    let json = server.get(&format!("/api/share/{TRACE}/otlp.json")).await.json();
    assert_eq!(json["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["spanId"], SPAN);
    let (first, second) = (
        server.get(&format!("/api/share/{TRACE}/story.txt")).await,
        server.get(&format!("/api/share/{TRACE}/story.txt")).await,
    );
    assert_ne!(first.text(), second.text(), "each export has pseudonyms of its own");
}

/// Scenario: the preview. Guarantees: rules with counts, places and examples; what it changes is what the export changes.
#[tokio::test]
async fn the_preview_says_what_would_change() {
    let server = server().await;
    let preview = server.get(&format!("/api/share/{TRACE}/preview")).await.json();
    let rules = preview["rules"].as_array().unwrap();
    let rule =
        |name: &str| rules.iter().find(|rule| rule["rule"] == name).unwrap_or_else(|| panic!("{name} in {preview}"));
    assert_eq!(rule("card")["count"], 1);
    assert_eq!(rule("card")["places"][0]["before"], "5555555555554444");
    assert_eq!(rule("card")["places"][0]["span_id"], SPAN);
    assert_eq!(rule("secret")["places"][0]["place"], "status message");
    assert!(rule("email")["count"].as_u64().unwrap() >= 2, "{preview}");
    assert!(preview["idle"].as_array().unwrap().contains(&json!("jwt")), "{preview}");
    let without = server.get(&format!("/api/share/{TRACE}/preview?without=email,card")).await.json();
    assert!(without["rules"].as_array().unwrap().iter().all(|rule| rule["rule"] != "email" && rule["rule"] != "card"));
    assert_eq!(server.get(&format!("/api/share/{TRACE}/preview?without=emial")).await.error(400), "redaction_rule");
    assert_eq!(server.get(&format!("/api/share/{TRACE}/story.pdf")).await.error(404), "no_such_path");
    assert_eq!(server.get(&format!("/api/share/{TRACE}/story.md?redact=maybe")).await.error(400), "bad_parameter");
    assert_eq!(server.get(&format!("/api/share/{}/preview", "0a".repeat(16))).await.error(404), "trace_not_found");
}

async fn create(server: &Server, body: &str) -> Value {
    let answer = server.post(&format!("/api/share/{TRACE}"), body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

/// Scenario: a link is made, opened in every form, listed, ends, and another is revoked. Guarantees: it shows its trace,
/// redacted with the same pseudonyms each time, until it ends; ended, revoked and made up look the same.
#[tokio::test]
async fn a_link_shows_one_trace_until_it_ends() {
    let server = server().await;
    let created = create(&server, r#"{"expires_in_seconds":2}"#).await;
    let path = created["path"].as_str().unwrap().to_owned();
    let page = server.get(&path).await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    for secret in SECRETS {
        assert!(!holds(&page.body, secret), "{secret}");
    }
    assert!(
        page.text().contains("A read-only link to this one trace; it ends at 2025-11-21 09:15:02.000 UTC."),
        "{}",
        page.text()
    );
    for form in FORMS {
        let answer = server.get(&format!("{path}/{form}")).await;
        assert!(answer.status == 200 && !holds(&answer.body, "ada@example.org"), "{form}");
    }
    let text = server.get(&format!("{path}/story.txt")).await;
    assert_eq!(text.body, server.get(&format!("{path}/story.txt")).await.body, "the same pseudonyms each time");
    let listed = server.get("/api/shares").await.json();
    assert_eq!(listed["links"][0], created["link"]);
    assert!(!listed.to_string().contains(path.trim_start_matches("/s/")), "the token is told once");
    server.tick();
    server.tick();
    let ended = server.get(&path).await;
    let never = server.get("/s/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
    assert_eq!((ended.error(404), ended.body), (never.error(404), never.body), "nothing tells them apart");
    let other = create(&server, "").await;
    let (path, id) = (other["path"].as_str().unwrap(), other["link"]["id"].as_str().unwrap());
    assert_eq!(server.get(path).await.status, 200);
    let pinned: Vec<String> = server.state.storage.pins().into_iter().map(|pin| pin.name).collect();
    assert_eq!(pinned, [format!("share-{id}")], "the trace stays as long as its link; the ended one is let go");
    let revoked = server.ask(Method::DELETE, &format!("/api/shares/{id}"), &[], "").await;
    assert_eq!(revoked.json()["id"], id);
    assert_eq!(server.get(path).await.error(404), "no_such_share");
    assert!(server.state.storage.pins().is_empty());
    assert_eq!(server.ask(Method::DELETE, &format!("/api/shares/{id}"), &[], "").await.error(404), "no_such_share");
    for (body, code) in [
        (r#"{"expires_in_seconds":0}"#, "share_expiry"),
        (r#"{"expires_in_seconds":7776001}"#, "share_expiry"),
        ("{", "bad_json"),
        (r#"{"without":["nope"]}"#, "redaction_rule"),
    ] {
        assert_eq!(server.post(&format!("/api/share/{TRACE}"), body).await.error(400), code, "{body}");
    }
    let missing = server.post(&format!("/api/share/{}", "0a".repeat(16)), "").await;
    assert_eq!(missing.error(404), "trace_not_found");
}

#[derive(Parser)]
struct Share {
    #[command(flatten)]
    args: share::Args,
}

async fn run(arguments: &[&str]) -> String {
    let command = Share::parse_from([&["share"], arguments].concat());
    let mut out = Vec::new();
    share::share(&command.args, &mut out).await.unwrap();
    String::from_utf8(out).unwrap()
}

/// Scenario: the command makes a link, previews, lists and revokes. Guarantees: the printed address opens, and then does not.
#[tokio::test]
async fn the_command_makes_and_ends_links() {
    let server = server().await;
    let url = server.listen().await;
    let told = run(&[TRACE, "--url", &url, "--expires", "12h"]).await;
    let (address, rest) = told.split_once('\n').unwrap();
    let path = address.strip_prefix(&url).unwrap();
    assert_eq!(server.get(path).await.status, 200, "{told}");
    assert!(rest.contains("holds until 2025-11-21 21:15:00.000 UTC"), "{told}");
    let preview = run(&[TRACE, "--url", &url, "--preview"]).await;
    assert!(preview.contains("card: 1 value") && preview.contains("5555555555554444 → [redacted:card:"), "{preview}");
    let listed = run(&["--list", "--url", &url]).await;
    let id = listed.split(' ').next().unwrap();
    assert!(run(&["--revoke", id, "--url", &url]).await.contains("ended"), "{listed}");
    assert_eq!(server.get(path).await.error(404), "no_such_share");
    assert_eq!(run(&["--list", "--url", &url]).await, "no link holds\n");
    for wrong in [&["share"][..], &["share", TRACE, "--expires", "7w"], &["share", TRACE, "--list"]] {
        assert!(Share::try_parse_from(wrong).is_err(), "{wrong:?}");
    }
}
