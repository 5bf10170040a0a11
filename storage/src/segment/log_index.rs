//! The full text index of one log segment. The rows of words are exact; for everything else it only narrows, and whoever asks
//! evaluates the rows that it names.
//!
//! Segments have it once they are compacted, which under load is seconds after a flush and otherwise a minute: to build it twice would cost
//! more than everything else that is done to a log record. Until then filters over words, one a page of rows, narrow ([`super::terms`]).
//!
//! It is a tantivy index of one tantivy segment, whose document numbers are row numbers. It has no store, no norms, no
//! frequencies and no positions: phrases are decided by looking at the text (`FORMAT.md` has what positions would cost).

use std::path::Path;
use std::sync::Arc;

use tantivy::directory::MmapDirectory;
use tantivy::index::SegmentComponent;
use tantivy::postings::{Postings, SegmentPostings};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocSet as _, Index, InvertedIndexReader, SegmentReader, TERMINATED, Term};
use telltale_model::TraceId;

use crate::error::Error;
use crate::limits::PREFIX_TERMS_MAX;
use crate::schema::Table;
use crate::text::RequiredTerm;

mod build;
mod mapped;

pub(crate) use build::{LogIndexBuilder, register_tokenizer};
use mapped::Mapped;
pub(super) use mapped::ReadIndexes;

/// Field of the words of a body.
const BODY: &str = "body";
/// Field of the trace id, 16 bytes.
const TRACE_ID: &str = "trace_id";

/// How errors name an index when its folder is not at hand.
const AN_INDEX: &str = "a log index";

/// How many times as frequent as the rows found so far a word must be for looking these up to be cheaper than reading all of its rows.
const SEEK_RATIO: usize = 16;

/// Tells whether segments of a table and level have a log index.
pub(crate) fn has_log_index(table: Table, level: u8) -> bool {
    table == Table::Logs && level > 0
}

/// Tells whether segments of a table and level are log records that have no log index yet.
pub(crate) fn awaits_log_index(table: Table, level: u8) -> bool {
    table == Table::Logs && !has_log_index(table, level)
}

/// The index over the bodies and trace ids of one log segment; a document's number is its row.
pub struct LogIndex {
    reader: SegmentReader,
    body: Field,
    trace_id: Field,
    mapped: Mapped,
}

impl std::fmt::Debug for LogIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogIndex").field("rows", &self.reader.max_doc()).finish_non_exhaustive()
    }
}

impl LogIndex {
    /// Opens the index of a segment and checks that it is about as many rows.
    pub(crate) fn open(dir: &Path, rows: u64) -> Result<Self, Error> {
        guarded(dir, || Self::open_files(dir, rows))
    }

    fn open_files(dir: &Path, rows: u64) -> Result<Self, Error> {
        let corrupt = |error: &dyn std::fmt::Display| Error::corrupt(dir, error.to_string());
        let directory = MmapDirectory::open(dir).map_err(|error| corrupt(&error))?;
        let index = Index::open(directory.clone()).map_err(|error| corrupt(&error))?;
        register_tokenizer(&index);
        let segments = index.searchable_segments().map_err(|error| corrupt(&error))?;
        let [segment] = segments.as_slice() else {
            return Err(corrupt(&format!("{} tantivy segments instead of one", segments.len())));
        };
        let reader = SegmentReader::open(segment).map_err(|error| corrupt(&error))?;
        if u64::from(reader.max_doc()) != rows {
            return Err(corrupt(&format!("{} documents for {rows} rows", reader.max_doc())));
        }
        let schema = index.schema();
        let field = |name| schema.get_field(name).map_err(|error| corrupt(&error));
        // The others have no more than a page.
        let files = [SegmentComponent::Terms, SegmentComponent::Postings, SegmentComponent::Store];
        let mapped = Mapped::of(&directory, files.map(|file| segment.meta().relative_path(file)));
        Ok(Self { reader, body: field(BODY)?, trace_id: field(TRACE_ID)?, mapped })
    }

    /// Takes what was read of its files out of this process's memory, where the page cache keeps it: otherwise every page that was ever
    /// looked at would stay, of every segment.
    pub(crate) fn let_go_of_pages(&self) {
        self.mapped.let_go();
    }

    /// Returns the rows, ascending, whose body holds every term, or `None` when the index cannot tell (no terms, or
    /// prefixes of too many words only) and every row must be looked at.
    ///
    /// # Errors
    /// `Error::Corrupt` for a damaged index.
    pub fn candidates(&self, terms: &[RequiredTerm]) -> Result<Option<Vec<u32>>, Error> {
        guarded(Path::new(AN_INDEX), || self.rows_of_terms(terms))
    }

    fn rows_of_terms(&self, terms: &[RequiredTerm]) -> Result<Option<Vec<u32>>, Error> {
        // Exact words first: they may leave nothing for an expensive prefix to narrow.
        let (prefixes, words): (Vec<_>, Vec<_>) = terms.iter().partition(|term| term.is_prefix);
        let mut found = self.rows_of_words(&words)?;
        for prefix in prefixes {
            if found.as_ref().is_some_and(Vec::is_empty) {
                break;
            }
            let Some(rows) = self.rows_of_prefix(&prefix.text)? else { continue };
            found = Some(match found {
                Some(found) => intersection(&found, &rows),
                None => rows,
            });
        }
        Ok(found)
    }

