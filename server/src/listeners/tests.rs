//! Slow, silent, idle and too many connections over real sockets with short timeouts; binding.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::accept::Acceptor;
use super::bind::{BindError, bind};
use super::connection::Terms;
use super::registry::Registry;
use super::*;
use crate::config::Bind;
use crate::telemetry::Telemetry;

/// Longer than any timeout of these tests, far longer than a busy machine needs.
const DEADLINE: Duration = Duration::from_secs(30);

struct Echo {
    address: SocketAddr,
    stopping: CancellationToken,
    tasks: TaskTracker,
    telemetry: Arc<Telemetry>,
    registry: Arc<Registry>,
    /// Requests whose head has come.
    begun: Arc<AtomicUsize>,
}

/// A server that answers with the length of the body, or with what was wrong with it.
async fn echo(timeouts: Timeouts, connections: usize) -> Echo {
    let begun = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&begun);
    let service: Service = Arc::new(move |request: Request<Body>| {
        count.fetch_add(1, Ordering::SeqCst);
        async move {
            let Peer(peer) = *request.extensions().get::<Peer>().unwrap();
            assert!(peer.is_loopback());
            let is_big = request.uri().path() == "/big";
            match axum::body::to_bytes(request.into_body(), usize::MAX).await {
                Ok(_body) if is_big => Response::new(Body::from(vec![b'x'; 64 << 20])),
                Ok(body) => Response::new(Body::from(body.len().to_string())),
                Err(error) => Response::builder().status(408).body(Body::from(error.to_string())).unwrap(),
            }
        }
        .boxed()
    });
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let (stopping, tasks, telemetry) = (CancellationToken::new(), TaskTracker::new(), Arc::new(Telemetry::new()));
    let registry = Registry::new(connections, 10);
    let acceptor = Acceptor {
        name: "ui",
        terms: Terms { service, timeouts, stopping: stopping.clone() },
        registry: Arc::clone(&registry),
        tasks: tasks.clone(),
        telemetry: Arc::clone(&telemetry),
    };
    tasks.spawn(acceptor.run(socket));
    Echo { address, stopping, tasks, telemetry, registry, begun }
}

fn quick() -> Timeouts {
    Timeouts {
        head: Duration::from_millis(150),
        body: Duration::from_millis(600),
        body_window: Duration::from_millis(150),
        body_window_bytes: 100,
        idle: Duration::from_millis(300),
        first_request: Duration::from_millis(250),
        write: Duration::from_millis(200),
        ping_interval: DEADLINE,
        ping: DEADLINE,
    }
}

async fn connect(echo: &Echo, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(echo.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

/// Reads until the server closes; what came, and how long it took.
async fn to_end(mut stream: TcpStream) -> (String, Duration) {
    let started = Instant::now();
    let mut out = Vec::new();
    let read = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut out)).await.expect("closed in time");
    // A reset is an end too.
    drop(read);
    (String::from_utf8_lossy(&out).into_owned(), started.elapsed())
}

fn closed(echo: &Echo, reason: &str) -> bool {
    let text = echo.telemetry.render(&telltale_storage::Status::default());
    text.contains(&format!("telltale_connections_closed_total{{listener=\"ui\",reason=\"{reason}\"}}"))
}

