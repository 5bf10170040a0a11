//! Links to one trace from outside: no token is needed for them and they open nothing else, before and after a restart.

use reqwest::{Method, StatusCode};
use serde_json::Value;
use telltale_tests::http::{JSON, Signal};
use telltale_tests::otlp;

use crate::support::launch;

const TOKEN: &str = "tt_test_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHI";

/// Scenario: a server with a token, a link to one of its two traces, a restart, a revocation. Guarantees: the link opens
/// without the token, also after the restart; every other path, also with tricks in it, still wants the token; a link that
/// was revoked opens nothing.
#[tokio::test]
async fn a_link_opens_its_trace_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let start = || launch().token(TOKEN).data_dir(folder.path()).start();
    let server = start();
    for id in [1, 2] {
        let span = otlp::span([id; 16], [id; 8], "mail ada@example.org");
        let _ = server.http.export(Signal::Traces, &otlp::traces("shop", vec![span])).await.ok();
    }
    let request =
        server.http.request(Method::POST, &format!("/api/share/{}", "01".repeat(16))).header("content-type", JSON);
    let created: Value = serde_json::from_str(&server.http.send(request).await.text()).unwrap();
    let (path, id) = (created["path"].as_str().unwrap().to_owned(), created["link"]["id"].as_str().unwrap().to_owned());
    let opens = async |anonymous: &telltale_tests::http::Http| {
        let page = anonymous.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text());
        assert!(page.text().contains("[redacted:email:") && !page.text().contains("ada@example.org"));
        assert!(page.text().contains(&"01".repeat(16)) && !page.text().contains(&"02".repeat(16)));
        let policy = page.header("content-security-policy").to_owned();
        assert!(policy.starts_with("default-src 'none'; script-src 'nonce-"), "{policy}");
        for other in [
            format!("/t/{}", "01".repeat(16)),
            "/api/shares".to_owned(),
            format!("/api/share/{}/story.html", "01".repeat(16)),
            format!("{path}/../../api/shares"),
            format!("/s/../api/trace/{}", "02".repeat(16)),
            format!("/s/%2e%2e/api/trace/{}", "02".repeat(16)),
        ] {
            let answer = anonymous.get(&other).await;
            assert!(
                matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND),
                "{other}: {}",
                answer.status
            );
            assert!(!answer.text().contains("ada@example.org"), "{other}");
        }
        let posted = anonymous.send(anonymous.request(Method::POST, &path)).await;
        assert_eq!(posted.status, StatusCode::UNAUTHORIZED, "only reading is open");
    };
    opens(&server.http.anonymous()).await;
    server.stop();
    let server = start();
    opens(&server.http.anonymous()).await;
    let revoked = server.http.send(server.http.request(Method::DELETE, &format!("/api/shares/{id}"))).await;
    assert_eq!(revoked.status, StatusCode::OK);
    assert_eq!(server.http.anonymous().get(&path).await.status, StatusCode::NOT_FOUND);
}
