//! The tables of SQL that are made of stored ones: `span_events`, `span_links`, `exemplars`, `metrics`, `traces`.
//!
//! Each is a query, planned only when a statement names the table. `information_schema` holds the names and columns of
//! all tables, and nothing about settings.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::SchemaRef;
use datafusion::catalog::{MemTable, MemorySchemaProvider, SchemaProvider};
use datafusion::common::{DataFusionError, Result};
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use telltale_storage::Snapshot;
use telltale_storage::schema::Table;

use super::engine::{CATALOG, SCHEMA};
use crate::table::{ScanCounters, SnapshotTable};

const INFORMATION_SCHEMA: &str = "information_schema";
/// The partial rows behind `traces`; known only while that view is planned.
const TRACE_PARTS: &str = "trace_parts";

const SPAN_EVENTS: &str = "
SELECT trace_id, span_id,
       unix_nano(get_field(e, 'time_unix_nano')) AS time_unix_nano,
       get_field(e, 'name') AS name,
       otlp_attributes(get_field(e, 'attributes')) AS attributes,
       get_field(e, 'dropped_attributes_count') AS dropped_attributes_count,
       span_name, service_name, resource, scope, ingest_time_unix_nano
FROM (SELECT trace_id, span_id, name AS span_name, service_name, resource, scope, ingest_time_unix_nano,
             unnest(events) AS e
      FROM spans)";

const SPAN_LINKS: &str = "
SELECT trace_id, span_id,
       nullif(hex(get_field(l, 'trace_id')), '') AS linked_trace_id,
       nullif(hex(get_field(l, 'span_id')), '') AS linked_span_id,
       get_field(l, 'trace_state') AS trace_state,
       get_field(l, 'flags') AS flags,
       otlp_attributes(get_field(l, 'attributes')) AS attributes,
       get_field(l, 'dropped_attributes_count') AS dropped_attributes_count,
       span_name, service_name, start_time_unix_nano, resource, scope, ingest_time_unix_nano
FROM (SELECT trace_id, span_id, name AS span_name, service_name, start_time_unix_nano, resource, scope,
             ingest_time_unix_nano, unnest(links) AS l
      FROM spans)";

const EXEMPLARS: &str = "
SELECT name, metric_type, unit, series_id,
       unix_nano(get_field(e, 'time_unix_nano')) AS time_unix_nano,
       nullif(hex(get_field(e, 'trace_id')), '') AS trace_id,
       nullif(hex(get_field(e, 'span_id')), '') AS span_id,
       get_field(e, 'value') AS value,
       get_field(e, 'value_int') AS value_int,
       otlp_attributes(get_field(e, 'attributes')) AS attributes,
       point_attributes, point_time_unix_nano, service_name, resource, scope, ingest_time_unix_nano
FROM (SELECT name, metric_type, unit, series_id, attributes AS point_attributes,
             time_unix_nano AS point_time_unix_nano, service_name, resource, scope, ingest_time_unix_nano,
             unnest(exemplars) AS e
      FROM (SELECT name, metric_type, unit, series_id, attributes, time_unix_nano, service_name, resource, scope,
                   ingest_time_unix_nano, exemplars FROM points
            UNION ALL
            SELECT name, 'histogram', unit, series_id, attributes, time_unix_nano, service_name, resource, scope,
                   ingest_time_unix_nano, exemplars FROM histogram_points
            UNION ALL
            SELECT name, 'exponential_histogram', unit, series_id, attributes, time_unix_nano, service_name, resource,
                   scope, ingest_time_unix_nano, exemplars FROM exp_histogram_points))";

const METRICS: &str = "
SELECT series_id,
       first_value(name) AS name,
       first_value(metric_type) AS type,
       first_value(unit) AS unit,
       first_value(description) AS description,
       first_value(aggregation_temporality) AS aggregation_temporality,
       first_value(is_monotonic) AS is_monotonic,
       first_value(service_name) AS service_name,
       first_value(attributes) AS attributes,
       first_value(resource) AS resource,
       first_value(scope) AS scope,
       min(time_unix_nano) AS first_time_unix_nano,
       max(time_unix_nano) AS last_time_unix_nano,
       count(*) AS point_count
FROM (SELECT series_id, name, metric_type, unit, description, aggregation_temporality, is_monotonic, service_name,
             attributes, resource, scope, time_unix_nano FROM points
      UNION ALL
      SELECT series_id, name, 'histogram', unit, description, aggregation_temporality, NULL, service_name,
             attributes, resource, scope, time_unix_nano FROM histogram_points
      UNION ALL
      SELECT series_id, name, 'exponential_histogram', unit, description, aggregation_temporality, NULL, service_name,
             attributes, resource, scope, time_unix_nano FROM exp_histogram_points
      UNION ALL
      SELECT series_id, name, 'summary', unit, description, NULL, NULL, service_name,
             attributes, resource, scope, time_unix_nano FROM summary_points)
GROUP BY series_id";

