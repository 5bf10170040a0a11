//! The rules at work on one text.
//!
//! Texts are cut at the tokens that stand in them already, and what is between is searched until nothing matches any more:
//! a match that only appears when its neighbour is gone is found in the same pass, so that a second pass has nothing to do.

use std::ops::Range;

use regex::{Regex, RegexSet};

use super::KnownIds;
use super::keys::{KEY_RULES, fits, rule_of};
use super::patterns::{Found, PATTERN_RULES, always};
use super::report::{Report, RuleReport, Site};
use super::rules::Rules;
use super::token::{Key, is_name, is_token, split};

/// Why rules are not usable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A name that cannot stand in a token.
    #[error("the redaction rule {0:?} needs a name of 1 to 32 lower-case letters, digits and dashes")]
    Name(String),
    /// A rule without keys and without a pattern.
    #[error("the redaction rule {0:?} has neither keys nor a pattern")]
    Empty(String),
    /// A pattern that is no regular expression, or one that matches nothing at all.
    #[error("the pattern of the redaction rule {name:?} is not usable: {message}")]
    Pattern {
        /// The rule.
        name: String,
        /// What is wrong with it.
        message: String,
    },
    /// `without` names a rule that there is not.
    #[error("there is no redaction rule {0:?} to leave out; there are {1}")]
    Unknown(String, String),
}

/// A pattern of a rule.
struct Pattern {
    rule: usize,
    regex: Regex,
    check: fn(&Found<'_>) -> Option<Range<usize>>,
}

/// Keys of a team's rule.
struct KeyPatterns {
    rule: usize,
    patterns: Vec<String>,
}

/// Redacts one export. Equal values become equal tokens as long as the key is the same.
pub struct Redactor {
    key: Key,
    /// Name and purpose by rule number.
    names: Vec<(String, String)>,
    custom_keys: Vec<KeyPatterns>,
    /// Rule number of each built-in key rule that holds.
    built_in_keys: Vec<Option<usize>>,
    keep: Vec<String>,
    patterns: Vec<Pattern>,
    set: RegexSet,
    pub(super) ids: KnownIds,
    report: Report,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The key would let a reader guess values back.
        f.debug_struct("Redactor").field("rules", &self.names).finish_non_exhaustive()
    }
}

impl Redactor {
    /// Prepares rules; `key` must be secret and new for every export whose values must not be linked to another's.
    ///
    /// # Errors
    /// A rule that is not usable.
    pub fn new(rules: &Rules, key: [u8; 32]) -> Result<Self, RuleError> {
        let mut out = Self {
            key: Key(key),
            names: Vec::new(),
            custom_keys: Vec::new(),
            built_in_keys: KEY_RULES.iter().map(|_| None).collect(),
            keep: rules.keep.clone(),
            patterns: Vec::new(),
            set: RegexSet::empty(),
            ids: KnownIds::default(),
            report: Report::default(),
        };
        for rule in &rules.rules {
            out.add_custom(rule)?;
        }
        if rules.defaults {
            out.add_built_in(rules)?;
        }
        let known = |name: &String| {
            built_in_names().any(|known| known == name) || out.names.iter().any(|(known, _)| known == name)
        };
        if let Some(unknown) = rules.without.iter().find(|name| !known(name)) {
            let mut names: Vec<&str> = built_in_names().collect();
            names.sort_unstable();
            names.dedup();
            return Err(RuleError::Unknown(unknown.clone(), names.join(", ")));
        }
        let texts = out.patterns.iter().map(|pattern| pattern.regex.as_str());
        out.set = RegexSet::new(texts).map_err(|error| unusable("all", &error))?;
        Ok(out)
    }

    /// Returns the number of a rule by its name.
    fn rule(&mut self, name: &str, what: &str) -> usize {
        let known = self.names.iter().position(|(known, _)| known == name);
        known.unwrap_or_else(|| {
            self.names.push((name.to_owned(), what.to_owned()));
            self.names.len() - 1
        })
    }

    fn add_custom(&mut self, rule: &super::CustomRule) -> Result<(), RuleError> {
        if !is_name(&rule.name) {
            return Err(RuleError::Name(rule.name.clone()));
        }
        if rule.keys.is_empty() && rule.pattern.is_none() {
            return Err(RuleError::Empty(rule.name.clone()));
        }
        let number = self.rule(&rule.name, "a rule of the configuration file");
        if !rule.keys.is_empty() {
            self.custom_keys.push(KeyPatterns { rule: number, patterns: rule.keys.clone() });
        }
        if let Some(pattern) = &rule.pattern {
            let regex = Regex::new(pattern).map_err(|error| unusable(&rule.name, &error))?;
            if regex.is_match("") {
                let message = "it matches the empty text".to_owned();
                return Err(RuleError::Pattern { name: rule.name.clone(), message });
            }
            self.patterns.push(Pattern { rule: number, regex, check: always });
        }
        Ok(())
    }

