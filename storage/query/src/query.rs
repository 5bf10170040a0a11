//! [`Query`]: the handle that the server holds.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use telltale_model::{DurationSketch, TraceId};
use telltale_storage::schema::Table;
use telltale_storage::{Snapshot, Storage};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::counts::{Counts, Groups};
use crate::error::QueryError;
use crate::limits::{MAX_LOOKUPS, MAX_STREAMS, QueryLimits, STREAM_BATCHES};
use crate::lookup::{
    self, Arrival, BaselineCache, Found, IdPrefix, Lookup, NewestCache, OperationHit, OperationKey, PrefixHit,
    TraceData, TraceSummaryRow, ValueHit,
};
use crate::pool::{EndOnDrop, Pool};
use crate::sql::{self, Answering, Engine, SqlAnswer, Statement, Stop};

/// A handle on everything that can be asked; clones are cheap and share threads, memory and limits.
#[derive(Debug, Clone)]
pub struct Query {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    storage: Storage,
    limits: QueryLimits,
    pool: Pool,
    engine: Arc<Engine>,
    running: Arc<Semaphore>,
    waiting: AtomicUsize,
    lookups: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    newest: Arc<NewestCache>,
    baselines: Arc<BaselineCache>,
}

/// What a statement is answered with once it has its turn.
struct Asking {
    engine: Arc<Engine>,
    snapshot: Arc<Snapshot>,
    started: Instant,
    stop: Stop,
}

