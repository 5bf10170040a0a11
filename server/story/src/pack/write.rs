//! Writing a pack, at once or piece by piece: what is drawn is small and made of the whole trace, details are made a block at a
//! time, so that nobody needs all of them in memory.

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};

use telltale_api::trace::{ExemplarRow, LogRow, SpanRow, TraceView};
use telltale_model::semconv;

use super::bytes::{Interner, Out, type_byte};
use super::structure::index;
use super::{LOG_BLOCK_ROWS, MAGIC, SPAN_BLOCK_ROWS, flag, section};
use crate::critical_path::critical_path;
use crate::story::{Analysis, is_error};

/// What stands on a row: where to find its details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowSpan {
    /// The span's position in the view; none for a parent that never arrived.
    pub at: Option<u32>,
    /// Whether the row stands below another one.
    pub is_below: bool,
}

/// Writes a trace; the spans of `view` may be in any order.
#[must_use]
pub fn write(view: &TraceView, analysis: &Analysis) -> Vec<u8> {
    let (mut out, rows) = write_structure(view, analysis);
    for (number, rows) in rows.chunks(SPAN_BLOCK_ROWS).enumerate() {
        let span = |row: &RowSpan| Some((view.spans.get(index(row.at?))?, row.is_below));
        let rows: Vec<Option<(&SpanRow, bool)>> = rows.iter().map(span).collect();
        out.extend(write_span_block(number * SPAN_BLOCK_ROWS, &rows));
    }
    for (number, logs) in view.logs.chunks(LOG_BLOCK_ROWS).enumerate() {
        out.extend(write_log_block(number * LOG_BLOCK_ROWS, logs));
    }
    out.extend(write_end());
    out
}

/// Writes the beginning of a pack, all that is drawn, and returns what stands on each row. Attributes of spans, events and
/// links are not needed for it: they go into blocks of [`SPAN_BLOCK_ROWS`] rows ([`write_span_block`]) and
/// [`LOG_BLOCK_ROWS`] records ([`write_log_block`]) behind it, and [`write_end`] ends the pack.
#[must_use]
pub fn write_structure(view: &TraceView, analysis: &Analysis) -> (Vec<u8>, Vec<RowSpan>) {
    let mut out = Out { bytes: MAGIC.to_vec() };
    let writer = Writer { view, analysis, start: analysis.start_unix_nano, rows: rows(view, analysis) };
    put(&mut out, section::META, writer.meta());
    let mut texts = Interner::new();
    let drawn = [
        (section::ROWS, writer.columns(&mut texts)),
        (section::PATH, writer.path()),
        (section::EVENTS, writer.events(&mut texts)),
        (section::LOGS, writer.logs(&mut texts)),
        (section::EXEMPLARS, writer.exemplars(&mut texts)),
        (section::ENVELOPES, writer.envelopes(&mut texts)),
    ];
    let mut table = Out::default();
    texts.finish(&mut table);
    put(&mut out, section::TEXTS, table);
    for (id, payload) in drawn {
        put(&mut out, id, payload);
    }
    let row = |row: &Row<'_>| RowSpan { at: (!row.is_missing).then_some(row.at), is_below: row.depth > 0 };
    (out.bytes, writer.rows.iter().map(row).collect())
}

/// Writes the details of rows, the first of which is `first`: each with its span, and whether it stands below another row.
#[must_use]
pub fn write_span_block<S: Borrow<SpanRow>>(first: usize, rows: &[Option<(S, bool)>]) -> Vec<u8> {
    let (mut texts, mut details) = (Interner::new(), Out::default());
    for (span, is_below) in rows.iter().flatten() {
        write_span(&mut details, &mut texts, span.borrow(), *is_below);
    }
    section_of(section::SPAN_BLOCK, block(first, rows.len(), texts, details))
}

/// Writes the details of records, the first of which is `first`.
#[must_use]
pub fn write_log_block(first: usize, logs: &[LogRow]) -> Vec<u8> {
    section_of(section::LOG_BLOCK, log_block(first, logs))
}

