//! Rows of the selected series, in chunks of bounded size, each series whole; each segment is read once, from front to back.

use std::ops::Range;

use arrow::array::RecordBatch;
use telltale_promql::{Error, SeriesView};
use telltale_storage::schema::{Table, col};

use crate::family::Temporality;
use crate::limits::CHUNKS_AHEAD;
use crate::samples;
use crate::select::{IndexedBatch, Logical, Piece, Selected, Window};
use crate::view::View;

mod lane;

use lane::{Lane, Wanted, lanes};

/// Rows of one series in one batch.
#[derive(Debug, Clone)]
pub(crate) enum Rows<'a> {
    /// They follow one another.
    Range(Range<usize>),
    /// They are these.
    List(&'a [u32]),
}

/// Rows of one series in one batch, with the batch.
#[derive(Debug, Clone)]
pub(crate) struct Slice<'a> {
    pub(crate) batch: &'a RecordBatch,
    pub(crate) rows: Rows<'a>,
}

impl Slice<'_> {
    /// Calls for every row.
    pub(crate) fn for_each(&self, mut call: impl FnMut(usize)) {
        match &self.rows {
            Rows::Range(range) => range.clone().for_each(call),
            Rows::List(rows) => rows.iter().for_each(|row| call(*row as usize)),
        }
    }
}

