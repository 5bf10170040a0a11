//! What points of all kinds share: the metric around them, and the columns that every table begins with.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryBuilder, StringBuilder, TimestampNanosecondBuilder, UInt32Builder, UInt64Builder};
use arrow::error::ArrowError;
use telltale_model::UnixNanos;
use xxhash_rust::xxh3::xxh3_128;

use crate::decode::attributes::Attribute;
use crate::decode::canonical;
use crate::decode::columns::{IdColumn, timestamps};
use crate::decode::envelope::Envelope;
use crate::decode::repair::Kind;
use crate::decode::spans::non_empty;
use crate::decode::wire::{Fault, Field, Reader};

/// The member of `Metric.data`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PointKind {
    Gauge,
    Sum,
    Histogram,
    ExponentialHistogram,
    Summary,
}

impl PointKind {
    /// Returns the kind whose data is in field `number` of a `Metric`.
    pub(super) const fn of_field(number: u32) -> Option<Self> {
        match number {
            5 => Some(Self::Gauge),
            7 => Some(Self::Sum),
            9 => Some(Self::Histogram),
            10 => Some(Self::ExponentialHistogram),
            11 => Some(Self::Summary),
            _ => None,
        }
    }

    /// Returns the message of one point.
    pub(super) const fn message(self) -> Kind {
        match self {
            Self::Gauge | Self::Sum => Kind::NumberPoint,
            Self::Histogram => Kind::HistogramPoint,
            Self::ExponentialHistogram => Kind::ExponentialPoint,
            Self::Summary => Kind::SummaryPoint,
        }
    }

    /// Whether field `number` of the data message is the temporality or monotonicity.
    const fn has_temporality(self) -> bool {
        matches!(self, Self::Sum | Self::Histogram | Self::ExponentialHistogram)
    }
}

/// A metric without its points.
#[derive(Debug, Default)]
pub(super) struct Metric<'p> {
    pub(super) name: &'p str,
    description: &'p str,
    unit: &'p str,
    /// OTLP `KeyValueList`.
    metadata: Vec<u8>,
    pub(super) kind: Option<PointKind>,
    pub(super) aggregation_temporality: i32,
    pub(super) is_monotonic: bool,
    /// The data messages: one, unless a sender split it, which protobuf merges.
    pub(super) data: Vec<&'p [u8]>,
    /// Bytes that every row repeats.
    pub(super) repeated_bytes: usize,
    /// What the series ids of its points begin with.
    identity: Vec<u8>,
}

impl<'p> Metric<'p> {
    pub(super) fn read(bytes: &'p [u8], envelope: &Envelope<'p>) -> Result<Self, Fault> {
        let mut metric = Self::default();
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next_field()? {
            match field.number {
                1 => metric.name = field.text()?,
                2 => metric.description = field.text()?,
                3 => metric.unit = field.text()?,
                12 => super::put_metadata(&mut metric.metadata, field.bytes()?)?,
                number => {
                    if let Some(kind) = PointKind::of_field(number) {
                        metric.read_data(kind, field.bytes()?)?;
                    }
                }
            }
        }
        metric.repeated_bytes =
            metric.name.len() + metric.description.len() + metric.unit.len() + metric.metadata.len();
        metric.set_identity(envelope);
        Ok(metric)
    }

    /// Reads what is not a point; another kind than before replaces it, the same kind adds to it.
    fn read_data(&mut self, kind: PointKind, bytes: &'p [u8]) -> Result<(), Fault> {
        if self.kind != Some(kind) {
            self.kind = Some(kind);
            self.data.clear();
            (self.aggregation_temporality, self.is_monotonic) = (0, false);
        }
        self.data.push(bytes);
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next_field()? {
            match field.number {
                1 => drop(field.bytes()?),
                2 if kind.has_temporality() => self.aggregation_temporality = field.i32()?,
                3 if kind == PointKind::Sum => self.is_monotonic = field.bool()?,
                _ => {}
            }
        }
        Ok(())
    }

