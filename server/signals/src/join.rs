//! From a test case to the trace that shows it.
//!
//! In this order: a property with the trace's id; a span that says which test it belongs to; an id in what the test
//! printed; and last, a trace that began while the test ran, which is a guess and called one.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::junit::TestCase;
use crate::observed::{Observed, Span};

/// How a trace was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// A property of the case names it.
    Property,
    /// A span of it names the test.
    Attribute,
    /// The test printed its id.
    Output,
    /// It began while the test ran: a guess.
    Overlap,
}

/// The trace of a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestTrace {
    /// The trace, hex.
    pub trace_id: String,
    /// The span to open it at, hex, when one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// How it was found.
    pub how: How,
}

/// Properties that name a trace.
const PROPERTIES: [&str; 6] = ["trace_id", "traceparent", "traceId", "trace.id", "otel.trace_id", "otel.traceparent"];

/// Finds the traces of tests; build it once for a run.
#[derive(Debug)]
pub struct Joiner<'a> {
    observed: &'a Observed,
    traces: HashSet<&'a str>,
}

impl<'a> Joiner<'a> {
    /// Indexes what was seen.
    #[must_use]
    pub fn new(observed: &'a Observed) -> Self {
        let traces = observed.spans.iter().map(|span| span.trace_id.as_str());
        let logs = observed.logs.iter().map(|log| log.trace_id.as_str()).filter(|id| !id.is_empty());
        Self { observed, traces: traces.chain(logs).collect() }
    }

    /// Returns the trace of a test.
    #[must_use]
    pub fn find(&self, case: &TestCase) -> Option<TestTrace> {
        self.by_property(case)
            .or_else(|| self.by_attribute(case))
            .or_else(|| self.by_output(case))
            .or_else(|| self.by_overlap(case))
    }

    fn by_property(&self, case: &TestCase) -> Option<TestTrace> {
        let named = case.properties.iter().filter(|(name, _)| PROPERTIES.contains(&name.as_str()));
        named.filter_map(|(_, value)| ids(value).next()).next().map(|id| id.found(How::Property))
    }

    fn by_attribute(&self, case: &TestCase) -> Option<TestTrace> {
        let span =
            self.observed.spans.iter().filter(|span| names(span, case)).min_by_key(|span| span.start_unix_nano)?;
        let (trace_id, span_id) = (span.trace_id.clone(), Some(span.span_id.clone()));
        Some(TestTrace { trace_id, span_id, how: How::Attribute })
    }

    /// Only ids of traces that are here: many things have 32 digits.
    fn by_output(&self, case: &TestCase) -> Option<TestTrace> {
        let texts = [&case.message, &case.details, &case.output];
        let found = texts.into_iter().flat_map(|text| ids(text)).find(|id| self.traces.contains(id.trace.as_str()));
        found.map(|id| id.found(How::Output))
    }

    fn by_overlap(&self, case: &TestCase) -> Option<TestTrace> {
        let start = case.start_unix_nano?;
        let end = start.saturating_add(case.duration_ns);
        let is_root = |span: &&Span| span.parent_span_id.is_none() && !span.attributes.contains_key("telltale.run.id");
        let within = |span: &&Span| (start..=end).contains(&span.start_unix_nano);
        let root = self.observed.spans.iter().filter(is_root).find(within)?;
        Some(TestTrace { trace_id: root.trace_id.clone(), span_id: None, how: How::Overlap })
    }
}

/// Says whether a span belongs to the test by its own word. A case name alone is enough when the suite is not told.
fn names(span: &Span, case: &TestCase) -> bool {
    let text = |key: &str| span.attributes.get(key).map(|value| value.text.as_str());
    let class = case.class.as_str();
    if let Some(name) = text("test.case.name") {
        let full =
            [format!("{class}.{}", case.name), format!("{class}::{}", case.name), format!("{class}#{}", case.name)];
        let in_suite = text("test.suite.name").is_none_or(|suite| {
            suite == case.suite || suite == class || class.ends_with(suite) || case.file.ends_with(suite)
        });
        // pytest's node id: path::test.
        let node = name.rsplit("::").next() == Some(case.name.as_str()) && name.contains("::");
        return (name == case.name && in_suite) || node || full.iter().any(|full| full == name);
    }
    let function = text("code.function.name").or_else(|| text("code.function"));
    function.is_some_and(|function| {
        let namespace = text("code.namespace").unwrap_or_default();
        let qualified = format!("{class}.{}", case.name);
        function == qualified || (function == case.name && (namespace == class || namespace.is_empty()))
    })
}

