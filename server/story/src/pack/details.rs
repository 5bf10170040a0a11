//! Attributes, events, links and bodies: kept as they came, read for one span or record at a time.

use telltale_api::trace::{EventRow, LinkRow, LogRow, SpanRow};
use telltale_api::{Nanos, SignedNanos};

use super::bytes::{In, type_of};
use super::structure::{Structure, index};
use super::{PackError, section};

/// A block as it came.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// First row or record.
    pub(super) first: usize,
    /// Rows or records.
    pub(super) count: usize,
    bytes: Vec<u8>,
    /// Where the texts begin in `bytes`.
    texts_at: usize,
}

impl Block {
    fn of(body: &[u8], section: u8) -> Result<Self, PackError> {
        let mut input = In::new(body, section);
        let first = input.index()?;
        let count = input.index()?;
        let texts_at = body.len() - input.rest_len();
        Ok(Self { first: index(first), count: index(count), bytes: body.to_vec(), texts_at })
    }

    /// Returns the texts, and a reader that stands at the first row.
    pub(super) fn open(&self, section: u8) -> Result<(Vec<&str>, In<'_>), PackError> {
        let mut input = In::new(self.bytes.get(self.texts_at..).unwrap_or_default(), section);
        let texts = input.texts()?;
        Ok((texts, input))
    }
}

/// The details of a trace.
#[derive(Debug, Clone, Default)]
pub struct Details {
    pub(super) spans: Vec<Block>,
    pub(super) logs: Vec<Block>,
}

impl Details {
    pub(super) fn push_spans(&mut self, body: &[u8]) -> Result<(), PackError> {
        self.spans.push(Block::of(body, section::SPAN_BLOCK)?);
        Ok(())
    }

    pub(super) fn push_logs(&mut self, body: &[u8]) -> Result<(), PackError> {
        self.logs.push(Block::of(body, section::LOG_BLOCK)?);
        Ok(())
    }

    /// Returns everything about the span on a row; nothing for a parent that never arrived, and for what has not come.
    #[must_use]
    pub fn span(&self, structure: &Structure, row: u32) -> Option<SpanRow> {
        if structure.rows.is_missing(row) {
            return None;
        }
        let block = block_of(&self.spans, index(row))?;
        let (texts, mut input) = block.open(section::SPAN_BLOCK).ok()?;
        for before in block.first..index(row) {
            if !structure.rows.is_missing(u32::try_from(before).ok()?) {
                skip_span(&mut input).ok()?;
            }
        }
        read_span(&mut input, &texts, structure, row).ok()
    }

    /// Returns a log record.
    #[must_use]
    pub fn log(&self, structure: &Structure, record: u32) -> Option<LogRow> {
        let block = block_of(&self.logs, index(record))?;
        let (texts, mut input) = block.open(section::LOG_BLOCK).ok()?;
        for _before in block.first..index(record) {
            skip_log(&mut input).ok()?;
        }
        read_log(&mut input, &texts, structure, record).ok()
    }

    /// Calls `then` with every span in order of its row, until it returns false.
    pub fn for_each_span(&self, structure: &Structure, mut then: impl FnMut(u32, &SpanRow) -> bool) {
        for block in &self.spans {
            let Ok((texts, mut input)) = block.open(section::SPAN_BLOCK) else { return };
            for row in block.first..block.first.saturating_add(block.count) {
                let Ok(row) = u32::try_from(row) else { return };
                if structure.rows.is_missing(row) {
                    continue;
                }
                let Ok(span) = read_span(&mut input, &texts, structure, row) else { return };
                if !then(row, &span) {
                    return;
                }
            }
        }
    }

    /// Calls `then` with every log record in order.
    pub fn for_each_log(&self, structure: &Structure, mut then: impl FnMut(u32, &LogRow)) {
        for block in &self.logs {
            let Ok((texts, mut input)) = block.open(section::LOG_BLOCK) else { return };
            for record in block.first..block.first.saturating_add(block.count) {
                let Ok(record) = u32::try_from(record) else { return };
                let Ok(log) = read_log(&mut input, &texts, structure, record) else { return };
                then(record, &log);
            }
        }
    }
}

fn block_of(blocks: &[Block], row: usize) -> Option<&Block> {
    let after = blocks.partition_point(|block| block.first <= row);
    let block = blocks.get(after.checked_sub(1)?)?;
    (row < block.first.saturating_add(block.count)).then_some(block)
}

