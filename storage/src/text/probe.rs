//! Whether a text may hold a word at all, without splitting it: a fraction of the time, and nearly every text of a search holds none.

use super::query::RequiredTerm;

/// Letters from the most to the least frequent in English, digits where telemetry has them.
const BY_FREQUENCY: &[u8] = b"e0t1a2o3i4n5s6r7h8l9dcumfpgwybvkxjqz";

/// A word of ASCII letters and digits that is looked for in texts, before anything that costs more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// In lower case.
    word: Vec<u8>,
    /// Where its least frequent byte stands.
    rare: usize,
}

impl Probe {
    /// Returns the probe for texts that hold all of these words: of the longest one. `None` without words, and when that one has letters
    /// beyond ASCII, whose case is more than a bit.
    #[must_use]
    pub fn of(terms: &[RequiredTerm]) -> Option<Self> {
        Self::new(&terms.iter().max_by_key(|term| term.text.len())?.text)
    }

    fn new(word: &str) -> Option<Self> {
        let frequency = |byte: &u8| BY_FREQUENCY.iter().position(|one| one == byte);
        let ranks = word.bytes().map(|byte| frequency(&byte)).collect::<Option<Vec<_>>>()?;
        let rare = (0..ranks.len()).max_by_key(|place| ranks.get(*place))?;
        Some(Self { word: word.as_bytes().to_vec(), rare })
    }

    /// Tells whether the word may be among those of a text; never false when it is, or when a word begins with it.
    #[must_use]
    pub fn may_hold(&self, text: &str) -> bool {
        // Letters beyond ASCII may become these in lower case, such as the Kelvin sign.
        if !text.is_ascii() {
            return true;
        }
        let Some(rare) = self.word.get(self.rare) else { return true };
        let text = text.as_bytes();
        let holds = |place: usize| {
            let start = place.checked_sub(self.rare)?;
            text.get(start..start + self.word.len()).filter(|found| found.eq_ignore_ascii_case(&self.word))
        };
        memchr::memchr2_iter(*rare, rare.to_ascii_uppercase(), text).any(|place| holds(place).is_some())
    }
}
