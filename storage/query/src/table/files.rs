//! Segment files as a Parquet scan of DataFusion.
//!
//! The reader hands out the metadata that the segment has cached, page index included, so that pruning costs no reads
//! and a row selection touches only the pages that it needs. Filters prune row groups and pages; they are tested in the
//! decoder only for statements that pick few rows (`Query::sql_of_few`): where many pass, that takes longer.

use std::collections::BTreeSet;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use bytes::Bytes;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::stats::Precision;
use datafusion::common::{DataFusionError, Result, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::parquet::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, FileSource, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, MetricBuilder};
use futures::FutureExt;
use futures::future::BoxFuture;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use telltale_storage::Segment;

use super::indexed::{Asked, IndexedSource};
use super::promoted::PromotedColumns;
use super::search::{self, Questions, Rows};

/// One Parquet file of a segment that a scan reads.
#[derive(Debug, Clone)]
pub(crate) struct ScanFile {
    segment: Arc<Segment>,
    /// `None`: the data file.
    trace_rows: Option<PathBuf>,
}

impl ScanFile {
    /// Returns the data file of a segment.
    pub(crate) fn data(segment: Arc<Segment>) -> Self {
        Self { segment, trace_rows: None }
    }

    /// Returns the file of a segment's trace rows, `None` for segments without.
    pub(crate) fn trace_rows(segment: Arc<Segment>) -> Option<Self> {
        let path = segment.trace_rows_path()?;
        Some(Self { segment, trace_rows: Some(path) })
    }

    fn path(&self) -> PathBuf {
        self.trace_rows.clone().unwrap_or_else(|| self.segment.data_path().to_path_buf())
    }

    /// Opens the file; waits for the object store when only that has it.
    fn open(&self) -> Result<File, telltale_storage::Error> {
        if self.trace_rows.is_some() { self.segment.open_trace_rows() } else { self.segment.open_data() }
    }

    fn is_local(&self) -> bool {
        self.segment.is_local(self.trace_rows.is_some())
    }

    /// Returns what the segment's indexes leave over.
    pub(super) fn rows(&self, questions: &Questions) -> Result<Rows> {
        search::narrow(&self.segment, questions)
    }

    fn partitioned(self, schema: &SchemaRef) -> Result<PartitionedFile> {
        let path = self.path();
        let bytes = self.segment.file_bytes(self.trace_rows.is_some());
        let bytes = bytes.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let file = PartitionedFile::new(path.to_string_lossy(), bytes);
        let file = match self.times(schema) {
            Some(times) => file.with_statistics(Arc::new(times)),
            None => file,
        };
        Ok(file.with_extension(self))
    }

    /// Returns the range of the rows' times, by which a file is left out when newer ones had enough.
    fn times(&self, schema: &SchemaRef) -> Option<Statistics> {
        if self.trace_rows.is_some() {
            return None;
        }
        let (at, field) = schema.column_with_name(self.segment.table().time_column())?;
        let DataType::Timestamp(TimeUnit::Nanosecond, zone) = field.data_type() else { return None };
        let bound = |time| Precision::Exact(ScalarValue::TimestampNanosecond(Some(time), zone.clone()));
        let mut statistics = Statistics::new_unknown(schema);
        let column = statistics.column_statistics.get_mut(at)?;
        column.min_value = bound(self.segment.min_time());
        column.max_value = bound(self.segment.max_time());
        if !field.is_nullable() {
            column.null_count = Precision::Exact(0);
        }
        Some(statistics)
    }
}

fn with_path(path: &std::path::Path, error: &std::io::Error) -> std::io::Error {
    std::io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display()))
}

/// What leaves rows of files out.
pub(super) struct Narrowing {
    /// Prunes by the statistics of files, row groups and pages.
    pub(super) predicate: Option<Arc<dyn PhysicalExpr>>,
    /// What the segments' indexes are asked.
    pub(super) asked: Option<Asked>,
}

