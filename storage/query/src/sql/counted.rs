//! A statement whose rows are counted where they are read.

use std::sync::Arc;
use std::time::Instant;

use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::execute_stream_partitioned;
use futures::StreamExt as _;
use telltale_storage::Snapshot;
use tokio::task::JoinSet;

use super::{Engine, Statement, Stop, prepare, report};
use crate::counts::{Counter, Counts, Groups};
use crate::error::QueryError;

/// Counts the rows of a statement over a snapshot, each partition of its plan in a task of its own; `started` is when the
/// question was asked.
pub(crate) async fn counted(
    engine: &Engine,
    snapshot: Arc<Snapshot>,
    statement: &Statement,
    groups: Groups,
    started: Instant,
    stop: &Stop,
) -> Result<Counts, QueryError> {
    let prepared = prepare(engine, &snapshot, statement, stop).await?;
    let streams = execute_stream_partitioned(Arc::clone(&prepared.plan), prepared.session.task_ctx());
    let mut tasks = JoinSet::new();
    for stream in streams.map_err(|error| engine.error(&error))? {
        tasks.spawn(partition(stream, groups));
    }
    let mut sum = Counter::new(groups);
    while let Some(counted) = tasks.join_next().await {
        let counted = counted.map_err(|error| QueryError::Internal { message: error.to_string() })?;
        sum.merge(counted.map_err(|failure| match failure {
            Failure::Plan(error) => engine.error(&error),
            Failure::Count(error) => error,
        })?)?;
    }
    Ok(sum.finish(report::of(prepared.plan.as_ref(), &prepared.counters, started)))
}

/// Why a partition could not be counted.
enum Failure {
    Plan(datafusion::error::DataFusionError),
    Count(QueryError),
}

async fn partition(mut stream: SendableRecordBatchStream, groups: Groups) -> Result<Counter, Failure> {
    let mut counter = Counter::new(groups);
    while let Some(batch) = stream.next().await {
        counter.add(&batch.map_err(Failure::Plan)?).map_err(Failure::Count)?;
    }
    Ok(counter)
}
