//! One screen: verdict, tests, telemetry, errors, the slowest, expectations, where the artifact lies.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use telltale_model::span::{SpanKind, StatusCode};
use telltale_signals::Observed;
use telltale_signals::join::How;
use telltale_signals::junit::Outcome;
use telltale_signals::observed::Span;
use telltale_signals::report;
use telltale_signals::results::{Results, Test};
use telltale_signals::runs::summary::OWN_SERVICE;
use telltale_story::format::duration::duration;
use telltale_story::format::escape::one_line;
use telltale_story::format::number::{bytes, counted};

use super::Finished;

/// Lines of one kind that are shown; the rest is counted.
const SHOWN: usize = 5;
/// Characters of a message that are shown.
const MESSAGE_CHARS: usize = 160;

/// Returns the screen.
#[must_use]
pub fn summary(finished: &Finished, colour: bool) -> String {
    let results = &finished.results;
    let mut out = String::from("\n");
    headline(&mut out, results, colour);
    tests(&mut out, results);
    let counts = &results.counts;
    let _infallible = writeln!(
        out,
        "  telemetry     {} in {}, {}, {} series{}",
        counted(counts.spans as u64, "span"),
        counted(counts.traces as u64, "trace"),
        counted(counts.logs as u64, "log"),
        counts.series,
        if counts.services.is_empty() {
            String::new()
        } else {
            format!(" from {}", one_line(&counts.services.join(", ")))
        }
    );
    errors(&mut out, &finished.observed);
    slowest(&mut out, &finished.observed);
    if let Some(found) = &results.report {
        let all = found.met + found.not_met;
        let after = finished.decided_after.as_millis();
        let _infallible =
            writeln!(out, "  expectations  {} of {all} met, decided {after} ms after the command had ended", found.met);
        for line in report::text(found, colour).lines().filter(|_| found.not_met > 0) {
            let _infallible = writeln!(out, "    {line}");
        }
    }
    for note in &results.notes {
        let _infallible = writeln!(out, "  note          {}", one_line(note));
    }
    for (path, size) in &finished.written {
        let path = one_line(&path.display().to_string());
        let how =
            if path.ends_with(".html") { "in any browser".to_owned() } else { format!("with: telltale open {path}") };
        let _infallible = writeln!(out, "  written       {path}, {}; open it {how}", bytes(*size));
    }
    if finished.written.is_empty() {
        out.push_str("  not kept      add --out run.telltale or --html run.html to look at it later\n");
    }
    out
}

fn headline(out: &mut String, results: &Results, colour: bool) {
    let run = &results.run;
    let took = i64::try_from(run.end_unix_nano.saturating_sub(run.start_unix_nano)).unwrap_or(i64::MAX);
    let (mark, start, end) = match (results.is_good(), colour) {
        (true, false) => ("✓", "", ""),
        (false, false) => ("✗", "", ""),
        (true, true) => ("✓", "\u{1b}[32m", "\u{1b}[0m"),
        (false, true) => ("✗", "\u{1b}[31m", "\u{1b}[0m"),
    };
    let how = match run.exit_code {
        0 if results.is_good() => "is good".to_owned(),
        0 => "does not meet its expectations".to_owned(),
        code => format!("failed with exit code {code}"),
    };
    let _infallible = writeln!(out, "{start}{mark} {} {how}{end} after {}", one_line(&run.name), duration(took));
}

fn tests(out: &mut String, results: &Results) {
    if results.tests.is_empty() {
        return;
    }
    let kinds = [
        (Outcome::Passed, "passed"),
        (Outcome::Failed, "failed"),
        (Outcome::Error, "with an error"),
        (Outcome::Skipped, "skipped"),
        (Outcome::Flaky, "flaky"),
    ];
    let parts = kinds.into_iter().filter_map(|(outcome, word)| {
        let count = results.count(|found| found == outcome);
        (count > 0).then(|| format!("{count} {word}"))
    });
    let _infallible = writeln!(out, "  tests         {}", parts.collect::<Vec<_>>().join(", "));
    let bad: Vec<&Test> = results.tests.iter().filter(|test| test.case.outcome.is_bad()).collect();
    for test in bad.iter().take(SHOWN) {
        let _infallible = writeln!(out, "    ✗ {}: {}", one_line(&test.name()), short(first_line(&test.case.message)));
        if let Some(trace) = &test.trace {
            let span = trace.span_id.as_ref().map(|span| format!("/{span}")).unwrap_or_default();
            let _infallible = writeln!(out, "      /t/{}{span}{}", trace.trace_id, how(trace.how));
        }
    }
    more(out, bad.len());
}

