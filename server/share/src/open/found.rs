//! What comes out of a file: export requests, faults with their place, and what was left alone.

use std::fmt;

use telltale_model::SignalKind;

/// A format that is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// OTLP/JSON: one object, a list, JSON lines, `{"data":[…]}`, a Collector's or Aspire's file.
    OtlpJson,
    /// OTLP protobuf: one request, or a stream of requests with their lengths.
    OtlpProtobuf,
    /// Tempo's answer to a trace by id.
    Tempo,
    /// Jaeger's query API and the download of its pages.
    Jaeger,
    /// Zipkin's v2 API.
    Zipkin,
    /// What Python's console exporters print.
    Console,
}

impl Format {
    /// Returns the name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OtlpJson => "OTLP JSON",
            Self::OtlpProtobuf => "OTLP protobuf",
            Self::Tempo => "Tempo JSON",
            Self::Jaeger => "Jaeger JSON",
            Self::Zipkin => "Zipkin JSON",
            Self::Console => "Python console exporter",
        }
    }
}

/// Where something stands in a file, as exactly as is known. Bytes and lines count from the decompressed content.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// Entry of an archive.
    pub entry: Option<String>,
    /// Bytes before it.
    pub byte: u64,
    /// Its line, from 1; none in binary formats.
    pub line: Option<u64>,
    /// JSON path or field, empty for a whole record.
    pub path: String,
}

impl Place {
    /// Returns the place of something inside.
    #[must_use]
    pub fn inside(&self, path: &str) -> Self {
        let dot = if self.path.is_empty() || path.is_empty() || path.starts_with('[') { "" } else { "." };
        Self { path: format!("{}{dot}{path}", self.path), ..self.clone() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(entry) = &self.entry {
            write!(f, "entry {entry:?}, ")?;
        }
        match self.line {
            Some(line) => write!(f, "line {line} (byte {})", self.byte)?,
            None => write!(f, "byte {}", self.byte)?,
        }
        if !self.path.is_empty() {
            write!(f, ", {}", self.path)?;
        }
        Ok(())
    }
}

/// An export request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it holds.
    pub signal: SignalKind,
    /// The request.
    pub payload: Payload,
    /// What it was read from.
    pub format: Format,
    /// Where its envelopes (`ResourceSpans` …) came from, in order; one place for all where they were put together here.
    pub places: Vec<Place>,
}

impl Part {
    /// Returns the place of an envelope by its position in the request.
    #[must_use]
    pub fn place(&self, envelope: usize) -> Place {
        self.places.get(envelope).or_else(|| self.places.first()).cloned().unwrap_or_default()
    }
}

/// The bytes of an export request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// OTLP/JSON, still to be decoded: the server has the decoder.
    Json(Vec<u8>),
    /// Protobuf.
    Protobuf(Vec<u8>),
}

/// A record, an entry or a file that could not be read. Its neighbours were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What was found and what was expected.
    pub reason: String,
}

/// Something that holds no telemetry and was left alone: a text file of an archive, a record that says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Where.
    pub place: Place,
    /// Why.
    pub reason: String,
}

/// One thing that was found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Telemetry.
    Part(Part),
    /// Something broken.
    Fault(Fault),
    /// Something that is not telemetry.
    Skipped(Skipped),
}