impl Query {
    /// Starts the query threads.
    ///
    /// # Errors
    /// [`QueryError::Internal`] when threads or the folder for spilled data cannot be had.
    pub fn new(storage: Storage, limits: QueryLimits) -> Result<Self, QueryError> {
        let shared = Shared {
            pool: Pool::new(limits.threads)?,
            engine: Arc::new(Engine::new(&limits)?),
            running: Arc::new(Semaphore::new(limits.running.max(1))),
            waiting: AtomicUsize::new(0),
            lookups: Arc::new(Semaphore::new(MAX_LOOKUPS)),
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
            newest: Arc::default(),
            baselines: Arc::default(),
            storage,
            limits,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Answers one read-only statement over everything acknowledged before the call.
    ///
    /// Must be called on a tokio runtime with a timer. Dropping the future cancels the query.
    ///
    /// # Errors
    /// [`QueryError::Invalid`] and [`QueryError::NotAllowed`] for the statement itself; [`QueryError::Timeout`],
    /// [`QueryError::Memory`], [`QueryError::Rows`], [`QueryError::Bytes`] and [`QueryError::Busy`] for the limits, none
    /// of which ever cuts an answer short; [`QueryError::Storage`] for damaged data.
    pub async fn sql(&self, sql: &str) -> Result<SqlAnswer, QueryError> {
        self.answered(Statement { sql: sql.to_owned(), picks_few: false }).await
    }

    /// The same for a statement of which few of the many rows that it reads pass: columns that its conditions do not need are
    /// decoded for these rows only. Where many pass it takes longer than [`Query::sql`].
    ///
    /// # Errors
    /// As [`Query::sql`].
    pub async fn sql_of_few(&self, sql: &str) -> Result<SqlAnswer, QueryError> {
        self.answered(Statement { sql: sql.to_owned(), picks_few: true }).await
    }

    async fn answered(&self, statement: Statement) -> Result<SqlAnswer, QueryError> {
        let answer = |asking: Asking| async move {
            sql::answer(&asking.engine, asking.snapshot, &statement, asking.started, &asking.stop).await
        };
        self.in_turn(answer).await
    }

    /// Counts all rows of one read-only statement where they are read: the values of its columns, and its rows over time
    /// by group, in one pass. See [`Counts`] for how columns are named.
    ///
    /// # Errors
    /// As [`Query::sql`], but for rows, of which there is no limit; [`QueryError::Internal`] for columns of other types than
    /// are counted.
    pub async fn count(&self, sql: &str, groups: Groups) -> Result<Counts, QueryError> {
        let statement = Statement { sql: sql.to_owned(), picks_few: false };
        let answer = move |asking: Asking| async move {
            sql::counted(&asking.engine, asking.snapshot, &statement, groups, asking.started, &asking.stop).await
        };
        self.in_turn(answer).await
    }

    /// Answers a statement on the query threads once it has its turn, within the limit on time.
    async fn in_turn<T, Answer>(&self, answer: impl FnOnce(Asking) -> Answer) -> Result<T, QueryError>
    where
        T: Send + 'static,
        Answer: Future<Output = Result<T, QueryError>> + Send + 'static,
    {
        let shared = &self.shared;
        let started = Instant::now();
        let permit =
            tokio::time::timeout(shared.limits.time, self.turn()).await.unwrap_or_else(|_| Err(self.busy()))?;
        let left = shared.limits.time.saturating_sub(started.elapsed());
        let stop = Stop::default();
        let asking = Asking {
            engine: Arc::clone(&shared.engine),
            snapshot: shared.storage.snapshot(),
            started,
            stop: stop.clone(),
        };
        let reading = shared.storage.reading();
        let answer = answer(asking);
        let task = async move {
            let _reading = reading;
            let answer = answer.await;
            drop(permit);
            answer
        };
        shared.pool.run(Box::pin(task), stop, left, shared.limits.time).await
    }

    /// Answers one read-only statement batch by batch, with no limit on rows; memory is bounded by what the reader has
    /// not taken yet. Streams have places of their own, so that a slow reader holds up no other query.
    ///
    /// # Errors
    /// As [`Query::sql`]; [`QueryError::Busy`] when [`crate::limits::MAX_STREAMS`] run already. What goes wrong later
    /// comes out of [`RowStream::next`].
    pub async fn stream(&self, sql: &str, time: Duration) -> Result<RowStream, QueryError> {
        let shared = &self.shared;
        let permit = Arc::clone(&shared.streams)
            .try_acquire_owned()
            .map_err(|_taken| QueryError::Busy { running: MAX_STREAMS, waiting: 0 })?;
        let (engine, snapshot) = (Arc::clone(&shared.engine), shared.storage.snapshot());
        let statement = Statement { sql: sql.to_owned(), picks_few: false };
        let stop = Stop::default();
        let stopped = stop.clone();
        let (schema_sender, schema) = oneshot::channel();
        let (rows_sender, rows) = mpsc::channel(STREAM_BATCHES);
        let answering = Answering { schema: schema_sender, rows: rows_sender };
        let deadline = tokio::time::Instant::now() + time;
        let task = async move { sql::stream(&engine, snapshot, &statement, &stopped, answering).await };
        let task = shared.pool.start(Box::pin(task), stop)?;
        let schema = match tokio::time::timeout_at(deadline, schema).await {
            Ok(Ok(schema)) => schema?,
            Ok(Err(_ended)) => {
                return Err(QueryError::Internal { message: "a query ended without an answer".to_owned() });
            }
            Err(_elapsed) => return Err(QueryError::Timeout { limit: time }),
        };
        Ok(RowStream { schema, rows, deadline, limit: time, _task: task, _place: permit })
    }

    /// Waits for one of the places of running queries, unless too many wait already.
    async fn turn(&self) -> Result<OwnedSemaphorePermit, QueryError> {
        let shared = &self.shared;
        if let Ok(permit) = Arc::clone(&shared.running).try_acquire_owned() {
            return Ok(permit);
        }
        let _waiting = Waiting::new(&shared.waiting, shared.limits.waiting).ok_or_else(|| self.busy())?;
        let permit = Arc::clone(&shared.running).acquire_owned().await;
        permit.map_err(|error| QueryError::Internal { message: error.to_string() })
    }

    fn busy(&self) -> QueryError {
        QueryError::Busy { running: self.shared.limits.running, waiting: self.shared.limits.waiting }
    }

    /// Returns everything that belongs to a trace, `None` when nothing does.
    ///
    /// # Errors
    /// [`QueryError::Storage`] for damaged data.
    pub async fn trace(&self, id: &TraceId) -> Result<Option<TraceData>, QueryError> {
        let (id, snapshot) = (*id, self.shared.storage.snapshot());
        self.look_up(move |_| lookup::trace(&snapshot, &id)).await
    }

    /// Returns the traces that a fragment of an id leads to, sorted; empty when nothing does.
    ///
    /// # Errors
    /// [`QueryError::Storage`] for damaged data.
    pub async fn find_traces(&self, lookup: Lookup) -> Result<Vec<TraceId>, QueryError> {
        let snapshot = self.shared.storage.snapshot();
        self.look_up(move |_| lookup::find(&snapshot, lookup)).await
    }

    /// Returns the traces, and spans, whose id begins with these digits: at most `limit` and `FIND_HITS_MAX`, sorted.
    ///
    /// # Errors
    /// [`QueryError::Storage`] for damaged data.
    pub async fn find_by_prefix(&self, prefix: &IdPrefix, limit: usize) -> Result<Found<PrefixHit>, QueryError> {
        let (prefix, snapshot) = (*prefix, self.shared.storage.snapshot());
        self.look_up(move |_| lookup::find_by_prefix(&snapshot, &prefix, limit)).await
    }

    /// Returns where this text stands as the value of an attribute of a span, event, link, log record, resource or scope,
    /// or this number as an integer: at most `limit` and `FIND_HITS_MAX`, newest first, one a trace, origin and key.
    ///
    /// # Errors
    /// [`QueryError::Storage`] for damaged data.
    pub async fn find_value(&self, value: &str, limit: usize) -> Result<Found<ValueHit>, QueryError> {
        let (value, snapshot) = (value.to_owned(), self.shared.storage.snapshot());
        self.look_up(move |_| lookup::find_value(&snapshot, &value, limit)).await
    }

    /// Returns one line for each of the traces that has spans, in the order asked for.
    ///
    /// # Errors
    /// [`QueryError::Storage`] for damaged data.
    pub async fn summaries(&self, ids: &[TraceId]) -> Result<Vec<TraceSummaryRow>, QueryError> {
        let (ids, snapshot) = (ids.to_vec(), self.shared.storage.snapshot());
        self.look_up(move |_| lookup::summaries(&snapshot, &ids)).await
    }

    /// Returns the `limit` traces that started last, newest first; with `errors_only` those with an error.
    ///
    /// # Errors
    /// [`QueryError::Storage`] for damaged data.
    pub async fn recent(&self, limit: usize, errors_only: bool) -> Result<Vec<TraceSummaryRow>, QueryError> {
        let snapshot = self.shared.storage.snapshot();
        self.look_up(move |newest| lookup::recent(&snapshot, newest, limit, errors_only)).await
    }

    /// Returns how long operations usually take: the durations of their spans in a bounded sample of the newest data.
    /// Operations of which there is nothing in it are left out. What a segment says is kept for the next question.
    ///
    /// # Errors
    /// [`QueryError::Storage`] for damaged data.
    pub async fn baselines(
        &self,
        operations: Vec<OperationKey>,
    ) -> Result<BTreeMap<OperationKey, DurationSketch>, QueryError> {
        let (snapshot, cache) = (self.shared.storage.snapshot(), Arc::clone(&self.shared.baselines));
        self.look_up(move |_| lookup::baselines(&snapshot, &cache, &operations)).await
    }

    /// Returns the requests whose root is of this service and name, newest first: a bounded number of the newest and of
    /// those nearest to a moment, in nanoseconds since the epoch.
    ///
    /// # Errors
    /// [`QueryError::Storage`] for damaged data.
    pub async fn of_operation(&self, operation: OperationKey, near_ns: i64) -> Result<Vec<OperationHit>, QueryError> {
        let snapshot = self.shared.storage.snapshot();
        self.look_up(move |_| lookup::of_operation(&snapshot, &operation, near_ns)).await
    }

    /// Returns the rows of the tables that arrived in an interval, all of one snapshot, in the stored schemas.
    ///
    /// # Errors
    /// [`QueryError::Rows`] when there are more than `rows_max`; [`QueryError::Storage`] for damaged data.
    pub async fn arrived(
        &self,
        tables: &'static [Table],
        arrival: Arrival,
        rows_max: usize,
    ) -> Result<Vec<(Table, RecordBatch)>, QueryError> {
        let snapshot = self.shared.storage.snapshot();
        self.look_up(move |_| lookup::arrived(&snapshot, tables, arrival, rows_max)).await
    }

    async fn look_up<T: Send + 'static>(
        &self,
        work: impl FnOnce(&NewestCache) -> Result<T, QueryError> + Send + 'static,
    ) -> Result<T, QueryError> {
        let permit = Arc::clone(&self.shared.lookups).acquire_owned().await;
        let permit = permit.map_err(|error| QueryError::Internal { message: error.to_string() })?;
        let newest = Arc::clone(&self.shared.newest);
        let reading = self.shared.storage.reading();
        let work = move || {
            let found = work(&newest);
            drop(reading);
            drop(permit);
            found
        };
        self.shared.pool.block(work).await
    }
}

/// An answer that comes batch by batch; dropping it cancels the query.
#[derive(Debug)]
pub struct RowStream {
    schema: SchemaRef,
    rows: mpsc::Receiver<Result<RecordBatch, QueryError>>,
    deadline: tokio::time::Instant,
    limit: Duration,
    _task: EndOnDrop<()>,
    _place: OwnedSemaphorePermit,
}

impl RowStream {
    /// Returns the names and types of the columns.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Returns the next rows; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<RecordBatch, QueryError>> {
        // A reader that takes its time does not get more of it by what already waits.
        if tokio::time::Instant::now() < self.deadline
            && let Ok(batch) = tokio::time::timeout_at(self.deadline, self.rows.recv()).await
        {
            return batch;
        }
        Some(Err(QueryError::Timeout { limit: self.limit }))
    }
}

/// Counts a waiting query until dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize, limit: usize) -> Option<Self> {
        count
            .try_update(Ordering::AcqRel, Ordering::Acquire, |waiting| (waiting < limit).then_some(waiting + 1))
            .is_ok()
            .then_some(Self(count))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
