//! How a segment's Parquet files are written.
//!
//! What the settings serve: one trace is read by one small page a column, so columns of many distinct values have no
//! dictionary (a dictionary page is read whole), and only columns by which scans prune have page statistics (they are
//! most of the footer). Columns of tiny numbers, and those without a value in this segment, are not compressed: the
//! decompressor's context costs a reader more than the bytes, some 25 µs a column of a look-up that takes 1 ms.

use std::collections::BTreeSet;

use arrow::datatypes::{DataType, Schema};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{KeyValue, ParquetMetaData, RowGroupMetaData, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion};
use parquet::schema::types::ColumnPath;

use super::promoted::choose::Chosen;
use super::promoted::{self, ORDER, ValueType};
use super::sort::SortColumn;
use crate::limits::{
    PAGE_BYTES, PAGE_BYTES_FLUSHED, PAGE_BYTES_POINTS, PAGE_ROWS, PAGE_ROWS_LOGS, PAGE_ROWS_POINTS, PAGE_ROWS_TRACES,
    ROW_GROUP_ROWS, ROW_GROUP_ROWS_POINTS, SEALED_LEVEL, ZSTD_LEVEL, ZSTD_LEVEL_SEALED_POINTS,
};
use crate::schema::{self, Table, col};

/// Columns with page statistics.
const PRUNED_BY: [&str; 10] = [
    col::TRACE_ID,
    col::START_TIME_UNIX_NANO,
    col::END_TIME_UNIX_NANO,
    col::TIME_UNIX_NANO,
    col::SERVICE_NAME,
    col::NAME,
    col::DURATION_NS,
    col::STATUS_CODE,
    col::SEVERITY_NUMBER,
    col::SERIES_ID,
];

/// Columns and list members of few distinct values; everything else has no dictionary.
const FEW_VALUES: [&str; 15] = [
    col::NAME,
    col::SERVICE_NAME,
    col::RESOURCE,
    col::SCOPE,
    col::TRACE_STATE,
    col::SEVERITY_TEXT,
    col::EVENT_NAME,
    col::METRIC_TYPE,
    col::DESCRIPTION,
    col::UNIT,
    col::METADATA,
    col::SCALE,
    col::EXPLICIT_BOUNDS,
    col::SERVICE_NAMES,
    col::ROOT_SERVICE_NAME,
];

/// Columns of small numbers that are mostly the same: run lengths of a dictionary say all there is.
const TINY: [&str; 8] = [
    col::FLAGS,
    col::KIND,
    col::STATUS_CODE,
    col::SEVERITY_NUMBER,
    col::AGGREGATION_TEMPORALITY,
    col::DROPPED_ATTRIBUTES_COUNT,
    col::DROPPED_EVENTS_COUNT,
    col::DROPPED_LINKS_COUNT,
];

/// Returns the writer's settings for the rows of a table; `empty` columns have no value in any row.
pub(crate) fn data_properties(
    table: Table,
    level: u8,
    sorted_by: &[SortColumn],
    empty: &[&str],
    notes: Vec<KeyValue>,
) -> WriterProperties {
    let page_rows = match table {
        Table::Spans => PAGE_ROWS,
        Table::Logs => PAGE_ROWS_LOGS,
        _ => PAGE_ROWS_POINTS,
    };
    let schema = table.schema();
    let mut builder = properties(&schema, page_rows, sorted_by, notes).set_compression(compression(table, level));
    if level == 0 {
        builder = builder.set_data_page_size_limit(PAGE_BYTES_FLUSHED);
    }
    if table.holds_points() {
        builder = for_points(builder, &schema, level);
    }
    if table == Table::Points {
        builder = builder.set_max_row_group_row_count(Some(ROW_GROUP_ROWS_POINTS));
    }
    for field in schema.fields().iter().filter(|field| empty.contains(&field.name().as_str())) {
        for path in leaves(field.name(), field.data_type()) {
            builder = builder.set_column_compression(path, Compression::UNCOMPRESSED);
        }
    }
    builder.build()
}

