//! The power goes in the middle of ingest, with the real SQLite and a real file system: after every cut, everything that was acknowledged is
//! there exactly once.
//!
//! The data folder lies on ext4 in a file, the file on XFS; a copy by reference of the file is what the device had at that moment: what was
//! not synced is not in it. `TELLTALE_TEST_CUTS=500` is the long run. Where mounting is not permitted or xfsprogs are missing it is said, and
//! power cuts are made up by `FaultyDisk`, kills are in `crash.rs`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use telltale_tests::http::{Http, PROTOBUF};
use telltale_tests::otlp;
use telltale_tests::poll::until;
use telltale_tests::rng::Rng;
use telltale_tests::server::Launch;

use crate::support::launch;
use crate::support::mount::{Mount, or_skip, run};

/// Cuts, unless the environment variable [`CUTS_VARIABLE`] says another number.
const CUTS: usize = 5;
const CUTS_VARIABLE: &str = "TELLTALE_TEST_CUTS";
/// Cuts of the control, which does not sync.
const CONTROL: usize = 3;
/// Spans of one request: more than one, so that a half-written request would show.
const SPANS: u64 = 10;

/// A disk whose contents can be copied at a moment.
struct Disk {
    // Before the file system that its file lies on.
    ext4: Mount,
    xfs: Mount,
    _folder: tempfile::TempDir,
}

impl Disk {
    fn make() -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        let xfs = Mount::made(&folder.path().join("image"), 2_000, &["mkfs.xfs", "-q", "-m", "reflink=1"])?;
        let ext4 = Mount::made(&xfs.path().join("disk"), 800, &["mkfs.ext4", "-q", "-F"])?;
        Ok(Self { ext4, xfs, _folder: folder })
    }

    /// Copies what the device has now, and mounts the copy.
    fn cut(&self) -> Mount {
        let (disk, cut) = (self.xfs.path().join("disk"), self.xfs.path().join("cut"));
        run("cp", &["--reflink=always", &disk.to_string_lossy(), &cut.to_string_lossy()]).unwrap();
        Mount::image(&cut).unwrap()
    }
}

fn on(folder: &Path, ack: &str) -> Launch {
    launch().data_dir(folder.join("data")).arg(format!("--ack={ack}")).arg("--min-free-mib=1")
}

/// Sends numbered requests, one after the other, until it is told to stop.
async fn send(http: Http, acknowledged: Arc<AtomicU64>, stop: Arc<AtomicBool>) {
    let mut rng = Rng::new(4);
    for number in 0_u64.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let spans =
            (0..SPANS).map(|place| otlp::span(rng.trace_id(), (number * SPANS + place + 1).to_be_bytes(), "kept"));
        let body = prost::Message::encode_to_vec(&otlp::traces("cut", spans.collect()));
        let post = http.otlp_request(Method::POST, "/v1/traces").header("content-type", PROTOBUF).body(body);
        assert_eq!(post.send().await.unwrap().status(), StatusCode::OK);
        acknowledged.store(number + 1, Ordering::SeqCst);
        if number % 200 == 199 {
            http.flush_durable().await;
        }
    }
}

/// Cuts the power at moments by chance; returns how many cuts lost something that was acknowledged before them.
async fn cuts(disk: &Disk, ack: &str, count: usize, rng: &mut Rng) -> usize {
    let server = on(&disk.ext4.path(), ack).start();
    let (acknowledged, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let sender = tokio::spawn(send(server.http.clone(), Arc::clone(&acknowledged), Arc::clone(&stop)));
    let mut lost = 0;
    for cut in 0..count {
        let before = acknowledged.load(Ordering::SeqCst);
        // A hundred requests more, so that the cut hits work, and then a moment of its own.
        until("more to lose", Duration::from_secs(60), async || {
            (acknowledged.load(Ordering::SeqCst) > before + 100).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_micros(rng.range(0, 50_000))).await;
        let promised = acknowledged.load(Ordering::SeqCst);
        let copy = disk.cut();
        let later = acknowledged.load(Ordering::SeqCst) + 1;
        let again = on(&copy.path(), ack).start();
        let all = again.http.count("SELECT count(*) AS n FROM spans").await;
        let different = again.http.count("SELECT count(DISTINCT span_id) AS n FROM spans").await;
        let health = again.http.get_json("/api/health").await;
        assert_eq!(all, different, "cut {cut}: not exactly once");
        assert_eq!(all % SPANS, 0, "cut {cut}: a request is there in part");
        assert!(all <= later * SPANS, "cut {cut}: {all} spans, {later} requests");
        assert!(ack == "write" || health["quarantined"].is_null(), "cut {cut}: {health}");
        eprintln!("cut {cut}, --ack={ack}: {promised} requests acknowledged, {} there", all / SPANS);
        lost += usize::from(all < promised * SPANS);
        again.stop();
    }
    stop.store(true, Ordering::SeqCst);
    sender.await.unwrap();
    server.stop();
    lost
}

/// Scenario: power cuts during ingest and flushes; the same with a server that does not sync. Guarantees: none of the first loses what was
/// acknowledged; the second does, in nine of ten cuts, so that the first proves something.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_of_a_real_file_system_loses_nothing_that_was_acknowledged() {
    let count = std::env::var(CUTS_VARIABLE).map_or(CUTS, |text| text.parse().expect("a number of cuts"));
    let mut rng = if count == CUTS { Rng::new(8) } else { Rng::from_env() };
    let Some(disk) = or_skip(Disk::make()) else { return };
    assert_eq!(cuts(&disk, "fsync", count, &mut rng).await, 0, "of {count} cuts");
    drop(disk);
    let Some(disk) = or_skip(Disk::make()) else { return };
    let control = CONTROL.max(count / 10);
    let lost = cuts(&disk, "write", control, &mut rng).await;
    println!("{count} cuts lost nothing; {lost} of {control} without fsync did");
    assert!(lost * 10 >= control * 9, "{lost} of {control} cuts without fsync lost something: the rig proves nothing");
}
