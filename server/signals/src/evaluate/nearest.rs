//! Which of many candidates came nearest, and in which words.

use std::collections::BTreeMap;

use crate::error::distance;
use crate::limits::{NAME_CHARS, NAMES_COMPARED};
use crate::pattern::Pattern;

/// One thing about a candidate that is not as asked for.
#[derive(Debug, Clone)]
pub(super) struct Miss {
    /// How far it is from what was asked for: a name counts most, an attribute least.
    pub(super) weight: u32,
    pub(super) text: String,
}

/// Weight of a wrong name that is not even similar.
pub(super) const NAME: u32 = 16;
pub(super) const SERVICE: u32 = 6;
pub(super) const OTHER: u32 = 3;
pub(super) const ATTRIBUTE: u32 = 2;

/// Returns the candidate with the least misses, the first of equals.
pub(super) fn of<'a, T>(
    candidates: impl Iterator<Item = &'a T>,
    misses: impl Fn(&'a T) -> Vec<Miss>,
) -> Option<(&'a T, Vec<Miss>)> {
    let mut best: Option<(u32, &T, Vec<Miss>)> = None;
    for candidate in candidates {
        let misses = misses(candidate);
        let weight = misses.iter().map(|miss| miss.weight).sum();
        if best.as_ref().is_none_or(|(least, ..)| weight < *least) {
            best = Some((weight, candidate, misses));
        }
    }
    best.map(|(_, candidate, misses)| (candidate, misses))
}

/// How far names are from a pattern, each computed once.
#[derive(Debug)]
pub(super) struct Names<'a> {
    pattern: Option<&'a Pattern>,
    weights: BTreeMap<&'a str, u32>,
}

impl<'a> Names<'a> {
    pub(super) fn new(pattern: Option<&'a Pattern>, names: impl Iterator<Item = &'a str>) -> Self {
        let mut weights = BTreeMap::new();
        let Some(asked) = pattern else { return Self { pattern, weights } };
        for name in names {
            if weights.len() < NAMES_COMPARED {
                weights.entry(name).or_insert_with(|| weight(asked, name));
            }
        }
        Self { pattern, weights }
    }

    /// Returns the miss of a name, `None` when it matches.
    pub(super) fn miss(&self, what: &str, name: &str) -> Option<Miss> {
        let pattern = self.pattern.filter(|pattern| !pattern.matches(name))?;
        let weight = self.weights.get(name).copied().unwrap_or(NAME);
        let shown: String = name.chars().take(NAME_CHARS).collect();
        Some(Miss { weight, text: format!("got the {what} {shown:?}, you asked for {pattern}") })
    }
}

/// From 1 for a typing mistake to [`NAME`] for another word.
fn weight(asked: &Pattern, name: &str) -> u32 {
    let length = asked.text().chars().count().max(name.chars().count()).clamp(1, NAME_CHARS);
    let far = distance(asked.text(), name).min(length);
    let scaled = far * usize::try_from(NAME).unwrap_or(1) / length;
    u32::try_from(scaled).unwrap_or(NAME).max(1)
}