/// Adds what columns of attributes of their own need: statistics by which scans prune where pages differ, dictionaries where values
/// are few. Floats have no statistics: these leave out NaN, which compares as larger than everything.
pub(crate) fn with_promoted(properties: WriterProperties, chosen: &[Chosen]) -> WriterProperties {
    let mut builder = properties.into_builder().set_column_dictionary_enabled(leaf(&[ORDER]), true);
    for chosen in chosen {
        let path = leaf(&[promoted::column_name(&chosen.key, chosen.value_type).as_str()]);
        let statistics = match chosen.value_type {
            ValueType::Double => EnabledStatistics::None,
            ValueType::Str if !chosen.has_dictionary => EnabledStatistics::Chunk,
            _ => EnabledStatistics::Page,
        };
        builder = builder
            .set_column_statistics_enabled(path.clone(), statistics)
            .set_column_dictionary_enabled(path.clone(), chosen.has_dictionary);
        if chosen.is_tiny {
            builder = builder.set_column_compression(path.clone(), Compression::UNCOMPRESSED);
        }
        if chosen.value_type == ValueType::Int && !chosen.has_dictionary {
            builder = builder.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
    }
    builder.build()
}

/// Rows of a series follow one another: all but time and value is the same many times, whole numbers are near the one before. Floats
/// stay plain: split into streams of bytes they are 3 % larger (`storage/metrics/examples/series`), because repeated values are not
/// found any more. What a flush writes has few points of a series and is soon written again: values of attributes have no dictionary there, so that
/// they are read where they lie instead of gathered and looked up ([`super::writer`]).
fn for_points(mut builder: WriterPropertiesBuilder, schema: &Schema, level: u8) -> WriterPropertiesBuilder {
    builder = builder.set_data_page_size_limit(PAGE_BYTES_POINTS);
    for name in [col::VALUE_INT, col::COUNT, col::ZERO_COUNT] {
        builder = builder.set_column_encoding(leaf(&[name]), Encoding::DELTA_BINARY_PACKED);
    }
    let attributes = schema.field_with_name(col::ATTRIBUTES).ok().filter(|_| level > 0);
    for path in attributes.into_iter().flat_map(|field| leaves(col::ATTRIBUTES, field.data_type())) {
        builder = builder.set_column_dictionary_enabled(path, true);
    }
    builder.set_column_dictionary_enabled(leaf(&[col::SERIES_ID]), true)
}

/// Returns the writer's settings for the rows of series.
pub(crate) fn series_properties(table: Table, level: u8, notes: Vec<KeyValue>) -> WriterProperties {
    let sorted_by = [(col::NAME, false), (col::SERIES_ID, false)];
    properties(&schema::series_rows(table), PAGE_ROWS, &sorted_by, notes)
        .set_compression(compression(table, level))
        .build()
}

/// Returns the writer's settings for trace rows.
pub(crate) fn trace_properties(notes: Vec<KeyValue>) -> WriterProperties {
    properties(&schema::trace_rows(), PAGE_ROWS_TRACES, &[(col::TRACE_ID, false)], notes).build()
}

/// Sealed points are written once more and then read for weeks: they get more of the processor. Spans and logs come too fast for that.
fn compression(table: Table, level: u8) -> Compression {
    let is_slow = level >= SEALED_LEVEL && table.holds_points();
    zstd(if is_slow { ZSTD_LEVEL_SEALED_POINTS } else { ZSTD_LEVEL })
}

fn zstd(level: i32) -> Compression {
    Compression::ZSTD(ZstdLevel::try_new(level).unwrap_or_default())
}

fn properties(
    schema: &Schema,
    page_rows: usize,
    sorted_by: &[SortColumn],
    notes: Vec<KeyValue>,
) -> WriterPropertiesBuilder {
    let mut builder = WriterProperties::builder()
        // Pages of version 1 compress the levels of lists together with the values. Version 2 leaves them bare: 33 of 101
        // bytes a span (`examples/segment_size`).
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(zstd(ZSTD_LEVEL))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(page_rows)
        .set_data_page_size_limit(PAGE_BYTES)
        // The limit on rows is checked once a write batch.
        .set_write_batch_size(page_rows.min(1_024))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::PLAIN)
        .set_sorting_columns(Some(sorting_columns(schema, sorted_by)))
        .set_key_value_metadata(Some(notes));
    for field in schema.fields() {
        let name = field.name().as_str();
        for path in leaves(name, field.data_type()) {
            if TINY.contains(&name) {
                builder = builder.set_column_compression(path.clone(), Compression::UNCOMPRESSED);
            }
            if TINY.contains(&name) || FEW_VALUES.contains(&name) {
                builder = builder.set_column_dictionary_enabled(path.clone(), true);
            }
            if PRUNED_BY.contains(&name) {
                builder = builder.set_column_statistics_enabled(path.clone(), EnabledStatistics::Page);
            }
            if matches!(field.data_type(), DataType::Timestamp(..)) {
                builder = builder.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
            }
        }
    }
    // Keys of attributes are few, their values are not.
    builder.set_column_dictionary_enabled(leaf(&[col::ATTRIBUTES, "list", "item", "key"]), true)
}

