//! A scan of segment files of which the indexes say, when a file's turn comes, which rows can match.
//!
//! The rows of all segments together, known before the scan, would take memory with every row that matches. File by file
//! it is that of one segment a thread, and what newer files have shown not to be needed (`ORDER BY … LIMIT`) is not
//! looked up at all.

use std::fmt::{Debug, Formatter};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use datafusion::common::config::ConfigOptions;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileOpener, FileScanConfig, FileSource};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::object_store::ObjectStore;
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_optimizer::pruning::FilePruner;
use datafusion::physical_plan::filter_pushdown::FilterPushdownPropagation;
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet};
use datafusion::physical_plan::{DisplayFormatType, SortOrderPushdownResult};
use datafusion_datasource::morsel::{MorselPlan, MorselPlanner, Morselizer};

use super::ScanCounters;
use super::files::ScanFile;
use super::search::{Questions, Rows};

/// What every file of a scan is asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) questions: Arc<Questions>,
    pub(super) counters: Arc<ScanCounters>,
}

/// Reads Parquet files, only the rows that their indexes leave over.
#[derive(Clone)]
pub(super) struct IndexedSource {
    inner: Arc<dyn FileSource>,
    asked: Asked,
}

impl IndexedSource {
    pub(super) fn new(inner: Arc<dyn FileSource>, asked: Asked) -> Self {
        Self { inner, asked }
    }

    fn with(&self, inner: Arc<dyn FileSource>) -> Arc<dyn FileSource> {
        Arc::new(Self { inner, asked: self.asked.clone() })
    }
}

impl FileSource for IndexedSource {
    fn create_file_opener(
        &self,
        object_store: Arc<dyn ObjectStore>,
        base_config: &FileScanConfig,
        partition: usize,
    ) -> Result<Arc<dyn FileOpener>> {
        self.inner.create_file_opener(object_store, base_config, partition)
    }

    fn create_morselizer(
        &self,
        object_store: Arc<dyn ObjectStore>,
        base_config: &FileScanConfig,
        partition: usize,
    ) -> Result<Box<dyn Morselizer>> {
        Ok(Box::new(Indexed {
            inner: Arc::from(self.inner.create_morselizer(object_store, base_config, partition)?),
            asked: self.asked.clone(),
            filter: self.inner.filter(),
            schema: self.inner.table_schema().clone(),
        }))
    }

    fn table_schema(&self) -> &TableSchema {
        self.inner.table_schema()
    }

    fn with_batch_size(&self, batch_size: usize) -> Arc<dyn FileSource> {
        self.with(self.inner.with_batch_size(batch_size))
    }

    fn filter(&self) -> Option<Arc<dyn PhysicalExpr>> {
        self.inner.filter()
    }

    fn projection(&self) -> Option<&ProjectionExprs> {
        self.inner.projection()
    }

    fn metrics(&self) -> &ExecutionPlanMetricsSet {
        self.inner.metrics()
    }

    fn file_type(&self) -> &str {
        self.inner.file_type()
    }

    fn fmt_extra(&self, t: DisplayFormatType, f: &mut Formatter<'_>) -> std::fmt::Result {
        self.inner.fmt_extra(t, f)?;
        write!(f, ", rows={:?}", self.asked.questions)
    }

    fn supports_repartitioning(&self) -> bool {
        self.inner.supports_repartitioning()
    }

    fn try_pushdown_filters(
        &self,
        filters: Vec<Arc<dyn PhysicalExpr>>,
        config: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn FileSource>>> {
        let pushed = self.inner.try_pushdown_filters(filters, config)?;
        let updated_node = pushed.updated_node.map(|inner| self.with(inner));
        Ok(FilterPushdownPropagation { filters: pushed.filters, updated_node })
    }

    fn try_pushdown_sort(
        &self,
        order: &[PhysicalSortExpr],
        eq_properties: &EquivalenceProperties,
    ) -> Result<SortOrderPushdownResult<Arc<dyn FileSource>>> {
        Ok(self.inner.try_pushdown_sort(order, eq_properties)?.map(|inner| self.with(inner)))
    }

    fn reorder_files(&self, files: Vec<PartitionedFile>) -> Vec<PartitionedFile> {
        self.inner.reorder_files(files)
    }

    fn try_pushdown_projection(&self, projection: &ProjectionExprs) -> Result<Option<Arc<dyn FileSource>>> {
        Ok(self.inner.try_pushdown_projection(projection)?.map(|inner| self.with(inner)))
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.inner.apply_expressions(f)
    }
}

/// Begins files: looks up which rows can match, then lets the Parquet reader begin with these.
struct Indexed {
    inner: Arc<dyn Morselizer>,
    asked: Asked,
    filter: Option<Arc<dyn PhysicalExpr>>,
    schema: TableSchema,
}

impl Debug for Indexed {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Indexed").field("inner", &self.inner).field("asked", &self.asked).finish_non_exhaustive()
    }
}

impl Morselizer for Indexed {
    fn plan_file(&self, file: PartitionedFile) -> Result<Box<dyn MorselPlanner>> {
        let Some(scanned) = file.extension::<ScanFile>().cloned() else {
            return Err(DataFusionError::Internal(format!("{} is no segment file", file.path())));
        };
        let pruner = self
            .filter
            .clone()
            .and_then(|filter| FilePruner::try_new(filter, self.schema.file_schema(), &file, Count::new()));
        let (inner, asked) = (Arc::clone(&self.inner), self.asked.clone());
        Ok(Box::new(LookUp { inner, asked, file, scanned, pruner }))
    }
}

/// A file whose rows are to be looked up.
struct LookUp {
    inner: Arc<dyn Morselizer>,
    asked: Asked,
    file: PartitionedFile,
    scanned: ScanFile,
    pruner: Option<FilePruner>,
}

impl Debug for LookUp {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LookUp").field("scanned", &self.scanned).finish_non_exhaustive()
    }
}

impl MorselPlanner for LookUp {
    fn plan(mut self: Box<Self>) -> Result<Option<MorselPlan>> {
        if let Some(pruner) = &mut self.pruner
            && pruner.should_prune()?
        {
            self.count_pruned();
            return Ok(None);
        }
        Ok(Some(MorselPlan::new().with_pending_planner(self.look_up())))
    }
}

impl LookUp {
    /// Counts the segment as left out; of a file that several threads share, the first part counts.
    fn count_pruned(&self) {
        if self.file.range.as_ref().is_none_or(|range| range.start == 0) {
            self.asked.counters.segments_pruned.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Asks the index, which may have to come from the object store.
    async fn look_up(self: Box<Self>) -> Result<Box<dyn MorselPlanner>> {
        let (scanned, questions) = (self.scanned.clone(), Arc::clone(&self.asked.questions));
        let rows = SpawnedTask::spawn_blocking(move || scanned.rows(&questions))
            .join()
            .await
            .map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))??;
        match rows {
            Rows::All => self.inner.plan_file(self.file),
            Rows::Some(plan) => self.inner.plan_file(self.file.with_extension(plan)),
            Rows::None => {
                self.count_pruned();
                Ok(Box::new(Nothing))
            }
        }
    }
}

/// A file of which nothing has to be read.
#[derive(Debug)]
struct Nothing;

impl MorselPlanner for Nothing {
    fn plan(self: Box<Self>) -> Result<Option<MorselPlan>> {
        Ok(None)
    }
}
