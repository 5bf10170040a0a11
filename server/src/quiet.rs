//! Looks at a trace once it has been quiet for a while, and tells what only the whole trace shows: parents that never
//! came, parents in a circle, spans that came twice or share an id. Each becomes a line in `/api/issues`.
//!
//! One request proves none of these: a parent usually ends after its children and is exported later. So traces wait here
//! until nothing of them has come for [`QUIET_AFTER`], and then the same pure code that writes the story's caveats judges them. Help
//! for those who set up senders, not a ledger: bounded in traces that wait, looks a second and spans a trace; what is left
//! out is counted ([`Metric::QuietTraces`]). Ingest never waits for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::{AsArray as _, FixedSizeBinaryArray};
use telltale_api::trace::TraceView;
use telltale_model::{SignalKind, TraceId};
use telltale_storage::Appended;
use telltale_storage::schema::{Table, col};
use telltale_story::story::{Analysis, caveats};
use tokio::sync::Notify;

use crate::http::view;
use crate::issues::Sighting;
use crate::limits::{QUIET_AFTER, QUIET_LOOKS, QUIET_SPANS, QUIET_TICK, QUIET_TRACES};
use crate::receiver::{Sender, announce};
use crate::state::AppState;
use crate::telemetry::{Metric, Telemetry};

/// The caveats of a story that a sender can do something about: the code there, the code here, and what to do.
const TOLD: [(&str, &str, &str); 4] = [
    (
        "missing_parent",
        "trace_missing_parent",
        "let every service on the way export to this server with the same sampler; a span is exported only once it has ended",
    ),
    (
        "cycle",
        "trace_parent_cycle",
        "set parent_span_id to the span that was active when this one began, and never to one of its descendants",
    ),
    (
        "duplicate_spans",
        "trace_duplicate_spans",
        "after a lost answer a sender rightly sends again; otherwise look for two exporters of the same spans",
    ),
    (
        "repeated_span_id",
        "trace_repeated_span_id",
        "span ids must be random for each span: look at the id generator, also after a fork",
    ),
];

/// What happened to a trace that waited; the label of [`Metric::QuietTraces`].
mod outcome {
    pub(super) const LOOKED_AT: &str = "looked_at";
    pub(super) const TOO_MANY: &str = "too_many";
    pub(super) const TOO_LARGE: &str = "too_large";
    pub(super) const FAILED: &str = "failed";
}

/// A trace that waits.
#[derive(Debug, Clone)]
struct Seen {
    last: Instant,
    /// Who sent its last spans.
    sender: Arc<Sender>,
}

/// The traces that wait.
#[derive(Debug)]
pub struct Quiet {
    waiting: Mutex<HashMap<TraceId, Seen>>,
    noted: Notify,
    telemetry: Arc<Telemetry>,
}

impl Quiet {
    /// Creates an empty list.
    #[must_use]
    pub fn new(telemetry: Arc<Telemetry>) -> Self {
        Self { waiting: Mutex::default(), noted: Notify::new(), telemetry }
    }

    /// Notes the traces of an append. Never waits; traces beyond [`QUIET_TRACES`] are counted and left out.
    pub fn note(&self, appended: &Appended, sender: &Sender) {
        let batches = appended.batches.iter().filter(|(table, _)| *table == Table::Spans);
        let columns = batches.filter_map(|(_, batch)| batch.column_by_name(col::TRACE_ID)?.as_fixed_size_binary_opt());
        let (sender, now) = (Arc::new(sender.clone()), Instant::now());
        let mut left_out = 0;
        let mut waiting = self.lock();
        for ids in columns {
            left_out += note_ids(&mut waiting, ids, &sender, now);
        }
        drop(waiting);
        if left_out > 0 {
            self.telemetry.add(Metric::QuietTraces, [outcome::TOO_MANY], left_out);
        }
        self.noted.notify_one();
    }

    /// Returns how many traces wait.
    #[must_use]
    pub fn waiting_count(&self) -> usize {
        self.lock().len()
    }