/// Scenario: silent, half a head, a silent HTTP/2 peer, a dripping body; beside them honest requests. Guarantees: each
/// slow one is closed for its own reason, and the honest ones are answered meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_connections_are_closed_and_honest_ones_are_not() {
    let echo = echo(quick(), 100).await;
    let silent = connect(&echo, b"").await;
    let half = connect(&echo, b"GET / HTTP/1.1\r\nhost: a\r\nx-").await;
    let http2 = connect(&echo, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    let body = connect(&echo, b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n{").await;
    for _ in 0..20 {
        let honest =
            connect(&echo, b"POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 3\r\n\r\nabc").await;
        assert!(to_end(honest).await.0.ends_with("\r\n\r\n3"));
    }
    let (text, _) = to_end(silent).await;
    assert!(text.is_empty());
    to_end(half).await;
    assert!(closed(&echo, "slow_head"));
    to_end(http2).await;
    let (text, _) = to_end(body).await;
    assert!(text.starts_with("HTTP/1.1 408") && text.contains("too slowly"), "{text}");
    finish(echo).await;
}

/// Scenario: a body that drips just fast enough for each window. Guarantees: the limit for the whole body ends it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_may_not_drip_for_ever() {
    let mut timeouts = quick();
    timeouts.body_window_bytes = 1;
    timeouts.body_window = Duration::from_secs(5);
    let echo = echo(timeouts, 100).await;
    let mut stream = connect(&echo, b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n").await;
    let started = Instant::now();
    while stream.write_all(b"x").await.is_ok() && started.elapsed() < DEADLINE {
        let mut byte = [0];
        match tokio::time::timeout(Duration::from_millis(20), stream.read(&mut byte)).await {
            Err(_nothing_yet) => {}
            Ok(_answered_or_closed) => break,
        }
    }
    assert!(started.elapsed() >= Duration::from_millis(500) && started.elapsed() < DEADLINE, "{:?}", started.elapsed());
    finish(echo).await;
}

/// Scenario: an answer of 64 MiB that nobody reads. Guarantees: the connection does not stay.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_nobody_reads_is_given_up() {
    let echo = echo(quick(), 100).await;
    let _reader = connect(&echo, b"GET /big HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let started = Instant::now();
    while !closed(&echo, "slow_reader") {
        assert!(started.elapsed() < DEADLINE);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    finish(echo).await;
}

/// Scenario: keep-alive within and beyond the idle limit. Guarantees: the first lives, the second ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_are_kept_for_a_while() {
    let mut timeouts = quick();
    timeouts.idle = Duration::from_secs(1);
    let echo = echo(timeouts, 100).await;
    let request = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    let mut stream = connect(&echo, request).await;
    let mut buffer = [0; 1024];
    assert!(stream.read(&mut buffer).await.unwrap() > 0);
    // Longer than the limit for a head, shorter than the one for idleness.
    tokio::time::sleep(Duration::from_millis(300)).await;
    stream.write_all(request).await.unwrap();
    assert!(stream.read(&mut buffer).await.unwrap() > 0, "still there");
    let (text, _) = to_end(stream).await;
    assert!(text.is_empty(), "{text}");
    assert!(closed(&echo, "idle"));
    finish(echo).await;
}

/// Scenario: more connections than places, all idle. Guarantees: a newcomer is served, the longest idle has to go.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomer_replaces_the_longest_idle() {
    let mut timeouts = quick();
    (timeouts.idle, timeouts.head) = (DEADLINE, DEADLINE);
    let echo = echo(timeouts, 3).await;
    let request = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    let mut kept = Vec::new();
    for _ in 0..4 {
        let mut stream = connect(&echo, request).await;
        let mut buffer = [0; 1024];
        let read = tokio::time::timeout(DEADLINE, stream.read(&mut buffer)).await.expect("answered").unwrap();
        assert!(read > 0);
        kept.push(stream);
    }
    assert!(echo.registry.open_count() <= 3);
    let (text, _) = to_end(kept.remove(0)).await;
    assert!(text.is_empty(), "the first was idle for longest");
    drop(kept);
    finish(echo).await;
}

/// The type of HTTP/2's PING frames (RFC 9113, section 6.7).
const PING: u8 = 6;

/// Reads one HTTP/2 frame: type, flags and payload; none when the server closed.
async fn frame(stream: &mut TcpStream) -> Option<(u8, u8, Vec<u8>)> {
    let mut head = [0; 9];
    tokio::time::timeout(DEADLINE, stream.read_exact(&mut head)).await.expect("a frame or the end in time").ok()?;
    let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
    stream.read_exact(&mut payload).await.ok()?;
    Some((head[3], head[4], payload))
}

/// Scenario (G6 of the OTLP checklist): two quiet HTTP/2 peers, one answers the server's pings, one does not.
/// Guarantees: the first is asked again and again and stays, the second is closed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiet_http2_peer_is_asked_whether_it_lives() {
    let mut timeouts = quick();
    timeouts.first_request = DEADLINE;
    (timeouts.ping_interval, timeouts.ping) = (Duration::from_millis(50), Duration::from_millis(400));
    let echo = echo(timeouts, 100).await;
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let dead = tokio::spawn(to_end(connect(&echo, preface).await));
    let mut alive = connect(&echo, preface).await;
    let mut answered = 0;
    while answered < 3 || !dead.is_finished() {
        let (kind, flags, payload) = frame(&mut alive).await.expect("a peer that answers is kept");
        if kind == PING && flags == 0 {
            let answer = [&[0, 0, 8, PING, 1, 0, 0, 0, 0], payload.as_slice()].concat();
            alive.write_all(&answer).await.unwrap();
            answered += 1;
        }
    }
    drop(alive);
    finish(echo).await;
}

