//! Which series lie where: in a segment as runs of rows, in a batch in memory as lists of rows.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{TimestampNanosecondType, UInt64Type};
use telltale_promql::Error;
use telltale_storage::Segment;
use telltale_storage::schema::{Table, col, series_columns};

use crate::columns::{column, ids, numbers};
use crate::meta::{Registry, SeriesId, SeriesMeta};

/// The rows of one series in a segment.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) series: Arc<SeriesMeta>,
    pub(crate) rows: Range<u64>,
    /// First and last time, in nanoseconds.
    pub(crate) min_ns: i64,
    pub(crate) max_ns: i64,
}

/// The series of a segment, in the order of its rows.
#[derive(Debug)]
pub(crate) struct SegmentIndex {
    pub(crate) runs: Vec<Run>,
    /// Stretches of runs of the same family, one after another: what a name leaves out costs a look a family, not one a series.
    pub(crate) families: Vec<Range<usize>>,
}

/// What a run keeps in memory, its series included, which others usually share.
const RUN_BYTES: usize = size_of::<Run>() + 64;

impl SegmentIndex {
    fn of(runs: Vec<Run>) -> Self {
        let mut start = 0;
        let same = runs.chunk_by(|run, next| Arc::ptr_eq(&run.series.family, &next.series.family));
        let stretch = |runs: &[Run]| {
            let first = start;
            start += runs.len();
            first..start
        };
        let families = same.map(stretch).collect();
        Self { runs, families }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.runs.len() * RUN_BYTES
    }

    /// Reads what is needed of a segment: its rows of series where it has them; otherwise ids and times of every row, and of each series
    /// that is new one row whole.
    pub(crate) fn read(segment: &Arc<Segment>, registry: &Registry) -> Result<Self, Error> {
        match segment.series_rows().map_err(storage)? {
            Some(rows) => Self::of_series_rows(segment.table(), &rows, registry),
            None => Self::of_all_rows(segment, registry),
        }
    }

    fn of_series_rows(table: Table, batches: &[RecordBatch], registry: &Registry) -> Result<Self, Error> {
        let mut runs = Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
        for batch in batches {
            let count = |name| numbers::<UInt64Type>(batch, name);
            let time = |name| numbers::<TimestampNanosecondType>(batch, name);
            let (starts, counts) = (count(col::ROW_START)?, count(col::ROW_COUNT)?);
            let (first, last) = (time(col::MIN_TIME_UNIX_NANO)?, time(col::MAX_TIME_UNIX_NANO)?);
            for row in 0..batch.num_rows() {
                let series = registry.of_row(table, batch, row)?;
                let rows = starts.value(row)..starts.value(row) + counts.value(row);
                runs.push(Run { series, rows, min_ns: first.value(row), max_ns: last.value(row) });
            }
        }
        Ok(Self::of(runs))
    }

    fn of_all_rows(segment: &Arc<Segment>, registry: &Registry) -> Result<Self, Error> {
        let found = runs(segment)?;
        let new: Vec<Range<u64>> = found
            .iter()
            .filter(|(id, ..)| registry.known(id).is_none())
            .map(|(_, rows, ..)| rows.start..rows.start + 1)
            .collect();
        let mut read: HashMap<SeriesId, Arc<SeriesMeta>> = HashMap::new();
        if !new.is_empty() {
            let columns = series_columns(segment.table());
            for batch in segment.read(Some(&columns), Some(&new)).map_err(storage)? {
                for row in 0..batch.num_rows() {
                    let series = registry.of_row(segment.table(), &batch, row)?;
                    read.insert(series.id, series);
                }
            }
        }
        let mut runs = Vec::with_capacity(found.len());
        for (id, rows, min_ns, max_ns) in found {
            // A series that was known a moment ago may have gone since: then it is read after all.
            let series = match read.get(&id).cloned().or_else(|| registry.known(&id)) {
                Some(series) => series,
                None => read_one(segment, registry, rows.start)?,
            };
            runs.push(Run { series, rows, min_ns, max_ns });
        }
        Ok(Self::of(runs))
    }
}

