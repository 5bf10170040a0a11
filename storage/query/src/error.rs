//! What can go wrong with a query, as the person who asked needs to read it.

use std::time::Duration;

use datafusion::error::DataFusionError;
use parquet::errors::ParquetError;

/// What DataFusion puts before a message about a statement.
const PREFIXES: [&str; 5] =
    ["Error during planning: ", "Schema error: ", "SQL error: ", "Execution error: ", "Arrow error: "];

const GENERAL_HINT: &str = "SHOW TABLES lists the tables, DESCRIBE spans the columns of one";

/// Parts of messages, and what to do about them.
const HINTS: [(&str, &str); 7] = [
    (
        "mbiguous",
        "qualify the column with its table; for attributes use the form with two arguments, \
         attr(s.attributes, 'key') or resource_attr(s.resource, 'key')",
    ),
    (
        "Cannot access field",
        "read an attribute with attr('key'), attr_int('key'), attr_double('key') or attr_bool('key')",
    ),
    ("No field named", "DESCRIBE spans lists the columns of a table; attributes are read with attr('key')"),
    (
        "comparison operation Timestamp",
        "write times as '2026-01-02T03:04:05Z' or to_timestamp_nanos(1767323045000000000)",
    ),
    ("Divide by zero", "use nullif(divisor, 0)"),
    (
        "Cast error",
        "read numbers with attr_int('key') or attr_double('key'); try_cast(… AS …) gives null for what cannot be converted",
    ),
    ("Invalid function", "SQL functions that make values of any size, read files or generate rows do not exist here"),
];

/// Why a query has no answer. [`QueryError::code`] is stable, [`QueryError::hint`] says what to do.
#[derive(Debug, Clone, thiserror::Error)]
pub enum QueryError {
    /// The statement is not understood, names something that does not exist, or fails on the data it reads.
    #[error("{message}")]
    Invalid {
        /// What is wrong, with the offending part of the statement.
        message: String,
        /// What to do about it.
        hint: String,
    },
    /// The statement would change something or reach outside of the store.
    #[error("{message}")]
    NotAllowed {
        /// What was refused.
        message: String,
    },
    /// The query ran longer than allowed.
    #[error("the query was stopped after {} s", limit.as_secs_f64())]
    Timeout {
        /// The limit.
        limit: Duration,
    },
    /// The query needs more memory, or more disk for what does not fit into memory, than allowed.
    #[error("the query needs more than the allowed {limit_bytes} bytes of memory: {message}")]
    Memory {
        /// The limit.
        limit_bytes: usize,
        /// Which operator asked for more.
        message: String,
    },
    /// The answer has too many rows.
    #[error("the answer has more than {limit} rows")]
    Rows {
        /// The limit.
        limit: usize,
    },
    /// The answer is too large.
    #[error("the answer is larger than {limit} bytes")]
    Bytes {
        /// The limit.
        limit: usize,
    },
    /// Too many queries run or wait already.
    #[error("{running} queries run and {waiting} wait already")]
    Busy {
        /// Queries that run at once.
        running: usize,
        /// Queries that may wait.
        waiting: usize,
    },
    /// Stored data could not be read.
    #[error("stored data could not be read")]
    Storage(#[source] Box<telltale_storage::Error>),
    /// A fault of telltale itself.
    #[error("the query failed inside: {message}")]
    Internal {
        /// What is known about it.
        message: String,
    },
}

impl QueryError {
    /// Returns the stable name of the kind of failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "sql_invalid",
            Self::NotAllowed { .. } => "sql_not_allowed",
            Self::Timeout { .. } => "query_timeout",
            Self::Memory { .. } => "query_memory",
            Self::Rows { .. } => "query_rows",
            Self::Bytes { .. } => "query_bytes",
            Self::Busy { .. } => "query_busy",
            Self::Storage(_) => "storage",
            Self::Internal { .. } => "internal",
        }
    }

    /// Returns what the person who asked can do.
    #[must_use]
    pub fn hint(&self) -> &str {
        match self {
            Self::Invalid { hint, .. } => hint,
            Self::NotAllowed { .. } => {
                "only SELECT, EXPLAIN, DESCRIBE and SHOW TABLES over the stored tables are allowed"
            }
            Self::Timeout { .. } => "narrow the time range, filter by trace_id or service_name, or aggregate less",
            Self::Memory { .. } => "select fewer columns, filter before joining or sorting, or add LIMIT",
            Self::Rows { .. } => "add LIMIT, or aggregate in the query",
            Self::Bytes { .. } => "select fewer columns or add LIMIT",
            Self::Busy { .. } => "try again in a moment",
            Self::Storage(error) => match error.as_ref() {
                telltale_storage::Error::Remote { hint, .. } => hint,
                _ => "see the server's log for the file that could not be read",
            },
            Self::Internal { .. } => "this is a bug: please report the statement and the server's log",
        }
    }

    /// Returns an [`QueryError::Invalid`] with the general hint.
    #[must_use]
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid { message: message.into(), hint: GENERAL_HINT.to_owned() }
    }

    /// Turns a failure of DataFusion into one of ours; `memory_bytes` is the limit that was set.
    #[must_use]
    pub(crate) fn from_datafusion(error: &DataFusionError, memory_bytes: usize) -> Self {
        if let Some(ours) = cause::<Self>(error) {
            return ours.clone();
        }
        if let Some(storage) = cause::<telltale_storage::Error>(error) {
            return Self::Storage(Box::new(storage.clone()));
        }
        let message = error.strip_backtrace();
        match error.find_root() {
            DataFusionError::ResourcesExhausted(message) => Self::memory(memory_bytes, message),
            // The disk quota arrives as the text of an arrow error.
            _ if message.contains("max_temp_directory_size") => Self::memory(memory_bytes, &message),
            DataFusionError::Internal(_) | DataFusionError::IoError(_) => Self::Internal { message },
            _ if cause::<ParquetError>(error).is_some() => Self::Internal { message },
            _ => Self::of_statement(&message),
        }
    }

    /// Keeps the sentence that says what was needed, without advice about settings that are not ours.
    fn memory(limit_bytes: usize, message: &str) -> Self {
        let message = message.split(". Please").next().unwrap_or_default();
        Self::Memory { limit_bytes, message: message.lines().collect::<Vec<_>>().join(" ") }
    }

    fn of_statement(message: &str) -> Self {
        // The innermost cause says what is wrong; what stands before it names rules of the planner.
        let message = message.rsplit("caused by\n").next().unwrap_or_default().lines().next().unwrap_or_default();
        let message = PREFIXES.iter().find_map(|prefix| message.strip_prefix(prefix)).unwrap_or(message);
        let hint = HINTS.iter().find(|(part, _)| message.contains(part)).map_or(GENERAL_HINT, |(_, hint)| hint);
        Self::Invalid { message: message.to_owned(), hint: hint.to_owned() }
    }
}

/// Returns the first cause of a type.
fn cause<T: std::error::Error + 'static>(error: &DataFusionError) -> Option<&T> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

impl From<telltale_storage::Error> for QueryError {
    fn from(error: telltale_storage::Error) -> Self {
        Self::Storage(Box::new(error))
    }
}