/// Stops the server and waits for its tasks.
async fn finish(echo: Echo) {
    echo.stopping.cancel();
    echo.tasks.close();
    tokio::time::timeout(DEADLINE, echo.tasks.wait()).await.expect("ends");
    assert_eq!(echo.registry.open_count(), 0);
    assert!(TcpStream::connect(echo.address).await.is_err(), "the socket is closed");
}

/// Scenario: a request is being answered when the server stops. Guarantees: it gets its answer, then the connection ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_finishes_what_was_accepted() {
    let mut timeouts = quick();
    (timeouts.body, timeouts.body_window) = (DEADLINE, DEADLINE);
    let echo = echo(timeouts, 100).await;
    let mut stream = connect(&echo, b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nab").await;
    let started = Instant::now();
    while echo.begun.load(Ordering::SeqCst) == 0 && started.elapsed() < DEADLINE {
        tokio::task::yield_now().await;
    }
    echo.stopping.cancel();
    stream.write_all(b"cd").await.unwrap();
    let (text, _) = to_end(stream).await;
    assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("\r\n\r\n4"), "{text}");
    finish(echo).await;
}

#[tokio::test]
async fn port_0_is_the_same_port_in_both_families() {
    let bound = bind("listen", &Bind::Loopback { port: 0 }).unwrap();
    let ports: Vec<u16> = bound.addresses.iter().map(SocketAddr::port).collect();
    assert!(ports.iter().all(|port| *port == bound.address.port() && *port != 0), "{ports:?}");
    assert_eq!(bound.address.ip().to_string(), "127.0.0.1");
    assert_eq!(bound.url(), format!("http://127.0.0.1:{}", bound.address.port()));
    for address in &bound.addresses {
        TcpStream::connect(address).await.unwrap();
    }
    let all = bind("listen", &Bind::Address("0.0.0.0:0".parse().unwrap())).unwrap();
    assert!(all.url().starts_with("http://127.0.0.1:"), "an address that a browser can open");
}

/// Scenario: somebody has the port, in either family. Guarantees: port, setting, variable and holder are named.
#[tokio::test]
async fn a_taken_port_names_its_holder() {
    for taken in ["127.0.0.1:0", "[::1]:0"] {
        let Ok(socket) = std::net::TcpListener::bind(taken) else {
            assert!(taken.starts_with('['), "IPv4 loopback is there");
            continue;
        };
        let port = socket.local_addr().unwrap().port();
        let error = bind("otlp-http", &Bind::Loopback { port }).unwrap_err();
        assert!(matches!(error, BindError::Taken { .. }), "{error}");
        let text = error.to_string();
        for needle in [&port.to_string(), "--otlp-http", "TELLTALE_OTLP_HTTP"] {
            assert!(text.contains(needle), "{needle}: {text}");
        }
        #[cfg(target_os = "linux")]
        {
            let holder = holder::of_port(port).unwrap();
            assert_eq!(holder.pid, std::process::id());
            let other = holder::Holder { pid: 1, name: "postgres".to_owned() };
            assert_eq!(other.to_string(), "postgres (pid 1)");
        }
    }
}
