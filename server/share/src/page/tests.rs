//! The page of a story: everything is in it, nothing is loaded, and telemetry never becomes markup.

use proptest::prelude::*;
use telltale_api::trace::{AttributeRow, EventRow, LogRow, ResourceView, SpanRow, TraceView};
use telltale_api::{Nanos, SignedNanos};
use telltale_story::story::{FactConfig, tell};

use super::*;

fn attribute(key: &str, value: &str) -> AttributeRow {
    AttributeRow { key: key.into(), value: value.into(), ..AttributeRow::default() }
}

/// A trace of a root and `children`, each with the given text everywhere.
fn view(children: usize, text: &str) -> TraceView {
    let span = |at: usize| SpanRow {
        span_id: format!("{:016x}", at + 1),
        parent_span_id: (at > 0).then(|| format!("{:016x}", 1)),
        name: format!("span {at} {text}"),
        kind: 2,
        start_unix_nano: Nanos(1_763_716_443_221_000_000 + at as u64),
        duration_ns: SignedNanos(if at == 0 { 9_000_000 } else { 1_000 }),
        status_code: if at == children { 2 } else { 0 },
        status_message: text.into(),
        service_name: Some(format!("shop {text}")),
        attributes: vec![attribute("tenant.id", text), attribute(text, "value")],
        events: vec![EventRow {
            time_unix_nano: Nanos(1_763_716_443_221_000_500),
            name: text.into(),
            ..EventRow::default()
        }],
        ..SpanRow::default()
    };
    let log = LogRow {
        time_unix_nano: Nanos(1_763_716_443_221_000_700),
        severity_number: 17,
        body: format!("log {text}"),
        span_id: Some(format!("{:016x}", 1)),
        ..LogRow::default()
    };
    TraceView {
        trace_id: "0af7651916cd43dd8448eb211c80319c".into(),
        spans: (0..=children).map(span).collect(),
        logs: vec![log],
        resources: vec![ResourceView { attributes: vec![attribute("host.name", text)], ..ResourceView::default() }],
        ..TraceView::default()
    }
}

fn page_of(view: &TraceView, otlp_json: &str) -> String {
    let story = tell(view, &FactConfig::default());
    let notes = ["Redacted: 3 values by email.".to_owned()];
    html(&Page {
        story: &story,
        view,
        otlp_json,
        notes: &notes,
        made_unix_nano: 1_763_716_500_000_000_000,
        nonce: "abc123",
    })
}

/// Scenario: a small trace. Guarantees: verdict, facts, every span with its details, the log, the notes and the data are
/// there; nothing names another place than the page itself.
#[test]
fn everything_is_in_the_page_and_nothing_is_loaded() {
    let html = page_of(&view(3, "plain"), r#"{"resourceSpans":[{"x":"</script><b>"}]}"#);
    for needle in [
        "span 3 plain",
        "log plain",
        "tenant.id",
        "host.name",
        "Redacted: 3 values by email.",
        "class=\"axis\"",
        "id=\"s-0000000000000004\"",
    ] {
        assert!(html.contains(needle), "{needle} is missing");
    }
    assert_eq!(html.matches("<li class=\"row").count(), 4);
    assert_eq!(html.matches("<li class=\"row error\"").count(), 1);
    assert!(html.contains(r#"{"resourceSpans":[{"x":"\u003c/script>\u003cb>"}]}"#), "the data cannot end its element");
    for loads in ["src=", "http://", "https://", "@import", "url(", "fetch(", "XMLHttpRequest", "import("] {
        assert!(!html.contains(loads), "{loads} in the page");
    }
    assert_eq!(html.matches("<script").count(), 2);
    assert!(html.contains("script-src 'nonce-abc123'; style-src 'nonce-abc123'"));
    assert!(!html.contains(" style=\"") && !html.contains(" onclick"), "the policy forbids both");
}

/// Scenario: more spans than a page lists, the last one failed. Guarantees: the bound holds, it is said, the failed one is
/// listed.
#[test]
fn a_large_trace_is_listed_in_part_and_says_so() {
    let html = page_of(&view(crate::limits::PAGE_SPANS + 500, "x"), "{}");
    assert_eq!(html.matches("<li class=\"row").count(), crate::limits::PAGE_SPANS);
    assert_eq!(html.matches("<li class=\"row error\"").count(), 1);
    assert!(html.contains("5 000 of 5 501 spans are listed here"), "the cut is said");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Scenario: markup, scripts and quotes in every text. Guarantees: the elements and attributes of the page are those of
    /// the same text with a letter in place of each character that could be markup. (Texts of blanks are shown otherwise
    /// than words, so words are no measure for them.)
    #[test]
    fn telemetry_never_becomes_markup(text in "(<script>|</script>|</title>|<img src=x onerror=alert\\(1\\)>|\"|'|&lt;|-->|\\PC|[\\x00-\\x1f]){1,12}") {
        let skeleton = |text: &str| {
            let html = page_of(&view(1, text), "{}");
            html.matches(['<', '>', '"']).collect::<String>()
        };
        prop_assert_eq!(skeleton(&text), skeleton(&text.replace(['<', '>', '"', '\'', '&'], "x")));
    }
}
