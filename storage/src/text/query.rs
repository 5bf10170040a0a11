//! Queries over words: `timeout "connection refused" -retry pay*`.
//!
//! Every clause must hold. A clause is a word, a phrase in double quotes (its words follow one another), or a word
//! with a trailing `*` (its last word is a prefix); a leading `-` turns it round. Punctuation inside a word splits it
//! into a phrase, so that `user.id` finds `user.id` and `user id`.

use std::ops::ControlFlow;

use super::probe::Probe;
use super::tokenizer::{for_each_token, tokens};
use crate::error::Error;

/// A word that every matching text holds: what an index can look up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequiredTerm {
    /// The word, as the tokenizer gives it.
    pub text: String,
    /// Whether any word that begins with it will do.
    pub is_prefix: bool,
}

/// A parsed query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextQuery {
    clauses: Vec<Clause>,
    /// Of what every matching text holds: most texts are put aside without being split into words.
    probe: Option<Probe>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Clause {
    is_negated: bool,
    /// One or more words that follow one another.
    words: Vec<RequiredTerm>,
}

impl TextQuery {
    /// Parses a query.
    ///
    /// # Errors
    /// `Error::TextQuery` for a quote that does not end and for a query without any word.
    pub fn parse(query: &str) -> Result<Self, Error> {
        let invalid = |what, hint| Error::TextQuery { query: query.to_owned(), what, hint };
        let mut clauses = Vec::new();
        let mut rest = query.trim_start();
        while !rest.is_empty() {
            let (is_negated, after) = rest.strip_prefix('-').map_or((false, rest), |after| (true, after));
            let (words, after) = if let Some(quoted) = after.strip_prefix('"') {
                let (phrase, after) =
                    quoted.split_once('"').ok_or_else(|| invalid("has an open quote", "close it with \""))?;
                (phrase_words(phrase, false), after)
            } else {
                let end = after.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(after.len());
                let (word, after) = after.split_at_checked(end).unwrap_or((after, ""));
                (phrase_words(word, word.ends_with('*')), after)
            };
            if !words.is_empty() {
                clauses.push(Clause { is_negated, words });
            }
            rest = after.trim_start();
        }
        if clauses.is_empty() {
            return Err(invalid("holds no word", "give at least one word of letters or digits"));
        }
        let mut query = Self { clauses, probe: None };
        query.probe = Probe::of(&query.required_terms());
        Ok(query)
    }

    /// Tells whether `text` matches. For many texts, [`TextQuery::matcher`] spares the allocations.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.matcher().matches(text)
    }

    /// Returns an evaluator for many texts.
    #[must_use]
    pub fn matcher(&self) -> Matcher<'_> {
        let states = self.clauses.iter().map(|clause| State { clause, begun: Vec::new(), is_found: false }).collect();
        Matcher { states, probe: self.probe.as_ref() }
    }

    /// Returns the words that every matching text holds, without duplicates; empty when all clauses are negated.
    #[must_use]
    pub fn required_terms(&self) -> Vec<RequiredTerm> {
        let mut out: Vec<RequiredTerm> = Vec::new();
        for word in self.clauses.iter().filter(|clause| !clause.is_negated).flat_map(|clause| &clause.words) {
            if !out.contains(word) {
                out.push(word.clone());
            }
        }
        out
    }

    /// Returns the words of a query that asks for nothing but words: a text matches exactly when it holds all of them. `None`
    /// for a query with a phrase, a prefix or a negation.
    #[must_use]
    pub fn plain_words(&self) -> Option<Vec<RequiredTerm>> {
        let is_word = |clause: &Clause| match clause.words.as_slice() {
            [word] => !clause.is_negated && !word.is_prefix,
            _ => false,
        };
        self.clauses.iter().all(is_word).then(|| self.required_terms())
    }
}

fn phrase_words(text: &str, is_prefix: bool) -> Vec<RequiredTerm> {
    let mut words: Vec<_> = tokens(text).into_iter().map(|text| RequiredTerm { text, is_prefix: false }).collect();
    if let Some(last) = words.last_mut() {
        last.is_prefix = is_prefix;
    }
    words
}

/// Evaluates one query over many texts.
#[derive(Debug)]
pub struct Matcher<'a> {
    states: Vec<State<'a>>,
    probe: Option<&'a Probe>,
}

#[derive(Debug)]
struct State<'a> {
    clause: &'a Clause,
    /// How many words of the phrase the last words of the text matched; one entry a way to begin.
    begun: Vec<usize>,
    is_found: bool,
}

impl Matcher<'_> {
    /// Tells whether `text` matches.
    pub fn matches(&mut self, text: &str) -> bool {
        if self.probe.is_some_and(|probe| !probe.may_hold(text)) {
            return false;
        }
        for state in &mut self.states {
            state.begun.clear();
            state.is_found = false;
        }
        for_each_token(text, |token| {
            for state in &mut self.states {
                state.take(token);
            }
            if self.states.iter().all(|state| state.is_found && !state.clause.is_negated) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        self.states.iter().all(|state| state.is_found != state.clause.is_negated)
    }
}

impl State<'_> {
    fn take(&mut self, token: &str) {
        if self.is_found {
            return;
        }
        let words = &self.clause.words;
        if words.len() > 1 {
            self.begun.push(0);
            self.begun.retain_mut(|done| {
                let fits = words.get(*done).is_some_and(|word| word.accepts(token));
                *done += 1;
                self.is_found |= fits && *done == words.len();
                fits
            });
        } else {
            self.is_found = words.first().is_some_and(|word| word.accepts(token));
        }
    }
}

