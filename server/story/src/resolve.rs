//! What a paste means: every trace id in it, in whatever spelling, best reading first.
//!
//! [`parse`] takes a bare id, a header, a log line, an error body, a link or a whole e-mail. It never refuses and never
//! fails: text without an id gives an empty list, which a caller takes as a text search. The same code runs on the
//! server and in the browser, so that the paste box can explain itself while somebody types.
//!
//! It reads the text only; whether an id exists is the store's business. The work is linear in the paste: it is split
//! into words once per view of the text (as it stands, soft line breaks undone, percent-decoded).

mod base64;
mod clean;
mod form;
mod found;
mod label;
mod shape;
mod single;
mod word;
mod work;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

use std::fmt;

use telltale_model::{SpanId, TraceId};

use crate::limits::PERCENT_ROUNDS;

pub use form::Form;

/// What to look for in the store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A whole trace id. A store that holds 64-bit ids padded with zeros may also try its right half.
    Trace(TraceId),
    /// Sixteen hex digits: a span id, a 64-bit trace id, or the right half of a 128-bit one.
    Low64OrSpan([u8; 8]),
    /// The first hex digits of a trace id, lower case, 1 to 31 of them; several traces may match.
    Prefix(String),
    /// An id of another kind (a request id, say): to be looked for in attributes and logs, not among trace ids.
    Text(String),
}

impl fmt::Display for Key {
    /// Writes lower-case hex; ids of another kind as they were pasted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trace(id) => id.fmt(f),
            Self::Low64OrSpan(bytes) => {
                let mut hex = String::with_capacity(16);
                telltale_model::id::push_hex(&mut hex, bytes);
                f.write_str(&hex)
            }
            Self::Prefix(text) | Self::Text(text) => f.write_str(text),
        }
    }
}

/// One reading of a paste.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The spelling that was recognised.
    pub form: Form,
    /// What to look for.
    pub key: Key,
    /// The span that the paste names beside the trace.
    pub span: Option<SpanId>,
    /// 0 to 100: how sure the reading is.
    pub confidence: u8,
    /// What else the spelling says, such as `the caller did not sample this request (flags 00)`.
    pub note: Option<String>,
}

/// Returns every reading of `paste`, best first; empty when nothing in it looks like an id.
///
/// Reads at most [`crate::limits::PASTE_BYTES`] and returns at most [`crate::limits::CANDIDATES`]; the notes of the
/// candidates tell when more was there.
#[must_use]
pub fn parse(paste: &str) -> Vec<Candidate> {
    let (text, cut) = clean::cap(paste);
    let text = clean::plain(text);
    let mut all = found::Merged::default();
    if let Some(joined) = clean::undo_soft_breaks(&text) {
        all.add(scan(&joined, true));
    }
    let mut view = text;
    for _round in 0..PERCENT_ROUNDS {
        let decoded = clean::percent_decode(&view);
        all.add(scan(&view, decoded.is_none()));
        let Some(decoded) = decoded else { return all.rank(cut) };
        view = decoded;
    }
    all.add(scan(&view, true));
    all.rank(cut)
}

/// Returns the two traces that a paste asks to compare, `A...B` as other products write it, in that order.
#[must_use]
pub fn comparison(paste: &str, found: &[Candidate]) -> Option<[TraceId; 2]> {
    if !paste.contains("...") {
        return None;
    }
    let ids: Vec<TraceId> = found
        .iter()
        .filter(|candidate| candidate.confidence >= SURE)
        .filter_map(|candidate| if let Key::Trace(id) = candidate.key { Some(id) } else { None })
        .collect();
    ids.try_into().ok()
}

/// Confidence from which on a reading counts as one of the ids that were meant.
const SURE: u8 = 75;

/// Reads one view of the paste. `plain` says that no percent sign in it starts an escape.
fn scan(text: &str, plain: bool) -> found::Found {
    let mut found = found::Found::default();
    let view = word::View::new(text, plain);
    let mut index = 0;
    while index < view.words.len() {
        let used = shape::read(&view, index, &mut found);
        if used == 0 {
            single::read(&view, index, &mut found);
        }
        index += used.max(1);
    }
    single::read_spaced(&view, &mut found);
    base64::read(text, &mut found);
    found.settle();
    found
}

/// Reads text that was found inside base64; ids in it get `form`.
fn scan_nested(text: &str, form: Form, into: &mut found::Found) {
    let mut found = found::Found::default();
    let view = word::View::new(text, true);
    for index in 0..view.words.len() {
        single::read(&view, index, &mut found);
    }
    found.settle();
    into.take_nested(found, form);
}
