//! Metrics: each data point of a `Metric` into one row of the table of its kind.
//!
//! What all points of a metric share (name, unit, description, metadata, kind) is read once and repeated in every row;
//! `series_id` tells series apart, see [`super::canonical`].

mod exemplars;
mod exponential;
mod histogram;
mod number;
mod point;
mod summary;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use telltale_model::{SignalKind, UnixNanos};

use self::exponential::ExponentialPoints;
use self::histogram::HistogramPoints;
use self::number::NumberPoints;
use self::point::{Common, Metric, PointKind};
use self::summary::SummaryPoints;
use super::any;
use super::attributes::Attributes;
use super::context::Context;
use super::envelope::{Envelope, Sink};
use super::issue::IssueCode;
use super::odd::{self, Subject};
use super::repair::Kind;
use super::wire::{Fault, Reader, put_bytes};
use super::{DecodeError, guess};
use crate::limits::POINT_ARRIVAL_NS;
use crate::schema::Table;

/// Builds the rows of the four tables of points.
#[derive(Debug)]
pub(super) struct Metrics<'p> {
    attributes: Attributes<'p>,
    exemplars: Vec<&'p [u8]>,
    /// What the series id of the point at hand is made of.
    form: Vec<u8>,
    numbers: NumberPoints,
    histograms: HistogramPoints,
    exponentials: ExponentialPoints,
    summaries: SummaryPoints,
}

impl<'p> Sink<'p> for Metrics<'p> {
    const KIND: Kind = Kind::Metric;

    fn record(
        &mut self,
        context: &mut Context<'p>,
        envelope: &Envelope<'p>,
        bytes: &'p [u8],
    ) -> Result<(), DecodeError> {
        let metric = match Metric::read(bytes, envelope) {
            Ok(metric) => metric,
            Err(fault) => {
                return context.fault(fault, (Self::KIND, bytes), envelope.service_name, Self::items(bytes));
            }
        };
        let Some(kind) = metric.kind else {
            if let Some(signal @ SignalKind::Traces) = guess::other_signal(SignalKind::Metrics, bytes) {
                context.wrong_signal(signal, envelope.service_name, 1);
            } else {
                context.odd(IssueCode::MetricWithoutData, envelope.service_name, || {
                    format!("metric {:?} has no data of a known kind", metric.name)
                });
            }
            return Ok(());
        };
        for data in &metric.data {
            let mut reader = Reader::new(data);
            while let Some(field) = reader.next_field().map_err(|fault| context.fatal(fault, "metric data"))? {
                if field.number == 1 {
                    let point = field.bytes().map_err(|fault| context.fatal(fault, "metric data"))?;
                    self.point(context, envelope, &metric, (kind, point))?;
                }
            }
        }
        Ok(())
    }

    /// Counts the data points of a metric; one that cannot be counted stands for one.
    fn items(bytes: &[u8]) -> u64 {
        let mut count = 0;
        let mut reader = Reader::new(bytes);
        while let Ok(Some(field)) = reader.next_field() {
            if PointKind::of_field(field.number).is_none() {
                continue;
            }
            let mut points = Reader::new(field.bytes().unwrap_or_default());
            while let Ok(Some(point)) = points.next_field() {
                count += u64::from(point.number == 1);
            }
        }
        count.max(1)
    }
}

impl<'p> Metrics<'p> {
    pub(super) fn new() -> Self {
        Self {
            attributes: Attributes::default(),
            exemplars: Vec::new(),
            form: Vec::new(),
            numbers: NumberPoints::new(),
            histograms: HistogramPoints::new(),
            exponentials: ExponentialPoints::new(),
            summaries: SummaryPoints::new(),
        }
    }

    fn point(
        &mut self,
        context: &mut Context<'p>,
        envelope: &Envelope<'p>,
        metric: &Metric<'p>,
        (kind, bytes): (PointKind, &'p [u8]),
    ) -> Result<(), DecodeError> {
        let service_name = envelope.service_name;
        let common = match self.read(kind, bytes) {
            Ok(common) => common,
            Err(fault) => return context.fault(fault, (kind.message(), bytes), service_name, 1),
        };
        if common.time_unix_nano == 0 {
            context.reject(IssueCode::PointWithoutTime, service_name, 1, || {
                format!("a data point of metric {:?} has time 0", metric.name)
            });
            return Ok(());
        }
        if !context.admit(service_name, metric.repeated_bytes + service_name.map_or(0, str::len)) {
            return Ok(());
        }
        context.check_time(common.time_unix_nano, "a data point's time", service_name);
        if i64::try_from(common.start_time_unix_nano).is_err() {
            context.check_time(common.start_time_unix_nano, "a data point's start", service_name);
        }
        odd::attributes(context, service_name, &self.attributes, Subject { what: "metric", name: metric.name });
        self.push(envelope, metric, kind, &common).map_err(|fault| context.fatal(fault, "data point"))
    }

    /// Reads a point into the builder of its kind; nothing is appended yet.
    fn read(&mut self, kind: PointKind, bytes: &'p [u8]) -> Result<Common, Fault> {
        self.attributes.clear();
        self.exemplars.clear();
        let lists = (&mut self.attributes, &mut self.exemplars);
        let common = match kind {
            PointKind::Gauge | PointKind::Sum => self.numbers.read(bytes, lists),
            PointKind::Histogram => self.histograms.read(bytes, lists),
            PointKind::ExponentialHistogram => self.exponentials.read(bytes, lists),
            PointKind::Summary => self.summaries.read(bytes, lists),
        }?;
        self.attributes.finish();
        Ok(common)
    }

    /// Appends the point that was read last.
    fn push(
        &mut self,
        envelope: &Envelope<'p>,
        metric: &Metric<'p>,
        kind: PointKind,
        common: &Common,
    ) -> Result<(), Fault> {
        let series = metric.series_id(&self.attributes.list, &mut self.form);
        let (head, tail) = match kind {
            PointKind::Gauge | PointKind::Sum => self.numbers.push(metric, &self.exemplars)?,
            PointKind::Histogram => self.histograms.push(metric, &self.exemplars)?,
            PointKind::ExponentialHistogram => self.exponentials.push(metric, &self.exemplars)?,
            PointKind::Summary => self.summaries.push(),
        };
        head.push(metric, series, common);
        tail.push(envelope, &self.attributes.list);
        Ok(())
    }

    /// Returns the batches of the tables that got rows.
    pub(super) fn finish(self, received: UnixNanos) -> Result<Vec<(Table, RecordBatch)>, ArrowError> {
        let received = UnixNanos(received.0 - received.0 % POINT_ARRIVAL_NS);
        let batches = [
            (Table::Points, self.numbers.finish(received)?),
            (Table::HistogramPoints, self.histograms.finish(received)?),
            (Table::ExpHistogramPoints, self.exponentials.finish(received)?),
            (Table::SummaryPoints, self.summaries.finish(received)?),
        ];
        Ok(batches.into_iter().filter_map(|(table, batch)| Some((table, batch?))).collect())
    }
}

/// Reads `Metric.metadata` into an OTLP `KeyValueList`.
fn put_metadata(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Fault> {
    any::check_key_value(bytes, 1)?;
    put_bytes(out, 1, bytes);
    Ok(())
}
