//! What arrives at the server right now: one stream of server-sent events for the whole application.
//!
//! Events are gathered and handed on four times a second, so that a busy server does not keep the page busy. When the
//! stream breaks, it is opened again, waiting longer each time; pages then ask for what they missed.

use std::collections::VecDeque;
use std::time::Duration;

use leptos::prelude::*;
use telltale_api::issue::IssueView;
use telltale_api::live::{LiveEvent, LiveTrace};
use telltale_api::routes;
use web_sys::MessageEvent;

use crate::event_stream::EventStream;
use crate::shared::Shared;

/// How often gathered events are handed on.
const BATCH_EVERY: Duration = Duration::from_millis(250);

/// Batches over which the rate is averaged: ten seconds.
const RATE_BATCHES: usize = 40;

/// Longest wait before the stream is opened again.
const RETRY_MAX: Duration = Duration::from_secs(15);

/// Names of the events, as [`LiveEvent`] tags them.
const EVENT_NAMES: [&str; 6] = ["traces", "logs", "points", "issue", "signals", "skipped"];

/// Whether the stream is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LiveStatus {
    /// Not yet open.
    Connecting,
    /// Open.
    Open,
    /// Broken; it will be opened again.
    Broken,
}

/// What arrived within one batch.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// What export requests said of traces, oldest first.
    pub(crate) traces: Vec<LiveTrace>,
    /// Traces that log records belong to.
    pub(crate) log_trace_ids: Vec<String>,
    /// Spans.
    pub(crate) spans: u64,
    /// Log records.
    pub(crate) logs: u64,
    /// Data points.
    pub(crate) points: u64,
    /// What senders did wrong or oddly.
    pub(crate) issues: Vec<IssueView>,
    /// Whether the signals file has changed, or a run began.
    pub(crate) signals: bool,
    /// Events that this reader missed, because it was too slow or the stream was broken.
    pub(crate) missed: bool,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.spans == 0 && self.logs == 0 && self.points == 0 && self.issues.is_empty() && !self.signals && !self.missed
    }

    fn add(&mut self, event: LiveEvent) {
        match event {
            LiveEvent::Traces { traces } => {
                self.spans += traces.iter().map(|trace| trace.span_count).sum::<u64>();
                self.traces.extend(traces);
            }
            LiveEvent::Logs { count, trace_ids } => {
                self.logs += count;
                self.log_trace_ids.extend(trace_ids);
            }
            LiveEvent::Points { count } => self.points += count,
            LiveEvent::Issue(issue) => self.issues.push(issue),
            LiveEvent::Signals => self.signals = true,
            LiveEvent::Skipped { count } => self.missed |= count > 0,
        }
    }

    /// Returns whether anything of a trace arrived.
    pub(crate) fn touches(&self, trace_id: &str) -> bool {
        self.traces.iter().any(|trace| trace.trace_id == trace_id) || self.log_trace_ids.iter().any(|id| id == trace_id)
    }
}

/// The stream; a context of the whole application.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    /// Whether it is open.
    pub(crate) status: RwSignal<LiveStatus>,
    /// The newest batch that is not empty.
    pub(crate) batch: RwSignal<Shared<Batch>>,
    /// Spans a second over the last ten seconds.
    pub(crate) spans_per_second: RwSignal<u64>,
    gathered: StoredValue<Batch>,
    recent_spans: StoredValue<VecDeque<u64>>,
    failures: StoredValue<u32>,
    source: StoredValue<Option<EventStream>, LocalStorage>,
}

impl Live {
    /// Opens the stream.
    pub(crate) fn install() -> Self {
        let live = Self {
            status: RwSignal::new(LiveStatus::Connecting),
            batch: RwSignal::new(Shared::default()),
            spans_per_second: RwSignal::new(0),
            gathered: StoredValue::new(Batch::default()),
            recent_spans: StoredValue::new(VecDeque::new()),
            failures: StoredValue::new(0),
            source: StoredValue::new_local(None),
        };
        provide_context(live);
        live.open();
        live.rest_while_hidden();
        set_interval(move || live.hand_on(), BATCH_EVERY);
        live
    }

    /// Closes the stream of a page that is left, and opens it again when the reader comes back.
    ///
    /// Browsers keep pages that were left (the back/forward cache) and with them their streams; six of those take all
    /// connections that a browser opens to one server, and every further request would wait for ever.
    fn rest_while_hidden(self) {
        window_event_listener_untyped("pagehide", move |_| {
            if self.source.try_update_value(Option::take).flatten().is_some() {
                self.status.set(LiveStatus::Broken);
                // What arrives meanwhile is missed.
                self.failures.update_value(|failures| *failures = (*failures).max(1));
            }
        });
        window_event_listener_untyped("pageshow", move |_| {
            if self.status.get_untracked() == LiveStatus::Broken && self.source.with_value(Option::is_none) {
                self.open();
            }
        });
    }

    fn open(self) {
        let opened = move || {
            // What happened while the stream was broken is unknown: pages load again.
            if self.failures.get_value() > 0 {
                self.gathered.update_value(|batch| batch.missed = true);
            }
            self.failures.set_value(0);
            self.status.set(LiveStatus::Open);
        };
        let take = move |name, event: &MessageEvent| self.take(name, event);
        let stream = EventStream::open(routes::LIVE, &EVENT_NAMES, take, opened, move || self.rest());
        if stream.is_none() {
            self.status.set(LiveStatus::Broken);
        }
        self.source.set_value(stream);
    }

    /// Opens the broken stream again after a while.
    fn rest(self) {
        self.source.with_value(|stream| stream.iter().for_each(EventStream::close));
        self.status.set(LiveStatus::Broken);
        let failures = self.failures.get_value().saturating_add(1);
        self.failures.set_value(failures);
        let wait = Duration::from_millis(500).saturating_mul(1 << failures.min(6)).min(RETRY_MAX);
        let again = move || {
            // Unless the page was left, or has been opened again meanwhile.
            if self.status.get_untracked() == LiveStatus::Broken && self.source.with_value(Option::is_some) {
                self.open();
            }
        };
        set_timeout(again, wait);
    }

    fn take(self, name: &str, event: &MessageEvent) {
        let Some(text) = event.data().as_string() else { return };
        match parse(name, &text) {
            Ok(event) => self.gathered.update_value(|batch| batch.add(event)),
            Err(error) => leptos::logging::warn!("an event {name} is not understood: {error}"),
        }
    }

    fn hand_on(self) {
        let batch = self.gathered.try_update_value(std::mem::take).unwrap_or_default();
        let sum = self.recent_spans.try_update_value(|recent| {
            recent.push_back(batch.spans);
            if recent.len() > RATE_BATCHES {
                recent.pop_front();
            }
            recent.iter().sum::<u64>()
        });
        let rate = sum.unwrap_or_default().div_ceil(10);
        if self.spans_per_second.get_untracked() != rate {
            self.spans_per_second.set(rate);
        }
        if !batch.is_empty() {
            self.batch.set(Shared::new(batch));
        }
    }
}

/// Reads an event; the tag may stand in the data or only in the event's name.
fn parse(name: &str, text: &str) -> Result<LiveEvent, serde_json::Error> {
    serde_json::from_str(text).or_else(|_no_tag| {
        let mut value: serde_json::Value = serde_json::from_str(text)?;
        if let Some(members) = value.as_object_mut() {
            members.insert("event".to_owned(), name.into());
        }
        serde_json::from_value(value)
    })
}

/// Returns the stream.
pub(crate) fn use_live() -> Live {
    expect_context::<Live>()
}
