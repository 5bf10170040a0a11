//! What a JSON value is: the format is told by the names of its members, and lists are taken apart down to records.

use std::cell::Cell;
use std::io::Read;
use std::ops::Range;

use serde::de::IgnoredAny;
use serde_json::Value;
use telltale_model::SignalKind;

use super::convert::{Object, Reason, quoted};
use super::found::{Format, Place};
use super::normal::normal;
use super::out::Out;
use super::scan::{Broken, Elements, Member, members};
use super::values::{Piece, Step, Values};
use super::{OpenLimits, console, jaeger, zipkin};
use crate::limits::{KEYS_NAMED, LIST_DEPTH};

/// Members that hold OTLP envelopes.
const ENVELOPES: [(&str, SignalKind, Format); 7] = [
    ("resourceSpans", SignalKind::Traces, Format::OtlpJson),
    ("resource_spans", SignalKind::Traces, Format::OtlpJson),
    ("resourceLogs", SignalKind::Logs, Format::OtlpJson),
    ("resource_logs", SignalKind::Logs, Format::OtlpJson),
    ("resourceMetrics", SignalKind::Metrics, Format::OtlpJson),
    ("resource_metrics", SignalKind::Metrics, Format::OtlpJson),
    ("batches", SignalKind::Traces, Format::Tempo),
];

/// Members that wrap telemetry of any format.
const WRAPPERS: [&str; 3] = ["trace", "data", "result"];

/// Reads a stream of values.
pub(super) fn read(reader: &mut dyn Read, limits: &OpenLimits, out: &mut Out<'_>) {
    let mut values = Values::new(reader, limits.document_bytes);
    while !out.is_stopped() {
        match values.next() {
            Ok(None) => return,
            Ok(Some(Step::Value(piece))) => value(&piece, out),
            Ok(Some(Step::Junk(piece))) => {
                let place = place_of(&piece, out.entry());
                out.fault(place, format!("{} is no JSON object", quoted(piece.text.trim_ascii())));
            }
            Ok(Some(Step::TooLarge(piece))) => {
                let place = place_of(&piece, out.entry());
                let limit = limits.document_bytes >> 20;
                out.fault(
                    place,
                    format!("the record is larger than {limit} MiB; write JSON lines or protobuf instead"),
                );
            }
            Err(error) => {
                let (byte, line) = values.position();
                let place = Place { entry: out.entry(), byte, line: Some(line), path: String::new() };
                return out.fault(place, format!("the file cannot be read further: {error}"));
            }
        }
    }
}

/// Reads one value: whole, or line by line where a broken one swallowed the lines behind it.
fn value(piece: &Piece, out: &mut Out<'_>) {
    if holds_lines(piece) {
        let (mut byte, mut line) = (piece.byte, piece.line);
        for text in piece.text.split_inclusive(|byte| *byte == b'\n') {
            let trimmed = text.trim_ascii();
            let here = Piece { text: trimmed.to_vec(), byte, line, element: None, cut: None };
            if !trimmed.is_empty() {
                whole_or_fault(&here, out);
            }
            byte += text.len() as u64;
            line += 1;
        }
        return;
    }
    Document::new(piece, out).read(piece);
}

/// Reads a line that must be a value of its own.
fn whole_or_fault(piece: &Piece, out: &mut Out<'_>) {
    match serde_json::from_slice::<IgnoredAny>(&piece.text) {
        Ok(_) => Document::new(piece, out).read(piece),
        Err(error) => {
            let place = place_of(piece, out.entry());
            out.fault(place, format!("the line is no JSON: {}", in_line(&error)));
        }
    }
}

/// Says whether a broken value holds whole values in lines of their own.
fn holds_lines(piece: &Piece) -> bool {
    let begins = piece.text.windows(2).any(|pair| pair == b"\n{");
    if !begins || (piece.cut.is_none() && serde_json::from_slice::<IgnoredAny>(&piece.text).is_ok()) {
        return false;
    }
    let mut lines = piece.text.split(|byte| *byte == b'\n').skip(1).filter(|line| line.starts_with(b"{"));
    lines.any(|line| serde_json::from_slice::<IgnoredAny>(line.trim_ascii()).is_ok())
}

