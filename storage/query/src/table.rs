//! The stored tables as DataFusion sees them: rows in memory and in segments together.
//!
//! A scan prunes segments by time, by their id filters and by the full-text index, reads what is left by Parquet
//! statistics, puts the rows in memory beside it, and turns stored columns into shown ones on top. Filters are used for
//! pruning only, and DataFusion evaluates them again, but for those that the full-text index decides. What a table does not
//! do: write, or see anything newer than the snapshot that it was made with.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType, utils::conjunction};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::filter::{FilterExec, FilterExecBuilder};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::union::UnionExec;
use telltale_storage::schema::{Table, trace_rows};
use telltale_storage::{Segment, Snapshot};

mod columns;
mod files;
mod filter;
mod indexed;
mod promoted;
mod search;

use columns::Columns;
use files::{Narrowing, ScanFile};
use indexed::Asked;

/// What the scans of one query are asked, found and left out.
#[derive(Debug, Default)]
pub(crate) struct ScanCounters {
    pub(crate) segments_total: AtomicU64,
    pub(crate) segments_pruned: AtomicU64,
    pub(crate) memtable_rows: AtomicU64,
    /// Keys of attributes that the query asks for, when it asks for attributes in no other way; set before it is planned.
    pub(crate) attribute_keys: OnceLock<BTreeSet<String>>,
}

/// Which rows a table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rows {
    /// The rows of a stored table.
    Of(Table),
    /// One row a trace for each span segment and for the spans in memory.
    TraceParts,
}

/// One table of one snapshot.
#[derive(Debug)]
pub(crate) struct SnapshotTable {
    rows: Rows,
    columns: Arc<Columns>,
    snapshot: Arc<Snapshot>,
    counters: Arc<ScanCounters>,
}

impl SnapshotTable {
    /// Returns a stored table.
    pub(crate) fn stored(table: Table, snapshot: &Arc<Snapshot>, counters: &Arc<ScanCounters>) -> Self {
        Self::new(Rows::Of(table), Columns::of(table.schema()), snapshot, counters)
    }

    /// Returns the partial rows of the `traces` table.
    pub(crate) fn trace_parts(snapshot: &Arc<Snapshot>, counters: &Arc<ScanCounters>) -> Self {
        Self::new(Rows::TraceParts, Columns::of(trace_rows()), snapshot, counters)
    }

    fn new(rows: Rows, columns: Columns, snapshot: &Arc<Snapshot>, counters: &Arc<ScanCounters>) -> Self {
        Self { rows, columns: Arc::new(columns), snapshot: Arc::clone(snapshot), counters: Arc::clone(counters) }
    }

    const fn source(&self) -> Table {
        match self.rows {
            Rows::Of(table) => table,
            Rows::TraceParts => Table::Spans,
        }
    }

    /// Returns the rows in memory; computes the partial trace rows where these are asked for.
    fn memory(&self) -> Result<Vec<RecordBatch>> {
        let batches = self.snapshot.batches(self.source());
        let batches = match self.rows {
            Rows::Of(_) => batches,
            Rows::TraceParts if batches.is_empty() => batches,
            Rows::TraceParts => vec![telltale_storage::trace_rows_of(&batches).map_err(external)?],
        };
        let rows: u64 = batches.iter().map(|batch| batch.num_rows() as u64).sum();
        self.counters.memtable_rows.fetch_add(rows, Ordering::Relaxed);
        Ok(batches)
    }

    /// Returns the files that may hold rows which pass the filter.
    fn files(&self, filter: Option<&Expr>) -> Vec<ScanFile> {
        let mut segments: Vec<Arc<Segment>> = self.snapshot.segments(self.source()).map(Arc::clone).collect();
        let total = segments.len();
        // Newest first: `ORDER BY time DESC LIMIT n` fills up early and can then leave out what is older.
        segments.sort_by_key(|segment| std::cmp::Reverse(segment.max_time()));
        let segments: Vec<_> = match self.rows {
            Rows::Of(_) => {
                segments.into_iter().filter(|one| filter.is_none_or(|filter| filter::may_match(filter, one))).collect()
            }
            // Their time columns have another meaning than the segment's; only the trace id prunes, by statistics.
            Rows::TraceParts => segments,
        };
        let files: Vec<_> = match self.rows {
            Rows::Of(_) => segments.into_iter().map(ScanFile::data).collect(),
            Rows::TraceParts => segments.into_iter().filter_map(ScanFile::trace_rows).collect(),
        };
        self.counters.segments_total.fetch_add(total as u64, Ordering::Relaxed);
        self.counters.segments_pruned.fetch_add(total.saturating_sub(files.len()) as u64, Ordering::Relaxed);
        files
    }

    /// Returns a plan over the given stored columns.
    fn scan_stored(
        &self,
        session: &dyn Session,
        inputs: &[usize],
        filters: &[Expr],
        is_shown_as_stored: bool,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (decided, others): (Vec<&Expr>, Vec<&Expr>) = filters.iter().partition(|filter| self.is_decided(filter));
        let stored = conjunction(others.iter().filter_map(|filter| filter::to_stored(filter, &self.columns)));
        let schema = self.columns.stored();
        let mut children: Vec<Arc<dyn ExecutionPlan>> = Vec::new();
        children.extend(self.scan_files(session, inputs, stored.as_ref(), (&decided, &others))?);
        children.extend(self.scan_memory(session, inputs, &decided)?);
        let rows: Arc<dyn ExecutionPlan> = match children.len() {
            0 => return Ok(Arc::new(EmptyExec::new(Arc::new(schema.project(inputs)?)))),
            1 => children.pop().ok_or_else(|| DataFusionError::Internal("no child".to_owned()))?,
            _ => UnionExec::try_new(children)?,
        };
        // What is stored is compared first, ids as bytes, so that only the rows that are meant are turned into text.
        let input = DFSchema::try_from(schema.project(inputs)?)?;
        let first = stored.as_ref().and_then(|stored| match is_shown_as_stored {
            true => filter::by_id(stored, &self.columns),
            false => filter::over(stored, &input),
        });
        match first {
            Some(first) => Ok(Arc::new(FilterExec::try_new(session.create_physical_expr(first, &input)?, rows)?)),
            None => Ok(rows),
        }
    }

