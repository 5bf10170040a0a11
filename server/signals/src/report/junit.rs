//! JUnit XML: one test suite a file, one test case a rule.

use std::fmt::Write as _;

use crate::evaluate::Report;

/// Returns the report as JUnit XML.
#[must_use]
pub fn junit(report: &Report) -> String {
    let (file, all) = (xml(&report.file), report.met + report.not_met);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _infallible = writeln!(out, "<testsuites tests=\"{all}\" failures=\"{}\">", report.not_met);
    let _infallible = writeln!(out, "  <testsuite name=\"{file}\" tests=\"{all}\" failures=\"{}\">", report.not_met);
    for verdict in &report.verdicts {
        let (title, kind) = (xml(&verdict.title), xml(&verdict.kind));
        let _infallible = write!(
            out,
            "    <testcase classname=\"{file}.{kind}\" name=\"{title}\" file=\"{file}\" line=\"{}\">",
            verdict.line
        );
        let mut text = verdict.message.clone();
        if let Some(nearest) = &verdict.nearest {
            let _infallible = write!(text, "\nnearest: {}", nearest.message);
        }
        for place in &verdict.places {
            let _infallible = write!(text, "\ntrace {} span {}: {}", place.trace_id, place.span_id, place.label);
        }
        let message = xml(&verdict.message);
        let inner = match verdict.met {
            true => format!("<system-out>{}</system-out>", xml(&text)),
            false => format!("<failure message=\"{message}\" type=\"expectation\">{}</failure>", xml(&text)),
        };
        let _infallible = writeln!(out, "{inner}</testcase>");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// Escapes a text for XML 1.0; characters that it cannot hold become U+FFFD.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            control if control < ' ' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}
