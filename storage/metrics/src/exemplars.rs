//! Exemplars of the selected series: the observations that lead from a graph to a story.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, BinaryArray, PrimitiveArray};
use arrow::datatypes::{Float64Type, Int64Type, TimestampNanosecondType, UInt64Type};
use opentelemetry_proto::tonic::common::v1::KeyValueList;
use prost::Message as _;
use telltale_prometheus::number::decimal;
use telltale_promql::{Error, Labels, Matcher};
use telltale_storage::schema::{Table, col};

use crate::attribute;
use crate::columns::{lists, missing, numbers, row_numbers};
use crate::derived;
use crate::family::Part;
use crate::histogram::number_value;
use crate::limits::{EXEMPLAR_CHARACTERS_MAX, EXEMPLARS_MAX};
use crate::read::{Slice, in_chunks};
use crate::samples::series_labels;
use crate::select::{Logical, Window, milliseconds, select};
use crate::view::View;

/// An exemplar of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryExemplar {
    /// `trace_id` and `span_id` first, where it has them.
    pub labels: Vec<(String, String)>,
    /// The observation.
    pub value: f64,
    /// When it was made.
    pub timestamp_ms: i64,
}

/// The exemplars of one series, in the order of time.
#[derive(Debug, Clone, PartialEq)]
pub struct ExemplarSeries {
    /// The series; of a histogram the bucket that the observation fell into.
    pub labels: Labels,
    /// Its exemplars.
    pub exemplars: Vec<QueryExemplar>,
}

impl View {
    /// Returns exemplars of the series that match one of the selectors, sorted, and whether the bound cut them short.
    ///
    /// # Errors
    /// As a query.
    pub fn exemplars(
        &self,
        selectors: &[&[Matcher]],
        start_ms: i64,
        end_ms: i64,
    ) -> Result<(Vec<ExemplarSeries>, bool), Error> {
        let window = Window::of(start_ms, end_ms);
        let mut found: BTreeMap<Labels, Vec<QueryExemplar>> = BTreeMap::new();
        let mut count = 0;
        for matchers in selectors {
            let mut selected = select(self, matchers, &window)?;
            selected.series.retain(|logical| logical.series.family.table != Table::SummaryPoints);
            in_chunks(self, &selected, &columns, &mut |logical, slices| {
                for slice in slices {
                    read(logical, slice, &window, &mut |labels, exemplar| {
                        count += 1;
                        if count <= EXEMPLARS_MAX {
                            found.entry(labels).or_default().push(exemplar);
                        }
                    })?;
                }
                Ok(())
            })?;
            derived::exemplars(self, matchers, &window, &mut |labels, exemplar| {
                count += 1;
                if count <= EXEMPLARS_MAX {
                    found.entry(labels.clone()).or_default().push(exemplar);
                }
            })?;
        }
        let tidy = |(labels, mut exemplars): (Labels, Vec<QueryExemplar>)| {
            exemplars.sort_by_key(|exemplar| exemplar.timestamp_ms);
            // Cumulative senders repeat an exemplar with every point.
            exemplars.dedup();
            ExemplarSeries { labels, exemplars }
        };
        Ok((found.into_iter().map(tidy).collect(), count > EXEMPLARS_MAX))
    }
}

fn columns(logical: &Logical) -> Vec<&'static str> {
    let mut columns = vec![col::TIME_UNIX_NANO, col::EXEMPLARS];
    if logical.series.family.table == Table::HistogramPoints {
        columns.push(col::EXPLICIT_BOUNDS);
    }
    columns
}

/// The members of the exemplars of a batch.
struct Members<'a> {
    times: &'a PrimitiveArray<UInt64Type>,
    traces: &'a BinaryArray,
    spans: &'a BinaryArray,
    floats: &'a PrimitiveArray<Float64Type>,
    integers: &'a PrimitiveArray<Int64Type>,
    attributes: &'a BinaryArray,
}