    fn set_identity(&mut self, envelope: &Envelope<'p>) {
        let Some(kind) = self.kind else { return };
        self.identity.extend(envelope.resource.identity.to_le_bytes());
        self.identity.extend(envelope.scope.identity.to_le_bytes());
        canonical::put_text(&mut self.identity, self.name.as_bytes());
        canonical::put_text(&mut self.identity, self.unit.as_bytes());
        self.identity.extend([kind as u8, u8::from(self.is_monotonic)]);
        self.identity.extend(self.aggregation_temporality.to_le_bytes());
    }

    /// Returns the id of the series that a point with these attributes belongs to. `form` is used again from point to point.
    pub(super) fn series_id(&self, attributes: &[Attribute<'_>], form: &mut Vec<u8>) -> [u8; 16] {
        form.clear();
        form.extend_from_slice(&self.identity);
        canonical::put_attributes(form, attributes);
        xxh3_128(form).to_be_bytes()
    }
}

/// The fields that points of all kinds have.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Common {
    pub(super) start_time_unix_nano: u64,
    pub(super) time_unix_nano: u64,
    pub(super) flags: u32,
}

impl Common {
    /// Reads fields 2 and 3, which are the times in every kind of point.
    pub(super) fn read_time(&mut self, field: &Field<'_>) -> Result<(), Fault> {
        match field.number {
            2 => self.start_time_unix_nano = field.fixed64()?,
            3 => self.time_unix_nano = field.fixed64()?,
            _ => {}
        }
        Ok(())
    }
}

/// The columns that every table of points begins with, in the order of the schemas.
#[derive(Debug)]
pub(super) struct Head {
    name: StringBuilder,
    series_id: IdColumn<16>,
    time: Vec<i64>,
    start_time: TimestampNanosecondBuilder,
    time_raw: UInt64Builder,
    start_time_raw: UInt64Builder,
    description: StringBuilder,
    unit: StringBuilder,
    metadata: BinaryBuilder,
    flags: UInt32Builder,
}

impl Head {
    pub(super) fn new() -> Self {
        Self {
            name: StringBuilder::new(),
            series_id: IdColumn::new(),
            time: Vec::new(),
            start_time: TimestampNanosecondBuilder::new().with_timezone("UTC"),
            time_raw: UInt64Builder::new(),
            start_time_raw: UInt64Builder::new(),
            description: StringBuilder::new(),
            unit: StringBuilder::new(),
            metadata: BinaryBuilder::new(),
            flags: UInt32Builder::new(),
        }
    }

    pub(super) fn push(&mut self, metric: &Metric<'_>, series_id: [u8; 16], common: &Common) {
        let (time, start) = (common.time_unix_nano, common.start_time_unix_nano);
        self.name.append_value(metric.name);
        self.series_id.push(&series_id);
        self.time.push(UnixNanos(time).saturating_i64());
        self.start_time.append_option((start != 0).then_some(UnixNanos(start).saturating_i64()));
        self.time_raw.append_option(i64::try_from(time).is_err().then_some(time));
        self.start_time_raw.append_option(i64::try_from(start).is_err().then_some(start));
        self.description.append_option(non_empty(metric.description));
        self.unit.append_option(non_empty(metric.unit));
        self.metadata.append_option((!metric.metadata.is_empty()).then_some(&metric.metadata));
        self.flags.append_value(common.flags);
    }

    /// Returns the columns, or `None` without rows.
    pub(super) fn finish(mut self) -> Result<Option<Vec<ArrayRef>>, ArrowError> {
        if self.time.is_empty() {
            return Ok(None);
        }
        Ok(Some(vec![
            Arc::new(self.name.finish()),
            self.series_id.finish()?,
            timestamps(self.time),
            Arc::new(self.start_time.finish()),
            Arc::new(self.time_raw.finish()),
            Arc::new(self.start_time_raw.finish()),
            Arc::new(self.description.finish()),
            Arc::new(self.unit.finish()),
            Arc::new(self.metadata.finish()),
            Arc::new(self.flags.finish()),
        ]))
    }
}
