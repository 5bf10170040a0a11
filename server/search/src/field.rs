//! What a key means on a table: a column with its type, or an attribute.

use telltale_model::Severity;

use crate::tree::{Compare, Expr, Is, Key, Op, Place, Problem, Query, WordForm};
use crate::value::{self, Unit};

/// What is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// Rows of `spans`.
    Spans,
    /// Rows of `logs`.
    Logs,
}

impl Target {
    /// Returns the table's name.
    #[must_use]
    pub const fn table(self) -> &'static str {
        match self {
            Self::Spans => "spans",
            Self::Logs => "logs",
        }
    }

    /// Returns the column that orders the table by time.
    #[must_use]
    pub const fn time_column(self) -> &'static str {
        match self {
            Self::Spans => "start_time_unix_nano",
            Self::Logs => "time_unix_nano",
        }
    }

    /// Returns the columns that free words are looked for in.
    #[must_use]
    pub const fn text_columns(self) -> &'static [TextColumn] {
        match self {
            Self::Spans => &[TextColumn::Name, TextColumn::StatusMessage],
            Self::Logs => &[TextColumn::Body],
        }
    }
}

/// A column of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextColumn {
    /// `service_name`.
    Service,
    /// `name`, of spans.
    Name,
    /// `event_name`, of logs.
    EventName,
    /// `body`, of logs.
    Body,
    /// `status_message`, of spans.
    StatusMessage,
    /// `severity_text`, of logs.
    SeverityText,
    /// `scope_name`.
    ScopeName,
    /// `scope_version`.
    ScopeVersion,
    /// `trace_state`, of spans.
    TraceState,
}

impl TextColumn {
    /// Returns the column's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Service => "service_name",
            Self::Name => "name",
            Self::EventName => "event_name",
            Self::Body => "body",
            Self::StatusMessage => "status_message",
            Self::SeverityText => "severity_text",
            Self::ScopeName => "scope_name",
            Self::ScopeVersion => "scope_version",
            Self::TraceState => "trace_state",
        }
    }

    /// Whether people read it: `:` then looks for words.
    #[must_use]
    pub const fn is_prose(self) -> bool {
        matches!(self, Self::Body | Self::StatusMessage)
    }
}

/// A column of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdColumn {
    /// `trace_id`.
    Trace,
    /// `span_id`.
    Span,
    /// `parent_span_id`, of spans.
    Parent,
}

impl IdColumn {
    /// Returns the column's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace_id",
            Self::Span => "span_id",
            Self::Parent => "parent_span_id",
        }
    }

    /// Returns the number of hex digits.
    #[must_use]
    pub const fn digits(self) -> usize {
        match self {
            Self::Trace => 32,
            Self::Span | Self::Parent => 16,
        }
    }
}

/// A column of whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IntColumn {
    /// `duration_ns`, written with a unit.
    Duration,
    /// `duration_ns`, by its own name: nanoseconds.
    DurationNs,
    /// `status_code`; missing counts as 0.
    Status,
    /// `kind`.
    Kind,
    /// `severity_number`.
    SeverityNumber,
}

impl IntColumn {
    /// Returns the column's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Duration | Self::DurationNs => "duration_ns",
            Self::Status => "status_code",
            Self::Kind => "kind",
            Self::SeverityNumber => "severity_number",
        }
    }
}

/// What a key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// A text.
    Text(TextColumn),
    /// An id.
    Id(IdColumn),
    /// A whole number.
    Int(IntColumn),
    /// The severity of a log by name.
    Level,
    /// An attribute.
    Attribute(Place, String),
    /// Something that is only there or not.
    Presence(Presence),
}

/// What may be there or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Presence {
    /// An exception: an event of that name on a span, `exception.*` on a log.
    Exception,
    /// A span event.
    Events,
    /// A span link.
    Links,
}

/// Keys of columns, for completion: key, and what it is.
pub const SPAN_KEYS: [(&str, &str); 12] = [
    ("service", "name of the service"),
    ("name", "name of the span"),
    ("status", "error, ok or unset"),
    ("duration", "with a unit: duration>250ms"),
    ("kind", "server, client, internal, producer or consumer"),
    ("status_message", "text of a failed status"),
    ("trace", "trace id or its beginning"),
    ("span", "span id or its beginning"),
    ("parent", "id of the parent span"),
    ("scope", "name of the instrumentation scope"),
    ("has", "has:exception, has:parent, has:links, has:KEY"),
    ("is", "is:root, is:error"),
];