    /// Whether a filter is decided by the scan itself: in segments by their index, in memory by a look at the rows.
    fn is_decided(&self, filter: &Expr) -> bool {
        self.rows == Rows::Of(Table::Logs) && search::is_decided(filter)
    }

    /// Returns a plan over the rows in segments that may pass, `None` when there are none; of the filters, the decided and
    /// the others, the former hold.
    fn scan_files(
        &self,
        session: &dyn Session,
        inputs: &[usize],
        stored: Option<&Expr>,
        (decided, others): (&[&Expr], &[&Expr]),
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        // Also without files: a search that cannot be read is an error wherever the rows are.
        let questions = match self.rows {
            Rows::Of(table) => search::questions(table, decided, others)?,
            Rows::TraceParts => None,
        };
        let files = self.files(stored);
        if files.is_empty() {
            return Ok(None);
        }
        let predicate = stored.map(|stored| self.predicate(session, stored)).transpose()?;
        let counters = &self.counters;
        let asked = questions.map(|questions| Asked { questions: Arc::new(questions), counters: Arc::clone(counters) });
        files::scan(
            self.columns.stored(),
            files,
            inputs,
            Narrowing { predicate, asked },
            session.config().target_partitions(),
            counters.attribute_keys.get().cloned(),
        )
        .map(Some)
    }

    /// Returns a plan over the rows in memory that pass the decided filters, `None` when there are no rows.
    fn scan_memory(
        &self,
        session: &dyn Session,
        inputs: &[usize],
        decided: &[&Expr],
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let batches = self.memory()?;
        if batches.is_empty() {
            return Ok(None);
        }
        let (schema, partitions) = (self.columns.stored(), session.config().target_partitions());
        let groups = spread(batches, partitions, RecordBatch::num_rows);
        let held: Option<Vec<Expr>> = decided.iter().map(|filter| filter::to_stored(filter, &self.columns)).collect();
        let held = held.ok_or_else(|| DataFusionError::Internal("a filter that only files decide".to_owned()))?;
        let Some(filter) = conjunction(held) else {
            return Ok(Some(MemorySourceConfig::try_new_exec(&groups, Arc::clone(schema), Some(inputs.to_vec()))?));
        };
        let rows = MemorySourceConfig::try_new_exec(&groups, Arc::clone(schema), None)?;
        let rows = FilterExecBuilder::new(self.predicate(session, &filter)?, rows);
        Ok(Some(Arc::new(rows.apply_projection(Some(inputs.to_vec()))?.build()?)))
    }

    fn predicate(&self, session: &dyn Session, stored: &Expr) -> Result<Arc<dyn PhysicalExpr>> {
        let schema = DFSchema::try_from(self.columns.stored().as_ref().clone())?;
        session.create_physical_expr(stored.clone(), &schema)
    }
}

/// Spreads items over at most `groups` groups of about equal weight.
fn spread<T>(items: Vec<T>, groups: usize, weight: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut out: Vec<(usize, Vec<T>)> = Vec::new();
    out.resize_with(groups.clamp(1, items.len().max(1)), || (0, Vec::new()));
    for item in items {
        if let Some((total, group)) = out.iter_mut().min_by_key(|(total, _)| *total) {
            *total += weight(&item).max(1);
            group.push(item);
        }
    }
    out.into_iter().map(|(_, group)| group).collect()
}

fn external(error: telltale_storage::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

#[async_trait]
impl TableProvider for SnapshotTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.columns.shown())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let usable = |filter: &Expr| filter::to_stored(filter, &self.columns).is_some() || search::is_search(filter);
        Ok(filters
            .iter()
            .map(|filter| match (self.is_decided(filter), usable(filter)) {
                (true, _) => TableProviderFilterPushDown::Exact,
                (false, true) => TableProviderFilterPushDown::Inexact,
                (false, false) => TableProviderFilterPushDown::Unsupported,
            })
            .collect())
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let projection = projection.cloned().unwrap_or_else(|| (0..self.columns.shown().fields().len()).collect());
        let inputs = self.columns.inputs(&projection);
        let is_shown_as_stored = self.columns.is_stored(&projection, &inputs);
        let scan = self.scan_stored(session, &inputs, filters, is_shown_as_stored)?;
        if is_shown_as_stored {
            return Ok(scan);
        }
        let config = Arc::new(session.config_options().clone());
        let expressions: Result<Vec<ProjectionExpr>> = projection
            .iter()
            .map(|shown| {
                let (expr, alias) = self.columns.expression(*shown, &inputs, &config)?;
                Ok(ProjectionExpr { expr, alias })
            })
            .collect();
        Ok(Arc::new(ProjectionExec::try_new(expressions?, scan)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_spread_by_weight_and_none_is_lost() {
        assert_eq!(spread(vec![5, 1, 1, 1, 1, 1], 2, |weight| *weight), [vec![5], vec![1, 1, 1, 1, 1]]);
        assert_eq!(spread(vec![7], 4, |weight| *weight), [vec![7]]);
        assert_eq!(spread(Vec::<usize>::new(), 4, |weight| *weight), [Vec::<usize>::new()]);
    }
}
