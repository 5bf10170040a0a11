//! The object store as a user has it: the program against a server that speaks S3 (moto), which is killed in the middle of an upload.
//!
//! The program talks to a door of the test, which passes bytes on and says when a certain request is under way: so the server dies at a
//! place that the test chooses, by its process id, and comes back elsewhere, as a new and empty one.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Method;
use telltale_tests::http::{Http, Signal};
use telltale_tests::otlp;
use telltale_tests::poll::until;
use telltale_tests::rng::Rng;
use telltale_tests::server::Launch;

use crate::support::{install, launch, program};

const PATIENCE: Duration = Duration::from_secs(120);
const BUCKET: &str = "telltale-test";

/// A server that speaks S3, with one bucket. It ends with this.
struct S3 {
    _child: Process,
    address: SocketAddr,
}

/// A process that is killed when this goes, also when a test fails in the middle.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl S3 {
    fn start() -> Self {
        let server = install::python_s3().with_file_name("moto_server");
        let mut command = Command::new(server);
        command.args(["-H", "127.0.0.1", "-p", "0"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = Process(command.spawn().unwrap());
        let mut lines = BufReader::new(child.0.stderr.take().unwrap()).lines();
        let said = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, address) = line.split_once("Running on http://")?;
            address.trim().parse().ok()
        });
        // The pipe is read to its end, so that the server never waits for it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { _child: child, address: said.unwrap_or_else(|| panic!("moto does not say where it listens")) }
    }

    async fn make_bucket(&self) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client.put(format!("http://{}/{BUCKET}", self.address)).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }
}

/// Returns the keys of the bucket.
async fn keys(server: SocketAddr) -> Vec<String> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{server}/{BUCKET}?list-type=2&max-keys=1000");
    let text = client.get(url).send().await.unwrap().text().await.unwrap();
    text.split("<Key>").skip(1).filter_map(|rest| Some(rest.split_once("</Key>")?.0.to_owned())).collect()
}

/// What stands between the program and the server. The server ends with it, whatever its threads still hold.
struct Door {
    address: SocketAddr,
    passage: Passage,
}

impl Drop for Door {
    fn drop(&mut self) {
        drop(self.passage.behind().server.take());
    }
}

/// The part of a door that its threads have.
#[derive(Clone)]
struct Passage {
    state: Arc<Mutex<Behind>>,
}

#[derive(Default)]
struct Behind {
    server: Option<S3>,
    /// The server dies when these bytes of a request pass.
    deadly: Option<&'static [u8]>,
    deaths: u32,
}

impl Door {
    fn open(server: S3) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(Behind { server: Some(server), ..Behind::default() }));
        let passage = Passage { state };
        let own = passage.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let own = own.clone();
                std::thread::spawn(move || own.pass(client));
            }
        });
        Self { address, passage }
    }

    /// Puts a server behind the door, or none.
    fn put(&self, server: Option<S3>) {
        self.passage.behind().server = server;
    }

    /// The server dies when these bytes of a request pass.
    fn die_at(&self, bytes: &'static [u8]) {
        self.passage.behind().deadly = Some(bytes);
    }

    fn deaths(&self) -> u32 {
        self.passage.behind().deaths
    }
}

impl Passage {
    /// Returns what is behind it; a test that failed while it held this changes nothing.
    fn behind(&self) -> MutexGuard<'_, Behind> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes one connection's bytes on, until either side ends or the server dies.
    fn pass(&self, mut client: TcpStream) {
        let Some(address) = self.behind().server.as_ref().map(|server| server.address) else { return };
        let Ok(mut server) = TcpStream::connect(address) else { return };
        let (mut answers, mut asker) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        std::thread::spawn(move || {
            drop(std::io::copy(&mut answers, &mut asker));
            drop(asker.shutdown(std::net::Shutdown::Both));
        });
        let (mut buffer, mut tail) = (vec![0; 64 << 10], Vec::new());
        while let Ok(count @ 1..) = client.read(&mut buffer) {
            tail.extend_from_slice(&buffer[..count]);
            if self.is_deadly(&tail) {
                break;
            }
            tail.drain(..tail.len().saturating_sub(64));
            if server.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        drop(server.shutdown(std::net::Shutdown::Both));
        drop(client.shutdown(std::net::Shutdown::Both));
    }

    /// Kills the server when the bytes that it dies of pass.
    fn is_deadly(&self, bytes: &[u8]) -> bool {
        let mut behind = self.behind();
        let Some(deadly) = behind.deadly else { return false };
        if !bytes.windows(deadly.len()).any(|window| window == deadly) {
            return false;
        }
        behind.deadly = None;
        behind.deaths += 1;
        // Dropping it ends it by its process id, with everything that it had.
        behind.server = None;
        true
    }
}

/// The program on a data folder, with everything uploaded at once to the server behind the door.
fn with_store(door: &Door, folder: &Path) -> Launch {
    let launched =
        launch().data_dir(folder).arg("--store").arg(format!("s3://{BUCKET}/team")).arg("--store-upload=all");
    let launched = launched.arg("--store-endpoint").arg(format!("http://{}", door.address));
    credentials().into_iter().fold(launched, |launched, (name, value)| launched.env(name, value))
}

fn credentials() -> [(&'static str, &'static str); 4] {
    [
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", "us-east-1"),
        ("NO_PROXY", "127.0.0.1"),
    ]
}

/// Sends logs of about twelve megabytes that do not compress: one segment, whose file goes in parts.
async fn fill(http: &Http) {
    let mut rng = Rng::new(11);
    for round in 0..6_u8 {
        let bodies = (0..128).map(|_| (0..1_024).map(|_| otlp::hex(&rng.trace_id())).collect::<String>());
        let logs = bodies.map(|body| otlp::log([round + 1; 16], [1; 8], &body)).collect();
        let _ = http.export(Signal::Logs, &otlp::logs("own", logs)).await.ok();
    }
}

async fn send_span(http: &Http, id: u8, name: &str) {
    let span = otlp::span([id; 16], [id; 8], name);
    let _ = http.export(Signal::Traces, &otlp::traces("own", vec![span])).await.ok();
}

/// What is asked before and after.
async fn answers(http: &Http) -> Vec<serde_json::Value> {
    let mut found = http
        .sql("SELECT trace_id, count(*) AS n, max(body) AS body FROM logs GROUP BY trace_id ORDER BY trace_id")
        .await;
    found.extend(http.sql("SELECT name FROM spans").await);
    found.push(http.get_json(&format!("/api/trace/{}", "09".repeat(16))).await["spans"][0]["name"].clone());
    found
}

/// Removes what a cache evicts: all but manifests and filters over ids.
fn evict(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.file_name().and_then(|name| name.to_str()) {
            _ if path.is_dir() => evict(&path),
            Some("manifest.json" | "bloom.bin") => {}
            _ => std::fs::remove_file(&path).unwrap(),
        }
    }
}

