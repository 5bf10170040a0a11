//! Attributes written by our own encoder, read by Parquet's own reader.

use std::fs::File;
use std::io::BufWriter;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch, RecordBatchReader as _, UInt32Array};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use proptest::prelude::*;

use super::super::file::ParquetFile;
use super::super::output::HashingAppender;
use crate::io::{Appender, Disk as _, RealDisk};
use crate::schema::{attribute_list, col};
use crate::segment::attributes::{AttributeList, AttributeRows};
use crate::testing::attributes::{Row, attribute_column, rows};

/// Name of a column beside the attributes.
const NUMBER: &str = "number";

fn schema() -> Arc<Schema> {
    Arc::new(Schema::new(vec![
        Field::new(NUMBER, DataType::UInt32, false),
        Field::new(col::ATTRIBUTES, attribute_list(), false),
    ]))
}

/// Returns rows as a batch; the first has `number`.
fn batch(rows: &[Row], number: usize) -> RecordBatch {
    let numbers = (number..number + rows.len()).map(|number| u32::try_from(number).unwrap());
    let numbers = Arc::new(UInt32Array::from_iter_values(numbers));
    RecordBatch::try_new(schema(), vec![numbers, Arc::new(attribute_column(rows))]).unwrap()
}

fn properties(page_rows: usize, page_bytes: usize, dictionary_bytes: usize, compressed: bool) -> WriterProperties {
    let zstd = Compression::ZSTD(ZstdLevel::try_new(1).unwrap());
    let key = ColumnPath::new([col::ATTRIBUTES, "list", "item", "key"].map(str::to_owned).to_vec());
    WriterProperties::builder()
        .set_compression(if compressed { zstd } else { Compression::UNCOMPRESSED })
        .set_data_page_row_count_limit(page_rows)
        .set_data_page_size_limit(page_bytes)
        .set_write_batch_size(1)
        .set_dictionary_page_size_limit(dictionary_bytes)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_dictionary_enabled(false)
        .set_column_dictionary_enabled(key, true)
        .build()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Scenario: rows of several batches, of all kinds of values and of none, in pieces of any length, with pages and a dictionary that
    /// end after any number of rows and bytes. Guarantees: the file has these rows in this order, also when only some are read by
    /// the index of pages.
    #[test]
    fn what_is_written_is_read_again(
        sources in prop::collection::vec(rows(), 1..4),
        pieces in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_usize..20), 0..12),
        (page_rows, page_bytes, dictionary_bytes) in (1_usize..30, 1_usize..400, 1_usize..120),
        compressed in any::<bool>(),
        wanted in prop::collection::vec(any::<bool>(), 16),
    ) {
        let batches: Vec<RecordBatch> = sources.iter().map(|rows| batch(rows, 0)).collect();
        let lists: Vec<_> = batches.iter().map(|batch| AttributeList::of(batch).unwrap()).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let sink = BufWriter::new(HashingAppender::new(Appender::new(RealDisk.create(&path).unwrap())));
        let properties = properties(page_rows, page_bytes, dictionary_bytes, compressed);
        let mut file = ParquetFile::new("file", path.clone(), sink, schema(), properties).unwrap();
        let mut expected = Vec::new();
        for pieces in pieces.chunks(3) {
            let (mut parts, mut rows) = (Vec::new(), Vec::new());
            for (source, start, length) in pieces {
                let source = source.index(batches.len());
                let start = start.index(batches[source].num_rows() + 1);
                let length = (*length).min(batches[source].num_rows() - start);
                parts.push(AttributeRows { list: &lists[source], rows: start..start + length });
                rows.push(batches[source].slice(start, length));
            }
            let rows = concat_batches(&schema(), &rows).unwrap();
            if parts.len() == 1 {
                file.write(&rows).unwrap();
            } else {
                file.write_parts(&rows.project(&[0]).unwrap(), &parts).unwrap();
            }
            expected.push(rows);
        }
        let (_, _, sink) = file.finish().unwrap();
        drop(sink.into_inner().map_err(|error| error.to_string()).unwrap());
        let expected = concat_batches(&schema(), &expected).unwrap();
        let read = |selection: Option<RowSelection>, projection: Option<usize>| {
            let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
            let mut builder =
                ParquetRecordBatchReaderBuilder::try_new_with_options(File::open(&path).unwrap(), options).unwrap();
            if let Some(selection) = selection {
                builder = builder.with_row_selection(selection);
            }
            if let Some(leaf) = projection {
                let mask = ProjectionMask::leaves(builder.parquet_schema(), [leaf]);
                builder = builder.with_projection(mask);
            }
            let reader = builder.with_batch_size(7).build().unwrap();
            let schema = reader.schema();
            concat_batches(&schema, &reader.collect::<Result<Vec<_>, _>>().unwrap()).unwrap()
        };
        prop_assert_eq!(&read(None, None), &expected);
        let wanted: BooleanArray = (0..expected.num_rows()).map(|row| Some(wanted[row % wanted.len()])).collect();
        let selection = RowSelection::from_filters(std::slice::from_ref(&wanted));
        let some = filter_record_batch(&expected, &wanted).unwrap();
        prop_assert_eq!(&read(Some(selection.clone()), None), &some);
        for leaf in 1..7 {
            prop_assert_eq!(read(Some(selection.clone()), Some(leaf)).num_rows(), some.num_rows());
        }
    }
}
