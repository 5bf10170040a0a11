//! Kill -9 in the middle of ingest: after every restart, everything that was acknowledged is there exactly once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use telltale_tests::http::{Http, Signal, integer};
use telltale_tests::rng::Rng;
use telltale_tests::{grpc, otlp};

use crate::support::launch;

/// How often the server is killed, unless the environment variable [`KILLS_VARIABLE`] says another number.
const KILLS: usize = 50;
/// The long run asks for 1000.
const KILLS_VARIABLE: &str = "TELLTALE_TEST_KILLS";
/// Items in one export request: more than one, so that a half-written request would show.
const ITEMS: u64 = 20;
/// Acknowledged items a second of ingest, below which a kill hits an idle server and proves nothing.
const ACTIVITY_FLOOR: f64 = 500.0;

/// One sender's tables: where its items lie, and where an item carries its sender, request and place.
const TABLES: [&str; 3] = ["spans", "logs", "points"];

/// What one sender knows: requests are numbered from 0 and sent one after the other.
struct Sender {
    table: &'static str,
    /// Acknowledged requests: exactly the numbers below this.
    acknowledged: AtomicU64,
}

/// Guarantees: acknowledged means durable, visible once, whole; unacknowledged means once or not at all, and whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_in_the_middle_of_ingest_50_times() {
    let kills = std::env::var(KILLS_VARIABLE).map_or(KILLS, |text| text.parse().expect("a number of kills"));
    let mut rng = Rng::from_env();
    let folder = tempfile::tempdir().unwrap();
    let mut history: Vec<[u64; 3]> = Vec::new();
    let (mut items, mut ingest) = (0, Duration::ZERO);
    for cycle in 0..=kills {
        let server = launch().data_dir(folder.path()).start();
        if let Some(last) = history.last_mut() {
            *last = verify_last(&server.http, cycle - 1, *last).await;
        }
        if cycle % 10 == 0 {
            verify_all(&server.http, &history).await;
        }
        if cycle == kills {
            server.stop();
            break;
        }
        let senders = TABLES.map(|table| Arc::new(Sender { table, acknowledged: AtomicU64::new(0) }));
        let stop = Arc::new(AtomicBool::new(false));
        let tasks = senders.clone().map(|sender| {
            let (http, url, stop) = (server.http.clone(), server.ready.otlp_grpc.clone(), Arc::clone(&stop));
            tokio::spawn(async move { send(&sender, cycle, &http, &url, &stop).await })
        });
        let flusher = (cycle % 3 == 0).then(|| tokio::spawn(flush_often(server.http.clone(), Arc::clone(&stop))));
        let started = Instant::now();
        let at_work =
            |senders: &[Arc<Sender>; 3]| senders.iter().all(|sender| sender.acknowledged.load(Ordering::SeqCst) > 0);
        telltale_tests::poll::until("the first acknowledgements", Duration::from_secs(30), || async {
            at_work(&senders).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_micros(rng.range(1_000, 250_000))).await;
        server.kill();
        ingest += started.elapsed();
        stop.store(true, Ordering::SeqCst);
        for task in tasks {
            task.await.unwrap();
        }
        if let Some(flusher) = flusher {
            flusher.await.unwrap();
        }
        let acknowledged = senders.map(|sender| sender.acknowledged.load(Ordering::SeqCst));
        items += acknowledged.iter().sum::<u64>() * ITEMS;
        println!("kill {cycle} after {:?}: {acknowledged:?} requests acknowledged", started.elapsed());
        history.push(acknowledged);
    }
    let rate = items as f64 / ingest.as_secs_f64();
    println!("{kills} kills, {items} acknowledged items, {rate:.0} items/s while ingesting, 0 lost");
    assert!(rate >= ACTIVITY_FLOOR, "only {rate:.0} acknowledged items a second: the kills proved nothing");
}

