//! Real file systems that are full, broken or read only. They need the right to mount: where that is missing it is said, and the same
//! faults, made up by `FaultyDisk`, are in the crash tests of telltale-storage.
//!
//! `TELLTALE_TEST_DISKS=50` fills fifty disks of sizes by chance.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use telltale_tests::http::{Http, PROTOBUF, Signal};
use telltale_tests::rng::Rng;
use telltale_tests::server::Launch;
use telltale_tests::{grpc, otlp, poll};

use crate::support::launch;
use crate::support::mount::{Mount, or_skip, run};

/// Disks that are filled, unless the environment variable [`DISKS_VARIABLE`] says another number.
const DISKS: usize = 2;
const DISKS_VARIABLE: &str = "TELLTALE_TEST_DISKS";
/// Spans of one request.
const SPANS: u64 = 500;
/// How soon after there is room again data is taken again.
const RESUME: Duration = Duration::from_secs(5);
/// More than fits on any disk here.
const REQUESTS_MAX: usize = 2_000;

/// Sends numbered requests of spans that do not compress, about half a megabyte each.
struct Sender {
    rng: Rng,
    /// Acknowledged requests: exactly the numbers below this, all of them whole.
    acknowledged: u64,
}

impl Sender {
    fn new() -> Self {
        Self { rng: Rng::new(9), acknowledged: 0 }
    }

    /// Sends the next request and returns the answer's status; `None` when there was no answer.
    async fn send(&mut self, http: &Http) -> Option<reqwest::Response> {
        let spans = (0..SPANS).map(|place| {
            let id = (self.acknowledged << 16 | place) + 1;
            let mut span = otlp::span(self.rng.trace_id(), id.to_be_bytes(), "kept");
            let filler: String = (0..30).map(|_| otlp::hex(&self.rng.trace_id())).collect();
            span.attributes = vec![otlp::text("filler", filler)];
            span
        });
        let body = prost::Message::encode_to_vec(&otlp::traces("disk", spans.collect()));
        let request = http.otlp_request(Method::POST, "/v1/traces").header("content-type", PROTOBUF).body(body);
        let answer = request.send().await.ok()?;
        self.acknowledged += u64::from(answer.status() == StatusCode::OK);
        Some(answer)
    }

    /// Sends until a request is refused, and returns the refusal.
    async fn fill(&mut self, http: &Http) -> reqwest::Response {
        for _ in 0..REQUESTS_MAX {
            let answer = self.send(http).await.unwrap_or_else(|| panic!("no answer after {}", self.acknowledged));
            if answer.status() != StatusCode::OK {
                return answer;
            }
        }
        panic!("{REQUESTS_MAX} requests fit on the disk");
    }

    /// Every acknowledged span is there, once; of a request that was not acknowledged all or nothing.
    async fn check(&self, http: &Http, unanswered: u64) {
        let sql = "SELECT count(*) AS n FROM spans WHERE service_name = 'disk'";
        let once = "SELECT count(DISTINCT span_id) AS n FROM spans WHERE service_name = 'disk'";
        let (all, different) = (http.count(sql).await, http.count(once).await);
        let expected = self.acknowledged * SPANS;
        assert!((0..=unanswered).any(|more| all == expected + more * SPANS), "{all} spans, {expected} acknowledged");
        assert!(different == all || unanswered > 0, "{all} spans, {different} different");
        assert!(different >= expected, "{different} different spans, {expected} acknowledged");
    }
}

/// Starts the program on a mounted folder with little that it wants to be free.
fn on(mount: &Mount, free_mib: u64) -> Launch {
    // Retention would keep a fifth of a disk: what is acknowledged may be more here.
    launch().data_dir(mount.path().join("data")).arg(format!("--min-free-mib={free_mib}")).arg("--keep-mib=1000")
}

