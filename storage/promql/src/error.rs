//! Why a query has no answer, with the kinds that Prometheus's HTTP API tells apart.

use std::fmt;

/// Kind of an error, as `errorType` of the HTTP API spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The expression or a parameter is wrong: `bad_data`, status 400.
    BadData,
    /// The evaluation failed: `execution`, status 422.
    Execution,
    /// It took too long: `timeout`, status 503.
    Timeout,
    /// The caller went away: `canceled`, status 503 (499 where the client is gone).
    Canceled,
    /// The source failed: `internal`, status 500.
    Internal,
}

impl ErrorKind {
    /// The text of `errorType`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadData => "bad_data",
            Self::Execution => "execution",
            Self::Timeout => "timeout",
            Self::Canceled => "canceled",
            Self::Internal => "internal",
        }
    }
}

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Kind.
    pub kind: ErrorKind,
    /// Text, as Prometheus words it.
    pub message: String,
}

impl Error {
    /// The evaluation failed.
    pub fn execution(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Execution, message: message.into() }
    }

    /// The source failed.
    pub fn internal(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Internal, message: message.into() }
    }

    /// The expression or a parameter is wrong.
    pub fn bad_data(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::BadData, message: message.into() }
    }

    /// The time limit was reached.
    #[must_use]
    pub fn timeout() -> Self {
        Self { kind: ErrorKind::Timeout, message: "query timed out in expression evaluation".to_owned() }
    }

    /// The caller went away.
    #[must_use]
    pub fn canceled() -> Self {
        Self { kind: ErrorKind::Canceled, message: "query was canceled in expression evaluation".to_owned() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
