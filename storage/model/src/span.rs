//! The enumerations of a span. Numbers outside OTLP's list are kept as they are, never an error.

/// OTLP `Span.SpanKind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SpanKind {
    /// 0, or a number that OTLP does not list.
    #[default]
    Unspecified,
    /// 1: an operation inside one process.
    Internal,
    /// 2: the receiving side of a synchronous call.
    Server,
    /// 3: the calling side of a synchronous call.
    Client,
    /// 4: hands a message to a broker.
    Producer,
    /// 5: takes a message from a broker.
    Consumer,
}

impl SpanKind {
    /// Returns the kind of an OTLP number.
    #[must_use]
    pub const fn from_otlp(number: i32) -> Self {
        match number {
            1 => Self::Internal,
            2 => Self::Server,
            3 => Self::Client,
            4 => Self::Producer,
            5 => Self::Consumer,
            _ => Self::Unspecified,
        }
    }

    /// Returns the lower-case word that pages and texts show.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Internal => "internal",
            Self::Server => "server",
            Self::Client => "client",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        }
    }
}

/// OTLP `Status.StatusCode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum StatusCode {
    /// 0, or a number that OTLP does not list.
    #[default]
    Unset,
    /// 1: the application says that it went well.
    Ok,
    /// 2: the operation failed.
    Error,
}

impl StatusCode {
    /// Returns the code of an OTLP number.
    #[must_use]
    pub const fn from_otlp(number: i32) -> Self {
        match number {
            1 => Self::Ok,
            2 => Self::Error,
            _ => Self::Unset,
        }
    }

    /// Returns the lower-case word that pages and texts show.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unset => "unset",
            Self::Ok => "ok",
            Self::Error => "error",
        }
    }
}