    fn add_built_in(&mut self, rules: &Rules) -> Result<(), RuleError> {
        let holds = |name: &str| !rules.without.iter().any(|without| without == name);
        for (at, rule) in KEY_RULES.iter().enumerate().filter(|(_, rule)| holds(rule.name)) {
            let number = self.rule(rule.name, rule.what);
            if let Some(slot) = self.built_in_keys.get_mut(at) {
                *slot = Some(number);
            }
        }
        for rule in PATTERN_RULES.iter().filter(|rule| holds(rule.name)) {
            let number = self.rule(rule.name, rule.what);
            let regex = Regex::new(rule.pattern).map_err(|error| unusable(rule.name, &error))?;
            self.patterns.push(Pattern { rule: number, regex, check: rule.check });
        }
        Ok(())
    }

    /// Returns the rule that replaces all of a key's value; `is_number` tells what the value is.
    pub(super) fn rule_of_key(&self, key: &str, is_number: bool) -> Option<usize> {
        if key.is_empty() || self.keep.iter().any(|pattern| fits(pattern, key)) {
            return None;
        }
        let custom = self.custom_keys.iter().find(|rule| rule.patterns.iter().any(|pattern| fits(pattern, key)));
        if let Some(custom) = custom {
            return Some(custom.rule);
        }
        let found = rule_of(key).filter(|rule| !is_number || rule.numbers)?;
        let at = KEY_RULES.iter().position(|rule| rule.name == found.name)?;
        self.built_in_keys.get(at).copied().flatten()
    }

    /// Replaces a whole value by a rule; a value that is a token already stays.
    pub(super) fn replace(&mut self, rule: usize, value: &str, site: Site<'_>) -> Option<String> {
        if value.is_empty() || is_token(value) || self.ids.contains(value) {
            return None;
        }
        let name = self.names.get(rule).map_or("", |(name, _)| name.as_str());
        let token = self.key.token(name, value.as_bytes());
        self.report.note(rule, site, value, &token);
        Some(token)
    }

    /// Replaces what matches a pattern; `None` when nothing does.
    pub(super) fn scrub(&mut self, text: &str, site: Site<'_>) -> Option<String> {
        let mut current = self.scrub_once(text, site)?;
        // Every round replaces at least a character outside of tokens: there are at most as many as characters.
        while let Some(next) = self.scrub_once(&current, site) {
            current = next;
        }
        Some(current)
    }

    fn scrub_once(&mut self, text: &str, site: Site<'_>) -> Option<String> {
        let mut out = String::new();
        let mut changed = false;
        for (segment, token) in split(text) {
            match self.first_rule(segment) {
                Some(found) => {
                    changed = true;
                    self.replace_matches(found, segment, site, &mut out);
                }
                None => out.push_str(segment),
            }
            out.push_str(token);
        }
        changed.then_some(out)
    }

    /// Returns the first rule that has something to replace in a text.
    fn first_rule(&self, segment: &str) -> Option<usize> {
        let candidates = self.set.matches(segment);
        candidates.into_iter().find(|at| {
            let Some(pattern) = self.patterns.get(*at) else { return false };
            pattern.regex.captures_iter(segment).any(|captures| self.secret(pattern, &captures, segment).is_some())
        })
    }

    /// Returns the part of a match that is the secret, when it is one.
    fn secret<'t>(
        &self,
        pattern: &Pattern,
        captures: &regex::Captures<'_>,
        text: &'t str,
    ) -> Option<(Range<usize>, &'t str)> {
        let groups = captures.iter().skip(1).flatten().next();
        let found = groups.or_else(|| captures.get(0)).filter(|found| !found.is_empty())?;
        let range = (pattern.check)(&Found { text, range: found.range(), ids: &self.ids })?;
        let secret = text.get(range.clone())?;
        (!self.ids.contains(secret)).then_some((range, secret))
    }

    fn replace_matches(&mut self, at: usize, segment: &str, site: Site<'_>, out: &mut String) {
        let Some(pattern) = self.patterns.get(at) else { return };
        let mut copied = 0;
        let mut notes = Vec::new();
        for captures in pattern.regex.captures_iter(segment) {
            let Some((range, found)) = self.secret(pattern, &captures, segment) else { continue };
            let name = self.names.get(pattern.rule).map_or("", |(name, _)| name.as_str());
            let token = self.key.token(name, found.as_bytes());
            out.push_str(segment.get(copied..range.start).unwrap_or_default());
            out.push_str(&token);
            copied = range.end;
            notes.push((found, token));
        }
        out.push_str(segment.get(copied..).unwrap_or_default());
        let rule = pattern.rule;
        for (before, after) in notes {
            self.report.note(rule, site, before, &after);
        }
    }

    /// Takes what was changed since the last call, by rule, in the order of the rules; rules that changed nothing are left
    /// out.
    pub fn take_report(&mut self) -> Vec<RuleReport> {
        let told = std::mem::take(&mut self.report).into_rules().into_iter();
        told.map(|(rule, (count, changes, changes_left_out))| {
            let (rule, what) = self.names.get(rule).cloned().unwrap_or_default();
            RuleReport { rule, what, count, changes, changes_left_out }
        })
        .collect()
    }

    /// Returns every rule that holds: name and purpose.
    #[must_use]
    pub fn rules(&self) -> &[(String, String)] {
        &self.names
    }
}

fn built_in_names() -> impl Iterator<Item = &'static str> {
    KEY_RULES.iter().map(|rule| rule.name).chain(PATTERN_RULES.iter().map(|rule| rule.name))
}

fn unusable(name: &str, error: &regex::Error) -> RuleError {
    let message = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
    RuleError::Pattern { name: name.to_owned(), message }
}