/// Scenario: a disk is filled, by the program and then by somebody else; the program is killed and started on the full disk; then there is
/// room again. Guarantees: it never ends, refuses so that senders try again, answers questions meanwhile, goes on by itself within seconds,
/// and has everything that it acknowledged, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_costs_nothing_that_was_acknowledged() {
    let disks = std::env::var(DISKS_VARIABLE).map_or(DISKS, |text| text.parse().expect("a number of disks"));
    let mut rng = if disks == DISKS { Rng::new(1) } else { Rng::from_env() };
    for number in 0..disks {
        // Whether the program stops by its own bound or at the disk's last byte.
        let free_mib = [8, 1][number % 2];
        let mib = rng.range(100, 150);
        let Some(mount) = or_skip(Mount::tmpfs(mib)) else { return };
        let server = on(&mount, free_mib).start();
        let mut sender = Sender::new();
        let refusal = sender.fill(&server.http).await;
        assert_eq!(refusal.status(), StatusCode::SERVICE_UNAVAILABLE, "{mib} MiB: {:?}", refusal.text().await);
        assert_eq!(refusal.headers()["retry-after"], "1");
        assert!(refusal.text().await.unwrap().contains("full"), "{mib} MiB");
        sender.check(&server.http, 0).await;
        let filler = mount.path().join("filler");
        let _full = run("dd", &["if=/dev/zero", &format!("of={}", filler.display()), "bs=64k"]);
        let mut traces = grpc::Clients::connect(&server.ready.otlp_grpc).await.traces;
        let span = otlp::span([1; 16], [1; 8], "refused");
        let status = traces.export(otlp::traces("refused", vec![span])).await.expect_err("the disk is full");
        assert_eq!(status.code(), tonic::Code::Unavailable, "{status:?}");
        let health = server.http.get_json("/api/health").await;
        assert!(health["status"] == "full" && health["reason"].as_str().unwrap().contains("full"), "{health}");
        server.kill();

        let server = on(&mount, free_mib).start();
        sender.check(&server.http, 0).await;
        let still = sender.send(&server.http).await.unwrap().status();
        std::fs::remove_file(&filler).unwrap();
        mount.remount(&format!("size={}m", mib * 3));
        let freed = Instant::now();
        poll::until("data to be taken again", RESUME * 4, || async {
            let request = otlp::traces("after", vec![otlp::span([2; 16], [2; 8], "after")]);
            let body = prost::Message::encode_to_vec(&request);
            let post = server.http.otlp_request(Method::POST, "/v1/traces").header("content-type", PROTOBUF).body(body);
            post.send().await.ok().filter(|answer| answer.status() == StatusCode::OK).map(drop)
        })
        .await;
        println!(
            "{mib} MiB, {free_mib} MiB to be free: {} requests, then {still}, resumed after {:?}",
            sender.acknowledged,
            freed.elapsed()
        );
        assert!(freed.elapsed() < RESUME, "resumed after {:?}", freed.elapsed());
        sender.check(&server.http, 0).await;
        server.http.flush_durable().await;
        sender.check(&server.http, 0).await;
        let health = server.http.get_json("/api/health").await;
        assert!(health["status"] == "ok" && health["quarantined"].is_null(), "{health}");
        server.stop();
    }
}

/// Scenario: an ext4 file system whose device fails when its first blocks are full: writes and fsyncs fail, and the system makes it read
/// only. The device is mended and the program started again. Guarantees: nothing is acknowledged from then on, questions are answered, the
/// health says what happened, and everything acknowledged is there after the restart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_fails_stops_acknowledgements_and_loses_none() {
    let Some(below) = or_skip(Mount::tmpfs(40)) else { return };
    let image = below.path().join("image");
    let mkfs = ["mkfs.ext4", "-q", "-F", "-J", "size=4", "-e", "remount-ro"];
    let Some(mount) = or_skip(Mount::made(&image, 400, &mkfs)) else { return };
    let server = on(&mount, 1).start();
    let mut sender = Sender::new();
    let refusal = sender.fill(&server.http).await;
    assert_eq!(refusal.status(), StatusCode::SERVICE_UNAVAILABLE, "{:?}", refusal.text().await);
    let said = refusal.text().await.unwrap();
    assert!(said.contains("log stopped after a failed write") && said.contains("hint:"), "{said}");
    for _ in 0..5 {
        let answer = sender.send(&server.http).await.unwrap().status();
        assert_eq!(answer, StatusCode::SERVICE_UNAVAILABLE, "acknowledged after a failed write");
    }
    let health = server.http.get("/api/health").await;
    assert_eq!((health.status, health.json()["status"].as_str()), (StatusCode::SERVICE_UNAVAILABLE, Some("poisoned")));
    sender.check(&server.http, 0).await;
    println!("{} requests before the device failed: {}", sender.acknowledged, health.text());
    server.kill();
    drop(mount);

    below.remount("size=600m");
    // What is mended is said by its exit code 1.
    let mended = run("e2fsck", &["-f", "-y", &image.to_string_lossy()]);
    let mount = Mount::image(&image).unwrap_or_else(|why| panic!("{why}; {mended:?}"));
    let server = on(&mount, 1).start();
    sender.check(&server.http, 1).await;
    let answer = sender.send(&server.http).await.unwrap().status();
    assert_eq!(answer, StatusCode::OK);
    server.stop();
}

/// Scenario: the folder lies on a file system that is read only, empty or with data. Guarantee: the program does not start, and says which
/// file, why, and what to do.
#[tokio::test]
async fn a_read_only_folder_is_refused_by_name() {
    let Some(mount) = or_skip(Mount::tmpfs(100)) else { return };
    for round in 0..2 {
        mount.remount("ro");
        let (code, stderr) = on(&mount, 1).refuse();
        assert!(matches!(code, Some(1 | 2)), "{round}: {code:?} {stderr}");
        for needle in [&*mount.path().to_string_lossy(), "Read-only file system", "hint:"] {
            assert!(stderr.contains(needle), "{round}: {needle:?} is not in: {stderr}");
        }
        assert!(!stderr.contains("panicked"), "{round}: {stderr}");
        mount.remount("rw");
        let server = on(&mount, 1).start();
        let _ = server
            .http
            .export(Signal::Traces, &otlp::traces("disk", vec![otlp::span([1; 16], [1; 8], "s")]))
            .await
            .ok();
        assert_eq!(server.http.count("SELECT count(*) AS n FROM spans").await, round + 1);
        server.stop();
    }
}
