//! The full text index of one log segment. It only narrows: whoever asks evaluates the rows that it names.

use telltale_model::TraceId;

use crate::error::Error;
use crate::text::RequiredTerm;

/// The index over the bodies and trace ids of one log segment; a document's number is its row.
#[derive(Debug)]
pub struct LogIndex {}

impl LogIndex {
    /// Returns the rows, ascending, whose body holds every term, or `None` when the index cannot tell (no terms, or a
    /// prefix of too many words) and every row must be looked at.
    ///
    /// # Errors
    /// `Error::Corrupt` for a damaged index.
    pub fn candidates(&self, _terms: &[RequiredTerm]) -> Result<Option<Vec<u32>>, Error> {
        Ok(None)
    }

    /// Returns the rows, ascending, of a trace.
    ///
    /// # Errors
    /// `Error::Corrupt` for a damaged index.
    pub fn rows_of_trace(&self, _id: &TraceId) -> Result<Vec<u32>, Error> {
        Ok(Vec::new())
    }
}
