//! Tells live readers and the list of issues what was just acknowledged or refused. Never waits, never fails.

use std::collections::HashMap;

use arrow::array::{Array as _, AsArray as _, FixedSizeBinaryArray, RecordBatch, StringArray};
use arrow::datatypes::{Int32Type, Int64Type, TimestampNanosecondType};
use telltale_api::issue::IssueView;
use telltale_api::live::{LiveEvent, LiveTrace};
use telltale_api::{Nanos, SignedNanos};
use telltale_model::{SignalKind, StatusCode, TraceId};
use telltale_storage::Appended;
use telltale_storage::decode::Issue;
use telltale_storage::schema::{Table, col};

use super::refusal::Refusal;
use super::{Acknowledged, Sender};
use crate::issues::Sighting;
use crate::limits::LIVE_TRACES;
use crate::state::AppState;
use crate::telemetry::Metric;

/// Publishes what an append stored, when anybody listens.
pub(super) fn announce(state: &AppState, signal: SignalKind, appended: &Appended) {
    if appended.accepted == 0 {
        return;
    }
    state.tail.publish(appended);
    state.telemetry.add(Metric::LiveEvents, [], 1);
    // Building an event for nobody is wasted work.
    if !state.live.has_readers() {
        return;
    }
    let batches = |wanted: Table| appended.batches.iter().filter(move |(table, _)| *table == wanted);
    match signal {
        SignalKind::Traces => {
            let mut traces = traces(batches(Table::Spans).map(|(_, batch)| batch));
            let left_out = traces.len().saturating_sub(LIVE_TRACES);
            traces.truncate(LIVE_TRACES);
            state.live.publish(LiveEvent::Traces { traces });
            if left_out > 0 {
                state.live.publish(LiveEvent::Skipped { count: u64::try_from(left_out).unwrap_or(u64::MAX) });
            }
        }
        SignalKind::Logs => {
            let trace_ids = log_trace_ids(batches(Table::Logs).map(|(_, batch)| batch));
            state.live.publish(LiveEvent::Logs { count: appended.accepted, trace_ids });
        }
        SignalKind::Metrics => state.live.publish(LiveEvent::Points { count: appended.accepted }),
    }
}

/// Remembers and publishes something odd about an accepted request.
pub(super) fn issue(state: &AppState, signal: SignalKind, issue: &Issue, sender: &Sender) {
    let sighting = Sighting {
        code: issue.code.as_str().to_owned(),
        outcome: issue.outcome.as_str().to_owned(),
        message: issue.message.clone(),
        hint: issue.code.hint().to_owned(),
        service_name: issue.service_name.clone(),
        count: issue.count,
        ..sighting(Some(signal), sender)
    };
    record(state, sighting);
}

/// Remembers and publishes what a whole trace shows; `sender` sent its last spans.
pub(crate) fn of_trace(state: &AppState, sighting: Sighting, sender: &Sender) {
    let known = self::sighting(Some(SignalKind::Traces), sender);
    record(state, Sighting { protocol: known.protocol, peer: known.peer, user_agent: known.user_agent, ..sighting });
}

/// Remembers and publishes a refused request.
pub(crate) fn refusal(state: &AppState, signal: Option<SignalKind>, refusal: &Refusal, sender: &Sender) {
    let sighting = Sighting {
        code: format!("request_{}", refusal.reason.as_str()),
        outcome: "rejected".to_owned(),
        message: refusal.message.clone(),
        hint: refusal.reason.hint().to_owned(),
        ..sighting(signal, sender)
    };
    state.senders.refused(sender, refusal, state.now());
    record(state, sighting);
}

/// Remembers and publishes a request that was sent to the wrong path, though it was understood.
pub(super) fn wrong_path(state: &AppState, signal: SignalKind, sender: &Sender) {
    let sighting = Sighting {
        code: "request_path_odd".to_owned(),
        outcome: "odd".to_owned(),
        message: format!("{signal} were sent to `/` and understood all the same"),
        hint: format!("send {signal} to /v1/{signal}: the endpoint variables of single signals take the whole path"),
        ..sighting(Some(signal), sender)
    };
    record(state, sighting);
}

/// Counts one request by its outcome.
pub(super) fn outcome(
    state: &AppState,
    signal: Option<SignalKind>,
    sender: &Sender,
    result: &Result<Acknowledged, Refusal>,
) {
    let outcome = match result {
        Ok(Acknowledged { rejected: 0, .. }) => "accepted",
        Ok(_) => "partial",
        Err(refusal) => refusal.reason.as_str(),
    };
    let signal = signal.map_or("unknown", SignalKind::name);
    state.telemetry.add(Metric::IngestRequests, [signal, sender.protocol.as_str(), outcome], 1);
}

/// Fills in what is known of the sender.
fn sighting(signal: Option<SignalKind>, sender: &Sender) -> Sighting {
    Sighting {
        code: String::new(),
        outcome: String::new(),
        message: String::new(),
        hint: String::new(),
        signal: signal.map(|signal| signal.name().to_owned()),
        protocol: sender.protocol.as_str().to_owned(),
        peer: sender.peer.clone(),
        user_agent: sender.user_agent.clone(),
        service_name: None,
        count: 1,
    }
}

