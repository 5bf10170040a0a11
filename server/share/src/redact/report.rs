//! What redaction changed, for the preview: rule by rule, place by place, with examples.

use std::collections::BTreeMap;

/// Places of one rule that are told apart.
const PLACES: usize = 50;
/// Characters of a value that a preview shows.
const EXAMPLE_CHARACTERS: usize = 120;

/// What one rule changed in one kind of place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `span attribute`, `log body` …
    pub place: &'static str,
    /// The attribute's key; empty where there is none.
    pub key: String,
    /// How often.
    pub count: u64,
    /// The first value, shortened.
    pub before: String,
    /// What it becomes.
    pub after: String,
    /// A span with it, in hex.
    pub span_id: Option<String>,
}

/// What one rule changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleReport {
    /// The rule.
    pub rule: String,
    /// What it looks for.
    pub what: String,
    /// How often it replaced something.
    pub count: u64,
    /// Where.
    pub changes: Vec<Change>,
    /// Places beyond those that are listed.
    pub changes_left_out: u64,
}

/// Counts by rule and place.
#[derive(Debug, Default)]
pub(super) struct Report {
    rules: BTreeMap<usize, Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    count: u64,
    changes: BTreeMap<(&'static str, String), Change>,
    left_out: u64,
}

/// Where a value stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) place: &'static str,
    pub(super) key: &'a str,
    pub(super) span_id: &'a [u8],
}

impl Report {
    pub(super) fn note(&mut self, rule: usize, site: Site<'_>, before: &str, after: &str) {
        let counts = self.rules.entry(rule).or_default();
        counts.count += 1;
        let key = (site.place, site.key.to_owned());
        if let Some(change) = counts.changes.get_mut(&key) {
            change.count += 1;
        } else if counts.changes.len() >= PLACES {
            counts.left_out += 1;
        } else {
            let span_id = (!site.span_id.is_empty()).then(|| hex(site.span_id));
            let (before, after) = (shorten(before), shorten(after));
            let change = Change { place: site.place, key: site.key.to_owned(), count: 1, before, after, span_id };
            counts.changes.insert(key, change);
        }
    }

    /// Returns the counts by rule number, most first inside of a rule.
    pub(super) fn into_rules(self) -> BTreeMap<usize, (u64, Vec<Change>, u64)> {
        let told = self.rules.into_iter().map(|(rule, counts)| {
            let mut changes: Vec<Change> = counts.changes.into_values().collect();
            changes.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| (a.place, &a.key).cmp(&(b.place, &b.key))));
            (rule, (counts.count, changes, counts.left_out))
        });
        told.collect()
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut out = String::new();
    telltale_model::id::push_hex(&mut out, bytes);
    out
}

fn shorten(text: &str) -> String {
    let mut characters = text.chars();
    let mut out: String = characters.by_ref().take(EXAMPLE_CHARACTERS).collect();
    if characters.next().is_some() {
        out.push('…');
    }
    out
}