fn place_of(piece: &Piece, entry: Option<String>) -> Place {
    let path = piece.element.map(|at| format!("[{at}]")).unwrap_or_default();
    Place { entry, byte: piece.byte, line: Some(piece.line), path }
}

/// Says what serde_json says, without its line: places are ours.
fn in_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or_default();
    format!("{reason} at its column {}", error.column())
}

/// One JSON value while it is taken apart.
pub(super) struct Document<'a, 'o> {
    text: &'a [u8],
    base: Place,
    /// The last offset whose line was asked for, and its line: offsets only grow, nearly always.
    seen: Cell<(usize, u64)>,
    is_cut: bool,
    pub(super) out: &'a mut Out<'o>,
}

impl<'a, 'o> Document<'a, 'o> {
    fn new(piece: &'a Piece, out: &'a mut Out<'o>) -> Self {
        let base = place_of(piece, out.entry());
        Self { text: &piece.text, seen: Cell::new((0, piece.line)), base, is_cut: piece.cut.is_some(), out }
    }

    fn read(&mut self, piece: &Piece) {
        self.value(0..self.text.len(), "", 0);
        if let Some(reason) = piece.cut {
            let place = self.place(self.text.len(), "");
            self.out.fault(place, format!("the record breaks off: {reason}"));
        }
    }

    /// Returns the place of an offset.
    pub(super) fn place(&self, at: usize, path: &str) -> Place {
        let (mut from, mut line) = self.seen.get();
        if at < from {
            (from, line) = (0, self.base.line.unwrap_or(1));
        }
        let between = self.text.get(from..at).unwrap_or_default();
        line += between.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.seen.set((at, line));
        Place { byte: self.base.byte + at as u64, line: Some(line), ..self.base.inside(path) }
    }

