//! The report on a terminal.

use std::fmt::Write as _;

use telltale_story::format::escape::one_line;
use telltale_story::format::number::counted;

use crate::evaluate::{Report, Verdict};

/// Returns the report as lines; `colour` adds the terminal's red and green. Texts of telemetry are made safe.
#[must_use]
pub fn text(report: &Report, colour: bool) -> String {
    let mut out = String::new();
    for verdict in &report.verdicts {
        rule(&mut out, report, verdict, colour);
    }
    let seen = &report.seen;
    let _infallible = writeln!(
        out,
        "{} of {} met; looked at {}, {} and {} series",
        report.met,
        counted((report.met + report.not_met) as u64, "expectation"),
        counted(seen.spans as u64, "span"),
        counted(seen.logs as u64, "log"),
        seen.series
    );
    out
}

fn rule(out: &mut String, report: &Report, verdict: &Verdict, colour: bool) {
    let (mark, start, end) = match (verdict.met, colour) {
        (true, false) => ("✓", "", ""),
        (false, false) => ("✗", "", ""),
        (true, true) => ("✓", "\u{1b}[32m", "\u{1b}[0m"),
        (false, true) => ("✗", "\u{1b}[31m", "\u{1b}[0m"),
    };
    let place = if verdict.line == 0 { String::new() } else { format!("  {}:{}", report.file, verdict.line) };
    let (title, message) = (one_line(&verdict.title), one_line(&verdict.message));
    if verdict.met {
        let _infallible = writeln!(out, "{start}{mark}{end} {title}: {message}");
        return;
    }
    let _infallible = writeln!(out, "{start}{mark} {title}{end}{place}\n    {message}");
    if let Some(why) = &verdict.why {
        let _infallible = writeln!(out, "    promised because: {}", one_line(why));
    }
    if let Some(nearest) = &verdict.nearest {
        let _infallible = writeln!(out, "    nearest: {}", one_line(&nearest.message));
    }
    let places = verdict.nearest.as_ref().and_then(|nearest| nearest.place.as_ref()).into_iter().chain(&verdict.places);
    if let Some(place) = places.into_iter().next() {
        let span = if place.span_id.is_empty() { String::new() } else { format!("/{}", place.span_id) };
        let _infallible = writeln!(out, "    see: /t/{}{span}", place.trace_id);
    }
}