/// An id in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Id {
    trace: String,
    span: Option<String>,
}

impl Id {
    fn found(self, how: How) -> TestTrace {
        TestTrace { trace_id: self.trace, span_id: self.span, how }
    }
}

/// Returns the ids of a text: runs of 32 hex digits, and with a run of 16 right after them as traceparents have it.
fn ids(text: &str) -> impl Iterator<Item = Id> + '_ {
    let is_id = |word: &str, digits: usize| {
        word.len() == digits
            && word.bytes().all(|byte| byte.is_ascii_hexdigit())
            && word.bytes().any(|byte| byte != b'0')
    };
    let mut words = text.split(|character: char| !character.is_ascii_alphanumeric()).peekable();
    std::iter::from_fn(move || {
        loop {
            let word = words.next()?;
            if is_id(word, 32) {
                let span = words.peek().filter(|next| is_id(next, 16)).map(|next| next.to_ascii_lowercase());
                return Some(Id { trace: word.to_ascii_lowercase(), span });
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::tests::{TRACE, sample, strings};

    fn case() -> TestCase {
        TestCase { class: "tests.test_shop".into(), name: "test_card".into(), ..TestCase::default() }
    }

    #[track_caller]
    fn found(case: &TestCase, observed: &Observed) -> (String, How) {
        let found = Joiner::new(observed).find(case).unwrap();
        (found.trace_id, found.how)
    }

    /// Scenario: a case that all four ways lead from, to different traces. Guarantees: the surest way wins, one by one.
    #[test]
    fn the_surest_way_wins() {
        let mut observed = sample();
        let other = |digit: &str| digit.repeat(32);
        observed.spans[5].attributes.extend(strings(&[("test.case.name", "test_card")]));
        observed.spans[5].trace_id = other("a");
        observed.spans[4].trace_id = other("b");
        let start = observed.spans[0].start_unix_nano;
        let mut case = TestCase {
            properties: vec![("traceparent".into(), format!("00-{}-00f067aa0ba902b7-01", other("c")))],
            details: format!("build {} failed, trace {}", other("f"), other("B")),
            start_unix_nano: Some(start),
            duration_ns: 1,
            ..case()
        };
        assert_eq!(found(&case, &observed), (other("c"), How::Property));
        assert_eq!(Joiner::new(&observed).find(&case).unwrap().span_id.as_deref(), Some("00f067aa0ba902b7"));
        case.properties.clear();
        assert_eq!(found(&case, &observed), (other("a"), How::Attribute));
        observed.spans[5].attributes.clear();
        assert_eq!(found(&case, &observed), (other("b"), How::Output));
        case.details = other("f");
        assert_eq!(found(&case, &observed), (TRACE.to_owned(), How::Overlap));
        case.start_unix_nano = None;
        assert_eq!(Joiner::new(&observed).find(&case), None);
    }

    #[test]
    fn spans_name_their_test_in_many_ways() {
        for (attributes, is_it) in [
            (vec![("test.case.name", "tests.test_shop.test_card")], true),
            (vec![("test.case.name", "tests/test_shop.py::test_card")], true),
            (vec![("test.case.name", "test_card"), ("test.suite.name", "test_shop")], true),
            (vec![("test.case.name", "test_card"), ("test.suite.name", "test_other")], false),
            (vec![("code.function", "test_card")], true),
            (vec![("code.function", "test_card"), ("code.namespace", "elsewhere")], false),
            (vec![("code.function.name", "tests.test_shop.test_card")], true),
            (vec![("test.case.name", "test_cards")], false),
        ] {
            let span = Span { attributes: strings(&attributes), ..Span::default() };
            assert_eq!(names(&span, &case()), is_it, "{attributes:?}");
        }
    }
}
