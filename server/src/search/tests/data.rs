//! Spans and logs with few distinct values, so that conditions hit some and miss others; texts that look like SQL,
//! patterns and other scripts among them.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message as _;
use telltale_model::SignalKind;
use telltale_query::{Query, QueryLimits};
use telltale_search::Target;
use telltale_storage::schema::Table;
use telltale_storage::{Options, Storage};
use telltale_tests::rng::Rng;

use crate::search::{StoreEngine, record};

/// 2026-01-02T03:04:05Z.
pub(super) const START: u64 = 1_767_323_045_000_000_000;

/// Where rows lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Memory,
    Segments,
    Both,
}

pub(super) struct Store {
    pub(super) storage: Storage,
    pub(super) query: Query,
    _folder: tempfile::TempDir,
}

pub(super) const SERVICES: [&str; 4] = ["shop", "Shop", "pay'ments", "sh_p%"];
pub(super) const NAMES: [&str; 6] = ["GET /cart", "GET /cart/{id}", "SELECT", "pay", "POST /pay", "it's \\ \"odd\""];
pub(super) const BODIES: [&str; 12] = [
    "connection refused",
    "refused the connection",
    "Timeout after 5s",
    "time out",
    "支払い失敗 error",
    "失敗した支払い",
    "user.id=17 logged in",
    "' OR 1=1 --",
    "=> !!! <=",
    "100% a_b \\d+",
    "retry (3/5) timeout",
    "",
];
pub(super) const KEYS: [&str; 6] = ["k", "region", "http.status", "name", "odd key", "k'ey"];

fn below(rng: &mut Rng, bound: u64) -> u64 {
    rng.next_u64() % bound
}

/// Values of every type, some equal as text and different as type.
fn value(rng: &mut Rng) -> Option<Value> {
    Some(match below(rng, 16) {
        0 => Value::IntValue(5),
        1 => Value::IntValue(500),
        2 => Value::IntValue(-3),
        3 => Value::DoubleValue(5.0),
        4 => Value::DoubleValue(0.5),
        5 => Value::DoubleValue(f64::NAN),
        6 => Value::BoolValue(true),
        7 => Value::StringValue("5".to_owned()),
        8 => Value::StringValue("500".to_owned()),
        9 => Value::StringValue("eu-3".to_owned()),
        10 => Value::StringValue("a%b_c\\".to_owned()),
        11 => Value::StringValue("it's".to_owned()),
        12 => Value::StringValue(String::new()),
        13 => Value::IntValue(i64::MAX),
        14 => Value::ArrayValue(ArrayValue {
            values: vec![
                AnyValue { value: Some(Value::IntValue(5)) },
                AnyValue { value: Some(Value::BoolValue(true)) },
            ],
        }),
        _ => return None,
    })
}

fn attributes(rng: &mut Rng, most: u64) -> Vec<KeyValue> {
    (0..below(rng, most + 1)).map(|_| entry(KEYS[below(rng, 6) as usize], value(rng))).collect()
}

pub(super) fn entry(key: &str, value: Option<Value>) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value }), ..KeyValue::default() }
}

fn resource(rng: &mut Rng) -> Option<Resource> {
    let mut list = attributes(rng, 2);
    if below(rng, 8) > 0 {
        let service = SERVICES[below(rng, 4) as usize];
        list.push(entry("service.name", Some(Value::StringValue(service.to_owned()))));
    }
    Some(Resource { attributes: list, ..Resource::default() })
}

fn scope(rng: &mut Rng) -> Option<InstrumentationScope> {
    let name = ["", "http", "db"][below(rng, 3) as usize].to_owned();
    Some(InstrumentationScope { name, attributes: attributes(rng, 1), ..InstrumentationScope::default() })
}

/// A number in a record's attributes tells it from all others.
fn numbered(mut list: Vec<KeyValue>, number: usize) -> Vec<KeyValue> {
    list.push(entry("number", Some(Value::IntValue(number as i64))));
    list
}

fn span(rng: &mut Rng, number: usize) -> Span {
    let start = START + below(rng, 40) * 1_000_000_000;
    let names = ["exception", "retry"];
    Span {
        trace_id: vec![1 + below(rng, 30) as u8; 16],
        span_id: (number as u64 + 1).to_be_bytes().to_vec(),
        parent_span_id: if below(rng, 3) == 0 { Vec::new() } else { vec![9; 8] },
        name: NAMES[below(rng, 6) as usize].to_owned(),
        kind: below(rng, 6) as i32,
        start_time_unix_nano: start,
        end_time_unix_nano: start + [0, 1_000, 250_000_000, 250_000_001, 2_000_000_000][below(rng, 5) as usize],
        attributes: numbered(attributes(rng, 3), number),
        events: (0..below(rng, 2))
            .map(|at| Event { name: names[((at + below(rng, 2)) % 2) as usize].to_owned(), ..Event::default() })
            .collect(),
        links: (0..below(rng, 2))
            .map(|_| Link { trace_id: vec![7; 16], span_id: vec![7; 8], ..Link::default() })
            .collect(),
        status: match below(rng, 4) {
            0 => None,
            code => Some(Status {
                code: code as i32 - 1,
                message: if code == 3 { BODIES[below(rng, 12) as usize].to_owned() } else { String::new() },
            }),
        },
        ..Span::default()
    }
}

