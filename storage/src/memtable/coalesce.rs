//! Merging of small batches, by powers of eight, so that a row is copied at most four times and a table never has more
//! than a few dozen small batches.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryBuilder, DictionaryArray, Int32Array, RecordBatch};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Int32Type};

use crate::error::Error;
use crate::limits::{COALESCE_FAN_IN, COALESCE_ROWS_MAX};

/// Returns how many of the last batches are to be merged into one.
///
/// Batches below a size are merged once together they reach it: every copy takes a row up one size.
pub(crate) fn mergeable(batches: &[Arc<RecordBatch>]) -> Option<usize> {
    let mut size = COALESCE_FAN_IN;
    while size <= COALESCE_ROWS_MAX {
        let small = || batches.iter().rev().map(|batch| batch.num_rows()).take_while(|rows| *rows < size);
        if small().sum::<usize>() >= size {
            return Some(small().count());
        }
        size *= COALESCE_FAN_IN;
    }
    None
}

/// Returns one batch with the rows of all, in order, each envelope once.
pub(crate) fn merge(batches: &[Arc<RecordBatch>]) -> Result<RecordBatch, Error> {
    let schema = batches.first().map(|batch| batch.schema()).ok_or_else(|| Error::Bug("merge of nothing".into()))?;
    let columns = (0..schema.fields().len()).map(|index| {
        let parts: Vec<&dyn Array> = batches.iter().map(|batch| batch.column(index).as_ref()).collect();
        match schema.field(index).data_type() {
            DataType::Dictionary(..) => merge_envelopes(&parts),
            _ => Ok(concat(&parts)?),
        }
    });
    let columns = columns.collect::<Result<Vec<_>, Error>>()?;
    Ok(RecordBatch::try_new(schema, columns)?)
}

/// Arrow's concat keeps every part's dictionary, which for one-row parts is a copy of the envelope a row.
fn merge_envelopes(parts: &[&dyn Array]) -> Result<ArrayRef, Error> {
    let mut places: HashMap<&[u8], i32> = HashMap::new();
    let mut values = BinaryBuilder::new();
    let mut keys: Vec<Option<i32>> = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        let part = part.as_dictionary_opt::<Int32Type>().ok_or_else(|| Error::Bug("envelope column".into()))?;
        let bytes = part.values().as_binary_opt::<i32>().ok_or_else(|| Error::Bug("envelope values".into()))?;
        let mut translated: Vec<Option<i32>> = vec![None; bytes.len()];
        for key in part.keys() {
            let place = key.and_then(|key| usize::try_from(key).ok());
            keys.push(place.and_then(|place| {
                let slot = translated.get_mut(place)?;
                Some(*slot.get_or_insert_with(|| {
                    let next = i32::try_from(places.len()).unwrap_or(i32::MAX);
                    *places.entry(bytes.value(place)).or_insert_with(|| {
                        values.append_value(bytes.value(place));
                        next
                    })
                }))
            }));
        }
    }
    Ok(Arc::new(DictionaryArray::try_new(Int32Array::from(keys), Arc::new(values.finish()))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{BinaryArray, StringArray};
    use arrow::compute::cast;
    use arrow::datatypes::{Field, Schema};
    use proptest::prelude::*;

    fn batch(rows: &[(Option<u8>, String)]) -> Arc<RecordBatch> {
        let envelope = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Binary));
        let schema = Schema::new(vec![Field::new("e", envelope.clone(), true), Field::new("s", DataType::Utf8, false)]);
        let bytes: Vec<Option<Vec<u8>>> = rows.iter().map(|row| row.0.map(|byte| vec![byte; 3])).collect();
        let bytes: BinaryArray = bytes.iter().map(|value| value.as_deref()).collect();
        let texts: StringArray = rows.iter().map(|row| Some(&row.1)).collect();
        let columns: Vec<ArrayRef> = vec![cast(&bytes, &envelope).unwrap(), Arc::new(texts)];
        Arc::new(RecordBatch::try_new(Arc::new(schema), columns).unwrap())
    }

    proptest! {
        #[test]
        fn merging_keeps_every_row_and_each_envelope_once(
            parts in prop::collection::vec(prop::collection::vec((prop::option::of(0_u8..4), "[a-z]{0,3}"), 0..6), 1..6),
        ) {
            let batches: Vec<_> = parts.iter().map(|rows| batch(rows)).collect();
            let merged = merge(&batches).unwrap();
            let all: Vec<_> = parts.concat();
            let expected = batch(&all);
            let plain = |batch: &RecordBatch| cast(batch.column(0), &DataType::Binary).unwrap();
            prop_assert_eq!(plain(&merged).to_data(), plain(&expected).to_data());
            prop_assert_eq!(merged.column(1), expected.column(1));
            let distinct: std::collections::HashSet<_> = all.iter().filter_map(|row| row.0).collect();
            prop_assert_eq!(merged.column(0).as_dictionary::<Int32Type>().values().len(), distinct.len());
        }
    }

    #[test]
    fn many_one_row_batches_become_few_and_large_ones_are_left_alone() {
        let one = batch(&[(Some(1), "a".into())]);
        let mut batches: Vec<Arc<RecordBatch>> = Vec::new();
        let mut copied = 0;
        for _ in 0..10_000 {
            batches.push(Arc::clone(&one));
            while let Some(count) = mergeable(&batches) {
                let tail = batches.split_off(batches.len() - count);
                copied += tail.iter().map(|batch| batch.num_rows()).sum::<usize>();
                batches.push(Arc::new(merge(&tail).unwrap()));
            }
        }
        assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 10_000);
        assert!(batches.len() < 32, "{}", batches.len());
        assert!(copied <= 40_000, "{copied}");
        let large = batch(&vec![(None, String::new()); COALESCE_ROWS_MAX]);
        assert_eq!(mergeable(&vec![large; 20]), None);
    }
}