fn read_one(segment: &Segment, registry: &Registry, row: u64) -> Result<Arc<SeriesMeta>, Error> {
    let columns = series_columns(segment.table());
    let batches = segment.read(Some(&columns), Some(&[Range { start: row, end: row + 1 }])).map_err(storage)?;
    let batch = batches.first().ok_or_else(|| Error::internal("a segment without the row that it has"))?;
    registry.of_row(segment.table(), batch, 0)
}

type FoundRun = (SeriesId, Range<u64>, i64, i64);

fn runs(segment: &Arc<Segment>) -> Result<Vec<FoundRun>, Error> {
    let mut runs: Vec<FoundRun> = Vec::new();
    let mut row: u64 = 0;
    for_each_batch(segment, &[col::SERIES_ID, col::TIME_UNIX_NANO], &mut |batch| {
        let ids = ids(batch, col::SERIES_ID)?;
        let times = numbers::<TimestampNanosecondType>(batch, col::TIME_UNIX_NANO)?;
        for (id, time) in ids.iter().zip(times.values()) {
            let id: SeriesId = id.and_then(|id| id.try_into().ok()).unwrap_or_default();
            match runs.last_mut() {
                Some((last, rows, min, max)) if *last == id => {
                    rows.end = row + 1;
                    *min = (*min).min(*time);
                    *max = (*max).max(*time);
                }
                _ => runs.push((id, row..row + 1, *time, *time)),
            }
            row += 1;
        }
        Ok(())
    })?;
    Ok(runs)
}

/// Reads columns of all rows of a segment, batch by batch.
pub(crate) fn for_each_batch(
    segment: &Arc<Segment>,
    columns: &[&str],
    call: &mut dyn FnMut(&RecordBatch) -> Result<(), Error>,
) -> Result<(), Error> {
    let all = Range { start: 0, end: segment.rows() };
    let mut rows = segment.read_in_batches(columns, &[all]).map_err(storage)?;
    while let Some(batch) = rows.next_batch().map_err(storage)? {
        call(&batch)?;
    }
    Ok(())
}

/// The rows of one series in a batch.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) series: Arc<SeriesMeta>,
    pub(crate) rows: Vec<u32>,
    pub(crate) min_ns: i64,
    pub(crate) max_ns: i64,
}

/// The series of a batch in memory.
#[derive(Debug)]
pub(crate) struct BatchIndex {
    pub(crate) entries: Vec<Entry>,
    /// Held so that its address names the batch for as long as this exists.
    _column: ArrayRef,
}

impl BatchIndex {
    pub(crate) fn of(table: Table, batch: &RecordBatch, registry: &Registry) -> Result<Self, Error> {
        let times = numbers::<TimestampNanosecondType>(batch, col::TIME_UNIX_NANO)?;
        let mut places: HashMap<SeriesId, usize> = HashMap::new();
        let mut entries: Vec<Entry> = Vec::new();
        for (row, (id, time)) in (0_u32..).zip(ids(batch, col::SERIES_ID)?.iter().zip(times.values())) {
            let id: SeriesId = id.and_then(|id| id.try_into().ok()).unwrap_or_default();
            let place = match places.get(&id) {
                Some(place) => *place,
                None => {
                    let series = registry.of_row(table, batch, row as usize)?;
                    entries.push(Entry { series, rows: Vec::new(), min_ns: *time, max_ns: *time });
                    places.insert(id, entries.len() - 1);
                    entries.len() - 1
                }
            };
            if let Some(entry) = entries.get_mut(place) {
                entry.rows.push(row);
                entry.min_ns = entry.min_ns.min(*time);
                entry.max_ns = entry.max_ns.max(*time);
            }
        }
        Ok(Self { entries, _column: Arc::clone(column(batch, col::SERIES_ID)?) })
    }
}

/// A failure of the store as one of the question.
#[expect(clippy::needless_pass_by_value, reason = "used as map_err's function")]
pub(crate) fn storage(error: telltale_storage::Error) -> Error {
    Error::internal(error.to_string())
}