fn log(rng: &mut Rng, number: usize) -> LogRecord {
    let body = BODIES[below(rng, 12) as usize];
    let body = match below(rng, 8) {
        0 => None,
        1 => Some(AnyValue { value: Some(Value::IntValue(5)) }),
        2 => Some(AnyValue { value: Some(Value::StringValue(format!("{body}\n{body}"))) }),
        _ => Some(AnyValue { value: Some(Value::StringValue(body.to_owned())) }),
    };
    let mut list = attributes(rng, 3);
    if below(rng, 5) == 0 {
        list.push(entry("exception.type", Some(Value::StringValue("Error".to_owned()))));
    }
    LogRecord {
        time_unix_nano: START + below(rng, 40) * 1_000_000_000,
        severity_number: below(rng, 26) as i32,
        severity_text: ["", "ERROR", "error"][below(rng, 3) as usize].to_owned(),
        event_name: ["", "pay", "GET /cart"][below(rng, 3) as usize].to_owned(),
        body,
        attributes: numbered(list, number),
        trace_id: if below(rng, 2) == 0 { Vec::new() } else { vec![1 + below(rng, 30) as u8; 16] },
        span_id: if below(rng, 2) == 0 { Vec::new() } else { vec![3; 8] },
        ..LogRecord::default()
    }
}

impl Store {
    pub(super) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(Options::new(folder.path())).unwrap();
        let query = Query::new(storage.clone(), QueryLimits::default()).unwrap();
        Self { storage, query, _folder: folder }
    }

    /// Returns a store with `count` spans and as many logs; the same seed gives the same records.
    pub(super) async fn filled(place: Place, seed: u64, count: usize) -> Self {
        let store = Self::empty();
        store.fill(place, seed, count).await;
        store
    }

    pub(super) async fn fill(&self, place: Place, seed: u64, count: usize) {
        let rng = &mut Rng::new(seed);
        // Apart, so that the records are the same in every place.
        let flushes = &mut Rng::new(seed);
        let mut number = 0;
        while number < count {
            let some = (1 + below(rng, 20) as usize).min(count - number);
            let spans = (number..number + some).map(|number| span(rng, number)).collect();
            let logs = (number..number + some).map(|number| log(rng, number)).collect();
            self.spans(resource(rng), scope(rng), spans).await;
            self.logs(resource(rng), scope(rng), logs).await;
            number += some;
            if place == Place::Segments && below(flushes, 4) == 0
                || place == Place::Both && number * 2 > count && below(flushes, 3) == 0
            {
                self.storage.flush().await.unwrap();
            }
        }
        if place == Place::Segments {
            self.storage.flush().await.unwrap();
        }
    }

    pub(super) async fn spans(
        &self,
        resource: Option<Resource>,
        scope: Option<InstrumentationScope>,
        spans: Vec<Span>,
    ) {
        let scope_spans = vec![ScopeSpans { scope, spans, ..ScopeSpans::default() }];
        let resource_spans = vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }];
        let payload = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
        let appended = self.storage.append(SignalKind::Traces, payload.into()).await.unwrap();
        assert_eq!(appended.rejected, 0, "{:?}", appended.issues);
    }

    pub(super) async fn logs(
        &self,
        resource: Option<Resource>,
        scope: Option<InstrumentationScope>,
        logs: Vec<LogRecord>,
    ) {
        let scope_logs = vec![ScopeLogs { scope, log_records: logs, ..ScopeLogs::default() }];
        let resource_logs = vec![ResourceLogs { resource, scope_logs, ..ResourceLogs::default() }];
        let payload = ExportLogsServiceRequest { resource_logs }.encode_to_vec();
        let appended = self.storage.append(SignalKind::Logs, payload.into()).await.unwrap();
        assert_eq!(appended.rejected, 0, "{:?}", appended.issues);
    }

    /// Returns the numbers of the records in memory that pass a query, by looking at each.
    pub(super) fn naive(&self, target: Target, query: &telltale_search::Query) -> Vec<i64> {
        use telltale_search::eval::{Numeric, Record, Source};
        let filter = query.filter(target, &StoreEngine);
        let mut out = Vec::new();
        let mut take = |record: &dyn Record| {
            if filter.accepts(record)
                && let Some(Numeric::Int(number)) =
                    record.attribute(Source::Record, "number").and_then(|value| value.number)
            {
                out.push(number);
            }
        };
        let snapshot = self.storage.snapshot();
        match target {
            Target::Spans => snapshot
                .batches(Table::Spans)
                .iter()
                .for_each(|batch| record::spans(batch, |_, span| take(span)).unwrap()),
            Target::Logs => {
                snapshot.batches(Table::Logs).iter().for_each(|batch| record::logs(batch, |_, log| take(log)).unwrap())
            }
        }
        out.sort_unstable();
        out
    }
}