    /// Returns the rows, ascending, of a trace.
    ///
    /// # Errors
    /// `Error::Corrupt` for a damaged index.
    pub fn rows_of_trace(&self, id: &TraceId) -> Result<Vec<u32>, Error> {
        let term = Term::from_field_bytes(self.trace_id, id.as_bytes());
        guarded(Path::new(AN_INDEX), || self.rows_of_term(&term))
    }

    /// Returns the trace ids of a closed range, ascending, at most `limit` of them.
    ///
    /// # Errors
    /// `Error::Corrupt` for a damaged index.
    pub fn trace_ids_between(&self, first: &[u8; 16], last: &[u8; 16], limit: usize) -> Result<Vec<TraceId>, Error> {
        guarded(Path::new(AN_INDEX), || {
            let inverted = self.field(self.trace_id)?;
            let terms = inverted.terms().range().ge(first).le(last).into_stream();
            let mut terms = terms.map_err(|error| damaged(&error))?;
            let mut found = Vec::new();
            while found.len() < limit && terms.advance() {
                found.extend(TraceId::from_slice(terms.key()));
            }
            Ok(found)
        })
    }

    fn field(&self, field: Field) -> Result<Arc<InvertedIndexReader>, Error> {
        self.mapped.touch();
        self.reader.inverted_index(field).map_err(|error| damaged(&error))
    }

    /// Returns the rows with every word; `None` without words. The rarest is read whole. A word that is far more frequent is asked for its rows only, by
    /// the index's own lists of where to go on: it may be in every row.
    fn rows_of_words(&self, words: &[&RequiredTerm]) -> Result<Option<Vec<u32>>, Error> {
        let inverted = self.field(self.body)?;
        let mut of_words = Vec::with_capacity(words.len());
        for word in words {
            let term = Term::from_field_text(self.body, &word.text);
            match inverted.read_postings(&term, IndexRecordOption::Basic).map_err(|error| damaged(&error))? {
                Some(postings) => of_words.push(postings),
                None => return Ok(Some(Vec::new())),
            }
        }
        of_words.sort_by_key(SegmentPostings::doc_freq);
        let mut found: Option<Vec<u32>> = None;
        for mut postings in of_words {
            found = Some(match found {
                Some(mut found) if found.len() < postings.doc_freq() as usize / SEEK_RATIO => {
                    found.retain(|row| postings.doc() == *row || postings.doc() < *row && postings.seek(*row) == *row);
                    found
                }
                found => {
                    let mut rows = Vec::new();
                    collect(postings, &mut rows);
                    match found {
                        Some(found) => intersection(&found, &rows),
                        None => rows,
                    }
                }
            });
        }
        Ok(found)
    }

    fn rows_of_term(&self, term: &Term) -> Result<Vec<u32>, Error> {
        let inverted = self.field(term.field())?;
        let postings = inverted.read_postings(term, IndexRecordOption::Basic).map_err(|error| damaged(&error))?;
        let mut rows = Vec::new();
        if let Some(postings) = postings {
            collect(postings, &mut rows);
        }
        Ok(rows)
    }

    /// Returns the rows with a word that begins with `prefix`; `None` when it has too many continuations.
    fn rows_of_prefix(&self, prefix: &str) -> Result<Option<Vec<u32>>, Error> {
        let inverted = self.field(self.body)?;
        let mut terms = inverted.terms().range().ge(prefix).into_stream().map_err(|error| damaged(&error))?;
        let mut rows = Vec::new();
        let mut count = 0;
        while terms.advance() && terms.key().starts_with(prefix.as_bytes()) {
            count += 1;
            if count > PREFIX_TERMS_MAX {
                return Ok(None);
            }
            let postings = inverted.read_postings_from_terminfo(terms.value(), IndexRecordOption::Basic);
            collect(postings.map_err(|error| damaged(&error))?, &mut rows);
        }
        rows.sort_unstable();
        rows.dedup();
        Ok(Some(rows))
    }
}

fn damaged(error: &dyn std::fmt::Display) -> Error {
    Error::corrupt(Path::new(AN_INDEX), error.to_string())
}

/// Runs what opens or reads an index.
fn guarded<T>(dir: &Path, read: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    super::guarded::guarded(read).unwrap_or_else(|why| Err(Error::corrupt(dir, why)))
}

fn collect(mut postings: impl Postings, rows: &mut Vec<u32>) {
    let mut row = postings.doc();
    while row != TERMINATED {
        rows.push(row);
        row = postings.advance();
    }
}

/// Returns what is in both of two ascending lists.
#[must_use]
pub fn intersection(one: &[u32], other: &[u32]) -> Vec<u32> {
    let mut rest = other;
    let is_in_other = |row: &&u32| {
        rest = rest.split_at_checked(rest.partition_point(|other| other < *row)).map_or(&[], |(_, rest)| rest);
        rest.first() == Some(row)
    };
    one.iter().filter(is_in_other).copied().collect()
}

#[cfg(test)]
mod tests;
