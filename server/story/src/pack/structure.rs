//! What of a trace is needed to draw it, in columns.

use telltale_api::trace::{ExemplarRow, ResourceView, ScopeView};

use super::flag;

/// A trace without its details.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Structure {
    /// What the trace is.
    pub meta: Meta,
    /// Texts that rows, events and records name by position; the first is empty.
    pub texts: Vec<String>,
    /// Spans, and parents that never arrived, in the order in which they are drawn.
    pub rows: Rows,
    /// The critical path, first piece first.
    pub path: Vec<PathPiece>,
    /// Span events, by row, then as sent.
    pub events: Events,
    /// Log records, by time.
    pub logs: Logs,
    /// Exemplars of metrics that name the trace, by time.
    pub exemplars: Vec<ExemplarRow>,
    /// Resources that details name by position.
    pub resources: Vec<ResourceView>,
    /// Scopes that details name by position.
    pub scopes: Vec<ScopeView>,
}

/// What a trace is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meta {
    /// 32 lower-case hex digits.
    pub trace_id: String,
    /// Earliest start of a span, or time of the first log record when there is no span; Unix nanoseconds.
    pub start_unix_nano: u64,
    /// From the earliest start to the latest end.
    pub duration_ns: u64,
    /// When the last span or record arrived; Unix nanoseconds.
    pub last_ingest_unix_nano: u64,
    /// The server's time when it answered; Unix nanoseconds.
    pub now_unix_nano: u64,
    /// Spans; rows of missing parents are not among them.
    pub span_count: u64,
    /// Spans left out because an identical one was stored already.
    pub duplicate_span_count: u64,
}

/// A stretch of the critical path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathPiece {
    /// The row that did the work.
    pub row: u32,
    /// Begin, from the trace's start.
    pub start_ns: i64,
    /// Length.
    pub length_ns: u64,
}

/// The rows, one column a property.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// Kind, error and more; see the methods.
    pub flags: Vec<u8>,
    /// Depth in the tree, from 0.
    pub depth: Vec<u32>,
    /// Start, from the trace's start; wraps for starts that are unknown (zero).
    pub start_ns: Vec<i64>,
    /// Length; negative when the sender's clock stepped back.
    pub duration_ns: Vec<i64>,
    /// Time without the parts in which a child ran.
    pub self_ns: Vec<i64>,
    /// Name, by position in the texts.
    pub name: Vec<u32>,
    /// Service, by position in the texts plus one; 0 when there is none.
    pub service: Vec<u32>,
    /// Message of the status, by position in the texts.
    pub status: Vec<u32>,
    /// Span ids.
    pub id: Vec<u64>,
    /// Row after the last descendant; computed when read.
    pub end: Vec<u32>,
    /// Row of the parent, `u32::MAX` for none; computed when read.
    pub parent: Vec<u32>,
}

/// Span events, one column a property.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Events {
    /// Row of the span; never falls.
    pub row: Vec<u32>,
    /// Time, from the trace's start.
    pub time_ns: Vec<i64>,
    /// Name, by position in the texts.
    pub name: Vec<u32>,
    /// Whether it is an exception.
    pub is_exception: Vec<bool>,
}

/// Log records, one column a property.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Logs {
    /// Time, from the trace's start.
    pub time_ns: Vec<i64>,
    /// OTLP `SeverityNumber`.
    pub severity: Vec<i32>,
    /// Row of the span plus one; 0 when the record names none that is here.
    pub row: Vec<u32>,
    /// Service, by position in the texts plus one; 0 when there is none.
    pub service: Vec<u32>,
}

impl Structure {
    /// Returns a text by its position; the empty one when there is none.
    #[must_use]
    pub fn text(&self, position: u32) -> &str {
        self.texts.get(index(position)).map_or("", String::as_str)
    }

    /// Returns a text by its position plus one.
    #[must_use]
    pub fn maybe_text(&self, position: u32) -> Option<&str> {
        Some(self.text(position.checked_sub(1)?))
    }

    /// Returns the name of a row.
    #[must_use]
    pub fn name(&self, row: u32) -> &str {
        self.text(self.rows.name.get(index(row)).copied().unwrap_or_default())
    }

