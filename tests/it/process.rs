//! The program as a process: ready line, ports, signals, restart, flush barrier.

use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal as Unix;
use serde_json::Value;
use telltale_tests::http::Signal;
use telltale_tests::rng::Rng;
use telltale_tests::server::{STOP_DEADLINE, wait};
use telltale_tests::{grpc, otlp, poll};

use crate::support::{PROGRAM, launch, server};

#[tokio::test]
async fn the_ready_line_names_addresses_that_answer() {
    let server = server();
    assert_eq!(server.ready.version, env!("CARGO_PKG_VERSION"));
    assert_eq!(server.ready.data_dir, server.data_dir().to_string_lossy());
    for url in [&server.ready.ui, &server.ready.otlp_grpc, &server.ready.otlp_http] {
        let port: u16 = url.strip_prefix("http://127.0.0.1:").unwrap_or_else(|| panic!("{url}")).parse().unwrap();
        assert_ne!(port, 0, "{url}");
    }
    let health = server.http.get_json("/api/health").await;
    assert_eq!((health["status"].as_str(), health["version"].as_str()), (Some("ok"), Some(env!("CARGO_PKG_VERSION"))));
    grpc::connect(&server.ready.otlp_grpc).await;
    assert_eq!(server.stdout().lines().count(), 1, "stdout is for the ready line alone: {}", server.stdout());
}

#[tokio::test]
async fn sigterm_and_sigint_end_with_0_and_keep_everything() {
    let folder = tempfile::tempdir().unwrap();
    let mut rng = Rng::new(1);
    for (round, signal) in [Unix::TERM, Unix::INT].into_iter().enumerate() {
        let server = launch().data_dir(folder.path()).start();
        let spans = (0..10).map(|_| otlp::span(rng.trace_id(), rng.span_id(), "kept")).collect();
        let _ = server.http.export(Signal::Traces, &otlp::traces("stop", spans)).await.ok();
        let log = otlp::logs("stop", vec![otlp::log(rng.trace_id(), rng.span_id(), "kept")]);
        let _ = server.http.export(Signal::Logs, &log).await.ok();
        let points = otlp::metrics("stop", vec![otlp::gauge("kept", vec![otlp::point_int(7)])]);
        let _ = server.http.export(Signal::Metrics, &points).await.ok();
        if signal == Unix::INT {
            server.signal(Unix::INT);
        }
        assert!(server.stop() < STOP_DEADLINE);
        let server = launch().data_dir(folder.path()).start();
        let round = round as u64 + 1;
        assert_eq!(server.http.count("SELECT count(*) FROM spans").await, 10 * round);
        assert_eq!(server.http.count("SELECT count(*) FROM logs WHERE match(body, 'kept')").await, round);
        assert_eq!(server.http.count("SELECT count(*) FROM points WHERE value_int = 7").await, round);
        server.stop();
    }
}

/// Scenario: one server forwards to another, which is there from the start. Guarantees: what the first acknowledged, of
/// every signal, the second can be asked for, and the first says that it sent it.
#[tokio::test]
async fn what_is_acknowledged_is_forwarded() {
    let target = server();
    let tee = launch().arg(format!("--forward={}", target.ready.otlp_http)).start();
    let mut rng = Rng::new(7);
    let (trace_id, span_id) = (rng.trace_id(), rng.span_id());
    let _ = tee.http.export(Signal::Traces, &otlp::traces("tee", vec![otlp::span(trace_id, span_id, "s")])).await.ok();
    let _ = tee.http.export(Signal::Logs, &otlp::logs("tee", vec![otlp::log(trace_id, span_id, "l")])).await.ok();
    let gauge = otlp::gauge("g", vec![otlp::point_int(7)]);
    let _ = tee.http.export(Signal::Metrics, &otlp::metrics("tee", vec![gauge])).await.ok();
    for table in ["spans", "logs", "points"] {
        let sql = format!("SELECT count(*) FROM {table} WHERE service_name = 'tee'");
        poll::until(table, STOP_DEADLINE, async || (target.http.count(&sql).await == 1).then_some(())).await;
    }
    tee.stop();
    target.stop();
}

/// Scenario: a server is told to forward to itself. Guarantees: it does not start, and says why.
#[test]
fn a_server_does_not_forward_to_itself() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (code, text) =
        launch().arg(format!("--otlp-http={port}")).arg(format!("--forward=http://localhost:{port}")).refuse();
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("forward") && text.contains("itself"), "{text}");
}