/// Writes the end of a pack.
#[must_use]
pub fn write_end() -> Vec<u8> {
    section_of(section::END, Out::default())
}

fn section_of(id: u8, payload: Out) -> Vec<u8> {
    let mut out = Out::default();
    put(&mut out, id, payload);
    out.bytes
}

fn put(out: &mut Out, id: u8, payload: Out) {
    out.byte(id);
    out.count(payload.bytes.len());
    out.bytes.extend(payload.bytes);
}

/// What stands on a row: a span, or a parent that never arrived.
#[derive(Debug, Clone, Copy)]
struct Row<'a> {
    /// The span; for a missing parent the first one that names it.
    span: &'a SpanRow,
    /// The span's position.
    at: u32,
    depth: u32,
    self_ns: i64,
    is_missing: bool,
}

struct Writer<'a> {
    view: &'a TraceView,
    analysis: &'a Analysis,
    /// What offsets count from.
    start: u64,
    rows: Vec<Row<'a>>,
}

/// Puts the spans in drawing order. Spans that name the same missing parent stand together below it.
fn rows<'a>(view: &'a TraceView, analysis: &Analysis) -> Vec<Row<'a>> {
    let tree = &analysis.tree;
    let span = |at: u32| view.spans.get(index(at));
    let mut orphans: HashMap<&str, Vec<u32>> = HashMap::new();
    for root in tree.roots().iter().filter(|root| tree.is_orphan(**root)) {
        if let Some(parent) = span(*root).and_then(|span| span.parent_span_id.as_deref()) {
            orphans.entry(parent).or_default().push(*root);
        }
    }
    let mut rows = Vec::with_capacity(view.spans.len() + orphans.len());
    let subtree = |rows: &mut Vec<Row<'a>>, root: u32, below: u32| {
        let first = tree.row(root);
        let all = first..first.saturating_add(tree.descendant_count(root)).saturating_add(1);
        for at in tree.order().get(index(all.start)..index(all.end)).unwrap_or_default() {
            if let Some(span) = span(*at) {
                let own = analysis.self_times_ns.get(index(*at)).copied().unwrap_or_default();
                rows.push(Row { span, at: *at, depth: tree.depth(*at) + below, self_ns: own, is_missing: false });
            }
        }
    };
    let mut told: HashSet<&str> = HashSet::new();
    for root in tree.roots() {
        let missing = span(*root).filter(|_| tree.is_orphan(*root));
        let Some((missing, parent)) = missing.and_then(|span| Some((span, span.parent_span_id.as_deref()?))) else {
            subtree(&mut rows, *root, 0);
            continue;
        };
        if told.insert(parent) {
            rows.push(Row { span: missing, at: *root, depth: 0, self_ns: 0, is_missing: true });
            for orphan in orphans.get(parent).into_iter().flatten() {
                subtree(&mut rows, *orphan, 1);
            }
        }
    }
    rows
}

fn id_of(hex: &str) -> u64 {
    u64::from_str_radix(hex, 16).unwrap_or_default()
}