    /// Returns the service of a row.
    #[must_use]
    pub fn service(&self, row: u32) -> Option<&str> {
        self.maybe_text(self.rows.service.get(index(row)).copied().unwrap_or_default())
    }

    /// Returns the row of a span id; the first of several.
    #[must_use]
    pub fn row_of_id(&self, id: u64) -> Option<u32> {
        let mut ids = self.rows.id.iter().zip(&self.rows.flags);
        let at = ids.position(|(known, flags)| *known == id && flags & flag::MISSING == 0)?;
        u32::try_from(at).ok()
    }

    /// Returns the row of a span id in hex.
    #[must_use]
    pub fn row_of_hex(&self, id: &str) -> Option<u32> {
        self.row_of_id(u64::from_str_radix(id, 16).ok()?)
    }

    /// Returns a row's span id in hex.
    #[must_use]
    pub fn id_hex(&self, row: u32) -> String {
        format!("{:016x}", self.rows.id.get(index(row)).copied().unwrap_or_default())
    }

    /// Returns the positions of the events of a row.
    #[must_use]
    pub fn events_of(&self, row: u32) -> std::ops::Range<usize> {
        let first = self.events.row.partition_point(|known| *known < row);
        first..self.events.row.partition_point(|known| *known <= row)
    }

    /// Returns a time of the trace as Unix nanoseconds.
    #[must_use]
    pub const fn unix_nano(&self, offset_ns: i64) -> u64 {
        self.meta.start_unix_nano.wrapping_add_signed(offset_ns)
    }
}

impl Rows {
    /// Returns how many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.flags.len()
    }

    /// Returns whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.flags.is_empty()
    }

    fn has(&self, row: u32, bit: u8) -> bool {
        self.flags.get(index(row)).is_some_and(|flags| flags & bit != 0)
    }

    /// Returns whether the span has an error.
    #[must_use]
    pub fn is_error(&self, row: u32) -> bool {
        self.has(row, flag::ERROR)
    }

    /// Returns whether the row stands for a parent that never arrived.
    #[must_use]
    pub fn is_missing(&self, row: u32) -> bool {
        self.has(row, flag::MISSING)
    }

    /// Returns whether the span has links.
    #[must_use]
    pub fn has_links(&self, row: u32) -> bool {
        self.has(row, flag::LINKS)
    }

    /// Returns the OTLP `SpanKind`; 0 for numbers that OTLP does not know.
    #[must_use]
    pub fn kind(&self, row: u32) -> i32 {
        let kind = self.flags.get(index(row)).map_or(0, |flags| flags & flag::KIND);
        if kind > 5 { 0 } else { i32::from(kind) }
    }

    /// Returns the row of the parent.
    #[must_use]
    pub fn parent(&self, row: u32) -> Option<u32> {
        self.parent.get(index(row)).copied().filter(|parent| *parent != u32::MAX)
    }

    /// Returns the rows above a row, nearest first.
    pub fn ancestors(&self, row: u32) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(self.parent(row), |row| self.parent(*row))
    }

    /// Returns the row after the last descendant.
    #[must_use]
    pub fn end(&self, row: u32) -> u32 {
        self.end.get(index(row)).copied().unwrap_or(row + 1).max(row + 1)
    }

    /// Returns whether a row has children.
    #[must_use]
    pub fn has_children(&self, row: u32) -> bool {
        self.end(row) > row + 1
    }

    /// Fills in parents and ends from the depths.
    pub(super) fn derive(&mut self) {
        let count = self.flags.len();
        self.parent = vec![u32::MAX; count];
        self.end = vec![u32::try_from(count).unwrap_or(u32::MAX); count];
        let mut open: Vec<u32> = Vec::new();
        for row in 0..u32::try_from(count).unwrap_or(u32::MAX) {
            let depth = self.depth.get(index(row)).copied().unwrap_or_default();
            while open.len() > index(depth) {
                if let Some(end) = open.pop().and_then(|closed| self.end.get_mut(index(closed))) {
                    *end = row;
                }
            }
            if let (Some(parent), Some(above)) = (self.parent.get_mut(index(row)), open.last()) {
                *parent = *above;
            }
            open.push(row);
        }
    }
}

/// Converts a position.
pub(super) fn index(position: u32) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
