//! The front door with a server behind it, and before there is one.

use http::header::HeaderMap;
use telltale_api::routes;

use super::*;
use crate::receiver::tests::{Fixture, bytes, config, fixture, header, request};

const TOKEN: &str = "abcdefgh-12345678";

struct Door {
    edge: Arc<Edge>,
    sender: watch::Sender<Option<Running>>,
    fixture: Fixture,
}

fn door(flags: &[(&str, &str)], is_open: bool) -> Door {
    let fixture = fixture(flags, |_| {});
    let (sender, receiver) = watch::channel(None);
    let endpoints = Endpoints { ui: "http://127.0.0.1:3000".to_owned(), ..Endpoints::default() };
    let access = Access::new(&config(flags), 3000).unwrap();
    let edge = Edge::new(access, receiver, Arc::clone(&fixture.state.telemetry), endpoints);
    let door = Door { edge, sender, fixture };
    if is_open {
        door.open();
    }
    door
}

impl Door {
    fn open(&self) {
        let router = Router::new().fallback(|| async { "the user interface" });
        self.sender.send_replace(Some(Running { state: Arc::clone(&self.fixture.state), router }));
    }

    async fn ask(&self, role: Role, method: &str, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
        let has_host = headers.iter().any(|(name, _)| *name == "host");
        let mut request = request(path, headers, "");
        *request.method_mut() = method.parse().unwrap();
        if !has_host {
            request.headers_mut().insert("host", HeaderValue::from_static("localhost:3000"));
        }
        (self.edge.service(role))(request).await
    }
}

fn is_guarded(headers: &HeaderMap) -> bool {
    headers.get("content-security-policy").is_some_and(|policy| policy == security::CONTENT_SECURITY_POLICY)
        && headers.get("x-content-type-options").is_some_and(|value| value == "nosniff")
}

/// Role, method, path, headers, expected status.
type Case = (Role, &'static str, &'static str, Vec<(&'static str, &'static str)>, u16);

#[tokio::test]
async fn who_may_pass_without_a_token() {
    let door = door(&[], true);
    let (json, protobuf) = (("content-type", "application/json"), ("content-type", "application/x-protobuf"));
    let evil = ("origin", "https://evil.example.com");
    let table: Vec<Case> = vec![
        (Role::Ui, "GET", "/", vec![], 200),
        (Role::Ui, "GET", "/", vec![("host", "evil.example.com")], 421),
        (Role::Ui, "POST", "/v1/traces", vec![protobuf, ("host", "evil.example.com")], 421),
        (Role::Ui, "POST", "/v1/traces", vec![protobuf], 200),
        (Role::Ui, "POST", "/v1/traces", vec![protobuf, evil], 403),
        (Role::Ui, "POST", "/", vec![protobuf], 404),
        (Role::Ui, "POST", routes::SQL, vec![json, evil], 403),
        (Role::Ui, "POST", routes::SQL, vec![json, ("origin", "http://localhost:3000")], 200),
        (Role::Ui, "POST", routes::SQL, vec![json, ("sec-fetch-site", "cross-site")], 403),
        (Role::Ui, "GET", routes::RECENT, vec![evil], 403),
        (Role::Ui, "GET", "/login", vec![], 303),
        (Role::OtlpHttp, "POST", "/v1/traces", vec![protobuf, ("host", "host.docker.internal:4318")], 200),
        (Role::OtlpHttp, "POST", "/v1/traces", vec![protobuf, ("origin", "http://localhost:5173")], 200),
        (Role::OtlpHttp, "POST", "/v1/traces", vec![protobuf, evil], 403),
        (Role::OtlpHttp, "OPTIONS", "/v1/traces", vec![evil, ("access-control-request-method", "POST")], 403),
        (
            Role::OtlpHttp,
            "POST",
            "/v1/traces",
            vec![protobuf, ("origin", "http://localhost:5173"), ("host", "evil.example.com")],
            421,
        ),
        (Role::OtlpHttp, "GET", "/", vec![], 303),
        (Role::OtlpGrpc, "GET", "/t/1", vec![("accept", "text/html")], 303),
        (Role::OtlpHttp, "GET", "/v1/traces", vec![("accept", "text/html")], 405),
        (Role::OtlpHttp, "GET", "/api/recent", vec![], 404),
    ];
    for (role, method, path, headers, expected) in table {
        let response = door.ask(role, method, path, &headers).await;
        assert_eq!(response.status().as_u16(), expected, "{role:?} {method} {path} {headers:?}");
        let has_cors = response.headers().contains_key("access-control-allow-origin");
        let origin = headers.iter().find(|(name, _)| *name == "origin");
        let may = origin.is_some_and(|(_, origin)| origin.starts_with("http://localhost")) && path.starts_with("/v1/");
        assert_eq!(has_cors, may, "{role:?} {method} {path} {headers:?}");
        assert!(!response.headers().contains_key("access-control-allow-credentials"));
        if role == Role::Ui {
            assert!(is_guarded(response.headers()), "{method} {path}");
        }
    }
    let location = door.ask(Role::OtlpHttp, "GET", "/", &[]).await.headers()["location"].clone();
    assert_eq!(location, "http://127.0.0.1:3000");
}