impl Writer<'_> {
    fn offset(&self, unix_nano: u64) -> i64 {
        unix_nano.wrapping_sub(self.start).cast_signed()
    }

    fn meta(&self) -> Out {
        let mut out = Out::default();
        out.bytes.extend(format!("{:0>32}", self.view.trace_id).bytes().take(32));
        out.varint(self.start);
        out.varint(self.view.last_ingest_unix_nano.0);
        out.varint(self.view.now_unix_nano.0);
        out.varint(self.analysis.end_unix_nano.saturating_sub(self.analysis.start_unix_nano));
        out.count(self.view.spans.len());
        out.varint(self.view.duplicate_span_count);
        out
    }

    fn columns(&self, texts: &mut Interner) -> Out {
        let mut out = Out::default();
        let rows = &self.rows;
        out.count(rows.len());
        rows.iter().for_each(|row| out.byte(flags(row)));
        let (mut depth, mut start) = (0, 0);
        rows.iter().for_each(|row| out.delta(&mut depth, i64::from(row.depth)));
        rows.iter().for_each(|row| out.delta(&mut start, self.offset(row.span.start_unix_nano.0)));
        rows.iter().for_each(|row| out.zigzag(if row.is_missing { 0 } else { row.span.duration_ns.0 }));
        rows.iter().for_each(|row| out.zigzag(row.self_ns));
        let mut columns = [Out::default(), Out::default(), Out::default()];
        let [names, services, statuses] = &mut columns;
        for row in rows {
            let (span, missing) = (row.span, row.is_missing);
            names.varint(texts.index(if missing { "" } else { &span.name }));
            services.varint(texts.maybe(span.service_name.as_deref().filter(|_| !missing)));
            statuses.varint(texts.index(if missing { "" } else { &span.status_message }));
        }
        columns.into_iter().for_each(|column| out.bytes.extend(column.bytes));
        rows.iter().for_each(|row| out.bytes.extend(row.id().to_be_bytes()));
        out
    }

    fn path(&self) -> Out {
        let mut out = Out::default();
        let mut row_of = vec![0_i64; self.view.spans.len()];
        for (row, place) in (0_i64..).zip(&self.rows).filter(|(_, place)| !place.is_missing) {
            if let Some(slot) = row_of.get_mut(index(place.at)) {
                *slot = row;
            }
        }
        let pieces = match self.analysis.root {
            Some(root) => critical_path(&self.view.spans, &self.analysis.tree, root),
            None => Vec::new(),
        };
        out.count(pieces.len());
        let (mut row, mut start) = (0, 0);
        for piece in pieces {
            out.delta(&mut row, row_of.get(index(piece.span)).copied().unwrap_or_default());
            out.delta(&mut start, self.offset(piece.start_unix_nano));
            out.varint(piece.end_unix_nano.saturating_sub(piece.start_unix_nano));
        }
        out
    }

    fn events(&self, texts: &mut Interner) -> Out {
        let mut out = Out::default();
        let all = (0_i64..).zip(&self.rows).filter_map(|(row, place)| Some((row, place.details()?)));
        out.count(all.clone().map(|(_, span)| span.events.len()).sum());
        let mut before = 0;
        for (row, span) in all {
            for event in &span.events {
                out.delta(&mut before, row);
                out.zigzag(self.offset(event.time_unix_nano.0));
                out.varint(texts.index(&event.name));
                out.byte(u8::from(event.name == semconv::EXCEPTION_EVENT));
            }
        }
        out
    }

    fn logs(&self, texts: &mut Interner) -> Out {
        let mut out = Out::default();
        let mut row_of: HashMap<u64, u64> = HashMap::new();
        // A map of a million spans is not made for no record.
        if !self.view.logs.is_empty() {
            for (row, place) in (1_u64..).zip(&self.rows).filter(|(_, place)| place.details().is_some()) {
                row_of.entry(place.id()).or_insert(row);
            }
        }
        out.count(self.view.logs.len());
        let mut before = 0;
        for log in &self.view.logs {
            out.delta(&mut before, self.offset(log.time_unix_nano.0));
            out.zigzag(i64::from(log.severity_number));
            out.varint(log.span_id.as_deref().and_then(|id| row_of.get(&id_of(id))).copied().unwrap_or_default());
            out.varint(texts.maybe(log.service_name.as_deref()));
        }
        out
    }

    fn exemplars(&self, texts: &mut Interner) -> Out {
        let mut out = Out::default();
        out.count(self.view.exemplars.len());
        for ExemplarRow { metric, unit, value, time_unix_nano, span_id, service_name } in &self.view.exemplars {
            [metric, unit, value].into_iter().for_each(|text| out.varint(texts.index(text)));
            out.zigzag(self.offset(time_unix_nano.0));
            out.varint(texts.maybe(span_id.as_deref()));
            out.varint(texts.maybe(service_name.as_deref()));
        }
        out
    }

    fn envelopes(&self, texts: &mut Interner) -> Out {
        let mut out = Out::default();
        out.count(self.view.resources.len());
        for resource in &self.view.resources {
            out.attributes(texts, &resource.attributes);
            out.varint(texts.index(&resource.schema_url));
            out.varint(resource.dropped_attributes_count.into());
        }
        out.count(self.view.scopes.len());
        for scope in &self.view.scopes {
            out.varint(texts.index(&scope.name));
            out.varint(texts.index(&scope.version));
            out.attributes(texts, &scope.attributes);
            out.varint(texts.index(&scope.schema_url));
            out.varint(scope.dropped_attributes_count.into());
        }
        out
    }
}