    /// Takes out the traces that have been quiet for [`QUIET_AFTER`], the longest first, at most [`QUIET_LOOKS`].
    fn take_quiet(&self, now: Instant) -> Vec<(TraceId, Seen)> {
        let mut waiting = self.lock();
        let is_quiet = |seen: &Seen| now.saturating_duration_since(seen.last) >= QUIET_AFTER;
        let mut quiet: Vec<_> =
            waiting.iter().filter(|(_, seen)| is_quiet(seen)).map(|(id, seen)| (*id, seen.clone())).collect();
        quiet.sort_unstable_by_key(|(id, seen)| (seen.last, *id));
        quiet.truncate(QUIET_LOOKS);
        for (id, _) in &quiet {
            waiting.remove(id);
        }
        quiet
    }

    /// Takes the lock; a panic of another holder leaves a list that is still usable.
    fn lock(&self) -> MutexGuard<'_, HashMap<TraceId, Seen>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes one column of ids and returns how many traces found no place. Spans of a trace usually follow one another.
fn note_ids(
    waiting: &mut HashMap<TraceId, Seen>,
    ids: &FixedSizeBinaryArray,
    sender: &Arc<Sender>,
    now: Instant,
) -> u64 {
    let (mut last, mut left_out) = (None, 0);
    for id in ids.iter().flatten().filter_map(TraceId::from_slice) {
        if last == Some(id) {
            continue;
        }
        last = Some(id);
        if let Some(seen) = waiting.get_mut(&id) {
            (seen.last, seen.sender) = (now, Arc::clone(sender));
        } else if waiting.len() < QUIET_TRACES {
            waiting.insert(id, Seen { last: now, sender: Arc::clone(sender) });
        } else {
            left_out += 1;
        }
    }
    left_out
}

/// Looks at traces as they become quiet, until the server stops.
pub async fn run(state: Arc<AppState>) {
    let stopping = state.stopping.clone();
    let work = async {
        loop {
            if state.quiet.waiting_count() == 0 {
                state.quiet.noted.notified().await;
            }
            tokio::time::sleep(QUIET_TICK).await;
            for (id, seen) in state.quiet.take_quiet(Instant::now()) {
                look(&state, id, &seen.sender).await;
            }
        }
    };
    tokio::select! {
        () = stopping.cancelled() => {}
        () = work => {}
    }
}

/// Judges one trace.
async fn look(state: &AppState, id: TraceId, sender: &Sender) {
    let outcome = match state.query.trace(&id).await {
        Ok(Some(data)) if data.spans.iter().map(|batch| batch.num_rows()).sum::<usize>() > QUIET_SPANS => {
            outcome::TOO_LARGE
        }
        Ok(Some(data)) => {
            let now = state.now();
            let told =
                tokio::task::spawn_blocking(move || view::trace(&id, &data, now).map(|view| sightings(&view))).await;
            match told {
                Ok(Ok(found)) => {
                    for sighting in found {
                        announce::of_trace(state, sighting, sender);
                    }
                    outcome::LOOKED_AT
                }
                Ok(Err(_)) | Err(_) => outcome::FAILED,
            }
        }
        // Deleted meanwhile: nothing to say.
        Ok(None) => outcome::LOOKED_AT,
        Err(error) => {
            tracing::debug!(%error, trace = %id, "a quiet trace could not be read");
            outcome::FAILED
        }
    };
    state.telemetry.add(Metric::QuietTraces, [outcome], 1);
}

/// Returns what a trace shows of its senders' faults.
fn sightings(view: &TraceView) -> Vec<Sighting> {
    let chips = caveats(view, &Analysis::new(view));
    let told = chips.into_iter().filter_map(|chip| {
        let (_, code, hint) = TOLD.into_iter().find(|(of_story, ..)| *of_story == chip.code)?;
        let first = view.spans.iter().find(|span| chip.span_ids.first() == Some(&span.span_id)).or(view.spans.first());
        Some(Sighting {
            code: code.to_owned(),
            outcome: "odd".to_owned(),
            message: format!("trace {}: {}", view.trace_id, chip.text),
            hint: hint.to_owned(),
            signal: Some(SignalKind::Traces.name().to_owned()),
            protocol: String::new(),
            peer: String::new(),
            user_agent: None,
            service_name: first.and_then(|span| span.service_name.clone()),
            count: 1,
        })
    });
    told.collect()
}

const _: () =
    assert!(QUIET_AFTER.as_millis() > QUIET_TICK.as_millis() && QUIET_TICK.as_millis() > Duration::ZERO.as_millis());

#[cfg(test)]
mod tests;
