//! Merges sorted segments into one stream of batches, without holding more than a few rows of each.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryBuilder, BooleanArray, DictionaryArray, Int32Array, RecordBatch};
use arrow::compute::{filter_record_batch, interleave};
use arrow::datatypes::{DataType, Int32Type, SchemaRef};
use arrow::row::{Row, RowConverter, Rows};

use crate::error::Error;
use crate::limits::COMPACTION_BATCH_ROWS;
use crate::memtable::batch_bytes;
use crate::schema::Table;
use crate::segment::attributes::{self, AttributeList, AttributeRows};
use crate::segment::{RowStream, Segment, sort};

/// Rows that are read to learn what one takes.
const SAMPLE_ROWS: usize = 256;

/// Says which rows of a batch stay; `None`: all.
pub(crate) type Keep<'a> = &'a dyn Fn(&RecordBatch) -> Result<Option<BooleanArray>, Error>;

/// Takes rows: a batch of the table, which of spans and logs has no attributes, and these.
pub(crate) type Write<'a> = &'a mut dyn FnMut(&RecordBatch, &[AttributeRows<'_>]) -> Result<(), Error>;

/// Gives the rows of all segments to `write`, in the table's order; of equal rows those of the first segment come
/// first. About `memory_bytes` of rows are held at once. Attributes of spans and logs, most of the bytes, are not gathered: who
/// writes them reads them where they lie.
pub(crate) fn merge(
    table: Table,
    segments: &[Arc<Segment>],
    memory_bytes: u64,
    keep: Keep<'_>,
    write: Write<'_>,
) -> Result<(), Error> {
    let converter = sort::key_converter(table)?;
    let rows = batch_rows(segments, memory_bytes)?;
    let mut sources = Vec::new();
    let mut inputs = Vec::with_capacity(segments.len());
    for segment in segments {
        let mut input = Input { stream: segment.stream(rows)?, head: None };
        input.advance(table, &converter, keep, &mut sources)?;
        inputs.push(input);
    }
    let mut pending: Vec<(usize, usize)> = Vec::with_capacity(rows);
    while let Some((input, end)) = next_run(&inputs) {
        let Some(input) = inputs.get_mut(input) else { break };
        let Some(head) = &mut input.head else { break };
        let end = end.min(head.next + rows - pending.len());
        pending.extend((head.next..end).map(|row| (head.source, row)));
        head.next = end;
        if head.next == head.keys.num_rows() {
            input.advance(table, &converter, keep, &mut sources)?;
        }
        if pending.len() == rows {
            give(table, &sources, &pending, write)?;
            pending.clear();
            forget(&mut sources, &mut inputs);
        }
    }
    if pending.is_empty() { Ok(()) } else { give(table, &sources, &pending, write) }
}

/// Returns how many rows are read of each segment, and written, at once.
fn batch_rows(segments: &[Arc<Segment>], memory_bytes: u64) -> Result<usize, Error> {
    let mut largest = (1, None);
    for segment in segments {
        let row_bytes = segment.memory_bytes()? / segment.rows().max(1);
        if row_bytes >= largest.0 {
            largest = (row_bytes, Some(segment));
        }
    }
    let sampled = largest.1.map_or(Ok(0), sampled_row_bytes)?;
    let row_bytes = sampled.max(largest.0);
    // One batch of each input and as much again that waits to be written.
    let rows = memory_bytes / row_bytes / (segments.len() as u64 * 2).max(2);
    Ok(usize::try_from(rows).unwrap_or(usize::MAX).clamp(1, COMPACTION_BATCH_ROWS))
}

/// Returns what a row takes when it is read: what the file says counts what repeats once, and nothing that a reader has to spare.
/// Columns with a dictionary are left out: it is there once, however many rows are read, and a row has four bytes of it.
fn sampled_row_bytes(segment: &Arc<Segment>) -> Result<u64, Error> {
    let Some(batch) = segment.stream(SAMPLE_ROWS)?.next_batch()? else { return Ok(0) };
    let is_dictionary = |column: &ArrayRef| matches!(column.data_type(), DataType::Dictionary(..));
    let own: Vec<usize> =
        (0..).zip(batch.columns()).filter(|(_, column)| !is_dictionary(column)).map(|(at, _)| at).collect();
    Ok(batch_bytes(&batch.project(&own)?) / (batch.num_rows() as u64).max(1))
}

/// A segment that is being read.
struct Input {
    stream: RowStream,
    /// `None`: it has ended.
    head: Option<Head>,
}

/// The batch from which an input's next row comes.
struct Head {
    /// Its place among the sources.
    source: usize,
    keys: Rows,
    next: usize,
}

impl Head {
    fn key(&self) -> Row<'_> {
        self.keys.row(self.next)
    }
}

impl Input {
    /// Goes on to the next batch that has rows.
    fn advance(
        &mut self,
        table: Table,
        converter: &RowConverter,
        keep: Keep<'_>,
        sources: &mut Vec<Option<RecordBatch>>,
    ) -> Result<(), Error> {
        self.head = None;
        while let Some(mut batch) = self.stream.next_batch()? {
            if let Some(kept) = keep(&batch)? {
                batch = filter_record_batch(&batch, &kept)?;
            }
            if batch.num_rows() > 0 {
                let keys = sort::keys(table, converter, &batch)?;
                self.head = Some(Head { source: sources.len(), keys, next: 0 });
                sources.push(Some(batch));
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Returns the input whose row is next, and where its rows stop being the next ones; `None` at the end of all.
fn next_run(inputs: &[Input]) -> Option<(usize, usize)> {
    let heads = || inputs.iter().enumerate().filter_map(|(place, input)| Some((place, input.head.as_ref()?)));
    let (best, head) = heads().min_by(|one, other| one.1.key().cmp(&other.1.key()).then(one.0.cmp(&other.0)))?;
    let rival = heads().filter(|(place, _)| *place != best).map(|(place, head)| (head.key(), place)).min();
    let end = match rival {
        None => head.keys.num_rows(),
        Some((key, place)) => {
            let is_next = |row: &usize| (head.keys.row(*row), best) < (key, place);
            head.next + 1 + (head.next + 1..head.keys.num_rows()).take_while(is_next).count()
        }
    };
    Some((best, end))
}

/// Lets go of batches that no input stands in any more.
fn forget(sources: &mut Vec<Option<RecordBatch>>, inputs: &mut [Input]) {
    let mut kept = Vec::with_capacity(inputs.len());
    for head in inputs.iter_mut().filter_map(|input| input.head.as_mut()) {
        let batch = sources.get_mut(head.source).and_then(Option::take);
        head.source = kept.len();
        kept.push(batch);
    }
    *sources = kept;
}

/// Gives the rows at (source, row) places to `write`.
fn give(
    table: Table,
    sources: &[Option<RecordBatch>],
    places: &[(usize, usize)],
    write: Write<'_>,
) -> Result<(), Error> {
    let sources: Vec<&RecordBatch> = sources
        .iter()
        .map(|source| source.as_ref().ok_or_else(|| Error::Bug("a batch of a merge is gone".into())))
        .collect::<Result<_, _>>()?;
    if table.holds_points() {
        return write(&gather(&sources, places)?, &[]);
    }
    let lists = sources.iter().map(|batch| AttributeList::of(batch)).collect::<Result<Vec<_>, _>>()?;
    let rest = sources.iter().map(|batch| attributes::without(batch)).collect::<Result<Vec<_>, _>>()?;
    let attributes = attributes::parts(&lists, places.iter().copied())?;
    write(&gather(&rest.iter().collect::<Vec<_>>(), places)?, &attributes)
}

/// Returns the rows at (source, row) places as one batch.
fn gather(sources: &[&RecordBatch], places: &[(usize, usize)]) -> Result<RecordBatch, Error> {
    let schema = sources.first().map(|source| source.schema());
    let schema: SchemaRef = schema.ok_or_else(|| Error::Bug("rows of no batch".into()))?;
    let columns = schema.fields().iter().enumerate().map(|(index, field)| match field.data_type() {
        DataType::Dictionary(..) => {
            gather_envelopes(&sources.iter().map(|batch| batch.column(index)).collect::<Vec<_>>(), places)
        }
        _ => {
            let columns: Vec<&dyn Array> = sources.iter().map(|batch| batch.column(index).as_ref()).collect();
            Ok(interleave(&columns, places)?)
        }
    });
    let columns = columns.collect::<Result<Vec<_>, Error>>()?;
    Ok(RecordBatch::try_new(Arc::clone(&schema), columns)?)
}

/// Each envelope that occurs, once. Arrow's own way would copy the whole dictionary of every source for each batch.
fn gather_envelopes(columns: &[&ArrayRef], places: &[(usize, usize)]) -> Result<ArrayRef, Error> {
    let wrong = || Error::Bug("an envelope column of another type".into());
    let dictionaries = columns.iter().map(|column| {
        let dictionary = column.as_dictionary_opt::<Int32Type>().ok_or_else(wrong)?;
        Ok((dictionary.keys(), dictionary.values().as_binary_opt::<i32>().ok_or_else(wrong)?))
    });
    let dictionaries = dictionaries.collect::<Result<Vec<_>, Error>>()?;
    let mut translated: HashMap<(usize, i32), i32> = HashMap::new();
    let mut known: HashMap<&[u8], i32> = HashMap::new();
    let mut values = BinaryBuilder::new();
    let mut keys: Vec<Option<i32>> = Vec::with_capacity(places.len());
    for (source, row) in places {
        let (old, bytes) = dictionaries.get(*source).ok_or_else(wrong)?;
        if old.is_null(*row) {
            keys.push(None);
            continue;
        }
        let old = old.value(*row);
        let key = translated.entry((*source, old)).or_insert_with(|| {
            let value = bytes.value(usize::try_from(old).unwrap_or(usize::MAX));
            let next = i32::try_from(known.len()).unwrap_or(i32::MAX);
            *known.entry(value).or_insert_with(|| {
                values.append_value(value);
                next
            })
        });
        keys.push(Some(*key));
    }
    Ok(Arc::new(DictionaryArray::try_new(Int32Array::from(keys), Arc::new(values.finish()))?))
}

#[cfg(test)]
mod tests {
    use telltale_model::SignalKind;

    use super::*;
    use crate::storage::{Options, Storage};
    use crate::testing::{TestSpan, folder, runtime, traces};

    /// Guarantees: a merge holds about as many bytes of rows as it may, however little the same rows take in files.
    #[test]
    fn the_rows_that_a_merge_holds_fit_into_its_memory() {
        let folder = folder();
        let storage = Storage::open(Options::new(folder.path())).unwrap();
        for number in 0..4_u32 {
            let spans: Vec<_> = (0..4_000).map(|id| TestSpan::new(id as u8, number * 4_000 + id)).collect();
            runtime().block_on(storage.append(SignalKind::Traces, traces(&spans))).unwrap();
            runtime().block_on(storage.flush()).unwrap();
        }
        let snapshot = storage.snapshot();
        let segments: Vec<_> = snapshot.segments(Table::Spans).map(Arc::clone).collect();
        assert_eq!(segments.len(), 4);
        let memory_bytes = 1 << 20;
        let rows = batch_rows(&segments, memory_bytes).unwrap();
        let batch = segments[0].stream(rows).unwrap().next_batch().unwrap().unwrap();
        let held = batch_bytes(&batch) * 2 * segments.len() as u64;
        assert!((memory_bytes / 3..memory_bytes * 3 / 2).contains(&held), "{rows} rows: {held} of {memory_bytes}");
    }
}