#[tokio::test]
async fn a_preflight_is_answered_for_allowed_origins() {
    let door = door(&[("token", TOKEN), ("cors-origin", "https://app.example.com")], true);
    for origin in ["http://localhost:5173", "https://app.example.com"] {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type,x-trace"),
        ];
        let response = door.ask(Role::OtlpHttp, "OPTIONS", "/v1/traces", &headers).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT, "a preflight carries no token");
        assert_eq!(response.headers()["access-control-allow-origin"], origin);
        assert_eq!(response.headers()["access-control-allow-headers"], "content-type,x-trace");
    }
}

#[tokio::test]
async fn with_a_token_every_path_of_every_listener_needs_it() {
    let door = door(&[("token", TOKEN)], true);
    let paths = ["/", "/t/1", "/api/health", "/api/recent", "/metrics", "/assets/a.js", "/v1/traces", "/v1/logs"];
    let good = format!("Bearer {TOKEN}");
    for role in [Role::Ui, Role::OtlpGrpc, Role::OtlpHttp] {
        for path in paths {
            for method in ["GET", "POST"] {
                let response = door.ask(role, method, path, &[]).await;
                let to_ui = role != Role::Ui && response.status() == StatusCode::SEE_OTHER;
                assert!(response.status() == StatusCode::UNAUTHORIZED, "{role:?} {method} {path} {to_ui}");
                assert_eq!(response.headers()["www-authenticate"], "Bearer");
                let response = door.ask(role, method, path, &[("authorization", "Bearer wrong")]).await;
                assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
                let response = door.ask(role, method, path, &[("authorization", &good)]).await;
                assert_ne!(response.status(), StatusCode::UNAUTHORIZED, "{role:?} {method} {path}");
            }
        }
        let grpc = [("content-type", "application/grpc")];
        let response =
            door.ask(role, "POST", "/opentelemetry.proto.collector.trace.v1.TraceService/Export", &grpc).await;
        assert_eq!((response.status(), header(response.headers(), "grpc-status")), (StatusCode::OK, "16"));
    }
    let metrics = door.fixture.state.telemetry.render(&door.fixture.state.storage.status());
    assert!(metrics.contains("telltale_access_refused_total{reason=\"token\"}"), "{metrics}");
}

#[tokio::test]
async fn the_login_link_makes_a_cookie_and_guesses_are_braked() {
    let door = door(&[("token", TOKEN)], true);
    let response = door.ask(Role::Ui, "GET", &format!("/login?token={TOKEN}"), &[]).await;
    assert_eq!((response.status(), header(response.headers(), "location")), (StatusCode::SEE_OTHER, "/"));
    let cookie = response.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(door.ask(Role::Ui, "GET", "/api/recent", &[("cookie", &cookie)]).await.status(), StatusCode::OK);
    let response = door.ask(Role::OtlpHttp, "POST", "/v1/traces", &[("cookie", &cookie)]).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "no cookies for OTLP");
    let mut refused = 0;
    for _ in 0..20 {
        let response = door.ask(Role::Ui, "GET", "/login?token=wrong", &[]).await;
        assert!(!response.headers().contains_key("set-cookie"));
        refused += usize::from(response.status() == StatusCode::UNAUTHORIZED);
    }
    assert_eq!(refused, crate::limits::LOGIN_FAILURES_PER_MINUTE);
    let response = door.ask(Role::Ui, "GET", &format!("/login?token={TOKEN}"), &[]).await;
    assert!(!response.headers().contains_key("set-cookie"), "even the right one waits");
}

/// Scenario: requests before the store is open. Guarantees: the API says "starting" at once, OTLP waits and gets in.
#[tokio::test]
async fn before_the_store_is_open() {
    let door = door(&[], false);
    let response = door.ask(Role::Ui, "GET", routes::HEALTH, &[]).await;
    assert_eq!((response.status(), header(response.headers(), "retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "1"));
    let health: telltale_api::health::Health = serde_json::from_slice(&bytes(response).await).unwrap();
    assert_eq!(health.status, "starting");
    let response = door.ask(Role::Ui, "GET", "/", &[("accept", "text/html")]).await;
    assert_eq!((response.status().as_u16(), header(response.headers(), "refresh")), (503, "1"));
    let response = door.ask(Role::Ui, "GET", "/api/recent", &[]).await;
    let error: telltale_api::ErrorBody = serde_json::from_slice(&bytes(response).await).unwrap();
    assert_eq!(error.error.code, "starting");

    let edge = Arc::clone(&door.edge);
    let held = tokio::spawn(async move {
        let mut request = request("/v1/traces", &[("content-type", "application/x-protobuf")], "");
        request.headers_mut().insert("host", HeaderValue::from_static("localhost"));
        (edge.service(Role::OtlpHttp))(request).await
    });
    let metrics = || door.fixture.state.telemetry.render(&door.fixture.state.storage.status());
    while !metrics().contains("telltale_admission_held_total 1\n") {
        tokio::task::yield_now().await;
    }
    door.open();
    assert_eq!(held.await.unwrap().status(), StatusCode::OK);
}
