//! Reading a pack as it arrives.

use std::sync::Arc;

use telltale_api::Nanos;
use telltale_api::trace::{ExemplarRow, ResourceView, ScopeView};

use super::bytes::In;
use super::details::Details;
use super::structure::{Events, Logs, Meta, PathPiece, Rows, Structure};
use super::{MAGIC, section};

/// Why bytes are no pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackError {
    /// The section that is broken; 0 for what is around the sections.
    pub section: u8,
    /// What is wrong with it.
    pub what: &'static str,
}

impl std::fmt::Display for PackError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "section {} of the trace pack is broken: {}", self.section, self.what)
    }
}

impl std::error::Error for PackError {}

/// Takes the bytes of a pack in pieces of any size.
#[derive(Debug, Default)]
pub struct Reader {
    buffer: Vec<u8>,
    /// Bytes of `buffer` that are done with.
    taken: usize,
    has_magic: bool,
    structure: Structure,
    details: Details,
    drawn: bool,
    ended: bool,
}

impl Reader {
    /// Returns a reader that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a piece. Returns the structure once, as soon as it is whole.
    ///
    /// # Errors
    /// When the bytes are no pack.
    pub fn push(&mut self, piece: &[u8]) -> Result<Option<Arc<Structure>>, PackError> {
        self.buffer.extend_from_slice(piece);
        let mut whole = None;
        while !self.ended && self.next()? {
            if self.drawn && whole.is_none() && !self.structure_given() {
                whole = Some(self.give_structure());
            }
        }
        if self.taken > 0 {
            self.buffer.drain(..self.taken);
            self.taken = 0;
        }
        Ok(whole)
    }

    /// Returns the details of a pack that was read to its end.
    ///
    /// # Errors
    /// When the pack was cut off.
    pub fn finish(self) -> Result<Details, PackError> {
        if self.ended {
            return Ok(self.details);
        }
        Err(PackError { section: 0, what: "it was cut off before its end" })
    }

    fn structure_given(&self) -> bool {
        self.structure.meta.trace_id.is_empty()
    }

    fn give_structure(&mut self) -> Arc<Structure> {
        Arc::new(std::mem::take(&mut self.structure))
    }

    /// Reads the next section; returns whether there was a whole one.
    fn next(&mut self) -> Result<bool, PackError> {
        let rest = self.buffer.get(self.taken..).unwrap_or_default();
        if !self.has_magic {
            if rest.len() < MAGIC.len() {
                return Ok(false);
            }
            if !rest.starts_with(MAGIC) {
                return Err(PackError { section: 0, what: "it does not begin like a pack of version 1" });
            }
            self.has_magic = true;
            self.taken += MAGIC.len();
            return Ok(true);
        }
        let mut head = In::new(rest, 0);
        let Ok(id) = head.byte() else { return Ok(false) };
        let Ok(length) = head.varint() else {
            // A length takes ten bytes at most: more of them will not help.
            let hopeless = rest.len() > 10;
            return if hopeless { Err(PackError { section: id, what: "its length is broken" }) } else { Ok(false) };
        };
        let Some(body) = usize::try_from(length).ok().and_then(|length| head.bytes(length).ok()) else {
            return Ok(false);
        };
        let consumed = rest.len() - head.rest_len();
        section_into(id, body, &mut self.structure, &mut self.details)?;
        self.drawn |= id == section::ENVELOPES;
        self.ended |= id == section::END;
        self.taken += consumed;
        Ok(true)
    }
}

fn section_into(id: u8, body: &[u8], structure: &mut Structure, details: &mut Details) -> Result<(), PackError> {
    let mut input = In::new(body, id);
    match id {
        section::META => structure.meta = meta(&mut input)?,
        section::TEXTS => structure.texts = input.texts()?.into_iter().map(str::to_owned).collect(),
        section::ROWS => structure.rows = rows(&mut input)?,
        section::PATH => structure.path = path(&mut input)?,
        section::EVENTS => structure.events = events(&mut input)?,
        section::LOGS => structure.logs = logs(&mut input)?,
        section::EXEMPLARS => structure.exemplars = exemplars(&mut input, structure)?,
        section::ENVELOPES => envelopes(&mut input, structure)?,
        section::SPAN_BLOCK => details.push_spans(body)?,
        section::LOG_BLOCK => details.push_logs(body)?,
        _ => {}
    }
    Ok(())
}