/// Senders are busy while the server stops: whatever was acknowledged is there afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_under_load_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let server = launch().data_dir(folder.path()).start();
    let http = server.http.clone();
    let sender = tokio::spawn(async move {
        let mut acknowledged = 0_u64;
        for request in 1_u64.. {
            let body = otlp::traces("busy", vec![otlp::span([1; 16], request.to_be_bytes(), "busy")]);
            let post =
                http.otlp_request(reqwest::Method::POST, "/v1/traces").header("content-type", "application/x-protobuf");
            match post.body(prost::Message::encode_to_vec(&body)).send().await {
                Ok(answer) if answer.status().is_success() => acknowledged = request,
                _ => break,
            }
        }
        acknowledged
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.stop();
    let acknowledged = sender.await.unwrap();
    assert!(acknowledged > 10, "only {acknowledged} requests before the stop");
    let server = launch().data_dir(folder.path()).start();
    let found = server.http.count("SELECT count(DISTINCT span_id) FROM spans").await;
    assert!(found == acknowledged || found == acknowledged + 1, "{acknowledged} acknowledged, {found} found");
}

#[test]
fn a_taken_port_is_named_with_the_setting_that_moves_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for setting in ["listen", "otlp-grpc", "otlp-http"] {
        let mut launch = launch().own_ports();
        for name in ["listen", "otlp-grpc", "otlp-http"] {
            launch =
                launch.arg(format!("--{name}")).arg(if name == setting { address.as_str() } else { "127.0.0.1:0" });
        }
        let (code, stderr) = launch.refuse();
        assert_eq!(code, Some(2), "{stderr}");
        let port = taken.local_addr().unwrap().port().to_string();
        for needle in [port.as_str(), &format!("--{setting}"), "TELLTALE_"] {
            assert!(stderr.contains(needle), "{needle:?} is not in: {stderr}");
        }
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}

#[tokio::test]
async fn a_second_server_on_the_same_folder_refuses() {
    let server = server();
    let (code, stderr) = launch().data_dir(server.data_dir()).refuse();
    assert_ne!(code, Some(0));
    assert!(stderr.contains(&*server.data_dir().to_string_lossy()), "{stderr}");
    let _ = server.http.get("/api/health").await.ok();
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    for (arg, needle) in [
        ("--ack=never", "ack"),
        ("--max-request-mib=0", "max-request-mib"),
        ("--no-such-flag", "no-such-flag"),
        ("--otlp-grpc=nonsense:port", "otlp-grpc"),
    ] {
        let (code, stderr) = launch().arg(arg).refuse();
        assert_eq!(code, Some(2), "{arg}: {stderr}");
        assert!(stderr.contains(needle), "{arg}: {stderr}");
    }
}

/// An empty folder that does not exist yet is ready within the target, with room for a busy machine.
#[tokio::test]
async fn ready_soon_and_small_when_idle() {
    let server = server();
    println!("ready after {:?}, {} MiB resident", server.ready_after, server.rss_bytes() >> 20);
    assert!(server.ready_after < Duration::from_secs(10), "{:?}", server.ready_after);
    assert!(server.rss_bytes() < 200 << 20, "{} bytes resident", server.rss_bytes());
}

/// What was acknowledged is queryable at once, and in segments after a durable flush.
#[tokio::test]
async fn acknowledged_is_visible_and_flush_is_a_barrier() {
    let server = server();
    let mut rng = Rng::new(2);
    for round in 1..=50_u64 {
        let request = otlp::traces("visible", vec![otlp::span(rng.trace_id(), rng.span_id(), "seen")]);
        let _ = server.http.export(Signal::Traces, &request).await.ok();
        assert_eq!(server.http.count("SELECT count(*) FROM spans").await, round, "visible at acknowledgement");
        if round % 20 == 0 {
            server.http.flush_durable().await;
            assert_eq!(server.http.count("SELECT count(*) FROM spans").await, round, "in segments");
        }
    }
    let parquet = walk(server.data_dir()).into_iter().filter(|path| path.ends_with(".parquet")).count();
    assert!(parquet >= 2, "durable flush writes segments: {:?}", walk(server.data_dir()));
    let _ = server.http.send(server.http.request(reqwest::Method::POST, "/api/flush")).await.ok();
}

/// The temporary folder of `--ephemeral` is gone after the end.
#[tokio::test]
async fn ephemeral_leaves_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let mut child = Command::new(PROGRAM)
        .args(["serve", "--ephemeral", "--listen=127.0.0.1:0", "--otlp-grpc=127.0.0.1:0", "--otlp-http=127.0.0.1:0"])
        .env("TMPDIR", temp.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let data_dir = std::path::PathBuf::from(ready["data_dir"].as_str().unwrap());
    assert!(data_dir.starts_with(temp.path()) && data_dir.exists(), "{}", data_dir.display());
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), Unix::TERM).unwrap();
    let status = wait(&mut child, STOP_DEADLINE).unwrap_or_else(|| {
        child.kill().ok();
        panic!("still running 10 s after SIGTERM")
    });
    assert_eq!(status.code(), Some(0));
    assert!(!data_dir.exists(), "{} is left", data_dir.display());
}

/// A log of a gigabyte is out of reach for a test; this one is large enough to see replay, and memory stays bounded.
#[tokio::test]
async fn replay_after_a_kill_is_quick_and_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let server = launch().data_dir(folder.path()).start();
    let mut rng = Rng::new(3);
    let mut sent = 0_u64;
    for _ in 0..40 {
        let spans: Vec<_> = (0..500)
            .map(|_| {
                let mut span = otlp::span(rng.trace_id(), rng.span_id(), "replayed");
                span.attributes = vec![otlp::text("filler", "x".repeat(500))];
                span
            })
            .collect();
        sent += spans.len() as u64;
        let _ = server.http.export(Signal::Traces, &otlp::traces("replay", spans)).await.ok();
    }
    server.kill();
    let started = Instant::now();
    let server = launch().data_dir(folder.path()).start();
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    assert_eq!(server.http.count("SELECT count(*) FROM spans WHERE name = 'replayed'").await, sent);
    assert!(server.rss_bytes() < 512 << 20, "{} bytes resident", server.rss_bytes());
}

fn walk(folder: &std::path::Path) -> Vec<String> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => out.extend(walk(&path)),
            path => out.push(path.to_string_lossy().into_owned()),
        }
    }
    out
}
