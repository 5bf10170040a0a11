//! Collects the readings of a text: joins halves, gives spans to their traces, drops repetitions, ranks.

use std::collections::{BTreeMap, HashMap};

use telltale_model::{SpanId, TraceId};

use super::form::Form;
use super::{Candidate, Key};
use crate::limits::{CANDIDATES, PASTE_BYTES};

/// A reading with its place.
#[derive(Debug, Clone)]
pub(super) struct Hit {
    /// What was read.
    pub candidate: Candidate,
    /// Offset in the text.
    pub at: usize,
    /// Line in the text.
    pub line: u32,
}

/// A span id that a key announced.
#[derive(Debug, Clone, Copy)]
struct SpanHit {
    span: SpanId,
    at: usize,
    line: u32,
    used: bool,
}

/// Everything that one view of the paste holds, in order of place.
#[derive(Debug, Default)]
pub(super) struct Found {
    hits: Vec<Hit>,
    spans: Vec<SpanHit>,
    parents: Vec<SpanHit>,
    highs: Vec<[u8; 8]>,
    lows: Vec<([u8; 8], Form, usize)>,
    not_sampled: bool,
}

impl Found {
    /// Adds a reading.
    pub(super) fn add(&mut self, at: usize, line: u32, candidate: Candidate) {
        self.hits.push(Hit { candidate, at, line });
    }

    /// Adds a span id; `parent` says that the key called it a parent.
    pub(super) fn add_span(&mut self, at: usize, line: u32, span: SpanId, parent: bool) {
        let list = if parent { &mut self.parents } else { &mut self.spans };
        list.push(SpanHit { span, at, line, used: false });
    }

    /// Adds the upper half of an id.
    pub(super) fn add_high(&mut self, high: [u8; 8]) {
        self.highs.push(high);
    }

    /// Adds the lower half of an id that `form` writes in two parts.
    pub(super) fn add_low(&mut self, low: [u8; 8], form: Form, at: usize) {
        self.lows.push((low, form, at));
    }

    /// Notes that a field says that the request was not sampled.
    pub(super) const fn not_sampled(&mut self) {
        self.not_sampled = true;
    }

    /// Takes readings out of a decoded part; they are named by `form`.
    pub(super) fn take_nested(&mut self, nested: Self, form: Form) {
        for hit in nested.hits {
            if matches!(hit.candidate.key, Key::Trace(_)) || hit.candidate.span.is_some() {
                let candidate = Candidate { form, ..hit.candidate };
                self.hits.push(Hit { candidate, at: 0, line: u32::MAX });
            }
        }
    }

    /// Joins halves and gives spans to traces, once all words were read.
    pub(super) fn settle(&mut self) {
        self.join_halves();
        self.attach_spans();
        self.tell_sampling();
        let spans = self.spans.iter().map(|span| (span, 50));
        for (span, confidence) in spans.chain(self.parents.iter().map(|span| (span, 25))) {
            if !span.used {
                let key = Key::Low64OrSpan(*span.span.as_bytes());
                let candidate = Candidate { form: Form::SpanField, key, span: None, confidence, note: None };
                self.hits.push(Hit { candidate, at: span.at, line: span.line });
            }
        }
    }

    /// Says of the only trace of a paste that it was not sampled, when a field says so and the spelling does not.
    fn tell_sampling(&mut self) {
        let is_trace = |hit: &&Hit| {
            matches!(hit.candidate.key, Key::Trace(_) | Key::Low64OrSpan(_)) && hit.candidate.confidence >= 60
        };
        if !self.not_sampled || !is_sole(self.hits.iter().filter(is_trace).map(|hit| &hit.candidate.key)) {
            return;
        }
        for hit in self.hits.iter_mut().filter(|hit| is_trace(&&**hit)) {
            hit.candidate.note.get_or_insert_with(|| "the caller did not sample this request (sampled=0)".to_owned());
        }
    }

    fn join_halves(&mut self) {
        // Hits stand in order of place until the first join, which only weakens what stands there already.
        let mut by_place: HashMap<usize, Vec<usize>> = HashMap::new();
        if !self.highs.is_empty() {
            for (index, hit) in self.hits.iter().enumerate() {
                by_place.entry(hit.at).or_default().push(index);
            }
        }
        for (high, (low, form, at)) in self.highs.iter().zip(&self.lows) {
            let mut bytes = [0; 16];
            let (left, right) = bytes.split_at_mut(8);
            left.copy_from_slice(high);
            right.copy_from_slice(low);
            if let Some(id) = TraceId::new(bytes) {
                for index in by_place.remove(at).unwrap_or_default() {
                    if let Some(half) = self.hits.get_mut(index) {
                        half.candidate.confidence = half.candidate.confidence.min(40);
                    }
                }
                let note = Some("both halves joined".to_owned());
                let candidate = Candidate { form: *form, key: Key::Trace(id), span: None, confidence: 96, note };
                // On no line: takes the paste's only span, wherever that stands.
                self.hits.push(Hit { candidate, at: *at, line: u32::MAX });
            }
        }
    }