const TRACES: &str = "
SELECT trace_id,
       min(start_time_unix_nano) AS start_time_unix_nano,
       max(end_time_unix_nano) AS end_time_unix_nano,
       CAST(max(end_time_unix_nano) AS BIGINT) - CAST(min(start_time_unix_nano) AS BIGINT) AS duration_ns,
       first_value(root_span_id ORDER BY root_span_id IS NULL, start_time_unix_nano) AS root_span_id,
       first_value(root_service_name ORDER BY root_span_id IS NULL, start_time_unix_nano) AS root_service_name,
       first_value(root_name ORDER BY root_span_id IS NULL, start_time_unix_nano) AS root_name,
       sum(span_count) AS span_count,
       sum(error_count) AS error_count,
       first_value(first_error_service_name ORDER BY error_count = 0, start_time_unix_nano)
           AS first_error_service_name,
       first_value(first_error_message ORDER BY error_count = 0, start_time_unix_nano) AS first_error_message,
       array_sort(array_distinct(flatten(array_agg(service_names)))) AS service_names
FROM trace_parts GROUP BY trace_id";

const VIEWS: [(&str, &str); 5] = [
    ("span_events", SPAN_EVENTS),
    ("span_links", SPAN_LINKS),
    ("exemplars", EXEMPLARS),
    ("metrics", METRICS),
    ("traces", TRACES),
];

/// Makes the views that a statement names known to the session.
pub(super) async fn register(
    session: &SessionContext,
    statement: &Statement,
    snapshot: &Arc<Snapshot>,
    counters: &Arc<ScanCounters>,
) -> Result<()> {
    let named = session.state().resolve_table_references(statement)?;
    let about_tables = named.iter().any(|table| table.schema() == Some(INFORMATION_SCHEMA));
    for (name, sql) in VIEWS {
        if about_tables || named.iter().any(|table| table.table() == name) {
            register_view(session, name, sql, snapshot, counters).await?;
        }
    }
    if about_tables { describe_tables(session).await } else { Ok(()) }
}

async fn register_view(
    session: &SessionContext,
    name: &str,
    sql: &str,
    snapshot: &Arc<Snapshot>,
    counters: &Arc<ScanCounters>,
) -> Result<()> {
    let parts = sql == TRACES;
    if parts {
        session.register_table(TRACE_PARTS, Arc::new(SnapshotTable::trace_parts(snapshot, counters)))?;
    }
    let view = session.sql(sql).await?.into_view();
    if parts {
        session.deregister_table(TRACE_PARTS)?;
    }
    session.register_table(name, view)?;
    Ok(())
}

/// Fills `information_schema.tables` and `.columns`.
async fn describe_tables(session: &SessionContext) -> Result<()> {
    let names = Table::ALL.iter().map(|table| (table.name(), "BASE TABLE"));
    let names: Vec<(&str, &str)> = names.chain(VIEWS.map(|(name, _)| (name, "VIEW"))).collect();
    let mut tables: [Vec<String>; 4] = Default::default();
    let mut columns: [Vec<String>; 6] = Default::default();
    let mut positions = Vec::new();
    for (name, kind) in names {
        push(&mut tables, [CATALOG, SCHEMA, name, kind]);
        let provider = session.table_provider(name).await?;
        for (position, field) in provider.schema().fields().iter().enumerate() {
            let nullable = if field.is_nullable() { "YES" } else { "NO" };
            let data_type = crate::json::type_name(field.data_type());
            push(&mut columns, [CATALOG, SCHEMA, name, field.name(), nullable, &data_type]);
            positions.push(position as u64 + 1);
        }
    }
    let tables = text_columns(["table_catalog", "table_schema", "table_name", "table_type"], tables);
    let columns = text_columns(
        ["table_catalog", "table_schema", "table_name", "column_name", "is_nullable", "data_type"],
        columns,
    )
    .chain([("ordinal_position", Arc::new(UInt64Array::from(positions)) as ArrayRef)]);
    let schema = MemorySchemaProvider::new();
    schema.register_table("tables".to_owned(), mem_table(RecordBatch::try_from_iter(tables)?)?)?;
    schema.register_table("columns".to_owned(), mem_table(RecordBatch::try_from_iter(columns)?)?)?;
    let catalog = session.catalog(CATALOG).ok_or_else(|| DataFusionError::Internal("no catalog".to_owned()))?;
    catalog.register_schema(INFORMATION_SCHEMA, Arc::new(schema))?;
    Ok(())
}

fn push<const N: usize>(columns: &mut [Vec<String>; N], row: [&str; N]) {
    for (column, value) in columns.iter_mut().zip(row) {
        column.push(value.to_owned());
    }
}

fn text_columns<const N: usize>(
    names: [&'static str; N],
    columns: [Vec<String>; N],
) -> impl Iterator<Item = (&'static str, ArrayRef)> {
    names.into_iter().zip(columns.map(|column| Arc::new(StringArray::from(column)) as ArrayRef))
}

fn mem_table(batch: RecordBatch) -> Result<Arc<MemTable>> {
    let schema: SchemaRef = batch.schema();
    Ok(Arc::new(MemTable::try_new(schema, vec![vec![batch]])?))
}