type Visit<'a> = &'a mut dyn FnMut(SeriesView<'_>) -> Result<(), Error>;

/// Reads the series and calls for each Prometheus series that they become.
pub(crate) fn visit(view: &View, selected: &Selected, window: &Window, visit: Visit<'_>) -> Result<(), Error> {
    in_chunks(view, selected, &columns_of_samples, &mut |logical, slices| {
        samples::visit(logical, slices, window, &mut *visit)
    })
}

type Columns<'a> = &'a (dyn Fn(&Logical) -> Vec<&'static str> + Sync);
type WithRows<'a> = &'a mut dyn FnMut(&Logical, &[Slice<'_>]) -> Result<(), Error>;

/// What was read for a chunk: of each segment the batches, and which rows they are for which series of the chunk.
type Read = Vec<(Vec<RecordBatch>, Wanted)>;

/// Reads the named columns of the series, so many series at once that the rows fit into the bound. While the rows of one chunk are
/// looked at, those of the next are read by a thread of its own.
pub(crate) fn in_chunks(
    view: &View,
    selected: &Selected,
    columns: Columns<'_>,
    with_rows: WithRows<'_>,
) -> Result<(), Error> {
    let chunks = chunks(&selected.series, view.limits.chunk_rows);
    let mut reader = Reader::new(view, selected, &chunks, columns)?;
    if chunks.len() < 2 {
        return chunks.into_iter().try_for_each(|chunk| {
            let read = reader.read(chunk)?;
            give(&selected.batches, chunk, &read, with_rows)
        });
    }
    let (sender, receiver) = std::sync::mpsc::sync_channel(CHUNKS_AHEAD);
    std::thread::scope(|scope| {
        let reads = chunks.iter().map(move |chunk| reader.read(chunk));
        let reader = move || {
            for read in reads {
                let is_last = read.is_err();
                // Nobody takes it: the question has ended.
                if sender.send(read).is_err() || is_last {
                    return;
                }
            }
        };
        let spawned = std::thread::Builder::new().name("telltale-read".to_owned()).spawn_scoped(scope, reader);
        spawned.map_err(|error| Error::internal(format!("no thread to read with: {error}")))?;
        // Gone when this ends, also by an error: then the reader ends too.
        let receiver = receiver;
        for chunk in &chunks {
            let read = receiver.recv().map_err(|_| Error::internal("the reading thread stopped"))??;
            give(&selected.batches, chunk, &read, with_rows)?;
        }
        Ok(())
    })
}

/// Returns the series in chunks of one table whose rows fit into the bound; a series that does not is a chunk of its own.
fn chunks(series: &[Logical], rows_max: u64) -> Vec<&[Logical]> {
    let mut chunks = Vec::new();
    let mut rest = series;
    while let Some(first) = rest.first() {
        let mut weight = 0;
        let count = rest
            .iter()
            .take_while(|logical| {
                weight += logical.weight;
                logical.series.family.table == first.series.family.table && weight <= rows_max
            })
            .count();
        let (chunk, others) = rest.split_at_checked(count.max(1)).unwrap_or((rest, &[]));
        chunks.push(chunk);
        rest = others;
    }
    chunks
}

/// Reads chunk after chunk, each segment from front to back.
struct Reader<'a> {
    view: &'a View,
    lanes: Vec<Lane>,
}

impl<'a> Reader<'a> {
    /// Finds out what the chunks will want of each segment.
    fn new(view: &'a View, selected: &Selected, chunks: &[&[Logical]], columns: Columns<'_>) -> Result<Self, Error> {
        let mut lanes = lanes(&selected.segments, view.limits.lanes_open);
        for chunk in chunks {
            view.stop.check()?;
            let names: Vec<_> = chunk.iter().map(columns).collect();
            for (lane, wanted) in lanes.iter_mut().zip(wanted(chunk, selected.segments.len())) {
                wanted.iter().filter_map(|(_, at)| names.get(*at)).flatten().for_each(|name| lane.add_column(name));
                lane.note(&wanted);
            }
        }
        lanes.iter_mut().for_each(Lane::begin);
        Ok(Self { view, lanes })
    }

    fn read(&mut self, chunk: &[Logical]) -> Result<Read, Error> {
        let mut read = Vec::with_capacity(self.lanes.len());
        let count = self.lanes.len();
        for (lane, wanted) in self.lanes.iter_mut().zip(wanted(chunk, count)) {
            if !wanted.is_empty() {
                self.view.stop.check()?;
                read.push((lane.take(&wanted)?, wanted));
            }
        }
        Ok(read)
    }
}

/// Returns which rows a chunk wants of each segment.
fn wanted(chunk: &[Logical], segments: usize) -> Vec<Wanted> {
    let mut wanted: Vec<Wanted> = vec![Vec::new(); segments];
    for (at, logical) in chunk.iter().enumerate() {
        for piece in &logical.pieces {
            if let Piece::Segment { place, rows } = piece
                && let Some(wanted) = wanted.get_mut(*place)
            {
                wanted.push((rows.clone(), at));
            }
        }
    }
    wanted.iter_mut().for_each(|wanted| wanted.sort_unstable_by_key(|(rows, _)| rows.start));
    wanted
}

fn give(memory: &[IndexedBatch], chunk: &[Logical], read: &Read, with_rows: WithRows<'_>) -> Result<(), Error> {
    let mut slices: Vec<Vec<Slice<'_>>> = vec![Vec::new(); chunk.len()];
    for (batches, wanted) in read {
        distribute(batches, wanted, &mut slices);
    }
    add_memory(memory, chunk, &mut slices);
    for (logical, slices) in chunk.iter().zip(&slices) {
        with_rows(logical, slices)?;
    }
    Ok(())
}

/// Gives each series its rows of what was read, which is the wanted ranges one after another.
fn distribute<'a>(batches: &'a [RecordBatch], wanted: &[(Range<u64>, usize)], slices: &mut [Vec<Slice<'a>>]) {
    let mut batches = batches.iter();
    let mut batch = batches.next();
    let mut offset = 0;
    for (rows, at) in wanted {
        let mut left = usize::try_from(rows.end - rows.start).unwrap_or(usize::MAX);
        while left > 0 {
            let Some(current) = batch else { return };
            let count = left.min(current.num_rows() - offset);
            if count == 0 {
                (batch, offset) = (batches.next(), 0);
                continue;
            }
            if let Some(slices) = slices.get_mut(*at) {
                slices.push(Slice { batch: current, rows: Rows::Range(offset..offset + count) });
            }
            offset += count;
            left -= count;
        }
    }
}

fn add_memory<'a>(batches: &'a [IndexedBatch], chunk: &[Logical], slices: &mut [Vec<Slice<'a>>]) {
    for (logical, slices) in chunk.iter().zip(slices) {
        for piece in &logical.pieces {
            if let Piece::Batch { place, entry } = piece
                && let Some((batch, index)) = batches.get(*place)
                && let Some(entry) = index.entries.get(*entry)
            {
                slices.push(Slice { batch, rows: Rows::List(&entry.rows) });
            }
        }
    }
}

/// The columns that samples are made of.
fn columns_of_samples(logical: &Logical) -> Vec<&'static str> {
    let family = &logical.series.family;
    let mut columns = vec![col::TIME_UNIX_NANO, col::FLAGS];
    if family.temporality == Temporality::Delta {
        columns.push(col::START_TIME_UNIX_NANO);
    }
    columns.extend(match family.table {
        Table::HistogramPoints => [col::COUNT, col::SUM, col::EXPLICIT_BOUNDS, col::BUCKET_COUNTS].as_slice(),
        Table::ExpHistogramPoints => &[
            col::COUNT,
            col::SUM,
            col::SCALE,
            col::ZERO_COUNT,
            col::ZERO_THRESHOLD,
            col::POSITIVE_OFFSET,
            col::POSITIVE_BUCKET_COUNTS,
            col::NEGATIVE_OFFSET,
            col::NEGATIVE_BUCKET_COUNTS,
        ],
        Table::SummaryPoints => &[col::COUNT, col::SUM, col::QUANTILE_VALUES],
        _ => &[col::VALUE, col::VALUE_INT],
    });
    columns
}