    pub(super) fn bytes(&self, range: &Range<usize>) -> &'a [u8] {
        self.text.get(range.clone()).unwrap_or_default()
    }

    fn broken(&mut self, broken: Broken, path: &str) {
        let place = self.place(broken.at, path);
        self.out.fault(place, broken.reason);
    }

    /// Calls `each` with every element of a list that parses; the others are faults.
    pub(super) fn elements(
        &mut self,
        list: &Range<usize>,
        path: &str,
        mut each: impl FnMut(&mut Self, Range<usize>, String),
    ) {
        let text = self.text.get(..list.end).unwrap_or_default();
        for (at, element) in Elements::new(text, list.start).enumerate() {
            if self.out.is_stopped() {
                return;
            }
            match element {
                Ok(range) => each(self, range, format!("{path}[{at}]")),
                // That the text breaks off is told once, at its end.
                Err(broken) if broken.is_end && self.is_cut => return,
                Err(broken) => return self.broken(broken, &format!("{path}[{at}]")),
            }
        }
    }

    /// Parses a small value.
    pub(super) fn parse<T: serde::de::DeserializeOwned>(&mut self, range: &Range<usize>, path: &str) -> Option<T> {
        match serde_json::from_slice(self.bytes(range)) {
            Ok(value) => Some(value),
            Err(error) => {
                let place = self.place(range.start, path);
                self.out.fault(place, format!("the record is no JSON: {}", in_line(&error)));
                None
            }
        }
    }

    /// Parses an object and converts it; faults of both have their place.
    pub(super) fn convert(
        &mut self,
        range: &Range<usize>,
        path: &str,
        convert: impl FnOnce(&Object, &mut Out<'o>, &Place) -> Result<(), Reason>,
    ) {
        let Some(object) = self.parse::<Object>(range, path) else { return };
        let place = self.place(range.start, path);
        if let Err(reason) = convert(&object, self.out, &place) {
            self.out.fault(place.inside(&reason.path), reason.text);
        }
    }

    /// Reads a value of any format.
    fn value(&mut self, range: Range<usize>, path: &str, depth: usize) {
        if depth > LIST_DEPTH {
            let place = self.place(range.start, path);
            return self.out.fault(place, format!("lists are nested deeper than {LIST_DEPTH} levels"));
        }
        match self.text.get(range.start) {
            Some(b'[') => self.elements(&range, path, |this, element, path| this.value(element, &path, depth + 1)),
            Some(b'{') => self.object(&range, path, depth),
            _ => {
                let place = self.place(range.start, path);
                let found = quoted(self.bytes(&range));
                self.out.fault(place, format!("{found} is no JSON object"));
            }
        }
    }

    fn object(&mut self, range: &Range<usize>, path: &str, depth: usize) {
        let text = self.text.get(..range.end).unwrap_or_default();
        let (parts, broken) = members(text, range.start);
        let has = |key: &str| parts.iter().any(|part| part.key == key);
        if parts.iter().any(|part| ENVELOPES.iter().any(|(name, ..)| *name == part.key)) {
            self.envelopes(&parts, path);
        } else if has("traceID") && has("spans") {
            jaeger::trace(self, &parts, path);
        } else if let Some(wrapper) = parts.iter().find(|part| self.wraps(part)) {
            let inner = self.inside(path, &wrapper.key);
            self.value(wrapper.value.clone(), &inner, depth + 1);
            self.errors(&parts, path);
        } else if has("context") && has("name") {
            self.convert(range, path, console::span);
        } else if has("traceId") && has("id") {
            self.convert(range, path, zipkin::span);
        } else if has("body") && (has("severity_number") || has("severity_text")) {
            self.convert(range, path, console::log);
        } else {
            self.unknown(range, path, &parts, broken);
            return;
        }
        if let Some(broken) = broken.filter(|broken| !broken.is_end) {
            self.broken(broken, path);
        }
    }

    /// Whether a member wraps telemetry: a name that does, around a list or an object.
    fn wraps(&self, part: &Member<'_>) -> bool {
        WRAPPERS.contains(&part.key.as_ref()) && matches!(self.text.get(part.value.start), Some(b'{' | b'['))
    }

    pub(super) fn inside(&self, path: &str, key: &str) -> String {
        if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
    }

    /// Passes OTLP envelopes on, each checked to be JSON.
    fn envelopes(&mut self, parts: &[Member<'_>], path: &str) {
        for part in parts {
            let Some((_name, signal, format)) = ENVELOPES.iter().find(|(name, ..)| *name == part.key) else { continue };
            let path = self.inside(path, &part.key);
            match self.text.get(part.value.start) {
                Some(b'[') => self.elements(&part.value, &path, |this, range, path| {
                    if this.parse::<IgnoredAny>(&range, &path).is_some() {
                        let place = this.place(range.start, &path);
                        let element = normal(this.bytes(&range));
                        this.out.json(*signal, *format, &element, place);
                    }
                }),
                Some(b'n') => {}
                _ => {
                    let place = self.place(part.value.start, &path);
                    self.out.fault(place, format!("{} is no list", quoted(self.bytes(&part.value))));
                }
            }
        }
    }

    /// Tells what an answer of a query API says of its own failure.
    fn errors(&mut self, parts: &[Member<'_>], path: &str) {
        let Some(part) = parts.iter().find(|part| part.key == "errors") else { return };
        let text = self.bytes(&part.value);
        let says_something = serde_json::from_slice::<Vec<Value>>(text).is_ok_and(|errors| !errors.is_empty());
        if says_something {
            let place = self.place(part.value.start, &self.inside(path, "errors"));
            self.out.fault(place, format!("the file says that its own query failed: {}", quoted(text)));
        }
    }

    fn unknown(&mut self, range: &Range<usize>, path: &str, parts: &[Member<'_>], broken: Option<Broken>) {
        let place = self.place(range.start, path);
        if parts.is_empty() {
            return match broken {
                Some(broken) if broken.is_end && self.is_cut => {}
                Some(broken) => self.broken(broken, path),
                None => self.out.skipped(place, "an empty object"),
            };
        }
        let keys: Vec<&str> = parts.iter().map(|part| part.key.as_ref()).take(KEYS_NAMED).collect();
        let more = if parts.len() > KEYS_NAMED { ", …" } else { "" };
        self.out
            .unknown(place, &format!("an object with {}{more} is no telemetry that is known here", keys.join(", ")));
    }
}
