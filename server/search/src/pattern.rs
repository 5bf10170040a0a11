//! Templates of log lines, by the Drain algorithm (He et al., ICWS 2017): lines of equal length that begin alike and
//! agree in half of their words share a template; where they differ, it has `<*>`.
//!
//! Words that hold a digit are variable from the start, because ids and counts would otherwise make a template each.
//! Memory is bounded by [`PATTERNS`], [`PATTERN_CHILDREN`] and [`PATTERN_WORDS`]; what does not fit is counted.

use std::collections::HashMap;

use crate::limits::{PATTERN_CHILDREN, PATTERN_WORDS, PATTERNS};

/// Stands for whatever differs.
pub const WILDCARD: &str = "<*>";

/// Words after the length by which the tree leads to the templates that are compared.
const DEPTH: usize = 2;

/// Share of equal words that makes a line part of a template, in per cent.
const SIMILAR_PERCENT: usize = 50;

/// A template with what is counted of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Words, [`WILDCARD`] where lines differ.
    pub words: Vec<String>,
    /// Whether lines go on after the words.
    pub is_cut: bool,
    /// Lines.
    pub count: u64,
    /// Lines by level, as the caller numbers it.
    pub levels: HashMap<u8, u64>,
    /// Time of the earliest line.
    pub first_unix_nano: i64,
    /// Time of the latest line.
    pub last_unix_nano: i64,
    /// The latest line, as it stands.
    pub example: String,
}

impl Pattern {
    /// Returns the template as one line.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = self.words.join(" ");
        if self.is_cut {
            out.push_str(" …");
        }
        out
    }

    /// Returns a query for lines of this template: its longest runs of fixed words as phrases; empty without any.
    #[must_use]
    pub fn query(&self) -> String {
        let runs = self.words.split(|word| word.contains(WILDCARD));
        let mut phrases: Vec<String> = runs
            .map(|run| run.join(" ").replace(['"', '\\'], " "))
            .filter(|phrase| phrase.chars().any(char::is_alphanumeric))
            .collect();
        phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len()));
        phrases.truncate(3);
        phrases.iter().map(|phrase| format!("\"{}\"", phrase.trim())).collect::<Vec<_>>().join(" ")
    }
}

/// Finds templates, line by line.
#[derive(Debug, Default)]
pub struct Miner {
    patterns: Vec<Pattern>,
    /// Templates by what leads to them.
    leaves: HashMap<Vec<String>, Vec<usize>>,
    /// How many different next words there are after each prefix of a path.
    children: HashMap<Vec<String>, usize>,
    /// Lines that got no template because there are too many already.
    pub other: u64,
}

/// Splits a line into words; punctuation stays with them, so that a template reads as its lines do.
fn words(line: &str) -> (Vec<&str>, bool) {
    let mut all = line.split_whitespace();
    let words: Vec<&str> = all.by_ref().take(PATTERN_WORDS).collect();
    (words, all.next().is_some())
}

/// Writes a word with its variable part replaced: a value after `=` or `:` when it holds a digit, or all of it.
fn masked(word: &str) -> String {
    if !word.bytes().any(|byte| byte.is_ascii_digit()) {
        return word.to_owned();
    }
    for sign in ['=', ':'] {
        if let Some((key, value)) = word.split_once(sign)
            && !key.is_empty()
            && !key.bytes().any(|byte| byte.is_ascii_digit())
            && !value.is_empty()
        {
            return format!("{key}{sign}{WILDCARD}");
        }
    }
    WILDCARD.to_owned()
}

impl Miner {
    /// Creates a miner without templates.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line.
    pub fn add(&mut self, line: &str, level: u8, time_unix_nano: i64) {
        let (words, is_cut) = words(line);
        let masked: Vec<String> = words.iter().map(|word| masked(word)).collect();
        let path = self.path(&masked, is_cut);
        let found = self.leaves.get(&path).and_then(|leaf| self.most_similar(leaf, &masked));
        let index = match found {
            Some(index) => index,
            None if self.patterns.len() >= PATTERNS => {
                self.other += 1;
                return;
            }
            None => {
                self.patterns.push(Pattern {
                    words: masked.clone(),
                    is_cut,
                    count: 0,
                    levels: HashMap::new(),
                    first_unix_nano: time_unix_nano,
                    last_unix_nano: time_unix_nano,
                    example: line.to_owned(),
                });
                let index = self.patterns.len() - 1;
                self.leaves.entry(path).or_default().push(index);
                index
            }
        };
        if let Some(pattern) = self.patterns.get_mut(index) {
            pattern.take(&masked, line, level, time_unix_nano);
        }
    }

