//! Deletion: what is meant goes, all else stays, and a crash in the middle is made up for.

use proptest::prelude::*;
use telltale_model::TraceId;

use super::*;
use crate::deletion::{Deleted, Deletion};
use crate::testing::{TestSpan, trace_id, traces};

fn quiet(folder: &Path) -> Options {
    let mut options = options(folder);
    options.limits.maintenance_every = Duration::from_secs(3_600);
    options
}

fn trace(trace: u8) -> Option<TraceId> {
    TraceId::new(trace_id(trace))
}

/// What a test knows of a span: id, trace and start.
type Known = (u32, u8, u64);

async fn store(storage: &Storage, spans: &[Known]) {
    for (id, trace, start) in spans {
        let span = TestSpan { trace: *trace, id: *id, start: *start, is_error: false };
        storage.append(SignalKind::Traces, traces(&[span])).await.unwrap();
    }
}

/// Says whether a deletion means a span; services follow from traces.
fn means(deletion: &Deletion, (_, of, start): &Known) -> bool {
    let start = i64::try_from(*start).unwrap();
    deletion.trace_id.is_none_or(|id| Some(id) == trace(*of))
        && deletion.service_name.as_ref().is_none_or(|name| *name == format!("service-{}", of % 3))
        && deletion.start_ns.is_none_or(|from| start >= from)
        && deletion.end_ns.is_none_or(|to| start <= to)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// Scenario: spans in a few segments and in memory, a deletion, spans that come afterwards.
    #[test]
    fn a_deletion_removes_what_it_means_and_nothing_else(
        parts in prop::collection::vec(prop::collection::vec((1_u8..6, 0_u64..20), 1..6), 1..4),
        of_trace in prop::option::of(1_u8..6),
        of_service in prop::option::of(0_u8..3),
        start_ns in prop::option::of(0_i64..20),
        end_ns in prop::option::of(0_i64..20),
    ) {
        runtime().block_on(async {
            let folder = folder();
            let storage = Storage::open(quiet(folder.path())).unwrap();
            let mut known: Vec<Known> = Vec::new();
            for part in &parts {
                storage.flush().await.unwrap();
                let part: Vec<Known> =
                    (known.len() as u32..).zip(part).map(|(id, (trace, start))| (id, *trace, *start)).collect();
                store(&storage, &part).await;
                known.extend(part);
            }
            let service_name = of_service.map(|service| format!("service-{service}"));
            let deletion = Deletion { trace_id: of_trace.and_then(trace), service_name, start_ns, end_ns };
            let gone = known.iter().filter(|span| means(&deletion, span)).count() as u64;
            let deleted = storage.delete(deletion.clone()).await.unwrap();
            assert_eq!(deleted.rows, gone);
            let left: Vec<_> = known.iter().filter(|span| !means(&deletion, span)).map(|span| span.0).collect();
            assert_eq!(span_counts(&storage.snapshot()), once(left.clone()));
            for segment in storage.snapshot().segments(Table::Spans) {
                if let Some(id) = deletion.trace_id.filter(|_| is_of_whole_trace(&deletion)) {
                    assert_eq!(segment.trace_rows(&id).unwrap(), None);
                }
            }
            store(&storage, &[(1_000, 1, 5)]).await;
            storage.close().await.unwrap();
            let storage = Storage::open(quiet(folder.path())).unwrap();
            storage.maintain().await.unwrap();
            assert_eq!(span_counts(&storage.snapshot()), once(left.into_iter().chain([1_000])));
            assert_eq!(storage.status().quarantined, Vec::<String>::new());
        });
    }
}

/// Says whether a deletion is of a whole trace.
fn is_of_whole_trace(deletion: &Deletion) -> bool {
    deletion.service_name.is_none() && deletion.start_ns.is_none() && deletion.end_ns.is_none()
}

#[test]
fn everything_goes_also_on_a_full_disk_and_the_folder_is_empty() {
    runtime().block_on(async {
        let folder = folder();
        let disk = FaultyDisk::new(&folder.path().join("trash"), 1);
        let mut options = quiet(folder.path());
        options.disk = Arc::new(disk.clone());
        let storage = Storage::open(options).unwrap();
        append(&storage, 1).await.unwrap();
        storage.append(SignalKind::Logs, logs(&[(5, "a", None)])).await.unwrap();
        storage.append(SignalKind::Metrics, metrics(5, 1)).await.unwrap();
        storage.flush().await.unwrap();
        append(&storage, 2).await.unwrap();
        disk.fail_operation(Operation::Write, 0, Fault::Full);
        assert_eq!(storage.delete(Deletion::default()).await.unwrap(), Deleted { rows: 6, segments: 6 });
        assert_eq!(rows(&storage), [(0, 0); 6]);
        let status = storage.status();
        assert_eq!((status.disk_bytes, status.counters.deleted_rows), (0, 6));
        append(&storage, 3).await.unwrap();
        assert_eq!(span_counts(&storage.snapshot()), once([3]));
    });
}

/// Spans of two traces in each of two segments, then a deletion of one trace with a fault; returns the calls it took.
async fn scenario(folder: &Path, fault: Option<(u64, Fault)>) -> (u64, bool) {
    {
        let storage = Storage::open(quiet(folder)).unwrap();
        store(&storage, &[(1, 1, 5), (2, 2, 5)]).await;
        storage.flush().await.unwrap();
        store(&storage, &[(3, 1, 5), (4, 2, 5)]).await;
        storage.close().await.unwrap();
    }
    let disk = FaultyDisk::new(&folder.join("trash"), fault.map_or(1, |(call, _)| call));
    let mut options = quiet(folder);
    options.disk = Arc::new(disk.clone());
    if let Some((call, fault)) = fault {
        disk.fail_at(call, fault);
    }
    let Ok(storage) = Storage::open(options) else { return (disk.calls(), false) };
    let deletion = Deletion { trace_id: trace(1), ..Deletion::default() };
    let is_done = storage.delete(deletion).await.is_ok();
    (disk.calls(), is_done)
}

async fn check(fault: Fault) {
    let (calls, is_done) = {
        let folder = folder();
        scenario(folder.path(), None).await
    };
    assert!(calls > 20 && is_done, "{calls}");
    for call in 1..=calls {
        let folder = folder();
        let (_, is_done) = scenario(folder.path(), Some((call, fault))).await;
        let context = format!("{fault:?} at operation {call} of {calls}");
        let storage = Storage::open(quiet(folder.path())).unwrap();
        assert_eq!(storage.status().quarantined, Vec::<String>::new(), "{context}");
        storage.maintain().await.unwrap();
        let counts = span_counts(&storage.snapshot());
        let (all, left) = (once([1, 2, 3, 4]), once([2, 4]));
        assert!(counts == left || (!is_done && counts == all), "{context}: {counts:?}");
        let folders = RealDisk.list(&folder.path().join("data/segments/spans")).unwrap();
        assert_eq!(folders.len(), 2, "{context}: {folders:?}");
    }
}

#[test]
fn a_power_cut_at_any_operation_of_a_deletion_leaves_all_or_what_was_not_meant() {
    runtime().block_on(check(Fault::Crash));
}

#[test]
fn a_device_error_at_any_operation_of_a_deletion_leaves_all_or_what_was_not_meant() {
    runtime().block_on(check(Fault::Io));
}
