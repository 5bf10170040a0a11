//! Exact counts over all rows of a statement in one pass: the values of its columns, and its rows over time by group.
//!
//! `GROUP BY` takes a scan a column. Here every partition of the plan counts all columns as its rows come by, on its own
//! thread, and what they counted is added up at the end.
//!
//! Columns are known by name, as those of a [`crate::Tally`]: [`AT`] is a time, over which rows are counted by the groups of
//! [`BAND`]; the values of every other column of texts or whole numbers of 32 bits, and those of [`BAND`], are counted.

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{DataType, Int32Type, TimestampNanosecondType};

use crate::error::QueryError;
use crate::sql::QueryReport;

mod times;
mod values;

pub use times::OverTime;
use times::Times;
use values::{Numbers, Texts};

/// Name of the column with the time.
pub const AT: &str = "at";
/// Name of the column that says which group a row is in.
pub const BAND: &str = "band";

/// The groups of the rows that are counted over time.
#[derive(Debug, Clone, Copy)]
pub struct Groups {
    /// How many there are.
    pub count: usize,
    /// From the value of [`BAND`] to a group's number; one that there is not counts as the first.
    pub of: fn(Option<i32>) -> usize,
}

/// What was counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// All rows.
    pub rows: u64,
    /// Rows over time; with a column [`AT`], unless there are no rows.
    pub over_time: Option<OverTime>,
    /// Each other column by name.
    pub columns: Vec<(String, Values)>,
    /// What was read for it.
    pub report: QueryReport,
}

impl Counts {
    /// Returns the values of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Values> {
        self.columns.iter().find(|(column, _)| column == name).map(|(_, values)| values)
    }
}

/// The values of a column with their rows, in no order; rows without a value are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values {
    /// Of a column of texts.
    Texts(Vec<(String, u64)>),
    /// Of a column of whole numbers.
    Numbers(Vec<(i32, u64)>),
    /// More than [`crate::limits::COUNT_VALUES`], or more bytes than [`crate::limits::COUNT_BYTES`].
    TooMany,
}

/// Counts the rows of one partition.
#[derive(Debug)]
pub(crate) struct Counter {
    groups: Groups,
    rows: u64,
    times: Times,
    columns: Vec<(String, Column)>,
}

#[derive(Debug)]
enum Column {
    Texts(Box<Texts>),
    Numbers(Box<Numbers>),
}

impl Counter {
    pub(crate) fn new(groups: Groups) -> Self {
        Self { groups, rows: 0, times: Times::new(groups.count.max(1)), columns: Vec::new() }
    }

    /// Counts the rows of a batch; all batches have the same columns.
    pub(crate) fn add(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        self.rows += batch.num_rows() as u64;
        let schema = batch.schema();
        let named = schema.fields().iter().map(|field| field.name().as_str()).zip(batch.columns());
        for (at, (name, column)) in named.filter(|(name, _)| *name != AT).enumerate() {
            if self.columns.len() <= at {
                let counted = match column.data_type() {
                    DataType::Utf8 => Column::Texts(Box::default()),
                    DataType::Int32 => Column::Numbers(Box::default()),
                    other => return Err(internal(format!("values of {name} cannot be counted: it is {other}"))),
                };
                self.columns.push((name.to_owned(), counted));
            }
            match (self.columns.get_mut(at).map(|(_, counted)| counted), column.data_type()) {
                (Some(Column::Texts(texts)), DataType::Utf8) => texts.add(column.as_string::<i32>()),
                (Some(Column::Numbers(numbers)), DataType::Int32) => numbers.add(column.as_primitive::<Int32Type>()),
                _ => return Err(internal(format!("{name} changes its type"))),
            }
        }
        self.add_times(batch)
    }

    fn add_times(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        let Some(times) = batch.column_by_name(AT) else { return Ok(()) };
        let times = times.as_primitive_opt::<TimestampNanosecondType>();
        let times = times.ok_or_else(|| internal(format!("{AT} is no time in nanoseconds")))?;
        let bands = batch.column_by_name(BAND).and_then(|column| column.as_primitive_opt::<Int32Type>());
        let group = |row: usize| {
            let band = bands.filter(|bands| bands.is_valid(row)).map(|bands| bands.value(row));
            (self.groups.of)(band)
        };
        for (row, time) in times.values().iter().enumerate() {
            self.times.add(*time, group(row));
        }
        Ok(())
    }

    /// Adds what another partition counted.
    pub(crate) fn merge(&mut self, other: Self) -> Result<(), QueryError> {
        self.rows += other.rows;
        self.times.merge(other.times);
        if self.columns.is_empty() {
            self.columns = other.columns;
            return Ok(());
        }
        for ((name, mine), (_, theirs)) in self.columns.iter_mut().zip(other.columns) {
            match (mine, theirs) {
                (Column::Texts(mine), Column::Texts(theirs)) => mine.merge(*theirs),
                (Column::Numbers(mine), Column::Numbers(theirs)) => mine.merge(*theirs),
                _ => return Err(internal(format!("{name} has two types"))),
            }
        }
        Ok(())
    }

    pub(crate) fn finish(self, report: QueryReport) -> Counts {
        let columns = self.columns.into_iter().map(|(name, column)| {
            let values = match column {
                Column::Texts(texts) => texts.finish(),
                Column::Numbers(numbers) => numbers.finish(),
            };
            (name, values)
        });
        Counts { rows: self.rows, over_time: self.times.finish(), columns: columns.collect(), report }
    }
}

