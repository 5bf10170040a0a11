//! What is learnt about a segment's rows while they are written.

use arrow::array::{AsArray, FixedSizeBinaryArray, RecordBatch};
use arrow::compute::{max, min};
use arrow::datatypes::TimestampNanosecondType;

use super::super::attributes::AttributeRows;
use super::super::bloom::{Blooms, Key, hash};
use super::super::log_index::{self, LogIndexBuilder};
use super::super::series_rows::{self, SeriesRowsBuilder};
use super::super::terms::TermsBuilder;
use super::super::trace_rows::{TraceRowsBuilder, column};
use crate::error::Error;
use crate::schema::{Table, col};

/// See the module.
pub(super) struct Contents {
    pub(super) rows: u64,
    min_time_ns: i64,
    max_time_ns: i64,
    table: Table,
    pub(super) traces: Option<TraceRowsBuilder>,
    /// Compacted log records.
    pub(super) log_index: Option<LogIndexBuilder>,
    /// Compacted points.
    pub(super) series: Option<SeriesRowsBuilder>,
    /// Spans and logs.
    pub(super) terms: Option<TermsBuilder>,
    /// Hashes of the right halves of trace ids, for the filter.
    hashes: Vec<u64>,
    min_trace_id: Option<[u8; 16]>,
    max_trace_id: Option<[u8; 16]>,
}

/// What the manifest and the catalog say of the rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Summary {
    pub(super) rows: u64,
    pub(super) min_time_ns: i64,
    pub(super) max_time_ns: i64,
    /// Smallest and largest trace id; span segments only.
    pub(super) trace_ids: Option<([u8; 16], [u8; 16])>,
}

impl Contents {
    pub(super) fn new(table: Table, level: u8) -> Result<Self, Error> {
        let has_words = log_index::awaits_log_index(table, level);
        Ok(Self {
            rows: 0,
            min_time_ns: i64::MAX,
            max_time_ns: i64::MIN,
            table,
            traces: (table == Table::Spans).then(TraceRowsBuilder::default),
            series: series_rows::has_series(table, level).then(|| SeriesRowsBuilder::new(table)),
            log_index: log_index::has_log_index(table, level).then(LogIndexBuilder::new).transpose()?,
            terms: (!table.holds_points()).then(|| TermsBuilder::new(table, has_words)),
            hashes: Vec::new(),
            min_trace_id: None,
            max_trace_id: None,
        })
    }

    /// Adds rows. The attributes of spans and logs stand in `attributes`.
    pub(super) fn push(&mut self, batch: &RecordBatch, attributes: &[AttributeRows<'_>]) -> Result<(), Error> {
        self.rows += batch.num_rows() as u64;
        let times =
            column(batch, self.table.time_column(), |array| array.as_primitive_opt::<TimestampNanosecondType>())?;
        self.min_time_ns = self.min_time_ns.min(min(times).unwrap_or(i64::MAX));
        self.max_time_ns = self.max_time_ns.max(max(times).unwrap_or(i64::MIN));
        if let Some(terms) = &mut self.terms {
            terms.push(batch, attributes)?;
        }
        match self.table {
            Table::Spans => {
                self.push_trace_ids(column(batch, col::TRACE_ID, AsArray::as_fixed_size_binary_opt)?);
                if let Some(traces) = &mut self.traces {
                    traces.push(batch)?;
                }
            }
            Table::Logs => {
                self.push_trace_ids(column(batch, col::TRACE_ID, AsArray::as_fixed_size_binary_opt)?);
                if let Some(index) = &mut self.log_index {
                    index.push(batch)?;
                }
            }
            _ => {
                self.push_exemplars(batch)?;
                if let Some(series) = &mut self.series {
                    series.push(batch)?;
                }
            }
        }
        Ok(())
    }

    /// Notes trace ids. Equal ones mostly follow one another: each run is hashed once.
    fn push_trace_ids(&mut self, ids: &FixedSizeBinaryArray) {
        let mut last: Option<[u8; 16]> = None;
        for id in ids.iter().flatten().filter_map(|id| <[u8; 16]>::try_from(id).ok()) {
            if last != Some(id) {
                self.push_trace_id(&id);
                last = Some(id);
            }
        }
    }

    fn push_trace_id(&mut self, id: &[u8; 16]) {
        self.hashes.extend(id.last_chunk::<8>().map(|half| hash(half)));
        self.min_trace_id = Some(self.min_trace_id.map_or(*id, |least| least.min(*id)));
        self.max_trace_id = Some(self.max_trace_id.map_or(*id, |largest| largest.max(*id)));
    }

    fn push_exemplars(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        // Summaries have none.
        let Some(exemplars) = batch.column_by_name(col::EXEMPLARS) else { return Ok(()) };
        let members = exemplars.as_list_opt::<i32>().and_then(|list| list.values().as_struct_opt());
        let ids = members.and_then(|members| members.column_by_name(col::TRACE_ID)?.as_binary_opt::<i32>());
        let ids = ids.ok_or_else(|| Error::Bug("a batch without proper exemplars".into()))?;
        for id in ids.iter().flatten().filter_map(|id| <[u8; 16]>::try_from(id).ok()) {
            self.push_trace_id(&id);
        }
        Ok(())
    }

    /// Returns the filters; afterwards nothing is known of ids.
    pub(super) fn take_blooms(&mut self) -> Blooms {
        let mut blooms = Blooms::default();
        blooms.insert(Key::Low64, std::mem::take(&mut self.hashes));
        blooms
    }

    pub(super) fn summary(&self) -> Summary {
        let trace_ids = self.min_trace_id.zip(self.max_trace_id).filter(|_| self.table == Table::Spans);
        Summary { rows: self.rows, min_time_ns: self.min_time_ns, max_time_ns: self.max_time_ns, trace_ids }
    }

    pub(super) fn memory_bytes(&self) -> u64 {
        let hashes = self.hashes.len() * size_of::<u64>();
        let terms = self.terms.as_ref().map_or(0, TermsBuilder::memory_bytes);
        (hashes + terms + self.log_index.as_ref().map_or(0, LogIndexBuilder::memory_bytes)) as u64
    }
}
