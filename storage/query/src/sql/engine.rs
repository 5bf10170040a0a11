//! DataFusion, set up once: memory, disk, functions and options that every query shares.

use std::num::NonZeroUsize;
use std::sync::Arc;

use datafusion::catalog::{CatalogProviderList, MemoryCatalogProviderList};
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateDefaults;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use telltale_storage::Snapshot;
use telltale_storage::schema::Table;

use crate::error::QueryError;
use crate::limits::{BATCH_ROWS, QueryLimits};
use crate::table::{ScanCounters, SnapshotTable};

/// Names of the only catalog and schema.
pub(super) const CATALOG: &str = "telltale";
pub(super) const SCHEMA: &str = "public";

/// Functions that make values of any size out of a number, beyond what the memory limit sees.
const UNBOUNDED_FUNCTIONS: [&str; 12] = [
    "repeat",
    "lpad",
    "rpad",
    "range",
    "generate_series",
    "gen_series",
    "array_repeat",
    "list_repeat",
    "array_resize",
    "list_resize",
    "array_pad",
    "version",
];

/// What every query starts from.
#[derive(Debug)]
pub(crate) struct Engine {
    state: SessionState,
    limits: QueryLimits,
    memory_bytes: usize,
}

impl Engine {
    pub(crate) fn new(limits: &QueryLimits) -> Result<Self, QueryError> {
        let memory_bytes = limits.memory();
        let runtime =
            runtime(limits, memory_bytes).map_err(|error| QueryError::Internal { message: error.strip_backtrace() })?;
        let functions = SessionStateDefaults::default_scalar_functions()
            .into_iter()
            .filter(|function| !UNBOUNDED_FUNCTIONS.contains(&function.name()))
            .chain(crate::functions::all())
            .collect();
        let state = SessionStateBuilder::new()
            .with_config(config(limits))
            .with_runtime_env(runtime)
            .with_expr_planners(SessionStateDefaults::default_expr_planners())
            .with_scalar_functions(functions)
            .with_higher_order_functions(SessionStateDefaults::default_higher_order_functions())
            .with_aggregate_functions(SessionStateDefaults::default_aggregate_functions())
            .with_window_functions(SessionStateDefaults::default_window_functions())
            .build();
        Ok(Self { state, limits: limits.clone(), memory_bytes })
    }

    pub(super) const fn limits(&self) -> &QueryLimits {
        &self.limits
    }

    pub(super) fn error(&self, error: &DataFusionError) -> QueryError {
        QueryError::from_datafusion(error, self.memory_bytes)
    }

    /// Returns a session that knows the stored tables of a snapshot, and nothing of other sessions. Where a statement
    /// `picks_few` rows, conditions are tested while columns are decoded: the other columns are decoded for these rows only.
    pub(super) fn session(
        &self,
        snapshot: &Arc<Snapshot>,
        counters: &Arc<ScanCounters>,
        picks_few: bool,
    ) -> Result<SessionContext, QueryError> {
        let catalogs: Arc<dyn CatalogProviderList> = Arc::new(MemoryCatalogProviderList::new());
        let mut builder = SessionStateBuilder::new_from_existing(self.state.clone()).with_catalog_list(catalogs);
        if let Some(mut config) = builder.config().take() {
            config.options_mut().execution.parquet.pushdown_filters = picks_few;
            builder = builder.with_config(config.with_create_default_catalog_and_schema(true));
        }
        let session = SessionContext::new_with_state(builder.build());
        for table in Table::ALL {
            let provider = Arc::new(SnapshotTable::stored(table, snapshot, counters));
            session.register_table(table.name(), provider).map_err(|error| self.error(&error))?;
        }
        Ok(session)
    }
}

fn runtime(limits: &QueryLimits, memory_bytes: usize) -> Result<Arc<RuntimeEnv>, DataFusionError> {
    let top_consumers = NonZeroUsize::MIN.saturating_add(2);
    let pool = TrackConsumersPool::new(FairSpillPool::new(memory_bytes), top_consumers);
    let mode = match &limits.spill_dir {
        Some(folder) => DiskManagerMode::Directories(vec![folder.clone()]),
        None => DiskManagerMode::OsTmpDirectory,
    };
    let disk = DiskManagerBuilder::default().with_mode(mode).with_max_temp_directory_size(limits.spill_bytes);
    RuntimeEnvBuilder::new().with_memory_pool(Arc::new(pool)).with_disk_manager_builder(disk).build_arc()
}

fn config(limits: &QueryLimits) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_create_default_catalog_and_schema(true)
        .with_information_schema(false)
        .with_target_partitions(limits.threads.max(1))
        .with_batch_size(BATCH_ROWS);
    let options = config.options_mut();
    // now() then has the type of the time columns, so that `time > now() - INTERVAL …` prunes.
    options.execution.time_zone = Some("UTC".to_owned());
    // DataFusion 55.2 maps these filters by column name and may drop rows when names repeat.
    options.optimizer.enable_join_dynamic_filter_pushdown = false;
    options.optimizer.enable_aggregate_dynamic_filter_pushdown = false;
    options.execution.parquet.pushdown_filters = false;
    options.execution.parquet.schema_force_view_types = false;
    // A recursive query has no bound of its own.
    options.execution.enable_recursive_ctes = false;
    options.sql_parser.map_string_types_to_utf8view = false;
    config
}