/// The same for logs.
pub const LOG_KEYS: [(&str, &str); 10] = [
    ("service", "name of the service"),
    ("level", "trace, debug, info, warn, error or fatal: level>=warn"),
    ("body", "words of the message"),
    ("event", "name of the event"),
    ("trace", "trace id or its beginning"),
    ("span", "span id or its beginning"),
    ("severity_text", "level as the sender wrote it"),
    ("scope", "name of the instrumentation scope"),
    ("has", "has:exception, has:trace, has:KEY"),
    ("is", "is:error"),
];

/// Names of span kinds with their numbers.
pub const KINDS: [(&str, i64); 6] =
    [("unspecified", 0), ("internal", 1), ("server", 2), ("client", 3), ("producer", 4), ("consumer", 5)];

/// Names of status codes with their numbers.
pub const STATUSES: [(&str, i64); 3] = [("unset", 0), ("ok", 1), ("error", 2)];

/// Names of levels with their least and greatest severity number.
pub const LEVELS: [(&str, i64, i64); 6] =
    [("trace", 1, 4), ("debug", 5, 8), ("info", 9, 12), ("warn", 13, 16), ("error", 17, 20), ("fatal", 21, 24)];

impl Key {
    /// Returns what the key stands for on a table.
    #[must_use]
    pub fn field(&self, target: Target) -> Field {
        if self.place != Place::Any {
            return Field::Attribute(self.place, self.name.clone());
        }
        let found = match self.name.as_str() {
            "service" | "service_name" | "service.name" => Some(Field::Text(TextColumn::Service)),
            "trace" | "trace_id" | "traceid" | "traceId" | "traceID" => Some(Field::Id(IdColumn::Trace)),
            "span" | "span_id" | "spanid" | "spanId" | "spanID" => Some(Field::Id(IdColumn::Span)),
            "scope" | "scope_name" | "library" => Some(Field::Text(TextColumn::ScopeName)),
            "scope_version" => Some(Field::Text(TextColumn::ScopeVersion)),
            name => match target {
                Target::Spans => span_field(name),
                Target::Logs => log_field(name),
            },
        };
        found.unwrap_or_else(|| Field::Attribute(Place::Any, self.name.clone()))
    }

    /// Returns what `has:` asks for.
    #[must_use]
    pub fn presence(&self, target: Target) -> Field {
        match (self.place, self.name.as_str(), target) {
            (Place::Any, "exception", _) => Field::Presence(Presence::Exception),
            (Place::Any, "event" | "events", Target::Spans) => Field::Presence(Presence::Events),
            (Place::Any, "link" | "links", Target::Spans) => Field::Presence(Presence::Links),
            _ => self.field(target),
        }
    }
}

fn span_field(name: &str) -> Option<Field> {
    Some(match name {
        "name" | "operation" => Field::Text(TextColumn::Name),
        "status_message" | "message" => Field::Text(TextColumn::StatusMessage),
        "trace_state" => Field::Text(TextColumn::TraceState),
        "parent" | "parent_span_id" => Field::Id(IdColumn::Parent),
        "duration" => Field::Int(IntColumn::Duration),
        "duration_ns" => Field::Int(IntColumn::DurationNs),
        "status" | "status_code" => Field::Int(IntColumn::Status),
        "kind" => Field::Int(IntColumn::Kind),
        _ => return None,
    })
}

fn log_field(name: &str) -> Option<Field> {
    Some(match name {
        "level" | "severity" => Field::Level,
        "severity_number" => Field::Int(IntColumn::SeverityNumber),
        "severity_text" => Field::Text(TextColumn::SeverityText),
        "body" | "message" | "msg" => Field::Text(TextColumn::Body),
        "event" | "event_name" => Field::Text(TextColumn::EventName),
        _ => return None,
    })
}

/// Returns the number that a value stands for on a column of whole numbers.
///
/// # Errors
/// What is wrong with it, and what to write.
pub fn int_value(column: IntColumn, text: &str) -> Result<i64, (String, String)> {
    let lower = text.to_ascii_lowercase();
    let named = |names: &[(&str, i64)], what: &str| {
        let known = names.iter().find(|(name, number)| *name == lower || number.to_string() == lower);
        let list: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        let hint = match column {
            IntColumn::Status => format!("write one of {}; for HTTP: http.response.status_code:500", list.join(", ")),
            _ => format!("write one of {}", list.join(", ")),
        };
        known.map(|(_, number)| *number).ok_or_else(|| (format!("{text:?} is no {what}"), hint))
    };
    match column {
        IntColumn::Status => named(&STATUSES, "status"),
        IntColumn::Kind => named(&KINDS, "kind of span"),
        IntColumn::Duration => match value::number(text) {
            Some(number) if number.unit == Unit::Duration || number.int == Some(0) => number.int,
            _ => None,
        }
        .ok_or_else(|| {
            (format!("{text:?} is no length of time"), "write a number with its unit: 250ms, 1.5s, 2m".to_owned())
        }),
        IntColumn::DurationNs | IntColumn::SeverityNumber => {
            value::number(text).and_then(|number| number.int).ok_or_else(|| {
                (format!("{text:?} is no whole number"), format!("{} is compared with a number", column.name()))
            })
        }
    }
}

