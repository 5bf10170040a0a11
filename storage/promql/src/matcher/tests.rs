//! Matchers: anchoring, quick shapes against the automaton, RE2's dialect, mistakes.

use super::{MatchOp, Matcher, Pattern};

fn fits(pattern: &str, text: &str) -> bool {
    Pattern::new(pattern).unwrap().is_match(text)
}

/// Scenario: a pattern must match the whole value, alternation included.
#[test]
fn patterns_are_fully_anchored() {
    assert!(fits("a|b", "a") && fits("a|b", "b"));
    assert!(!fits("a|b", "ab") && !fits("a", "ba") && !fits("a+", "aab"));
    assert!(fits("a.*", "a\nb"), "a dot matches line breaks");
}

/// Scenario: every quick shape answers as the automaton would, on texts that tell them apart.
#[test]
fn quick_shapes_agree_with_the_automaton() {
    let patterns = [
        "", ".*", ".+", ".*?", "a", "a|b|", "(a|b)c", "a[bc]d", "ab.*", ".*ab", ".*ab.*", "ab.+", "(?i)ab", "(ab).*",
        "a?", "(?:)", "^ab$", "ab|ac.*", "[0-9]+", "a.c", "^ab.*",
    ];
    let texts = ["", "a", "b", "ab", "ac", "bc", "abd", "acd", "xab", "abx", "xabx", "AB", "a\nc", "7", "abc"];
    for pattern in patterns {
        let plain = regex::Regex::new(&format!("^(?s:{pattern})$")).unwrap();
        for text in texts {
            assert_eq!(fits(pattern, text), plain.is_match(text), "{pattern:?} on {text:?}");
        }
    }
}

/// Scenario: what RE2 takes and the regex crate reads otherwise.
#[test]
fn the_dialect_is_that_of_re2() {
    assert!(fits(r"\d+", "12") && !fits(r"\d", "٣"));
    assert!(fits(r"\w+", "a_1") && !fits(r"\w", "é"));
    assert!(fits("a{", "a{") && fits("a{x}", "a{x}") && fits("a{2}", "aa") && fits("{", "{"));
    assert!(fits(r"\Qa.b\E+", "a.bb") && !fits(r"\Qa.b\E", "axb"));
    assert!(fits("[[]", "[") && fits("[]a]", "]") && fits("[a&&b]", "&") && fits("[[:alpha:]]", "z"));
    assert!(fits(r"[\d_]", "7") && fits(r"[^\s]", "x") && fits("(?i:PRO).*", "production"));
}

/// Scenario: an index asks which values or which prefix can fit.
#[test]
fn literals_and_prefixes_are_known() {
    let matcher = Matcher::new("a", MatchOp::Regex, "b|a|api-(x|y)").unwrap();
    assert_eq!(matcher.set_of_values(), Some(vec!["a", "api-x", "api-y", "b"]));
    assert_eq!(Matcher::new("a", MatchOp::Regex, "api-.+").unwrap().prefix(), "api-");
    assert_eq!(Matcher::new("a", MatchOp::Regex, "api-.*").unwrap().prefix(), "api-");
    assert_eq!(Matcher::new("a", MatchOp::NotRegex, "api-.*").unwrap().prefix(), "");
    assert!(Matcher::new("a", MatchOp::NotEqual, "x").unwrap().matches_empty());
}

/// Scenario: mistakes are told in the words that users of Go's regular expressions know.
#[test]
fn mistakes_are_named() {
    let wrong = |pattern: &str| Pattern::new(pattern).unwrap_err();
    assert_eq!(wrong("(a"), "error parsing regexp: missing closing ): `(a`");
    assert_eq!(wrong("*a"), "error parsing regexp: missing argument to repetition operator: `*a`");
    assert_eq!(wrong("a)(b"), "error parsing regexp: unexpected ): `a)(b`");
}
