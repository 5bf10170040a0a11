//! What `telltale-story` says of a paste: the one door through which the browser reaches the resolver.

/// A reading of a paste.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The spelling, in words.
    pub(crate) form: String,
    /// The id, as the store knows it.
    pub(crate) id: String,
    /// What else the spelling says.
    pub(crate) note: Option<String>,
}

/// Reads a paste, best reading first.
pub(crate) fn read(paste: &str) -> Vec<Reading> {
    let candidates = telltale_story::resolve::parse(paste).into_iter();
    let readings = candidates.map(|candidate| Reading {
        form: candidate.form.label().to_owned(),
        id: candidate.key.to_string(),
        note: candidate.note,
    });
    readings.collect()
}
