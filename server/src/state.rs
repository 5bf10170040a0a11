//! What request handlers share, by `Arc`. Composition only: every member has its own module and its own rules.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock, Weak};

use telltale_api::Nanos;
use telltale_api::live::Endpoints;
use telltale_api::run::{Run, RunFile};
use telltale_metrics::Metrics;
use telltale_query::Query;
use telltale_signals::results::Results;
use telltale_storage::Storage;
use telltale_storage::clock::{Clock, SystemClock};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::expect::Waits;
use crate::forward::Forward;
use crate::issues::Registry;
use crate::limits::{IMPORTS_AT_ONCE, SHARED_AT_ONCE};
use crate::live::Hub;
use crate::live::tail::Tail;
use crate::prometheus::{Families, Turns};
use crate::quiet::Quiet;
use crate::receiver::Admission;
use crate::runs::Runs;
use crate::saved::Saved;
use crate::scrape::Scrapes;
use crate::senders::Senders;
use crate::share::Book;
use crate::slos::Slos;
use crate::telemetry::{Metric, Telemetry};

/// What a server shows besides its store: that of an artifact.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// Its runs, newest first.
    pub runs: Vec<Run>,
    /// What they came to, for those that an artifact tells of.
    pub artifacts: Vec<ShownRun>,
}

/// A run that an artifact tells of.
#[derive(Debug, Clone, Default)]
pub struct ShownRun {
    /// What it came to; its name is the one in the list of runs.
    pub results: Results,
    /// Our own copy of the artifact.
    pub folder: PathBuf,
    /// What of it can be looked at.
    pub files: Vec<RunFile>,
}

/// The parts of a running server.
#[derive(Debug)]
pub struct AppState {
    /// The store.
    pub storage: Storage,
    /// Questions to the store.
    pub query: Query,
    /// What was just acknowledged, for live readers.
    pub live: Arc<Hub>,
    /// Rows of what was just acknowledged, for live readers that filter.
    pub tail: Arc<Tail>,
    /// What senders did wrong or oddly.
    pub issues: Registry,
    /// Who sends.
    pub senders: Arc<Senders>,
    /// Saved searches.
    pub saved: Saved,
    /// telltale's own metrics; exists before the store does.
    pub telemetry: Arc<Telemetry>,
    /// Tasks that end by themselves soon after `stopping` is cancelled.
    pub tasks: TaskTracker,
    /// Traces that are looked at as a whole once nothing more comes.
    pub quiet: Quiet,
    /// The queue to another OTLP back end, when there is one.
    pub forward: Option<Arc<Forward>>,
    /// Memory for requests that are being read.
    pub admission: Arc<Admission>,
    /// Named parts of the store.
    pub runs: Runs,
    /// The artifacts that are shown, newest first.
    pub artifacts: Arc<Vec<ShownRun>>,
    /// Those who wait for something to arrive.
    pub waits: Arc<Waits>,
    /// The settings that this process runs with.
    pub config: Config,
    /// The addresses that are bound; empty before the listeners are.
    pub endpoints: OnceLock<Endpoints>,
    /// Cancelled when the server stops: answers without an end of their own, such as live streams, end then.
    pub stopping: CancellationToken,
    /// The data folder; files beside the store and files under way have their place in it.
    pub data_dir: PathBuf,
    /// Files that are being opened, bounded.
    pub imports: tokio::sync::Semaphore,
    /// Points as Prometheus series.
    pub metrics: Metrics,
    /// Places of running questions about metrics.
    pub metric_turns: Turns,
    /// What senders say about families of metrics.
    pub families: Families,
    /// What is scraped, and how that went.
    pub scrapes: Scrapes,
    /// How objectives stand.
    pub slos: Slos,
    /// Links to single traces.
    pub shares: Arc<Book>,
    /// Shared pages that are being made, bounded.
    pub shared: tokio::sync::Semaphore,
    /// The time that issues are stamped with.
    pub clock: Arc<dyn Clock>,
    /// When the server started.
    pub started: Nanos,
}

impl AppState {
    /// Puts the parts together; nothing is started.
    #[must_use]
    pub fn new(storage: Storage, query: Query, telemetry: Arc<Telemetry>, config: Config) -> Self {
        let live = Arc::new(Hub::new());
        let clock = Arc::new(SystemClock::new());
        let admission = Admission::new(config.max_request_bytes, Arc::clone(&telemetry));
        let waits = Arc::new(Waits::default());
        watch(&telemetry, Metric::ExpectWaiting, &waits, |waits| waits.count());
        watch(&telemetry, Metric::LiveReaders, &live, |live| live.reader_count());
        watch(&telemetry, Metric::AdmissionUsed, &admission, |admission| admission.used_bytes());
        watch(&telemetry, Metric::AdmissionLimit, &admission, |admission| admission.limit_bytes());
        watch(&telemetry, Metric::AdmissionWaiting, &admission, |admission| admission.waiting());
        let senders = Arc::new(Senders::new(Arc::clone(&telemetry)));
        watch(&telemetry, Metric::IngestSenders, &senders, |senders| senders.count());
        let forward = config.forward.as_ref().map(|_target| Arc::new(Forward::new(Arc::clone(&telemetry))));
        if let Some(forward) = &forward {
            watch(&telemetry, Metric::ForwardQueued, forward, |forward| forward.queued_bytes());
        }
        Self {
            data_dir: config.data_dir.clone().unwrap_or_else(std::env::temp_dir),
            imports: tokio::sync::Semaphore::new(IMPORTS_AT_ONCE),
            shares: Arc::default(),
            shared: tokio::sync::Semaphore::new(SHARED_AT_ONCE),
            senders,
            storage,
            query,
            forward,
            tasks: TaskTracker::new(),
            quiet: Quiet::new(Arc::clone(&telemetry)),
            live,
            tail: Arc::new(Tail::new()),
            issues: Registry::new(),
            saved: Saved::new(config.data_dir.as_deref()),
            telemetry,
            admission,
            runs: Runs::default(),
            artifacts: Arc::default(),
            waits,
            config,
            endpoints: OnceLock::new(),
            stopping: CancellationToken::new(),
            metrics: Metrics::default(),
            metric_turns: Turns::default(),
            families: Families::default(),
            scrapes: Scrapes::default(),
            slos: Slos::default(),
            started: Nanos(clock.now().0),
            clock,
        }
    }

    /// Returns the wall clock's time.
    #[must_use]
    pub fn now(&self) -> Nanos {
        Nanos(self.clock.now().0)
    }
}

/// Lets a gauge read a count of `source`, without keeping it alive.
pub(crate) fn watch<T: Send + Sync + 'static>(
    telemetry: &Telemetry,
    metric: Metric,
    source: &Arc<T>,
    count: impl Fn(&T) -> usize + Send + Sync + 'static,
) {
    let source: Weak<T> = Arc::downgrade(source);
    telemetry.watch(metric, move || source.upgrade().map_or(0.0, |source| count(&source) as f64));
}