/// Returns the severity numbers of a level's name, least and greatest.
///
/// # Errors
/// What is wrong with it, and what to write.
pub fn level_value(text: &str) -> Result<(i64, i64), (String, String)> {
    let lower = text.to_ascii_lowercase();
    let name = match lower.as_str() {
        "warning" => "warn",
        "err" => "error",
        "critical" | "crit" => "fatal",
        "information" => "info",
        other => other,
    };
    let number = text.parse().ok().and_then(Severity::from_number).map(|severity| severity.name().to_ascii_lowercase());
    let name = number.as_deref().unwrap_or(name);
    LEVELS.iter().find(|(level, ..)| *level == name).map(|(_, least, greatest)| (*least, *greatest)).ok_or_else(|| {
        (format!("{text:?} is no level"), "write trace, debug, info, warn, error or fatal: level>=warn".to_owned())
    })
}

/// Returns the lower-case digits of an id or of its beginning, and whether they are all.
///
/// # Errors
/// What is wrong with it, and what to write.
pub fn id_value(column: IdColumn, text: &str) -> Result<(String, bool), (String, String)> {
    let digits: String = text.trim_end_matches('*').chars().filter(|c| *c != '-').collect();
    let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hex || digits.len() > column.digits() {
        let name = column.name().replace('_', " ");
        let hint =
            format!("write up to {} hex digits; for other spellings paste it into the start page", column.digits());
        return Err((format!("{text:?} is no {name}"), hint));
    }
    let is_whole = digits.len() == column.digits();
    Ok((digits.to_ascii_lowercase(), is_whole))
}

impl Query {
    /// Returns what cannot be asked of a table, besides [`Query::problems`]: values that a column cannot have, orders
    /// that it does not know, and what the engine refuses.
    #[must_use]
    pub fn check(&self, target: Target, engine: &dyn crate::Engine) -> Vec<Problem> {
        let mut out = self.problems.clone();
        check(&self.expr, target, engine, &mut out);
        out.sort_by_key(|problem| problem.range.start);
        out
    }
}

fn check(expr: &Expr, target: Target, engine: &dyn crate::Engine, out: &mut Vec<Problem>) {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| check(part, target, engine, out)),
        Expr::Not(inner) => check(inner, target, engine, out),
        Expr::Words(words) => {
            let refused = match words.form {
                WordForm::Regex => engine.regex(&words.text).err(),
                _ => None,
            };
            out.extend(refused.map(|message| bad_regex(words.range.clone(), message)));
        }
        Expr::Compare(compare) => {
            if let Err((message, hint)) = check_value(compare, target) {
                out.push(Problem { range: compare.value.range.clone(), message, hint });
            } else if compare.op == Op::Matches
                && let Err(message) = engine.regex(&compare.value.text)
            {
                out.push(bad_regex(compare.value.range.clone(), message));
            }
        }
        Expr::Has(_) | Expr::Is(Is::Root | Is::Error, _) => {}
    }
}

fn bad_regex(range: std::ops::Range<usize>, message: String) -> Problem {
    let hint = "this is a regular expression: escape its signs with \\, or compare with : and *".to_owned();
    Problem { range, message, hint }
}

/// Tells whether a comparison makes sense on its column.
fn check_value(compare: &Compare, target: Target) -> Result<(), (String, String)> {
    let text = compare.value.text.as_str();
    let key = &compare.key.name;
    match compare.key.field(target) {
        Field::Int(IntColumn::Kind) if compare.op.is_order() => {
            Err((format!("{key} has no order"), "compare it with : or =".to_owned()))
        }
        Field::Int(_) | Field::Level | Field::Id(_) if compare.op == Op::Matches => {
            Err((format!("{key} is no text"), "compare it with :".to_owned()))
        }
        Field::Id(_) if compare.op.is_order() => {
            Err((format!("{key} has no order"), "compare it with :, as a whole or by its beginning".to_owned()))
        }
        Field::Int(column) => int_value(column, text).map(|_| ()),
        Field::Level => level_value(text).map(|_| ()),
        Field::Id(column) => id_value(column, text).map(|_| ()),
        Field::Text(_) | Field::Attribute(..) | Field::Presence(_) => Ok(()),
    }
}
