//! Lists of attributes that are taken apart and put together again.

use std::collections::BTreeMap;

use arrow::array::{ArrayRef, AsArray as _, UInt32Array};
use proptest::prelude::*;

use super::choose::Chosen;
use super::split::Splitter;
use super::*;
use crate::limits::PROMOTED_VALUE_BYTES_MAX;
use crate::schema::attribute_list;
use crate::segment::attributes::AttributeList;
use crate::testing::attributes::{Row, Value, attribute_column, rows};

/// Name of a column before the attributes.
const NUMBER: &str = "number";

fn batch(rows: &[Row]) -> RecordBatch {
    let fields =
        vec![Field::new(NUMBER, DataType::UInt32, false), Field::new(col::ATTRIBUTES, attribute_list(), false)];
    let numbers: UInt32Array = (0..u32::try_from(rows.len()).unwrap()).collect();
    let columns: Vec<ArrayRef> = vec![Arc::new(numbers), Arc::new(attribute_column(rows))];
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

/// Keys and types that the rows of the strategy have, and one that they have not.
fn chosen() -> impl Strategy<Value = Vec<Chosen>> {
    let keys = vec!["k0", "k1", "k2", "k3", "key.0", "key.1", "key.2", "none"];
    let types = vec![ValueType::Str, ValueType::Int, ValueType::Double, ValueType::Bool];
    let pairs = prop::collection::btree_set((prop::sample::select(keys), prop::sample::select(types)), 1..12);
    pairs.prop_map(|pairs| {
        let chosen = |(key, value_type): (&str, _)| Chosen {
            key: key.to_owned(),
            value_type,
            has_dictionary: false,
            is_tiny: false,
        };
        pairs.into_iter().map(chosen).collect()
    })
}

/// Returns the first attribute with each key of each row; a key without a value is none to whoever asks for it.
fn firsts(list: &dyn Array) -> Vec<BTreeMap<String, Option<String>>> {
    let attributes = AttributeList::of_list(list.as_list()).unwrap();
    let value = |at: usize| {
        let members = [
            attributes.text.is_valid(at).then(|| format!("{:?}", attributes.text.value(at))),
            attributes.int.is_valid(at).then(|| format!("int {}", attributes.int.value(at))),
            attributes.double.is_valid(at).then(|| format!("double {}", attributes.double.value(at).to_bits())),
            attributes.bool.is_valid(at).then(|| format!("bool {}", attributes.bool.value(at))),
            attributes.any.is_valid(at).then(|| format!("any {:?}", attributes.any.value(at))),
        ];
        members.into_iter().flatten().next()
    };
    let row = |row| {
        let mut found = BTreeMap::new();
        for at in attributes.places(row) {
            found.entry(attributes.key.value(at).to_owned()).or_insert_with(|| value(at));
        }
        found
    };
    (0..list.len()).map(row).collect()
}

fn columns_of_file(promoted: &Promoted, file: &RecordBatch) -> Vec<(usize, ArrayRef)> {
    let column = |column: &PromotedColumn| Arc::clone(file.column_by_name(&column.name()).unwrap());
    promoted.columns().iter().map(column).enumerate().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Scenario: rows with all kinds of values, keys with several types, keys that stand twice, in any order, in two batches; any choice of
    /// columns. Guarantees: the rows are what they were; of the columns of some keys alone, with the list where it is needed, the
    /// first attribute with each of these keys is what it was; what is called whole needs no list.
    #[test]
    fn what_is_taken_apart_is_put_together_again(
        sources in prop::collection::vec(rows(), 1..3),
        chosen in chosen(),
        wanted in prop::collection::vec(any::<bool>(), 12),
    ) {
        let batches: Vec<RecordBatch> = sources.iter().map(|rows| batch(rows)).collect();
        let mut splitter = Splitter::new(&batches[0].schema(), &chosen);
        let files: Vec<_> = batches.iter().map(|batch| splitter.split(batch, &[AttributeList::of(batch).unwrap().rows()]).unwrap()).collect();
        let promoted = splitter.finish();
        let note = promoted.note().unwrap();
        prop_assert_eq!(&Promoted::of_notes(Some(&vec![note])).unwrap().unwrap(), &promoted);
        for (batch, file) in batches.iter().zip(&files) {
            prop_assert_eq!(&promoted.restore_batch(file).unwrap(), batch);
            let expected = firsts(batch.column(1));
            let keys: Vec<&str> = chosen.iter().zip(&wanted).filter(|(_, is)| **is).map(|(one, _)| one.key.as_str()).collect();
            let columns: Vec<_> = columns_of_file(&promoted, file)
                .into_iter()
                .filter(|(place, _)| keys.contains(&promoted.columns()[*place].key.as_str()))
                .collect();
            let is_whole = keys.iter().all(|key| promoted.is_whole(key));
            for list in [Some(file.column(1).as_ref()), None].into_iter().take(if is_whole { 2 } else { 1 }) {
                let found = firsts(&promoted.restore_some(batch.num_rows(), list, &columns).unwrap());
                for (found, expected) in found.iter().zip(&expected) {
                    for key in &keys {
                        prop_assert_eq!(found.get(*key).cloned().flatten(), expected.get(*key).cloned().flatten());
                    }
                }
            }
        }
    }
}

#[test]
fn a_text_that_is_too_long_stays_in_the_list_and_its_key_is_not_whole() {
    let text = |length| vec![("k".to_owned(), Value::Text("x".repeat(length)))];
    let chosen = [Chosen { key: "k".to_owned(), value_type: ValueType::Str, has_dictionary: false, is_tiny: false }];
    for (longest, is_whole) in [(PROMOTED_VALUE_BYTES_MAX, true), (PROMOTED_VALUE_BYTES_MAX + 1, false)] {
        let rows = batch(&[text(3), text(longest)]);
        let mut splitter = Splitter::new(&rows.schema(), &chosen);
        let file = splitter.split(&rows, &[AttributeList::of(&rows).unwrap().rows()]).unwrap();
        let promoted = splitter.finish();
        assert_eq!(promoted.is_whole("k"), is_whole);
        assert_eq!(file.column_by_name("attributes.str.k").unwrap().null_count(), usize::from(!is_whole));
        assert_eq!(promoted.restore_batch(&file).unwrap(), rows);
    }
}

#[test]
fn columns_that_do_not_belong_together_are_an_error_and_no_panic() {
    let rows = batch(&[vec![("k".to_owned(), Value::Int(1)), ("other".to_owned(), Value::Int(2))]]);
    let chosen = [Chosen { key: "k".to_owned(), value_type: ValueType::Int, has_dictionary: false, is_tiny: false }];
    let mut splitter = Splitter::new(&rows.schema(), &chosen);
    let file = splitter.split(&rows, &[AttributeList::of(&rows).unwrap().rows()]).unwrap();
    let promoted = splitter.finish();
    let column = Arc::clone(file.column_by_name("attributes.int.k").unwrap());
    for order in [[0_u8, 0].as_slice(), &[2], &[1, 1, 0, 0]] {
        let order = arrow::array::BinaryArray::from_vec(vec![order]);
        promoted.restore(file.column(1), &order, std::slice::from_ref(&column)).unwrap_err();
    }
    let order = file.column_by_name(ORDER).unwrap();
    promoted.restore(file.column(1), order, &[]).unwrap_err();
    promoted.restore(file.column(1), order, std::slice::from_ref(file.column(0))).unwrap_err();
    assert!(Promoted::of_notes(Some(&vec![KeyValue::new(NOTE.to_owned(), "[]".to_owned())])).is_err());
}
