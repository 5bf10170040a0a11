//! How long operations usually take: durations of spans by service and name, over a bounded sample of the newest data.
//!
//! A segment never changes, so what it says is read once and kept. Its rows are in the order of trace ids, which are
//! random: the first rows of a segment are a fair sample of it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use telltale_model::DurationSketch;
use telltale_storage::schema::{Table, col};
use telltale_storage::{Segment, Snapshot};

use super::internal;
use crate::error::QueryError;
use crate::limits::{BASELINE_MEMORY_ROWS, BASELINE_OPERATIONS, BASELINE_SEGMENT_ROWS, BASELINE_SEGMENTS};

/// Service and name of spans.
pub type OperationKey = (Option<String>, String);

/// What a part of the store says of its operations.
type Sketches = HashMap<OperationKey, DurationSketch>;

const COLUMNS: [&str; 3] = [col::SERVICE_NAME, col::NAME, col::DURATION_NS];

/// Durations by operation of the newest segments, by segment id.
#[derive(Debug, Default)]
pub(crate) struct BaselineCache {
    segments: Mutex<HashMap<u64, Arc<Sketches>>>,
}

impl BaselineCache {
    fn of(&self, segment: &Segment) -> Result<Arc<Sketches>, QueryError> {
        let known = self.segments.lock().unwrap_or_else(PoisonError::into_inner).get(&segment.id()).map(Arc::clone);
        if let Some(known) = known {
            return Ok(known);
        }
        let mut sketches = Sketches::new();
        let sample = 0..BASELINE_SEGMENT_ROWS;
        for batch in segment.read(Some(&COLUMNS), Some(std::slice::from_ref(&sample)))? {
            count(&batch, batch.num_rows(), &mut sketches)?;
        }
        let sketches = Arc::new(sketches);
        self.segments.lock().unwrap_or_else(PoisonError::into_inner).insert(segment.id(), Arc::clone(&sketches));
        Ok(sketches)
    }

    /// Forgets every segment but these.
    fn retain(&self, ids: &HashSet<u64>) {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner).retain(|id, _| ids.contains(id));
    }
}

/// Returns the durations of the operations that are asked for; those of which nothing is known are left out.
pub(crate) fn baselines(
    snapshot: &Snapshot,
    cache: &BaselineCache,
    wanted: &[OperationKey],
) -> Result<BTreeMap<OperationKey, DurationSketch>, QueryError> {
    let mut segments: Vec<&Arc<Segment>> = snapshot.segments(Table::Spans).collect();
    segments.sort_unstable_by_key(|segment| std::cmp::Reverse(segment.max_time()));
    segments.truncate(BASELINE_SEGMENTS);
    cache.retain(&segments.iter().map(|segment| segment.id()).collect());
    let mut parts = vec![Arc::new(in_memory(snapshot)?)];
    for segment in segments {
        parts.push(cache.of(segment)?);
    }
    let mut out: BTreeMap<OperationKey, DurationSketch> = BTreeMap::new();
    for key in wanted {
        for sketch in parts.iter().filter_map(|part| part.get(key)) {
            out.entry(key.clone()).or_default().merge(sketch);
        }
    }
    Ok(out)
}

/// Counts the newest rows in memory.
fn in_memory(snapshot: &Snapshot) -> Result<Sketches, QueryError> {
    let mut sketches = Sketches::new();
    let mut left = BASELINE_MEMORY_ROWS;
    for batch in snapshot.batches(Table::Spans).iter().rev() {
        let rows = batch.num_rows().min(left);
        count(batch, rows, &mut sketches)?;
        left -= rows;
    }
    Ok(sketches)
}

/// Counts the first `rows` rows of a batch. Beyond [`BASELINE_OPERATIONS`] no further operation is begun: names that
/// hold ids would fill the memory and have no usual length anyway.
fn count(batch: &RecordBatch, rows: usize, into: &mut Sketches) -> Result<(), QueryError> {
    let missing = || internal("spans lack a column".to_owned());
    let column = |name: &str| batch.column_by_name(name).ok_or_else(missing);
    let services = column(col::SERVICE_NAME)?.as_string_opt::<i32>().ok_or_else(missing)?;
    let names = column(col::NAME)?.as_string_opt::<i32>().ok_or_else(missing)?;
    let durations = column(col::DURATION_NS)?.as_primitive_opt::<Int64Type>().ok_or_else(missing)?;
    // One look-up by borrowed text a row: keys are built once an operation.
    let mut places: HashMap<(Option<&str>, &str), DurationSketch> = HashMap::new();
    for row in 0..rows {
        let service = services.is_valid(row).then(|| services.value(row));
        let operation = (service, names.value(row));
        if places.len() < BASELINE_OPERATIONS || places.contains_key(&operation) {
            places.entry(operation).or_default().add(durations.value(row));
        }
    }
    for ((service, name), sketch) in places {
        let key = (service.map(str::to_owned), name.to_owned());
        if into.len() < BASELINE_OPERATIONS || into.contains_key(&key) {
            into.entry(key).or_default().merge(&sketch);
        }
    }
    Ok(())
}
