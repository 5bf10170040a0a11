//! The application's files and pages.

use http::Method;
use telltale_model::SignalKind;

use super::harness::Server;
use super::sample::{self, TRACE};

#[tokio::test]
async fn pages_are_asked_for_again_and_files_are_kept() {
    let server = Server::with_sample().await;
    let story = format!("/t/{TRACE}");
    for path in ["/", "/start", &story, "/t/4bf9%2Fx", "/t/not-an-id"] {
        let page = server.get_with(path, "accept", "text/html").await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("cache-control"), "no-cache");
        assert!(page.text().contains("<div id=\"app\""), "{path}");
        let etag = page.header("etag").to_owned();
        assert!(!etag.is_empty());
        let again = server.get_with(path, "if-none-match", &format!("\"other\", W/{etag}")).await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("etag"), etag);
    }
    for asset in telltale_web_bundle::assets() {
        let path = format!("/assets/{}", asset.path);
        let file = server.get(&path).await;
        assert_eq!((file.header("content-type"), &*file.body), (asset.content_type, asset.bytes), "{path}");
        assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(file.header("vary"), "accept-encoding");
        assert_eq!(server.get_with(&path, "if-none-match", asset.etag).await.status, 304);
    }
}

#[tokio::test]
async fn files_come_in_the_best_form_that_the_client_takes() {
    let server = Server::new();
    for asset in telltale_web_bundle::assets() {
        for (accepted, expected) in [("br, gzip", asset.brotli.map(|_| "br")), ("gzip", asset.gzip.map(|_| "gzip"))] {
            let file = server.get_with(&format!("/assets/{}", asset.path), "accept-encoding", accepted).await;
            assert_eq!(file.header("content-encoding"), expected.unwrap_or_default(), "{} {accepted}", asset.path);
        }
    }
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let server = Server::with_sample().await;
    for path in ["/", "/api/recent", "/api/health", "/metrics", &format!("/t/{TRACE}"), &format!("/t/{TRACE}.txt")] {
        let get = server.get(path).await;
        let head = server.ask(Method::HEAD, path, &[], "").await;
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        assert_eq!(head.header("etag"), get.header("etag"), "{path}");
    }
}

#[tokio::test]
async fn what_does_not_exist_says_so_in_the_form_that_was_asked_for() {
    let server = Server::new();
    assert_eq!(server.get("/api/nope").await.error(404), "no_such_path");
    assert_eq!(server.get_with("/api/nope", "accept", "text/html").await.error(404), "no_such_path");
    assert_eq!(server.get("/nope").await.error(404), "no_such_path");
    assert_eq!(server.post("/nope", "").await.error(404), "no_such_path");
    assert_eq!(server.get("/assets/app-0.js").await.error(404), "no_such_asset");
    assert_eq!(server.get("/assets/../Cargo.toml").await.error(404), "no_such_asset");
    let page = server.get_with("/nope", "accept", "text/html").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (404, "text/html; charset=utf-8"));
    for (method, path, allowed) in [
        (Method::POST, "/api/health", "GET,HEAD"),
        (Method::GET, "/api/sql", "POST"),
        (Method::DELETE, "/", "GET,HEAD"),
    ] {
        let answer = server.ask(method.clone(), path, &[], "").await;
        assert_eq!(answer.error(405), "method_not_allowed", "{method} {path}");
        assert_eq!(answer.header("allow"), allowed, "{method} {path}");
    }
}

/// Scenario: names, services and error messages that are markup.
/// Guarantees: the page's markup is the same as for harmless names, and the text is there, escaped.
#[tokio::test]
async fn hostile_telemetry_never_becomes_markup() {
    let server = Server::new();
    let harmless = "4bf92f3577b34da6a3ce929d0e0e4736";
    server.send(SignalKind::Traces, &sample::one_span(harmless, "00000000000000aa", "name", "error")).await;
    let skeleton = |html: &str| html.matches(['<', '>', '"']).collect::<String>();
    let expected = skeleton(server.get(&format!("/t/{harmless}")).await.text());
    let attacks =
        ["</title><script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onload='x", "]]><!--", "\u{0}<b>"];
    for (number, attack) in attacks.into_iter().enumerate() {
        let id = format!("{:032x}", number + 1);
        server.send(SignalKind::Traces, &sample::one_span(&id, "00000000000000aa", attack, attack)).await;
        let page = server.get(&format!("/t/{id}")).await;
        assert_eq!(skeleton(page.text()), expected, "{attack}");
        assert!(!page.text().contains(attack), "{attack}");
    }
}

#[tokio::test]
async fn the_page_of_a_trace_carries_its_title_and_preloads_its_data() {
    let server = Server::with_sample().await;
    let page = server.get(&format!("/t/{}/b7ad6b7169203331", TRACE.to_uppercase())).await;
    let text = page.text();
    assert!(text.contains("<title>POST /orders · with errors, "), "{text}");
    assert!(text.contains(&format!("href=\"/api/trace/{TRACE}/pack\"")), "{text}");
    assert!(text.contains("og:description\" content=\"") && text.contains("2 spans in orders, shop-api"), "{text}");
    let unknown = server.get("/t/4bf92f3577b34da6a3ce929d0e0e4736").await;
    assert_eq!(unknown.status, 200, "the page waits for the trace");
    assert!(unknown.text().contains("<title>Trace 4bf92f3577b34da6a3ce929d0e0e4736"));
}