    /// Gives each trace the span beside it on its line; one trace and one span in a whole paste belong together too.
    fn attach_spans(&mut self) {
        let sole_trace = is_sole(self.hits.iter().filter(|hit| hit.takes_span()).map(|hit| &hit.candidate.key));
        let sole_span = is_sole(self.spans.iter().map(|span| &span.span));
        for hit in self.hits.iter_mut().filter(|hit| hit.takes_span()) {
            let near = nearest(&self.spans, hit).map(|index| (index, false));
            let near = near.or_else(|| (sole_trace && sole_span && !self.spans.is_empty()).then_some((0, false)));
            let near = near.or_else(|| nearest(&self.parents, hit).map(|index| (index, true)));
            let Some((index, parent)) = near else { continue };
            let list = if parent { &mut self.parents } else { &mut self.spans };
            if let Some(span) = list.get_mut(index) {
                span.used = true;
                hit.candidate.span = Some(span.span);
            }
        }
        if sole_trace && sole_span && self.hits.iter().any(|hit| hit.candidate.span.is_some()) {
            // Repetitions of the one span, and its parent, are no readings of their own.
            for span in self.spans.iter_mut().chain(&mut self.parents) {
                span.used = true;
            }
        }
    }
}

impl Hit {
    /// Whether the reading names a trace and no span yet.
    fn takes_span(&self) -> bool {
        let trace = match self.candidate.key {
            Key::Trace(_) => true,
            Key::Low64OrSpan(_) => !matches!(self.candidate.form, Form::Hex16),
            Key::Prefix(_) | Key::Text(_) => false,
        };
        trace && self.candidate.span.is_none() && self.candidate.confidence >= 60
    }
}

/// Whether all items are the same; true when there is none.
fn is_sole<T: PartialEq>(mut items: impl Iterator<Item = T>) -> bool {
    let Some(first) = items.next() else { return true };
    items.all(|item| item == first)
}

/// Returns the span after the hit on its line, else the one before it on its line.
fn nearest(spans: &[SpanHit], hit: &Hit) -> Option<usize> {
    let next = spans.partition_point(|span| span.at < hit.at);
    let on_line = |index: usize| spans.get(index).is_some_and(|span| span.line == hit.line);
    if on_line(next) {
        return Some(next);
    }
    next.checked_sub(1).filter(|index| on_line(*index))
}

/// The readings of all views of a paste, each key once.
#[derive(Debug, Default)]
pub(super) struct Merged {
    by_key: BTreeMap<Key, Entry>,
}

/// The best reading of a key.
#[derive(Debug)]
struct Entry {
    hit: Hit,
    /// The paste names several spans of this trace: none of them is the one that is meant.
    several_spans: bool,
}

impl Merged {
    /// Adds what a view holds.
    pub(super) fn add(&mut self, found: Found) {
        for hit in found.hits {
            self.add_hit(hit);
        }
    }

    fn add_hit(&mut self, hit: Hit) {
        let Some(entry) = self.by_key.get_mut(&hit.candidate.key) else {
            self.by_key.insert(hit.candidate.key.clone(), Entry { hit, several_spans: false });
            return;
        };
        let (old, new) = (entry.hit.candidate.span, hit.candidate.span);
        entry.several_spans |= old.is_some() && new.is_some() && old != new;
        let better = hit.candidate.confidence > entry.hit.candidate.confidence;
        if better {
            let at = entry.hit.at.min(hit.at);
            entry.hit = Hit { at, ..hit };
        }
        entry.hit.candidate.span = if better { new.or(old) } else { old.or(new) };
    }

    /// Returns the candidates, best first. `cut` says that the paste was longer than what was read.
    pub(super) fn rank(self, cut: bool) -> Vec<Candidate> {
        let mut entries: Vec<Entry> = self.by_key.into_values().collect();
        entries.sort_by_key(|entry| (std::cmp::Reverse(entry.hit.candidate.confidence), entry.hit.at));
        let left_out = entries.len().saturating_sub(CANDIDATES);
        entries.truncate(CANDIDATES);
        let mut out: Vec<Candidate> = entries.into_iter().map(Entry::into_candidate).collect();
        if cut {
            for candidate in &mut out {
                add_note(candidate, &format!("only the first {} KiB of the paste were read", PASTE_BYTES / 1024));
            }
        }
        if left_out > 0
            && let Some(last) = out.last_mut()
        {
            add_note(last, &format!("{left_out} further readings of this paste are left out"));
        }
        out
    }
}

impl Entry {
    fn into_candidate(self) -> Candidate {
        let mut candidate = self.hit.candidate;
        if self.several_spans {
            candidate.span = None;
            add_note(&mut candidate, "the paste names several spans of it");
        }
        candidate
    }
}

/// Appends a remark to a candidate's note.
fn add_note(candidate: &mut Candidate, remark: &str) {
    match &mut candidate.note {
        Some(note) => {
            note.push_str("; ");
            note.push_str(remark);
        }
        none => *none = Some(remark.to_owned()),
    }
}