/// Returns the columns that have no value in any row: those that are not compressed although they are not tiny.
pub(crate) fn empty_columns(metadata: &ParquetMetaData) -> BTreeSet<String> {
    let (mut all, mut full) = (BTreeSet::new(), BTreeSet::new());
    for chunk in metadata.row_groups().iter().flat_map(RowGroupMetaData::columns) {
        let Some(name) = chunk.column_path().parts().first() else { continue };
        all.insert(name.clone());
        if chunk.compression() != Compression::UNCOMPRESSED || TINY.contains(&name.as_str()) {
            full.insert(name.clone());
        }
    }
    &all - &full
}

/// Returns the paths of a column's leaves.
fn leaves(name: &str, data_type: &DataType) -> Vec<ColumnPath> {
    match data_type {
        DataType::List(item) => match item.data_type() {
            DataType::Struct(members) => {
                members.iter().map(|member| leaf(&[name, "list", "item", member.name()])).collect()
            }
            _ => vec![leaf(&[name, "list", "item"])],
        },
        _ => vec![leaf(&[name])],
    }
}

fn leaf(path: &[&str]) -> ColumnPath {
    ColumnPath::new(path.iter().map(|part| (*part).to_owned()).collect())
}

/// Sort columns stand before every nested one, so that a column's place is also its leaf's.
fn sorting_columns(schema: &Schema, sorted_by: &[SortColumn]) -> Vec<SortingColumn> {
    let place = |name| schema.index_of(name).ok().and_then(|place| i32::try_from(place).ok());
    sorted_by
        .iter()
        .filter_map(|(name, descending)| {
            Some(SortingColumn { column_idx: place(name)?, descending: *descending, nulls_first: false })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use parquet::arrow::ArrowSchemaConverter;

    use super::*;
    use crate::segment::sort::sort_columns;

    #[test]
    fn sort_columns_stand_before_nested_ones() {
        for table in Table::ALL {
            let schema = table.schema();
            for (name, _) in sort_columns(table) {
                let place = schema.index_of(name).unwrap();
                assert!(!schema.fields()[..=place].iter().any(|field| field.data_type().is_nested()), "{name}");
            }
        }
    }

    #[test]
    fn every_named_column_exists_in_some_table() {
        let mut schemas: Vec<_> = Table::ALL.iter().map(|table| table.schema()).collect();
        schemas.push(schema::trace_rows());
        for name in PRUNED_BY.iter().chain(&FEW_VALUES).chain(&TINY) {
            assert!(schemas.iter().any(|schema| schema.index_of(name).is_ok()), "{name}");
        }
    }

    #[test]
    fn every_leaf_has_the_path_that_parquet_gives_it() {
        for table in Table::ALL {
            let schema = table.schema();
            let parquet = ArrowSchemaConverter::new().convert(&schema).unwrap();
            let expected: Vec<_> = parquet.columns().iter().map(|column| column.path().clone()).collect();
            let ours: Vec<_> =
                schema.fields().iter().flat_map(|field| leaves(field.name(), field.data_type())).collect();
            assert_eq!(ours, expected);
        }
    }
}