fn record(state: &AppState, sighting: Sighting) {
    let view: IssueView = state.issues.record(sighting, state.now());
    state.telemetry.add(Metric::LiveEvents, [], 1);
    state.live.publish(LiveEvent::Issue(view));
}

/// A trace while its spans of one request are gathered.
struct Gathered {
    trace: LiveTrace,
    start: i64,
    end: i64,
}

/// Summarises the spans by trace, in the order in which the traces first appear. Schemas are fixed, hence a column
/// that is missing can only be a bug, and costs the announcement alone.
fn traces<'a>(batches: impl Iterator<Item = &'a RecordBatch>) -> Vec<LiveTrace> {
    let mut order: Vec<TraceId> = Vec::new();
    let mut gathered: HashMap<TraceId, Gathered> = HashMap::new();
    for batch in batches {
        let Some(columns) = SpanColumns::of(batch) else { continue };
        for row in 0..batch.num_rows() {
            let Some(span) = columns.span(row) else { continue };
            let gathered = gathered.entry(span.trace_id).or_insert_with(|| {
                order.push(span.trace_id);
                Gathered::begin(&span)
            });
            gathered.add(&span);
        }
    }
    order.iter().filter_map(|id| gathered.remove(id)).map(Gathered::finish).collect()
}

impl Gathered {
    fn begin(span: &SpanRow<'_>) -> Self {
        let trace = LiveTrace {
            trace_id: span.trace_id.to_hex(),
            span_count: 0,
            error_count: 0,
            start_unix_nano: Nanos(0),
            duration_ns: SignedNanos(0),
            service_name: span.service_name.map(ToOwned::to_owned),
            name: span.name.to_owned(),
            has_root: false,
        };
        Self { trace, end: span.start.saturating_add(span.duration), start: span.start }
    }

    fn add(&mut self, span: &SpanRow<'_>) {
        self.trace.span_count += 1;
        self.trace.error_count += u64::from(span.is_error);
        let names_it =
            if span.is_root { !self.trace.has_root } else { !self.trace.has_root && span.start < self.start };
        if names_it {
            self.trace.name = span.name.to_owned();
            self.trace.service_name = span.service_name.map(ToOwned::to_owned);
        }
        self.trace.has_root |= span.is_root;
        self.start = self.start.min(span.start);
        self.end = self.end.max(span.start.saturating_add(span.duration));
    }

    fn finish(mut self) -> LiveTrace {
        self.trace.start_unix_nano = Nanos(u64::try_from(self.start).unwrap_or(0));
        self.trace.duration_ns = SignedNanos(self.end.saturating_sub(self.start));
        self.trace
    }
}

/// The columns of a batch of spans that an announcement needs.
struct SpanColumns<'a> {
    trace_id: &'a FixedSizeBinaryArray,
    parent: &'a FixedSizeBinaryArray,
    name: &'a StringArray,
    start: &'a arrow::array::TimestampNanosecondArray,
    duration: &'a arrow::array::Int64Array,
    status: &'a arrow::array::Int32Array,
    service: &'a StringArray,
}

/// One span.
struct SpanRow<'a> {
    trace_id: TraceId,
    is_root: bool,
    is_error: bool,
    name: &'a str,
    service_name: Option<&'a str>,
    start: i64,
    duration: i64,
}

impl<'a> SpanColumns<'a> {
    fn of(batch: &'a RecordBatch) -> Option<Self> {
        let column = |name| batch.column_by_name(name);
        Some(Self {
            trace_id: column(col::TRACE_ID)?.as_fixed_size_binary_opt()?,
            parent: column(col::PARENT_SPAN_ID)?.as_fixed_size_binary_opt()?,
            name: column(col::NAME)?.as_string_opt::<i32>()?,
            start: column(col::START_TIME_UNIX_NANO)?.as_primitive_opt::<TimestampNanosecondType>()?,
            duration: column(col::DURATION_NS)?.as_primitive_opt::<Int64Type>()?,
            status: column(col::STATUS_CODE)?.as_primitive_opt::<Int32Type>()?,
            service: column(col::SERVICE_NAME)?.as_string_opt::<i32>()?,
        })
    }

    fn span(&self, row: usize) -> Option<SpanRow<'a>> {
        Some(SpanRow {
            trace_id: TraceId::from_slice(self.trace_id.value(row))?,
            is_root: self.parent.is_null(row),
            is_error: self.status.is_valid(row) && StatusCode::from_otlp(self.status.value(row)) == StatusCode::Error,
            name: self.name.value(row),
            service_name: self.service.is_valid(row).then(|| self.service.value(row)),
            start: self.start.value(row),
            duration: self.duration.value(row),
        })
    }
}

/// Returns the traces that log records belong to, each once.
fn log_trace_ids<'a>(batches: impl Iterator<Item = &'a RecordBatch>) -> Vec<String> {
    let mut ids: Vec<TraceId> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for batch in batches {
        let Some(column) = batch.column_by_name(col::TRACE_ID).and_then(|c| c.as_fixed_size_binary_opt()) else {
            continue;
        };
        let of_row = |row| column.is_valid(row).then(|| TraceId::from_slice(column.value(row))).flatten();
        ids.extend((0..batch.num_rows()).filter_map(of_row).filter(|id| seen.insert(*id)));
    }
    ids.iter().take(LIVE_TRACES).map(TraceId::to_hex).collect()
}