fn read(
    logical: &Logical,
    slice: &Slice<'_>,
    window: &Window,
    add: &mut dyn FnMut(Labels, QueryExemplar),
) -> Result<(), Error> {
    let broken = || missing(col::EXEMPLARS);
    let list = lists(slice.batch, col::EXEMPLARS)?;
    let entries = list.values().as_struct_opt().ok_or_else(broken)?;
    let member = |name: &str| entries.column_by_name(name).ok_or_else(broken);
    let members = Members {
        times: member(col::TIME_UNIX_NANO)?.as_primitive_opt().ok_or_else(broken)?,
        traces: member(col::TRACE_ID)?.as_binary_opt().ok_or_else(broken)?,
        spans: member(col::SPAN_ID)?.as_binary_opt().ok_or_else(broken)?,
        floats: member(col::VALUE)?.as_primitive_opt().ok_or_else(broken)?,
        integers: member(col::VALUE_INT)?.as_primitive_opt().ok_or_else(broken)?,
        attributes: member(col::ATTRIBUTES)?.as_binary_opt().ok_or_else(broken)?,
    };
    let point_times = numbers::<TimestampNanosecondType>(slice.batch, col::TIME_UNIX_NANO)?;
    let mut rows = Vec::new();
    slice.for_each(|row| rows.push(row));
    for row in rows {
        let Some([start, end]) = list.value_offsets().get(row..row + 2) else { continue };
        for at in usize::try_from(*start).unwrap_or(0)..usize::try_from(*end).unwrap_or(0) {
            let sent = i64::try_from(members.times.value(at)).unwrap_or(i64::MAX);
            let timestamp_ms = milliseconds(if sent == 0 { point_times.value(row) } else { sent });
            if !window.contains(timestamp_ms) {
                continue;
            }
            let value = number_value(members.floats, members.integers, at).unwrap_or(f64::NAN);
            if let Some(labels) = series_of(logical, slice, row, value)? {
                add(labels, QueryExemplar { labels: members.labels(at), value, timestamp_ms });
            }
        }
    }
    Ok(())
}

impl Members<'_> {
    fn labels(&self, at: usize) -> Vec<(String, String)> {
        let mut labels: Vec<(String, String)> = [("trace_id", self.traces), ("span_id", self.spans)]
            .into_iter()
            .filter(|(_, ids)| ids.is_valid(at) && !ids.value(at).is_empty())
            .map(|(name, ids)| (name.to_owned(), hex(ids.value(at))))
            .collect();
        if self.attributes.is_valid(at)
            && let Ok(list) = KeyValueList::decode(self.attributes.value(at))
        {
            labels.extend(attribute::pairs(&list.values));
        }
        let mut characters = 0;
        labels.retain(|(name, value)| {
            let length = name.chars().count() + value.chars().count();
            let fits = characters + length <= EXEMPLAR_CHARACTERS_MAX;
            characters += if fits { length } else { 0 };
            fits
        });
        labels
    }
}

/// Returns the series that an exemplar belongs to: of a histogram the bucket, if buckets are asked for.
fn series_of(logical: &Logical, slice: &Slice<'_>, row: usize, value: f64) -> Result<Option<Labels>, Error> {
    let Some(first) = logical.shown.first() else { return Ok(None) };
    let buckets = logical.shown.iter().find(|shown| shown.part == Part::Buckets);
    let Some(shown) = buckets else { return Ok(Some(series_labels(logical, *first, None))) };
    let list = lists(slice.batch, col::EXPLICIT_BOUNDS)?;
    let values = list.values().as_primitive_opt::<Float64Type>().ok_or_else(|| missing(col::EXPLICIT_BOUNDS))?;
    let bound = row_numbers(list, values, row).iter().find(|bound| value <= **bound).copied();
    let bound = decimal(bound.unwrap_or(f64::INFINITY));
    let mut own = logical.bound_matchers.iter().filter(|matcher| matcher.name == "le");
    Ok(own.all(|matcher| matcher.matches(&bound)).then(|| series_labels(logical, *shown, Some(bound))))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
