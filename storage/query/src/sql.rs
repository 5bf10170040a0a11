//! One SQL statement from its text to its answer.
//!
//! Parse and rewrite, allow, plan against one snapshot, run, count. Only our tables exist: no files, no settings, no
//! statements that change anything. Limits end a query with an error that names them; an answer is never cut short.

use std::sync::Arc;
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::execution::context::SQLOptions;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement as Parsed;
use datafusion::sql::sqlparser::ast::Statement as SqlStatement;
use futures::StreamExt as _;
use telltale_storage::Snapshot;
use tokio::sync::{mpsc, oneshot};

use crate::error::QueryError;
use crate::table::ScanCounters;

mod counted;
mod engine;
mod keys;
mod report;
mod rewrite;
mod stop;
mod views;

pub(crate) use counted::counted;
pub(crate) use engine::Engine;
pub use report::QueryReport;
pub(crate) use stop::Stop;

/// The answer to a statement.
#[derive(Debug, Clone)]
pub struct SqlAnswer {
    /// Names and types of the columns, also when there are no rows.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
    /// What was read for it.
    pub report: QueryReport,
}

/// A statement and how it is read.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    /// Whether few of the rows pass.
    pub(crate) picks_few: bool,
}

/// Answers a statement over a snapshot; `started` is when the question was asked.
pub(crate) async fn answer(
    engine: &Engine,
    snapshot: Arc<Snapshot>,
    statement: &Statement,
    started: Instant,
    stop: &Stop,
) -> Result<SqlAnswer, QueryError> {
    let prepared = prepare(engine, &snapshot, statement, stop).await?;
    let (schema, batches) = collect(engine, &prepared.session, &prepared.plan).await?;
    let report = report::of(prepared.plan.as_ref(), &prepared.counters, started);
    Ok(SqlAnswer { schema, batches, report })
}

/// Answers a statement batch by batch, without a limit on rows: `schema` gets the columns, `rows` the batches or the
/// error that ends them. Ends early when nobody takes them any more.
pub(crate) async fn stream(
    engine: &Engine,
    snapshot: Arc<Snapshot>,
    statement: &Statement,
    stop: &Stop,
    Answering { schema, rows }: Answering,
) {
    let stream = match prepare(engine, &snapshot, statement, stop).await {
        Ok(prepared) => {
            execute_stream(prepared.plan, prepared.session.task_ctx()).map_err(|error| engine.error(&error))
        }
        Err(error) => Err(error),
    };
    let mut stream = match stream {
        Ok(stream) => stream,
        Err(error) => {
            // An error here means that the asker is gone.
            drop(schema.send(Err(error)));
            return;
        }
    };
    if schema.send(Ok(stream.schema())).is_err() {
        return;
    }
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|error| engine.error(&error));
        let is_last = batch.is_err();
        if rows.send(batch).await.is_err() || is_last {
            return;
        }
    }
}

/// Where a streamed answer goes.
#[derive(Debug)]
pub(crate) struct Answering {
    /// The columns, once, or why there are none.
    pub(crate) schema: oneshot::Sender<Result<SchemaRef, QueryError>>,
    /// The rows, or what ended them.
    pub(crate) rows: mpsc::Sender<Result<RecordBatch, QueryError>>,
}

/// A statement that is ready to run.
struct Prepared {
    session: SessionContext,
    plan: Arc<dyn ExecutionPlan>,
    counters: Arc<ScanCounters>,
}

async fn prepare(
    engine: &Engine,
    snapshot: &Arc<Snapshot>,
    statement: &Statement,
    stop: &Stop,
) -> Result<Prepared, QueryError> {
    let picks_few = statement.picks_few;
    let statement = rewrite::parse(&statement.sql)?;
    allow(&statement)?;
    let counters = Arc::new(ScanCounters::default());
    let session = engine.session(snapshot, &counters, picks_few)?;
    views::register(&session, &statement, snapshot, &counters).await.map_err(|error| engine.error(&error))?;
    let plan = plan(engine, &session, statement, &counters).await?;
    let plan = stop.guard(plan).map_err(|error| engine.error(&error))?;
    Ok(Prepared { session, plan, counters })
}

/// Lets only statements through that read.
fn allow(statement: &Parsed) -> Result<(), QueryError> {
    let refused = |what: &str| Err(QueryError::NotAllowed { message: format!("{what} is not allowed here") });
    match statement {
        Parsed::Explain(explain) => allow(&explain.statement),
        Parsed::Statement(inner) => match inner.as_ref() {
            SqlStatement::Query(_)
            | SqlStatement::ExplainTable { .. }
            | SqlStatement::ShowTables { .. }
            | SqlStatement::ShowColumns { .. } => Ok(()),
            other => refused(other.to_string().split_whitespace().next().unwrap_or("this statement")),
        },
        Parsed::CreateExternalTable(_) => refused("CREATE EXTERNAL TABLE"),
        Parsed::CopyTo(_) => refused("COPY"),
        Parsed::Reset(_) => refused("RESET"),
    }
}

async fn plan(
    engine: &Engine,
    session: &SessionContext,
    statement: Parsed,
    counters: &ScanCounters,
) -> Result<Arc<dyn ExecutionPlan>, QueryError> {
    let state = session.state();
    let logical = state.statement_to_plan(statement).await.map_err(|error| engine.error(&error))?;
    SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false)
        .verify_plan(&logical)
        .map_err(|error| QueryError::NotAllowed { message: error.strip_backtrace() })?;
    let optimized = state.optimize(&logical).map_err(|error| engine.error(&error))?;
    if let Some(keys) = keys::attribute_keys(&optimized).map_err(|error| engine.error(&error))? {
        // A statement is planned once.
        drop(counters.attribute_keys.set(keys));
    }
    state.query_planner().create_physical_plan(&optimized, &state).await.map_err(|error| engine.error(&error))
}

async fn collect(
    engine: &Engine,
    session: &SessionContext,
    plan: &Arc<dyn ExecutionPlan>,
) -> Result<(SchemaRef, Vec<RecordBatch>), QueryError> {
    let limits = engine.limits();
    let mut stream = execute_stream(Arc::clone(plan), session.task_ctx()).map_err(|error| engine.error(&error))?;
    let schema = stream.schema();
    let (mut batches, mut rows, mut bytes) = (Vec::new(), 0, 0);
    while let Some(batch) = stream.next().await {
        let batch: RecordBatch = batch.map_err(|error| engine.error(&error))?;
        rows += batch.num_rows();
        if rows > limits.rows {
            return Err(QueryError::Rows { limit: limits.rows });
        }
        bytes += report::batch_bytes(&batch);
        if bytes > limits.answer_bytes {
            return Err(QueryError::Bytes { limit: limits.answer_bytes });
        }
        if batch.num_rows() > 0 {
            batches.push(batch);
        }
    }
    Ok((schema, batches))
}