impl RequiredTerm {
    /// Tells whether a word of a text is this word.
    #[must_use]
    pub fn accepts(&self, token: &str) -> bool {
        if self.is_prefix { token.starts_with(&self.text) } else { token == self.text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(query: &str, text: &str, expected: bool) {
        assert_eq!(TextQuery::parse(query).unwrap().matches(text), expected, "{query:?} on {text:?}");
    }

    #[test]
    fn words_phrases_negations_and_prefixes_mean_what_they_say() {
        check("timeout", "Timeout after 5s", true);
        check("time", "Timeout after 5s", false);
        check("time*", "Timeout after 5s", true);
        check("after timeout", "Timeout after 5s", true);
        check("\"after timeout\"", "Timeout after 5s", false);
        check("\"timeout after\"", "Timeout after 5s", true);
        check("timeout -retry", "timeout, will retry", false);
        check("-retry", "timeout", true);
        check("timeout -\"will retry\"", "will not retry after timeout", true);
        check("user.id", "user id", true);
        check("user.i*", "user identity", true);
        check("\"a a b\"", "a a a b", true);
        check("\"time*\"", "timeout", false);
        check("失敗", "支払い失敗", true);
        check("敗失", "支払い失敗", false);
        check("a\"b c\"", "a x b c", true);
    }

    #[test]
    fn a_query_that_means_nothing_says_what_to_do() {
        for (query, text) in [
            ("\"open", "the text query \"\\\"open\" has an open quote\nhint: close it with \""),
            (" -- !", "the text query \" -- !\" holds no word\nhint: give at least one word of letters or digits"),
        ] {
            assert_eq!(TextQuery::parse(query).unwrap_err().to_string(), text);
        }
    }

    #[test]
    fn required_terms_are_the_words_of_positive_clauses_once() {
        let terms = TextQuery::parse("a \"a b\" -c d.e*").unwrap().required_terms();
        let shown: Vec<_> = terms.iter().map(|term| (term.text.as_str(), term.is_prefix)).collect();
        assert_eq!(shown, [("a", false), ("b", false), ("d", false), ("e", true)]);
    }

    #[test]
    fn only_plain_words_are_all_that_a_query_asks() {
        for (query, expected) in [
            ("b a", Some(vec!["b", "a"])),
            ("\"a\" a", Some(vec!["a"])),
            ("a.b", None),
            ("\"a b\"", None),
            ("a b*", None),
            ("a -b", None),
        ] {
            let words = TextQuery::parse(query).unwrap().plain_words();
            let shown = words.as_ref().map(|words| words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>());
            assert_eq!(shown, expected, "{query}");
        }
    }

    proptest! {
        /// Guarantees: what is put aside without being split has none of its words, whatever letters both are written in.
        #[test]
        fn a_word_is_found_in_any_case_and_script(
            text in "[abkABK1 .\u{212a}\u{130}é失]{0,24}",
            query in "[abkABK1\u{212a}é]{1,4}[*]?",
        ) {
            let query = TextQuery::parse(&query).unwrap();
            let terms = query.required_terms();
            let expected = terms.iter().all(|term| tokens(&text).iter().any(|word| term.accepts(word)));
            // The words of a phrase must also stand together.
            let is_right = if terms.len() == 1 { query.matches(&text) == expected } else { expected || !query.matches(&text) };
            prop_assert!(is_right, "{terms:?}");
        }

        #[test]
        fn a_text_with_all_plain_words_matches(
            words in prop::collection::vec("[ab]{1,2}", 0..8),
            query in "([ab]{1,2} ){1,3}",
        ) {
            let query = TextQuery::parse(&query).unwrap();
            let asked = query.plain_words().unwrap();
            let holds = asked.iter().all(|term| words.contains(&term.text));
            prop_assert_eq!(query.matches(&words.join(" ")), holds);
        }

        #[test]
        fn a_match_holds_every_required_term(
            words in prop::collection::vec("[ab]{1,2}", 0..8),
            query in "(-?[ab]{1,2}[*]? |-?\"[ab]{1,2} [ab]{1,2}\" ){1,3}",
        ) {
            let text = words.join(" ");
            let query = TextQuery::parse(&query).unwrap();
            if query.matches(&text) {
                for term in query.required_terms() {
                    prop_assert!(words.iter().any(|word| term.accepts(word)), "{term:?}");
                }
            }
        }

        #[test]
        fn a_phrase_is_found_exactly_where_its_words_stand_together(
            words in prop::collection::vec("[ab]", 1..10),
            phrase in prop::collection::vec("[ab]", 1..4),
        ) {
            let query = TextQuery::parse(&format!("\"{}\"", phrase.join(" "))).unwrap();
            let expected = words.windows(phrase.len()).any(|window| window == phrase);
            prop_assert_eq!(query.matches(&words.join(" ")), expected);
        }
    }
}