/// Plans a scan of the stored columns `inputs` of the files; `attribute_keys` when no others are needed of `attributes`.
pub(super) fn scan(
    schema: &SchemaRef,
    files: Vec<ScanFile>,
    inputs: &[usize],
    narrowing: Narrowing,
    partitions: usize,
    attribute_keys: Option<BTreeSet<String>>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let mut source =
        ParquetSource::new(Arc::clone(schema)).with_parquet_file_reader_factory(Arc::new(SegmentReaders {}));
    if let Some(predicate) = narrowing.predicate {
        source = source.with_predicate(predicate);
    }
    let source: Arc<dyn FileSource> = Arc::new(source);
    let source = match narrowing.asked {
        Some(asked) => Arc::new(IndexedSource::new(source, asked)),
        None => source,
    };
    let files: Vec<PartitionedFile> = files.into_iter().map(|file| file.partitioned(schema)).collect::<Result<_>>()?;
    let groups = super::spread(files, partitions, |file| usize::try_from(file.effective_size()).unwrap_or(usize::MAX));
    let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), source)
        .with_file_groups(groups.into_iter().map(FileGroup::new).collect())
        .with_projection_indices(Some(inputs.to_vec()))?
        .with_expr_adapter(Some(Arc::new(PromotedColumns::new(attribute_keys))))
        .build();
    Ok(DataSourceExec::from_data_source(config))
}

/// Opens segment files for DataFusion.
#[derive(Debug)]
struct SegmentReaders {}

impl ParquetFileReaderFactory for SegmentReaders {
    fn create_reader(
        &self,
        partition_index: usize,
        partitioned_file: PartitionedFile,
        _metadata_size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let Some(scanned) = partitioned_file.extension::<ScanFile>() else {
            return Err(DataFusionError::Internal(format!("{} is no segment file", partitioned_file.path())));
        };
        let external = |error| DataFusionError::External(Box::new(error));
        let file = if scanned.is_local() { Some(scanned.open().map_err(external)?) } else { None };
        let bytes_scanned = MetricBuilder::new(metrics).counter("bytes_scanned", partition_index);
        Ok(Box::new(SegmentReader { scanned: scanned.clone(), file, bytes_scanned }))
    }
}

/// Reads one file. Reads block for the time of a page-cache hit or a disk read, on the query threads only; a file that has to come from
/// the object store comes on a thread that may wait for it.
struct SegmentReader {
    scanned: ScanFile,
    /// Not open yet when it has to come from the object store.
    file: Option<File>,
    bytes_scanned: Count,
}

impl SegmentReader {
    /// Opens the file if it is not open yet.
    async fn opened(&mut self) -> parquet::errors::Result<&File> {
        if self.file.is_none() {
            let scanned = self.scanned.clone();
            let opened = SpawnedTask::spawn_blocking(move || scanned.open()).await;
            let opened = opened.map_err(|error| ParquetError::External(Box::new(error)))?;
            self.file = Some(opened.map_err(|error| ParquetError::External(Box::new(error)))?);
        }
        self.file.as_ref().ok_or_else(|| ParquetError::General("a file that is not open".to_owned()))
    }

    async fn read(&mut self, range: Range<u64>) -> parquet::errors::Result<Bytes> {
        let path = self.scanned.path();
        let length = usize::try_from(range.end.saturating_sub(range.start))
            .map_err(|error| ParquetError::External(Box::new(error)))?;
        let mut buffer = vec![0; length];
        self.opened()
            .await?
            .read_exact_at(&mut buffer, range.start)
            .map_err(|error| ParquetError::External(Box::new(with_path(&path, &error))))?;
        self.bytes_scanned.add(length);
        Ok(Bytes::from(buffer))
    }

    async fn metadata(&mut self) -> parquet::errors::Result<Arc<ParquetMetaData>> {
        self.opened().await?;
        if self.scanned.trace_rows.is_none() {
            return self.scanned.segment.metadata().map_err(|error| ParquetError::External(Box::new(error)));
        }
        let reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Optional);
        let file = self.opened().await?.try_clone().map_err(|error| ParquetError::External(Box::new(error)))?;
        reader.parse_and_finish(&file).map(Arc::new)
    }
}

impl AsyncFileReader for SegmentReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        self.read(range).boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        self.metadata().boxed()
    }
}
