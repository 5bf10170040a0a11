//! Safe by default: who may ask, from where, and what hostile text can do.

use reqwest::{Method, StatusCode};
use serde_json::Value;
use telltale_tests::http::{Http, JSON, PROTOBUF, Signal};
use telltale_tests::otlp;

use crate::support::{launch, server};

const TOKEN: &str = "tt_test_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHI";

/// Every path of the contract that this build answers, with its method.
const PATHS: [(&str, &str); 16] = [
    ("GET", "/"),
    ("GET", "/t/01010101010101010101010101010101"),
    ("GET", "/t/01010101010101010101010101010101.txt"),
    ("GET", "/api/health"),
    ("GET", "/api/resolve?q=1"),
    ("GET", "/api/trace/01010101010101010101010101010101"),
    ("GET", "/api/recent"),
    ("GET", "/api/live"),
    ("GET", "/api/issues"),
    ("POST", "/api/sql"),
    ("GET", "/metrics"),
    ("POST", "/v1/traces"),
    ("POST", "/api/import"),
    ("GET", "/api/shares"),
    ("GET", "/api/share/01010101010101010101010101010101/preview"),
    ("POST", "/api/share/01010101010101010101010101010101"),
];

#[test]
fn an_address_that_others_reach_needs_a_token() {
    for setting in ["listen", "otlp-grpc", "otlp-http"] {
        let mut launch = launch().own_ports();
        for name in ["listen", "otlp-grpc", "otlp-http"] {
            launch = launch.arg(format!("--{name}={}", if name == setting { "0.0.0.0:0" } else { "127.0.0.1:0" }));
        }
        let (code, stderr) = launch.refuse();
        assert_eq!(code, Some(2), "{stderr}");
        assert!(stderr.contains("--token") && stderr.contains("--insecure"), "{stderr}");
    }
}

#[tokio::test]
async fn with_a_token_every_path_needs_it() {
    let server = launch().token(TOKEN).start();
    let anonymous = server.http.anonymous();
    let wrong = Http::new(
        &server.ready.ui,
        &server.ready.otlp_http,
        Some("tt_test_wrong_wrong_wrong_wrong_wrong_wrong_wrong_wrong"),
    );
    for (method, path) in PATHS {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        for http in [&anonymous, &wrong] {
            let request = http.request(method.clone(), path).header("content-type", JSON).body("{}");
            let answer = http.send(request).await;
            let login_page = path == "/" && answer.status.is_redirection();
            assert!(
                answer.status == StatusCode::UNAUTHORIZED || login_page,
                "{path}: {} {}",
                answer.status,
                answer.text()
            );
        }
    }
    let body = prost::Message::encode_to_vec(&otlp::traces("token", vec![otlp::span([1; 16], [1; 8], "s")]));
    let answer = anonymous.post(Signal::Traces, PROTOBUF, body.clone()).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "the OTLP port too");
    let _ = server.http.post(Signal::Traces, PROTOBUF, body.clone()).await.ok();
    let channel = telltale_tests::grpc::connect(&server.ready.otlp_grpc).await;
    let path = telltale_tests::grpc::export_path(Signal::Traces);
    let status = telltale_tests::grpc::call_raw(channel, path, body.into(), None).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unauthenticated, "{status:?}");
    assert_eq!(server.http.count("SELECT count(*) FROM spans").await, 1);
    assert!(!server.stdout().contains(TOKEN), "the ready line keeps the token to itself");
}

#[tokio::test]
async fn the_login_link_sets_a_cookie_that_opens_everything() {
    let server = launch().token(TOKEN).start();
    let link = telltale_tests::poll::until("the login link on stderr", std::time::Duration::from_secs(5), || async {
        let stderr = server.stderr();
        let start = stderr.find("/login?token=")?;
        stderr[start..].split(|ch: char| ch.is_whitespace() || "\"'<>\\".contains(ch)).next().map(str::to_owned)
    })
    .await;
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = client.get(format!("{}{link}", server.ready.ui)).send().await.unwrap();
    assert!(answer.status().is_redirection(), "{}", answer.status());
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    for needle in ["HttpOnly", "SameSite=Strict"] {
        assert!(cookie.contains(needle), "{cookie}");
    }
    let pair = cookie.split(';').next().unwrap();
    let answer = client.get(format!("{}/api/health", server.ready.ui)).header("cookie", pair).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let answer = client.get(format!("{}/login?token=wrong", server.ready.ui)).send().await.unwrap();
    assert!(!answer.status().is_success() && answer.headers().get("set-cookie").is_none(), "{}", answer.status());
}

