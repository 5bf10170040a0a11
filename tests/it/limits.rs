//! Bounds: bombs, slow and silent connections, many connections. A good client beside them notices nothing.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use telltale_tests::http::{JSON, PROTOBUF, Signal};
use telltale_tests::rng::Rng;
use telltale_tests::{otlp, wire};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::server;

/// What a bomb would inflate to. Each is refused after at most the limit of 64 MiB.
const BOMB_BYTES: usize = 2 << 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zip_bombs_are_refused_quickly_and_cost_little_memory() {
    let server = server();
    let before = server.rss_bytes();
    let bombs =
        tokio::task::spawn_blocking(|| [("gzip", wire::gzip_bomb(BOMB_BYTES)), ("zstd", wire::zstd_bomb(BOMB_BYTES))]);
    let mut peak = before;
    for (encoding, bomb) in bombs.await.unwrap() {
        let started = Instant::now();
        for content_type in [PROTOBUF, JSON] {
            let answer = server.http.post_encoded(Signal::Traces, content_type, encoding, bomb.clone()).await;
            assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{encoding}: {}", answer.text());
            peak = peak.max(server.rss_bytes());
        }
        assert!(started.elapsed() < Duration::from_secs(10), "{encoding}: {:?} for two", started.elapsed());
    }
    assert!(peak - before < 192 << 20, "memory grew by {} MiB", (peak - before) >> 20);
    let issues = server.http.issues().await;
    assert!(issues.iter().any(|issue| issue["outcome"] == "rejected"), "{issues:?}");
    let _ =
        server.http.export(Signal::Traces, &otlp::traces("after", vec![otlp::span([1; 16], [1; 8], "s")])).await.ok();
}

#[tokio::test]
async fn protobuf_nested_5000_deep() {
    let server = server();
    let deep = wire::key_value(b"deep", &wire::nested_array(5000));
    let span = wire::span(&[1; 16], &[1; 8], b"deep", (otlp::now(), otlp::now()), &[deep]);
    let good = wire::span(&[1; 16], &[2; 8], b"good", (otlp::now(), otlp::now()), &[]);
    let started = Instant::now();
    let answer = server.http.post(Signal::Traces, PROTOBUF, wire::request("deep", &[span, good])).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(server.http.count("SELECT count(*) FROM spans WHERE name = 'good'").await, 1);
}

/// Slow connections, unless the environment variable [`SLOW_VARIABLE`] says another number. The program takes 1,000 at once, 200 of one
/// address: the long run has 900, from nine addresses.
const SLOW: usize = 80;
const SLOW_VARIABLE: &str = "TELLTALE_TEST_SLOW";

/// Silent, half a head, a body that drips: none may live for ever, and honest requests stay quick.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_connections_are_closed_and_disturb_nobody() {
    let server = server();
    let address = server.ready.otlp_http.trim_start_matches("http://").to_owned();
    let starts: [&[u8]; 4] = [
        b"",
        b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-",
        b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];
    let count = std::env::var(SLOW_VARIABLE).map_or(SLOW, |text| text.parse().expect("a number of connections"));
    let mut slow = Vec::new();
    for (number, start) in starts.iter().cycle().take(count).enumerate() {
        let mut stream = from_address(number / 100, &address).await;
        stream.write_all(start).await.unwrap();
        slow.push(tokio::spawn(closed(stream)));
    }
    let mut rng = Rng::new(1);
    let mut slowest = Duration::ZERO;
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(3) {
        let one = Instant::now();
        let request = otlp::traces("honest", vec![otlp::span(rng.trace_id(), rng.span_id(), "s")]);
        let _ = server.http.export(Signal::Traces, &request).await.ok();
        slowest = slowest.max(one.elapsed());
    }
    assert!(slowest < Duration::from_secs(2), "an honest request took {slowest:?} beside slow ones");
    for connection in slow {
        let waited = connection.await.unwrap();
        assert!(waited.is_some(), "a slow connection was still open after {SLOW_DEADLINE:?}");
    }
}

/// Connects from one of the addresses of this machine, since each may have so many connections only.
async fn from_address(number: usize, to: &str) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    let last = 2 + u8::try_from(number).unwrap();
    socket.bind((std::net::Ipv4Addr::new(127, 0, 0, last), 0).into()).unwrap();
    socket.connect(to.parse().unwrap()).await.unwrap()
}

/// Slow connections are closed within this.
const SLOW_DEADLINE: Duration = Duration::from_secs(45);

/// Waits until the other side closes; none when it does not in time.
async fn closed(mut stream: TcpStream) -> Option<Duration> {
    let started = Instant::now();
    let mut buffer = [0; 1024];
    let read = async { while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {} };
    tokio::time::timeout(SLOW_DEADLINE, read).await.ok().map(|()| started.elapsed())
}

/// More connections than allowed: those beyond are refused or wait, the server lives, and there is room again afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_connections_than_allowed() {
    let server = server();
    let address = server.ready.otlp_http.trim_start_matches("http://").to_owned();
    let mut idle = Vec::new();
    for _ in 0..1200 {
        match tokio::time::timeout(Duration::from_millis(500), TcpStream::connect(&address)).await {
            Ok(Ok(stream)) => idle.push(stream),
            _ => break,
        }
    }
    drop(idle);
    telltale_tests::poll::until("room for a connection", Duration::from_secs(15), || async {
        let request = server.http.otlp_request(reqwest::Method::POST, "/v1/traces").timeout(Duration::from_secs(2));
        request.header("content-type", JSON).body("{}").send().await.ok().filter(|answer| answer.status().is_success())
    })
    .await;
}

/// A query that would take for ever ends with a clear error, and ingest goes on meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_queries_are_bounded() {
    let server = server();
    for statement in [
        "SELECT count(*) FROM generate_series(1, 100000000) a, generate_series(1, 100000000) b WHERE a.value + b.value < 0",
        "SELECT a.value FROM generate_series(1, 3000000) a",
    ] {
        let http = server.http.clone();
        let query = tokio::spawn(async move { http.sql_answer(statement).await });
        let request = otlp::traces("meanwhile", vec![otlp::span([1; 16], [1; 8], "s")]);
        let _ = server.http.export(Signal::Traces, &request).await.ok();
        let answer = tokio::time::timeout(Duration::from_secs(60), query).await.expect("an end").unwrap();
        assert!(!answer.status.is_success(), "{statement}: {}", answer.text().len());
        assert!(!answer.json()["error"]["message"].as_str().unwrap().is_empty());
    }
    let _ = server.http.get("/api/health").await.ok();
}
