//! Scenario: a store that is sent points, flushed now and then, and asked through a view. Guarantees: what was sent comes back as
//! Prometheus would hold it, wherever the rows lie.

use std::collections::BTreeMap;

use telltale_model::{SignalKind, UnixNanos};
use telltale_promql::{Labels, MatchOp, Matcher, Selection, Source as _};
use telltale_storage::{Options, Storage};

use crate::limits::ReadLimits;
use crate::{Metrics, Stop, View};

mod graph;
mod otlp;
mod prometheus;
mod spans;

/// A store in a temporary folder with its metrics.
pub(crate) struct Store {
    storage: Storage,
    metrics: Metrics,
    runtime: tokio::runtime::Runtime,
    /// When questions are asked: long after everything, unless a test says otherwise.
    now: UnixNanos,
    limits: ReadLimits,
    _folder: tempfile::TempDir,
}

/// Series by labels, each with (time, bits of the value), or a text of a native histogram.
type Found = BTreeMap<String, Vec<(i64, String)>>;

impl Store {
    pub(crate) fn new() -> Self {
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let mut options = Options::new(folder.path().join("data"));
        options.limits.free_bytes_min = 0;
        options.limits.wal_file_bytes = 1 << 20;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let storage = runtime.block_on(async { Storage::open(options).unwrap() });
        let (metrics, limits) = (Metrics::default(), ReadLimits::default());
        Self { storage, metrics, runtime, now: UnixNanos(u64::MAX), limits, _folder: folder }
    }

    pub(crate) fn send(&self, request: &impl prost::Message) {
        let payload = request.encode_to_vec().into();
        let appended = self.runtime.block_on(self.storage.append(SignalKind::Metrics, payload)).unwrap();
        assert_eq!(appended.rejected, 0, "{:?}", appended.issues);
    }

    pub(crate) fn flush(&self) {
        self.runtime.block_on(self.storage.flush()).unwrap();
    }

    pub(crate) fn view(&self) -> View {
        let mut view = self.metrics.view(self.storage.snapshot(), Stop::default(), self.now);
        view.limits = self.limits;
        view
    }

    fn select(&self, matchers: &[Matcher], start_ms: i64, end_ms: i64) -> Found {
        let mut found = Found::new();
        let selection = Selection { matchers, start_ms, end_ms, by: None };
        let report = self
            .view()
            .select(&selection, &mut |series| {
                let numbers = series.timestamps.iter().zip(series.values).map(|(time, value)| (*time, text(*value)));
                let natives = series.histogram_timestamps.iter().zip(series.histograms);
                let natives = natives.map(|(time, histogram)| (*time, format!("{histogram:?}")));
                let samples: Vec<_> = numbers.chain(natives).collect();
                assert!(samples.windows(2).all(|pair| pair[0].0 < pair[1].0), "{samples:?}");
                assert!(found.insert(series.labels.to_string(), samples).is_none(), "{} twice", series.labels);
                Ok(())
            })
            .unwrap();
        assert_eq!(report.warnings, Vec::<String>::new());
        found
    }

    /// Series of a name with their values at all times.
    fn of(&self, name: &str) -> Vec<String> {
        let found = self.select(&[Matcher::equal("__name__", name)], i64::MIN / 2, i64::MAX / 2);
        let line = |(labels, samples): (String, Vec<(i64, String)>)| {
            let samples: Vec<_> = samples.iter().map(|(time, value)| format!("{value}@{time}")).collect();
            format!("{labels} {}", samples.join(" "))
        };
        found.into_iter().map(line).collect()
    }
}

/// A value whose NaNs are told apart.
fn text(value: f64) -> String {
    match value.to_bits() {
        telltale_promql::STALE_NAN_BITS => "stale".to_owned(),
        bits if value.is_nan() => format!("NaN({bits:x})"),
        _ => value.to_string(),
    }
}

fn matcher(name: &str, op: MatchOp, value: &str) -> Matcher {
    Matcher::new(name, op, value).unwrap()
}

fn names(labels: impl IntoIterator<Item = Labels>) -> Vec<String> {
    labels.into_iter().map(|labels| labels.to_string()).collect()
}