fn block(first: usize, count: usize, texts: Interner, details: Out) -> Out {
    let mut out = Out::default();
    out.count(first);
    out.count(count);
    texts.finish(&mut out);
    out.bytes.extend(details.bytes);
    out
}

impl<'a> Row<'a> {
    /// Returns the span, and nothing for a parent that never arrived.
    fn details(&self) -> Option<&'a SpanRow> {
        (!self.is_missing).then_some(self.span)
    }

    fn id(&self) -> u64 {
        let parent = || self.span.parent_span_id.as_deref().unwrap_or_default();
        id_of(if self.is_missing { parent() } else { &self.span.span_id })
    }
}

fn flags(row: &Row<'_>) -> u8 {
    let Some(span) = row.details() else { return flag::MISSING };
    let kind = u8::try_from(span.kind).ok().filter(|kind| *kind <= 5).unwrap_or(flag::KIND);
    let bits = [
        (flag::ERROR, is_error(span)),
        (flag::LINKS, !span.links.is_empty()),
        (flag::CUT, row.depth == 0 && span.parent_span_id.is_some()),
    ];
    bits.into_iter().filter(|(_, on)| *on).fold(kind, |flags, (bit, _)| flags | bit)
}

/// Writes the details of a span. The parent of a span below another row is that row; a root may name one all the same.
fn write_span(out: &mut Out, texts: &mut Interner, span: &SpanRow, is_below: bool) {
    out.zigzag(i64::from(span.kind));
    out.zigzag(i64::from(span.status_code));
    match span.parent_span_id.as_deref() {
        None => out.byte(0),
        Some(_) if is_below => out.byte(1),
        Some(parent) => {
            out.byte(2);
            out.bytes.extend(id_of(parent).to_be_bytes());
        }
    }
    out.varint(texts.index(&span.trace_state));
    for number in [
        span.flags,
        span.dropped_attributes_count,
        span.dropped_events_count,
        span.dropped_links_count,
        span.resource,
        span.scope,
    ] {
        out.varint(number.into());
    }
    out.attributes(texts, &span.attributes);
    out.count(span.events.len());
    for event in &span.events {
        out.zigzag(event.time_unix_nano.0.wrapping_sub(span.start_unix_nano.0).cast_signed());
        out.varint(texts.index(&event.name));
        out.varint(event.dropped_attributes_count.into());
        out.attributes(texts, &event.attributes);
    }
    out.count(span.links.len());
    for link in &span.links {
        out.varint(texts.index(&link.trace_id));
        out.varint(texts.index(&link.span_id));
        out.varint(texts.index(&link.trace_state));
        out.varint(link.dropped_attributes_count.into());
        out.attributes(texts, &link.attributes);
    }
}

fn log_block(first: usize, logs: &[LogRow]) -> Out {
    let (mut texts, mut details) = (Interner::new(), Out::default());
    for log in logs {
        details.varint(texts.index(&log.body));
        details.byte(type_byte(log.body_type));
        details.varint(texts.index(&log.severity_text));
        details.varint(texts.index(&log.event_name));
        details.varint(texts.maybe(log.span_id.as_deref()));
        details.varint(log.resource.into());
        details.varint(log.scope.into());
        details.varint(log.dropped_attributes_count.into());
        details.attributes(&mut texts, &log.attributes);
    }
    block(first, logs.len(), texts, details)
}