    /// Returns the way to the templates that a line is compared with.
    fn path(&mut self, words: &[String], is_cut: bool) -> Vec<String> {
        let mut path = vec![format!("{}{}", words.len(), if is_cut { "+" } else { "" })];
        for word in words.iter().take(DEPTH) {
            let mut next = path.clone();
            next.push(word.clone());
            if !self.children.contains_key(&next) {
                let siblings = self.children.entry(path.clone()).or_default();
                if *siblings < PATTERN_CHILDREN && word != WILDCARD {
                    *siblings += 1;
                    self.children.insert(next.clone(), 0);
                } else {
                    next.pop();
                    next.push(WILDCARD.to_owned());
                }
            }
            path = next;
        }
        path
    }

    fn most_similar(&self, leaf: &[usize], words: &[String]) -> Option<usize> {
        let scored = leaf.iter().filter_map(|index| {
            let pattern = self.patterns.get(*index)?;
            let same = pattern.words.iter().zip(words).filter(|(one, other)| one == other).count();
            Some((same, *index))
        });
        let (same, index) = scored.max_by_key(|(same, index)| (*same, std::cmp::Reverse(*index)))?;
        (same * 100 >= words.len() * SIMILAR_PERCENT).then_some(index)
    }

    /// Returns the templates, most frequent first.
    #[must_use]
    pub fn finish(mut self) -> (Vec<Pattern>, u64) {
        self.patterns.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.words.cmp(&other.words)));
        (self.patterns, self.other)
    }
}

impl Pattern {
    fn take(&mut self, words: &[String], line: &str, level: u8, time: i64) {
        for (mine, theirs) in self.words.iter_mut().zip(words) {
            if mine != theirs {
                WILDCARD.clone_into(mine);
            }
        }
        self.count += 1;
        *self.levels.entry(level).or_default() += 1;
        self.first_unix_nano = self.first_unix_nano.min(time);
        if time >= self.last_unix_nano {
            self.last_unix_nano = time;
            line.clone_into(&mut self.example);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mined(lines: &[&str]) -> Vec<(String, u64)> {
        let mut miner = Miner::new();
        for (time, line) in lines.iter().enumerate() {
            miner.add(line, 9, i64::try_from(time).unwrap());
        }
        miner.finish().0.iter().map(|pattern| (pattern.text(), pattern.count)).collect()
    }

    #[test]
    fn lines_that_differ_in_ids_and_names_share_a_template() {
        let lines = [
            "payment 17 of acme failed after 30 ms",
            "payment 18 of acme failed after 31 ms",
            "payment 19 of zenith failed after 5 ms",
            "user=ada id=7 logged in",
            "user=bob id=9 logged in",
            "shutting down",
        ];
        let expected = [
            ("payment <*> of <*> failed after <*> ms".to_owned(), 3),
            ("shutting down".to_owned(), 1),
            ("user=ada id=<*> logged in".to_owned(), 1),
            ("user=bob id=<*> logged in".to_owned(), 1),
        ];
        assert_eq!(mined(&lines), expected);
    }

    #[test]
    fn too_many_templates_are_counted_and_not_kept() {
        let mut miner = Miner::new();
        let word = |number: usize| number.to_string().bytes().map(|b| char::from(b + 49)).collect::<String>();
        for number in 0..PATTERNS + 10 {
            // Every line has words of its own, so that none shares a template.
            let line = (0..4).map(|at| format!("{}{}", word(number), word(at))).collect::<Vec<_>>().join(" ");
            miner.add(&line, 0, 0);
        }
        let (patterns, other) = miner.finish();
        assert!(patterns.len() <= PATTERNS);
        assert_eq!(patterns.iter().map(|pattern| pattern.count).sum::<u64>() + other, PATTERNS as u64 + 10);
        assert!(other > 0, "the bound was reached");
    }

    proptest! {
        /// No line is lost, every line fits its template, and a template's query is understood.
        #[test]
        fn every_line_is_counted_once_and_queries_are_understood(
            lines in prop::collection::vec("([a-c]{1,3}|[0-9]{1,3}|k=[a-z0-9]{1,2}|\"q\"|[失敗]{1,2})( ([a-c]{1,2}|[0-9]{1,2})){0,6}", 1..60)
        ) {
            let mut miner = Miner::new();
            for (time, line) in lines.iter().enumerate() {
                miner.add(line, 1, i64::try_from(time).unwrap());
            }
            let (patterns, other) = miner.finish();
            prop_assert_eq!(patterns.iter().map(|pattern| pattern.count).sum::<u64>() + other, lines.len() as u64);
            for pattern in patterns {
                prop_assert_eq!(words(&pattern.example).0.len(), pattern.words.len());
                let parsed = crate::parse(&pattern.query());
                prop_assert!(parsed.problems.is_empty(), "{}: {:?}", pattern.query(), parsed.problems);
            }
        }
    }
}