/// DNS rebinding: a page of another site that resolves to this machine asks under its own name.
#[tokio::test]
async fn a_foreign_host_is_refused() {
    let server = server();
    for host in
        ["evil.example.com", "evil.example.com:3000", "127.0.0.1.evil.example.com", "localhost.evil.example.com"]
    {
        for (method, path) in PATHS {
            if path.starts_with("/v1/") {
                continue;
            }
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = server.http.send(server.http.request(method, path).header("host", host)).await;
            assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{host} {path}: {}", answer.text());
        }
    }
    let port = server.ready.ui.rsplit_once(':').unwrap().1;
    for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), "localhost".to_owned()] {
        let answer = server.http.send(server.http.request(Method::GET, "/api/health").header("host", &host)).await;
        assert_eq!(answer.status, StatusCode::OK, "{host}");
    }
    // On the OTLP port an app in a container may use any name, as long as no browser sends it.
    let request = server.http.otlp_request(Method::POST, "/v1/traces").header("host", "host.docker.internal:4318");
    let _ = server.http.send(request.header("content-type", PROTOBUF).body("")).await.ok();
}

#[tokio::test]
async fn a_public_host_is_allowed_when_named() {
    let server = launch().arg("--public-host=traces.example.com").start();
    for (host, expected) in [("traces.example.com", 200), ("other.example.com", 421)] {
        let answer = server.http.send(server.http.request(Method::GET, "/api/health").header("host", host)).await;
        assert_eq!(answer.status.as_u16(), expected, "{host}");
    }
}

/// A browser app on this machine may send telemetry; a page of another origin may not send or read anything.
#[tokio::test]
async fn origins() {
    let server = server();
    for origin in ["http://localhost:5173", "https://localhost:8443", "http://127.0.0.1:8080", "http://[::1]:9000"] {
        let preflight = server.http.otlp_request(Method::OPTIONS, "/v1/traces").header("origin", origin);
        let preflight = preflight.header("access-control-request-method", "POST");
        let answer = server.http.send(preflight.header("access-control-request-headers", "content-type")).await;
        assert!(answer.status.is_success(), "{origin}: {}", answer.status);
        assert_eq!(answer.header("access-control-allow-origin"), origin);
        assert!(
            answer.header("access-control-allow-headers").to_lowercase().contains("content-type"),
            "{:?}",
            answer.headers
        );
        assert_eq!(answer.header("access-control-allow-credentials"), "", "never with credentials");
        let request = server.http.otlp_request(Method::POST, "/v1/traces").header("origin", origin);
        let answer = server.http.send(request.header("content-type", JSON).body("{}")).await.ok();
        assert_eq!(answer.header("access-control-allow-origin"), origin);
    }
    for origin in
        ["https://evil.example.com", "http://localhost.evil.example.com", "null", "http://evil.example.com:4318"]
    {
        let preflight = server.http.otlp_request(Method::OPTIONS, "/v1/traces").header("origin", origin);
        let answer = server.http.send(preflight.header("access-control-request-method", "POST")).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
        let request = server.http.otlp_request(Method::POST, "/v1/traces").header("origin", origin);
        let answer = server.http.send(request.header("content-type", JSON).body("{}")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{origin}: {}", answer.text());
        for (method, path) in [("POST", "/api/sql"), ("POST", "/api/flush"), ("GET", "/api/recent")] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let request = server.http.request(method, path).header("origin", origin).header("content-type", JSON);
            let answer = server.http.send(request.body("{\"sql\":\"SELECT 1\"}")).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{origin} {path}: {}", answer.text());
        }
    }
}