fn meta(input: &mut In<'_>) -> Result<Meta, PackError> {
    let id = input.bytes(32)?;
    Ok(Meta {
        trace_id: String::from_utf8_lossy(id).into_owned(),
        start_unix_nano: input.varint()?,
        last_ingest_unix_nano: input.varint()?,
        now_unix_nano: input.varint()?,
        duration_ns: input.varint()?,
        span_count: input.varint()?,
        duplicate_span_count: input.varint()?,
    })
}

fn rows(input: &mut In<'_>) -> Result<Rows, PackError> {
    let count = input.count()?;
    let (mut depth, mut start) = (0, 0);
    let mut rows = Rows {
        flags: input.column(count, In::byte)?,
        depth: input.column(count, |input| Ok(u32::try_from(input.delta(&mut depth)?).unwrap_or_default()))?,
        start_ns: input.column(count, |input| input.delta(&mut start))?,
        duration_ns: input.column(count, In::zigzag)?,
        self_ns: input.column(count, In::zigzag)?,
        ..Rows::default()
    };
    rows.name = input.column(count, In::index)?;
    rows.service = input.column(count, In::index)?;
    rows.status = input.column(count, In::index)?;
    rows.id = input.column(count, In::id)?;
    rows.derive();
    Ok(rows)
}

fn path(input: &mut In<'_>) -> Result<Vec<PathPiece>, PackError> {
    let count = input.count()?;
    let (mut row, mut start_ns) = (0, 0);
    input.column(count, |input| {
        Ok(PathPiece {
            row: u32::try_from(input.delta(&mut row)?).unwrap_or_default(),
            start_ns: input.delta(&mut start_ns)?,
            length_ns: input.varint()?,
        })
    })
}

fn events(input: &mut In<'_>) -> Result<Events, PackError> {
    let count = input.count()?;
    let mut events = Events::default();
    let mut row = 0;
    for _ in 0..count {
        events.row.push(u32::try_from(input.delta(&mut row)?).unwrap_or_default());
        events.time_ns.push(input.zigzag()?);
        events.name.push(input.index()?);
        events.is_exception.push(input.byte()? == 1);
    }
    Ok(events)
}

fn logs(input: &mut In<'_>) -> Result<Logs, PackError> {
    let count = input.count()?;
    let mut logs = Logs::default();
    let mut time = 0;
    for _ in 0..count {
        logs.time_ns.push(input.delta(&mut time)?);
        logs.severity.push(input.number()?);
        logs.row.push(input.index()?);
        logs.service.push(input.index()?);
    }
    Ok(logs)
}

fn exemplars(input: &mut In<'_>, structure: &Structure) -> Result<Vec<ExemplarRow>, PackError> {
    let count = input.count()?;
    input.column(count, |input| {
        Ok(ExemplarRow {
            metric: input.text_of(&structure.texts)?,
            unit: input.text_of(&structure.texts)?,
            value: input.text_of(&structure.texts)?,
            time_unix_nano: Nanos(structure.unix_nano(input.zigzag()?)),
            span_id: input.maybe_text_of(&structure.texts)?,
            service_name: input.maybe_text_of(&structure.texts)?,
        })
    })
}

fn envelopes(input: &mut In<'_>, structure: &mut Structure) -> Result<(), PackError> {
    let texts = &structure.texts;
    let count = input.count()?;
    structure.resources = input.column(count, |input| {
        Ok(ResourceView {
            attributes: input.attributes(texts)?,
            schema_url: input.text_of(texts)?,
            dropped_attributes_count: input.index()?,
        })
    })?;
    let count = input.count()?;
    structure.scopes = input.column(count, |input| {
        Ok(ScopeView {
            name: input.text_of(texts)?,
            version: input.text_of(texts)?,
            attributes: input.attributes(texts)?,
            schema_url: input.text_of(texts)?,
            dropped_attributes_count: input.index()?,
        })
    })?;
    Ok(())
}