/// Sends numbered requests until the server is gone.
async fn send(sender: &Sender, cycle: usize, http: &Http, url: &str, stop: &AtomicBool) {
    let mut traces = TraceServiceClient::new(grpc::connect(url).await);
    let service = format!("cycle-{cycle}");
    for request in 0_u64.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let marks = (0..ITEMS).map(|place| format!("{request}/{place}"));
        let done = match sender.table {
            "spans" => {
                let id = |place: u64| (cycle as u64 + 1) << 48 | request << 8 | place;
                let trace = |place: u64| u128::from(id(place)).to_be_bytes();
                let spans =
                    marks.zip(0..).map(|(mark, place)| otlp::span(trace(place), id(place).to_be_bytes(), &mark));
                traces.export(otlp::traces(&service, spans.collect())).await.is_ok()
            }
            "logs" => {
                let logs = marks.map(|mark| otlp::log([0; 16], [0; 8], &mark));
                try_export(http, Signal::Logs, &otlp::logs(&service, logs.collect())).await
            }
            _ => {
                let metrics = marks.map(|mark| otlp::gauge(&mark, vec![otlp::point(1.0)]));
                try_export(http, Signal::Metrics, &otlp::metrics(&service, metrics.collect())).await
            }
        };
        if !done {
            return;
        }
        sender.acknowledged.store(request + 1, Ordering::SeqCst);
    }
}

/// Exports and says whether it was acknowledged; the server may die at any point.
async fn try_export(http: &Http, signal: Signal, message: &impl prost::Message) -> bool {
    let request =
        http.otlp_request(reqwest::Method::POST, signal.path()).header("content-type", "application/x-protobuf");
    match request.body(message.encode_to_vec()).send().await {
        Ok(answer) => answer.status().is_success() && answer.bytes().await.is_ok(),
        Err(_) => false,
    }
}

/// Flushes all the time, so that kills hit segment writing, catalog commits and the removal of log files.
async fn flush_often(http: Http, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::SeqCst) {
        if http.request(reqwest::Method::POST, "/api/flush?durable=true").send().await.is_err() {
            return;
        }
    }
}

/// Lists every item of the last cycle: all acknowledged requests once and whole, at most one more request, whole too.
/// Returns how many requests there are of each table, acknowledged or not.
async fn verify_last(http: &Http, cycle: usize, acknowledged: [u64; 3]) -> [u64; 3] {
    let mut found = [0; 3];
    for ((table, acknowledged), found) in TABLES.iter().zip(acknowledged).zip(&mut found) {
        let mark = if *table == "logs" { "body" } else { "name" };
        let sql = format!(
            "SELECT {mark} AS mark, count(*) AS n FROM {table} WHERE service_name = 'cycle-{cycle}' GROUP BY {mark}"
        );
        let rows = http.sql(&sql).await;
        let requests = rows.len() as u64 / ITEMS;
        let context = format!("{table} of cycle {cycle}: {acknowledged} requests acknowledged, {requests} found");
        assert_eq!(rows.len() as u64 % ITEMS, 0, "a request is there in part; {context}");
        assert!(requests == acknowledged || requests == acknowledged + 1, "{context}");
        let twice: Vec<_> = rows.iter().filter(|row| integer(&row["n"]) != Some(1)).collect();
        assert!(twice.is_empty(), "not exactly once: {twice:?}; {context}");
        let marks: std::collections::HashSet<&str> = rows.iter().filter_map(|row| row["mark"].as_str()).collect();
        for request in 0..requests {
            for place in 0..ITEMS {
                assert!(
                    marks.contains(format!("{request}/{place}").as_str()),
                    "{request}/{place} is missing; {context}"
                );
            }
        }
        *found = requests;
    }
    found
}

/// What was found after its own crash is still all there, once, after the later ones.
async fn verify_all(http: &Http, history: &[[u64; 3]]) {
    for (at, table) in TABLES.iter().enumerate() {
        let rows = http.sql(&format!("SELECT service_name, count(*) AS n FROM {table} GROUP BY service_name")).await;
        assert_eq!(rows.len(), history.len(), "services in {table}");
        for row in rows {
            let cycle: usize = row["service_name"].as_str().unwrap().trim_start_matches("cycle-").parse().unwrap();
            assert_eq!(integer(&row["n"]), Some(history[cycle][at] * ITEMS), "{table} of cycle {cycle}");
        }
    }
}