/// The headers that keep a page from running what is not ours.
#[tokio::test]
async fn pages_carry_the_strict_headers() {
    let server = server();
    for path in ["/", "/t/01010101010101010101010101010101"] {
        let answer = server.http.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") || policy.contains("default-src 'self'"), "{policy}");
        assert!(!policy.contains("'unsafe-inline'") && !policy.contains("'unsafe-eval'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
    }
}

/// Statements that would write, read files or change settings, and ones that would never end.
#[tokio::test]
async fn sql_is_read_only() {
    let server = server();
    let _ = server.http.export(Signal::Traces, &otlp::traces("sql", vec![otlp::span([1; 16], [1; 8], "s")])).await.ok();
    let target = tempfile::tempdir().unwrap();
    let out = target.path().join("out.csv");
    let statements = [
        format!("COPY (SELECT 1) TO '{}'", out.display()),
        format!("COPY spans TO '{}' STORED AS PARQUET", out.display()),
        "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'".to_owned(),
        "CREATE TABLE x AS SELECT 1".to_owned(),
        "CREATE VIEW x AS SELECT 1".to_owned(),
        "CREATE SCHEMA x".to_owned(),
        "DROP TABLE spans".to_owned(),
        "INSERT INTO spans SELECT * FROM spans".to_owned(),
        "DELETE FROM spans".to_owned(),
        "UPDATE spans SET name = 'x'".to_owned(),
        "TRUNCATE spans".to_owned(),
        "SET datafusion.execution.batch_size = 1".to_owned(),
        "EXPLAIN ANALYZE INSERT INTO spans SELECT * FROM spans".to_owned(),
        "PREPARE x AS SELECT 1".to_owned(),
        "BEGIN".to_owned(),
        "SELECT * FROM '/etc/passwd'".to_owned(),
        "SELECT * FROM \"/etc/passwd\"".to_owned(),
        "SELECT 1; SELECT 2".to_owned(),
        "SELECT * FROM information_schema.df_settings".to_owned(),
        "".to_owned(),
        "nonsense".to_owned(),
        format!("SELECT {}1", "1 + ".repeat(20_000)),
        format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000)),
    ];
    for statement in &statements {
        let answer = server.http.sql_answer(statement).await;
        let shown: String = statement.chars().take(60).collect();
        assert!(answer.status.is_client_error(), "{shown}: {} {}", answer.status, answer.text());
        let body = answer.json();
        for member in ["code", "message"] {
            assert!(body["error"][member].as_str().is_some_and(|text| !text.is_empty()), "{shown}: {body}");
        }
    }
    assert!(!out.exists(), "a file was written");
    assert_eq!(server.http.count("SELECT count(*) FROM spans").await, 1);
}

/// Markdown without its code blocks and code spans, where a renderer shows markup as text.
fn outside_code(markdown: &str) -> String {
    let (mut out, mut fence) = (String::new(), None::<String>);
    for line in markdown.lines() {
        let ticks: String = line.trim_start().chars().take_while(|letter| *letter == '`').collect();
        match &fence {
            Some(open) if ticks.len() >= open.len() && line.trim() == ticks => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    assert!(fence.is_none(), "a code block is not closed: {markdown}");
    let (mut plain, mut rest) = (String::new(), out.as_str());
    while let Some(start) = rest.find('`') {
        let run = rest[start..].chars().take_while(|letter| *letter == '`').count();
        plain.push_str(&rest[..start]);
        let body = &rest[start + run..];
        let mut closing = body.match_indices('`').map(|(at, _)| at).filter(|at| {
            let length = body[*at..].chars().take_while(|letter| *letter == '`').count();
            length == run && !body[..*at].ends_with('`')
        });
        match closing.next() {
            Some(end) => rest = &body[end + run..],
            None => rest = body,
        }
    }
    plain + rest
}

/// Markup, escapes and formulas in every text: stored as sent, and never markup in what we serve.
#[tokio::test]
async fn hostile_text_stays_text() {
    let server = server();
    let hostile =
        "<script>alert(1)</script><img src=x onerror=alert(2)>\u{1b}[31m\r\nSet-Cookie: a=b\u{202e}=cmd|'/C calc'!A0";
    let mut span = otlp::span([1; 16], [1; 8], hostile);
    span.attributes = vec![otlp::text(hostile, hostile)];
    span = otlp::failed(span, hostile);
    let _ = server.http.export(Signal::Traces, &otlp::traces(hostile, vec![span])).await.ok();
    let _ =
        server.http.export(Signal::Logs, &otlp::logs(hostile, vec![otlp::log([1; 16], [1; 8], hostile)])).await.ok();
    let id = "01".repeat(16);
    let page = server.http.get(&format!("/t/{id}")).await.text();
    assert!(!page.contains("<script>alert(1)") && !page.contains("<img src=x"), "{page}");
    let text = server.http.get(&format!("/t/{id}.txt")).await.ok();
    assert!(text.header("content-type").starts_with("text/plain"), "{:?}", text.headers);
    assert!(!text.text().contains('\u{1b}'), "escape sequences do not reach a terminal");
    let markdown = server.http.get(&format!("/t/{id}.md")).await.ok().text();
    let outside = outside_code(&markdown);
    assert!(!outside.contains("<script>") && !outside.contains("<img"), "{markdown}");
    let view: Value = server.http.get_json(&format!("/api/trace/{id}")).await;
    assert_eq!(view["spans"][0]["name"], hostile, "kept as sent");
    assert!(!server.stderr().contains('\u{1b}'), "nor the log");
    let answer = server.http.get(&format!("/api/resolve?q={}", telltale_tests::http::percent(hostile))).await.ok();
    assert!(answer.header("content-type").starts_with(JSON));
}