/// Brings everything to the store; false while it cannot be.
async fn stored(http: &Http) -> bool {
    http.send(http.request(Method::POST, "/api/flush?stored=true")).await.status.is_success()
}

/// Scenario: the S3 server is killed while a file of several parts is being uploaded; it comes back empty. Then the disk's copies are lost, then
/// the whole disk; at last the server goes for good. Guarantees: ingest and questions go on; the upload is completed; half of one is no segment;
/// nothing is lost; every answer is the same; what only the store has is named when the store is gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_dies_in_the_middle_of_an_upload_loses_nothing() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = S3::start();
    first.make_bucket().await;
    let door = Door::open(first);
    door.die_at(b"partNumber=2");
    let server = with_store(&door, folder.path()).start();
    fill(&server.http).await;
    assert!(!stored(&server.http).await, "the server died under it");
    assert_eq!(door.deaths(), 1, "in the middle of an upload in parts");
    let health = server.http.get_json("/api/health").await;
    assert_eq!(health["status"], "ok", "{health}");
    assert!(health["store"]["problem"].as_str().unwrap().contains(BUCKET), "{health}");
    // The server comes back empty: nothing was uploaded before it died but what was under way.
    send_span(&server.http, 9, "kept").await;
    send_span(&server.http, 8, "deleted").await;
    assert_eq!(server.http.count("SELECT count(*) AS count FROM spans").await, 2, "ingest and answers go on");
    let _ = server.http.delete_trace([8; 16]).await.ok();
    let expected = answers(&server.http).await;
    assert_eq!((expected.len(), expected[7].as_str()), (6 + 1 + 1, Some("kept")));

    let second = S3::start();
    let address = second.address;
    second.make_bucket().await;
    door.put(Some(second));
    until("everything to be uploaded", PATIENCE, async || stored(&server.http).await.then_some(())).await;
    let keys = keys(address).await;
    let manifests = keys.iter().filter(|key| key.ends_with("/manifest.json")).count();
    let health = server.http.get_json("/api/health").await;
    assert_eq!(
        (&health["store"]["segments"], &health["store"]["problem"]),
        (&manifests.into(), &serde_json::Value::Null),
        "{keys:?}"
    );
    assert_eq!(answers(&server.http).await, expected);
    server.stop();

    std::fs::remove_dir_all(folder.path().join("segments")).unwrap();
    let server = with_store(&door, folder.path()).start();
    assert_eq!(answers(&server.http).await, expected, "out of the store");
    server.stop();

    let mut rebuild = Command::new(program());
    rebuild.envs(credentials());
    rebuild.args(["rebuild-catalog", "--data-dir"]).arg(elsewhere.path().join("data"));
    rebuild
        .arg("--store")
        .arg(format!("s3://{BUCKET}/team"))
        .arg("--store-endpoint")
        .arg(format!("http://{}", door.address));
    let done = rebuild.output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{text}{}", String::from_utf8_lossy(&done.stderr));
    assert!(text.contains(&format!("a new catalog of {manifests} segments")), "{text}");
    let server = with_store(&door, &elsewhere.path().join("data")).start();
    assert_eq!(answers(&server.http).await, expected, "out of the bucket alone");
    server.stop();

    evict(&elsewhere.path().join("data/segments"));
    door.put(None);
    let server = with_store(&door, &elsewhere.path().join("data")).start();
    let refused = server.http.sql_answer("SELECT max(body) FROM logs").await;
    assert_eq!(refused.status.as_u16(), 503, "{}", refused.text());
    assert!(refused.text().contains(BUCKET) && refused.text().contains("team/segments/logs/"), "{}", refused.text());
    assert!(refused.text().contains("check the network, the store's address"), "{}", refused.text());
    send_span(&server.http, 7, "new").await;
    let new = server.http.get_json(&format!("/api/trace/{}", "07".repeat(16))).await;
    assert_eq!(new["spans"][0]["name"], "new", "memory answers: {new}");
    server.stop();
}