fn internal(message: String) -> QueryError {
    QueryError::Internal { message }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int32Array, StringArray, TimestampNanosecondArray};
    use proptest::prelude::*;

    use super::*;

    /// Group 1: odd numbers; no number is in group 2.
    const GROUPS: Groups = Groups { count: 3, of: |band| band.map_or(2, |band| usize::from(band.rem_euclid(2) == 1)) };

    type Row = (i64, Option<i32>, Option<String>);

    fn batch(rows: &[Row]) -> RecordBatch {
        let times: TimestampNanosecondArray = rows.iter().map(|row| Some(row.0)).collect();
        let bands: Int32Array = rows.iter().map(|row| row.1).collect();
        let texts: StringArray = rows.iter().map(|row| row.2.as_deref()).collect();
        let columns: [(&str, ArrayRef, bool); 3] =
            [(AT, Arc::new(times), true), (BAND, Arc::new(bands), true), ("text", Arc::new(texts), true)];
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    }

    fn counted(parts: &[Vec<Row>]) -> Counts {
        let mut sum = Counter::new(GROUPS);
        for part in parts {
            let mut counter = Counter::new(GROUPS);
            for rows in part.chunks(7) {
                counter.add(&batch(rows)).unwrap();
            }
            sum.merge(counter).unwrap();
        }
        sum.finish(QueryReport::default())
    }

    fn row() -> impl Strategy<Value = Row> {
        // Ranges from nanoseconds to years.
        let time = (0..60_u32, any::<u64>()).prop_map(|(bits, noise)| (noise % (1_u64 << bits)) as i64);
        let text = prop::option::of("[a-cü]{0,12}");
        (time, prop::option::of(prop_oneof![-3..40_i32, any::<i32>()]), text)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
        /// However rows are spread over partitions: each value and each stretch of time has the rows that a look at every
        /// row finds.
        #[test]
        fn counts_are_those_of_every_row(parts in prop::collection::vec(prop::collection::vec(row(), 0..120), 0..4)) {
            let found = counted(&parts);
            let rows: Vec<&Row> = parts.iter().flatten().collect();
            prop_assert_eq!(found.rows, rows.len() as u64);
            let (mut texts, mut numbers) = (BTreeMap::<String, u64>::new(), BTreeMap::<i32, u64>::new());
            for (_, band, text) in &rows {
                if let Some(text) = text { *texts.entry(text.clone()).or_default() += 1; }
                if let Some(band) = band { *numbers.entry(*band).or_default() += 1; }
            }
            if rows.is_empty() {
                prop_assert_eq!(found.over_time, None);
                return Ok(());
            }
            let Some(Values::Texts(mut found_texts)) = found.column("text").cloned() else { panic!("texts") };
            let Some(Values::Numbers(mut found_numbers)) = found.column(BAND).cloned() else { panic!("numbers") };
            found_texts.sort();
            found_numbers.sort_unstable();
            prop_assert_eq!(found_texts, texts.into_iter().collect::<Vec<_>>());
            prop_assert_eq!(found_numbers, numbers.into_iter().collect::<Vec<_>>());
            let over_time = found.over_time.unwrap();
            let times = || rows.iter().map(|row| row.0);
            prop_assert_eq!((Some(over_time.least), Some(over_time.most)), (times().min(), times().max()));
            let mut expected: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
            for (time, band, _) in &rows {
                expected.entry(time.div_euclid(over_time.step_ns)).or_insert_with(|| vec![0; 3])[(GROUPS.of)(*band)] += 1;
            }
            prop_assert_eq!(over_time.buckets, expected);
        }
    }

    /// Guarantees: with more stretches of time than are kept they become longer, and with more values than are kept a column
    /// says so, wherever the rows came from.
    #[test]
    fn what_is_kept_is_bounded() {
        use crate::limits::{COUNT_BUCKETS, COUNT_VALUES};
        let many = i64::try_from(COUNT_BUCKETS * 3).unwrap();
        let rows: Vec<Row> = (0..many).map(|at| (at * 1_000_000_007, Some(1), Some("x".to_owned()))).collect();
        let halves: Vec<Vec<Row>> = rows.chunks(rows.len() / 2 + 1).map(<[Row]>::to_vec).collect();
        let over_time = counted(&halves).over_time.unwrap();
        assert!(over_time.buckets.len() <= COUNT_BUCKETS, "{}", over_time.buckets.len());
        assert_eq!(over_time.buckets.values().flatten().sum::<u64>(), many as u64);
        assert_eq!((over_time.least, over_time.most), (0, (many - 1) * 1_000_000_007));
        let distinct: Vec<Row> =
            (0..COUNT_VALUES + 10).map(|at| (0, Some(i32::try_from(at).unwrap()), Some(at.to_string()))).collect();
        for parts in [vec![distinct.clone()], distinct.chunks(COUNT_VALUES / 2).map(<[Row]>::to_vec).collect()] {
            let found = counted(&parts);
            assert_eq!(found.rows, distinct.len() as u64);
            assert_eq!((found.column("text"), found.column(BAND)), (Some(&Values::TooMany), Some(&Values::TooMany)));
        }
    }
}