/// Says how sure a trace is, where that is not plain.
#[must_use]
pub(crate) const fn how(how: How) -> &'static str {
    match how {
        How::Property | How::Attribute => "",
        How::Output => " (the test printed it)",
        How::Overlap => " (a guess: it began while the test ran)",
    }
}

fn first_line(text: &str) -> &str {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default()
}

fn short(text: &str) -> String {
    let line = one_line(text);
    match line.chars().count() > MESSAGE_CHARS {
        true => line.chars().take(MESSAGE_CHARS).collect::<String>() + "…",
        false => line,
    }
}

fn more(out: &mut String, count: usize) {
    if count > SHOWN {
        let _infallible = writeln!(out, "    and {} more", count - SHOWN);
    }
}

/// The run's own span says what the first line says already.
fn is_own(span: &Span) -> bool {
    span.service == OWN_SERVICE
}

fn errors(out: &mut String, observed: &Observed) {
    let mut groups: BTreeMap<String, (usize, &Span)> = BTreeMap::new();
    for span in observed.spans.iter().filter(|span| span.status == StatusCode::Error && !is_own(span)) {
        groups.entry(format!("{}: {}", span.label(), first_line(&span.message))).or_insert((0, span)).0 += 1;
    }
    if groups.is_empty() {
        return;
    }
    let all: usize = groups.values().map(|(count, _)| count).sum();
    let _infallible = writeln!(out, "  errors        {}", counted(all as u64, "span"));
    let mut sorted: Vec<_> = groups.into_iter().collect();
    sorted.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    for (text, (count, span)) in sorted.iter().take(SHOWN) {
        let _infallible = writeln!(out, "    {count} × {}\n      /t/{}/{}", short(text), span.trace_id, span.span_id);
    }
    more(out, sorted.len());
}

fn slowest(out: &mut String, observed: &Observed) {
    let is_entry = |span: &&Span| !is_own(span) && matches!(span.kind, SpanKind::Server | SpanKind::Consumer);
    let mut spans: Vec<&Span> = observed.spans.iter().filter(is_entry).collect();
    if spans.is_empty() {
        spans = observed.spans.iter().filter(|span| !is_own(span)).collect();
    }
    spans.sort_by_key(|span| std::cmp::Reverse(span.duration_ns));
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for span in spans {
        if seen.len() >= 3 || seen.contains(&(&span.service, &span.name)) {
            continue;
        }
        let word = if seen.is_empty() { "slowest" } else { "" };
        let label = short(&span.label());
        let _infallible =
            writeln!(out, "  {word:<13} {} {label} /t/{}/{}", duration(span.duration_ns), span.trace_id, span.span_id);
        seen.push((&span.service, &span.name));
    }
}

/// Returns the lines that GitHub shows at failing tests.
#[must_use]
pub fn annotations(results: &Results) -> String {
    let escape = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| escape(text).replace(':', "%3A").replace(',', "%2C");
    let mut out = String::new();
    for test in results.tests.iter().filter(|test| test.case.outcome.is_bad()) {
        let trace = test.trace.as_ref().map(|trace| format!("\ntrace {}{}", trace.trace_id, how(trace.how)));
        let text = format!("{}{}", test.case.message, trace.unwrap_or_default());
        let file =
            if test.case.file.is_empty() { String::new() } else { format!("file={},", property(&test.case.file)) };
        let line = test.case.line.map(|line| format!("line={line},")).unwrap_or_default();
        let _infallible = writeln!(out, "::error {file}{line}title={}::{}", property(&test.name()), escape(&text));
    }
    out
}