fn read_span(input: &mut In<'_>, texts: &[&str], structure: &Structure, row: u32) -> Result<SpanRow, PackError> {
    let rows = &structure.rows;
    let at = index(row);
    let start_ns = rows.start_ns.get(at).copied().unwrap_or_default();
    let kind = input.number()?;
    let status_code = input.number()?;
    let parent_span_id = match input.byte()? {
        0 => None,
        1 => rows.parent(row).map(|parent| structure.id_hex(parent)),
        _ => Some(format!("{:016x}", input.id()?)),
    };
    let trace_state = input.text_of(texts)?;
    let numbers = [input.index()?, input.index()?, input.index()?, input.index()?, input.index()?, input.index()?];
    let [flags, dropped_attributes_count, dropped_events_count, dropped_links_count, resource, scope] = numbers;
    let start = structure.unix_nano(start_ns);
    Ok(SpanRow {
        span_id: structure.id_hex(row),
        parent_span_id,
        name: structure.name(row).to_owned(),
        kind,
        start_unix_nano: Nanos(start),
        duration_ns: SignedNanos(rows.duration_ns.get(at).copied().unwrap_or_default()),
        status_code,
        status_message: structure.text(rows.status.get(at).copied().unwrap_or_default()).to_owned(),
        service_name: structure.service(row).map(str::to_owned),
        trace_state,
        flags,
        dropped_attributes_count,
        dropped_events_count,
        dropped_links_count,
        resource,
        scope,
        attributes: input.attributes(texts)?,
        events: read_events(input, texts, start)?,
        links: read_links(input, texts)?,
    })
}

fn read_events(input: &mut In<'_>, texts: &[&str], start: u64) -> Result<Vec<EventRow>, PackError> {
    let count = input.count()?;
    input.column(count, |input| {
        Ok(EventRow {
            time_unix_nano: Nanos(start.wrapping_add_signed(input.zigzag()?)),
            name: input.text_of(texts)?,
            dropped_attributes_count: input.index()?,
            attributes: input.attributes(texts)?,
        })
    })
}

fn read_links(input: &mut In<'_>, texts: &[&str]) -> Result<Vec<LinkRow>, PackError> {
    let count = input.count()?;
    input.column(count, |input| {
        Ok(LinkRow {
            trace_id: input.text_of(texts)?,
            span_id: input.text_of(texts)?,
            trace_state: input.text_of(texts)?,
            dropped_attributes_count: input.index()?,
            attributes: input.attributes(texts)?,
        })
    })
}

fn read_log(input: &mut In<'_>, texts: &[&str], structure: &Structure, record: u32) -> Result<LogRow, PackError> {
    let logs = &structure.logs;
    let at = index(record);
    let body = input.text_of(texts)?;
    let body_type = type_of(input.byte()?);
    let severity_text = input.text_of(texts)?;
    let event_name = input.text_of(texts)?;
    let span_id = input.maybe_text_of(texts)?;
    let [resource, scope, dropped_attributes_count] = [input.index()?, input.index()?, input.index()?];
    Ok(LogRow {
        time_unix_nano: Nanos(structure.unix_nano(logs.time_ns.get(at).copied().unwrap_or_default())),
        severity_number: logs.severity.get(at).copied().unwrap_or_default(),
        severity_text,
        body,
        body_type,
        event_name,
        span_id,
        service_name: structure.maybe_text(logs.service.get(at).copied().unwrap_or_default()).map(str::to_owned),
        attributes: input.attributes(texts)?,
        resource,
        scope,
        dropped_attributes_count,
    })
}

/// Calls `seen` with the place of every text of a span's details, so that a search needs no copies.
pub(super) fn walk_span(input: &mut In<'_>, mut seen: impl FnMut(u32)) -> Result<(), PackError> {
    input.zigzag()?;
    input.zigzag()?;
    if input.byte()? > 1 {
        input.id()?;
    }
    seen(input.index()?);
    for _ in 0..6 {
        input.varint()?;
    }
    walk_attributes(input, &mut seen)?;
    for _ in 0..input.count()? {
        input.zigzag()?;
        seen(input.index()?);
        input.varint()?;
        walk_attributes(input, &mut seen)?;
    }
    for _ in 0..input.count()? {
        for _ in 0..3 {
            seen(input.index()?);
        }
        input.varint()?;
        walk_attributes(input, &mut seen)?;
    }
    Ok(())
}

/// Calls `seen` with the place of every text of a record.
pub(super) fn walk_log(input: &mut In<'_>, mut seen: impl FnMut(u32)) -> Result<(), PackError> {
    seen(input.index()?);
    input.byte()?;
    seen(input.index()?);
    seen(input.index()?);
    for _ in 0..4 {
        input.varint()?;
    }
    walk_attributes(input, &mut seen)
}

fn walk_attributes(input: &mut In<'_>, seen: &mut impl FnMut(u32)) -> Result<(), PackError> {
    for _ in 0..input.count()? {
        seen(input.index()?);
        input.byte()?;
        seen(input.index()?);
    }
    Ok(())
}

fn skip_span(input: &mut In<'_>) -> Result<(), PackError> {
    walk_span(input, |_| {})
}

fn skip_log(input: &mut In<'_>) -> Result<(), PackError> {
    walk_log(input, |_| {})
}
