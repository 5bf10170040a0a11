//! A worker that wakes, burns CPU, writes and reads a file, and calculates; each part is measured and told.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric,
};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use prost::Message as _;
use telltale_model::SignalKind;

use super::{INFO, Payload, Random, int, log, logs, resource, scope, spans, text};

const SERVICE: &str = "demo-worker";
const VERSION: &str = "1.0.0";

/// Numbers among which primes are counted.
const PRIMES_BELOW: u32 = 200_000;
/// Bytes that are written and read back.
const FILE_BYTES: usize = 1024 * 1024;
/// Steps of the calculation.
const STEPS: u32 = 2_000_000;

/// What one wake-up did.
#[derive(Debug)]
pub(crate) struct Wake {
    /// What to send.
    pub(crate) payloads: Vec<Payload>,
    /// In words.
    pub(crate) told: String,
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Does the work of one wake-up in a folder, and measures it.
///
/// # Errors
/// The system's error when the folder cannot be written.
pub(crate) fn wake(random: &mut Random, number: u64, folder: &Path) -> std::io::Result<Wake> {
    let mut top = span_of(random, "worker.wake");
    let (primes, cpu) = measured(random, &top, "cpu.work", || Ok(primes_below(PRIMES_BELOW)))?;
    let (bytes, file) = measured(random, &top, "io.work", || write_and_read(folder))?;
    let (pi, sum) = measured(random, &top, "calculation", || Ok(leibniz(STEPS)))?;
    top.end_time_unix_nano = now();
    top.attributes.push(int("worker.wake.number", i64::try_from(number).unwrap_or(i64::MAX)));
    top.status = Some(Status { code: 1, ..Status::default() });
    let told = format!(
        "wake {number}: {primes} primes below {PRIMES_BELOW}, {bytes} bytes through the disk, pi is about {pi:.6}"
    );
    let record = log(&top, top.end_time_unix_nano, INFO, &told);
    let parts =
        [with(cpu, int("primes", i64::from(primes))), with(file, int("bytes", i64::try_from(bytes).unwrap_or(0)))];
    let length = top.end_time_unix_nano - top.start_time_unix_nano;
    let mut all = vec![top];
    all.extend(parts);
    all.push(with(sum, text("pi", &format!("{pi:.9}"))));
    let metrics = metrics(number, length);
    Ok(Wake { payloads: vec![spans(SERVICE, VERSION, all), logs(SERVICE, VERSION, vec![record]), metrics], told })
}

fn with(mut span: Span, attribute: opentelemetry_proto::tonic::common::v1::KeyValue) -> Span {
    span.attributes.push(attribute);
    span
}

fn span(random: &mut Random, trace_id: &[u8], parent: &[u8], name: &str) -> Span {
    Span {
        trace_id: trace_id.to_vec(),
        span_id: random.span_id(),
        parent_span_id: parent.to_vec(),
        name: name.to_owned(),
        kind: 1,
        start_time_unix_nano: now(),
        ..Span::default()
    }
}

/// Begins a trace.
fn span_of(random: &mut Random, name: &str) -> Span {
    let trace_id = random.trace_id();
    span(random, &trace_id, &[], name)
}

fn measured<T>(
    random: &mut Random,
    parent: &Span,
    name: &str,
    work: impl FnOnce() -> std::io::Result<T>,
) -> std::io::Result<(T, Span)> {
    let mut span = span(random, &parent.trace_id, &parent.span_id, name);
    let began = Instant::now();
    let result = work()?;
    let length = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
    span.end_time_unix_nano = span.start_time_unix_nano.saturating_add(length);
    Ok((result, span))
}

fn primes_below(bound: u32) -> u32 {
    let is_prime = |number: u32| {
        (2..).take_while(|divisor| divisor * divisor <= number).all(|divisor| !number.is_multiple_of(divisor))
    };
    (2..bound).filter(|number| is_prime(*number)).fold(0, |count, _| count + 1)
}

fn write_and_read(folder: &Path) -> std::io::Result<usize> {
    let mut file = tempfile::tempfile_in(folder)?;
    let block: Vec<u8> = (0..=u8::MAX).cycle().take(FILE_BYTES).collect();
    file.write_all(&block)?;
    file.sync_all()?;
    std::io::Seek::rewind(&mut file)?;
    let mut back = Vec::with_capacity(FILE_BYTES);
    file.read_to_end(&mut back)?;
    if back == block { Ok(back.len()) } else { Err(std::io::Error::other("the file does not hold what was written")) }
}

/// Leibniz' series for pi.
fn leibniz(steps: u32) -> f64 {
    let term = |step: u32| if step.is_multiple_of(2) { 4.0 } else { -4.0 } / (2.0 * f64::from(step) + 1.0);
    (0..steps).map(term).sum()
}

fn metrics(number: u64, length_ns: u64) -> Payload {
    let time = now();
    let point = |value| NumberDataPoint {
        time_unix_nano: time,
        start_time_unix_nano: time.saturating_sub(length_ns),
        value: Some(value),
        ..NumberDataPoint::default()
    };
    let wakes = Sum {
        data_points: vec![point(Number::AsInt(i64::try_from(number).unwrap_or(i64::MAX)))],
        aggregation_temporality: 2,
        is_monotonic: true,
    };
    #[expect(clippy::cast_precision_loss, reason = "seconds of a wake-up")]
    let seconds = length_ns as f64 / 1e9;
    let length = Gauge { data_points: vec![point(Number::AsDouble(seconds))] };
    let metric = |name: &str, unit: &str, data| Metric {
        name: name.to_owned(),
        unit: unit.to_owned(),
        data: Some(data),
        ..Metric::default()
    };
    let metrics = vec![
        metric("demo.worker.wakes", "{wake}", metric::Data::Sum(wakes)),
        metric("demo.worker.wake.duration", "s", metric::Data::Gauge(length)),
    ];
    let scope_metrics = vec![ScopeMetrics { scope: scope(), metrics, ..ScopeMetrics::default() }];
    let resource_metrics =
        vec![ResourceMetrics { resource: resource(SERVICE, VERSION), scope_metrics, ..ResourceMetrics::default() }];
    (SignalKind::Metrics, ExportMetricsServiceRequest { resource_metrics }.encode_to_vec())
}

/// Name of the canary's data point.
pub(crate) const CANARY_METRIC: &str = "telltale.doctor.canary";

/// Makes one span, one log record and one data point for `telltale doctor --send`; they carry the returned trace id.
pub(crate) fn canary(random: &mut Random) -> (Vec<Payload>, String) {
    const DOCTOR: &str = "telltale-doctor";
    let mut top = span_of(random, "canary");
    top.end_time_unix_nano = top.start_time_unix_nano + 1;
    let id: String = top.trace_id.iter().map(|byte| format!("{byte:02x}")).collect();
    let record = log(&top, top.start_time_unix_nano, INFO, "canary of telltale doctor");
    let point = NumberDataPoint {
        time_unix_nano: top.start_time_unix_nano,
        attributes: vec![text("doctor.run", &id)],
        value: Some(Number::AsInt(1)),
        ..NumberDataPoint::default()
    };
    let metric = Metric {
        name: CANARY_METRIC.to_owned(),
        unit: "1".to_owned(),
        data: Some(metric::Data::Gauge(Gauge { data_points: vec![point] })),
        ..Metric::default()
    };
    let scope_metrics = vec![ScopeMetrics { scope: scope(), metrics: vec![metric], ..ScopeMetrics::default() }];
    let resource_metrics =
        vec![ResourceMetrics { resource: resource(DOCTOR, VERSION), scope_metrics, ..ResourceMetrics::default() }];
    let metrics = (SignalKind::Metrics, ExportMetricsServiceRequest { resource_metrics }.encode_to_vec());
    (vec![spans(DOCTOR, VERSION, vec![top]), logs(DOCTOR, VERSION, vec![record]), metrics], id)
}
