//! Writes the file that what was seen would meet, with room for the next run: `telltale check --bless`.
//!
//! Bounds are taken from what the written rule really selects, so that the file is met by what it was written from,
//! whatever names and patterns overlap.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use telltale_model::severity::Severity;
use telltale_model::span::{SpanKind, StatusCode};

use crate::evaluate::{evaluate, selected};
use crate::file;
use crate::limits::{BLESS_RULES, KEYS};
use crate::observed::{Log, MetricKind, Observed, Series, Span, Tree};
use crate::pattern::quoted;
use crate::rule::{SignalsFile, What};
use crate::template::{names, template};
use crate::toml_text::basic;

/// By how much counts may differ, in per cent, when nobody says.
pub const TOLERANCE_PERCENT: u32 = 20;

/// Attributes whose value belongs to the promise, when all spans agree on it.
const TELLING: [&str; 15] = [
    "http.route",
    "http.request.method",
    "http.response.status_code",
    "db.system",
    "db.system.name",
    "db.operation.name",
    "db.collection.name",
    "db.namespace",
    "rpc.system",
    "rpc.service",
    "rpc.method",
    "messaging.system",
    "messaging.operation.type",
    "messaging.destination.name",
    "error.type",
];

/// Shortest bound on a duration: below, the machine's mood decides.
const DURATION_MIN_NS: i64 = 1_000_000;

/// Returns a signals file. `tolerance` is in per cent, for counts; durations may double.
#[must_use]
pub fn bless(observed: &Observed, tolerance: u32) -> String {
    let mut out = format!(
        "# Written by `telltale check --bless` from {} spans, {} logs and {} series; counts may differ by {tolerance}%, \
         durations may double.\n# It is yours now: take out what is not a promise.\n",
        observed.spans.len(),
        observed.logs.len(),
        observed.series.len()
    );
    spans(&mut out, observed, tolerance);
    logs(&mut out, observed);
    metrics(&mut out, observed);
    if !observed.spans.iter().any(|span| span.status == StatusCode::Error) && !observed.spans.is_empty() {
        out.push_str("\n[[never]]\nspan.status = \"error\"\n");
    }
    let is_error = |log: &Log| Severity::from_number(log.severity).is_some_and(|band| band >= Severity::Error);
    if !observed.logs.iter().any(is_error) && !observed.logs.is_empty() {
        out.push_str("\n[[never]]\nlog.severity = \">=error\"\n");
    }
    out
}

fn left_out(out: &mut String, what: &str, count: usize) {
    if count > BLESS_RULES {
        let _infallible = writeln!(out, "\n# {} more {what} were seen and are not listed.", count - BLESS_RULES);
    }
}

fn spans(out: &mut String, observed: &Observed, tolerance: u32) {
    let called = names(observed.spans.iter().map(|span| span.name.as_str()));
    let mut groups: BTreeMap<(String, &str, &str), SpanKind> = BTreeMap::new();
    for span in &observed.spans {
        let Some(name) = called.get(span.name.as_str()) else { continue };
        let name = if *name == span.name { quoted(name) } else { name.clone() };
        groups.insert((name, span.service.as_str(), span.kind.name()), span.kind);
    }
    let tree = Tree::new(&observed.spans);
    for ((name, service, kind_name), kind) in groups.iter().take(BLESS_RULES) {
        let mut rule = format!("[[span]]\nname = {}\n", basic(name));
        if !service.is_empty() {
            let _infallible = writeln!(rule, "service = {}", basic(&quoted(service)));
        }
        if *kind != SpanKind::Unspecified {
            let _infallible = writeln!(rule, "kind = \"{kind_name}\"");
        }
        let matched: Vec<&Span> = match rule_of(&rule) {
            Some(What::Span(parsed)) => selected(&parsed.select, observed, &tree),
            _ => continue,
        };
        if matched.is_empty() {
            continue;
        }
        bounds(&mut rule, &matched, &tree, tolerance);
        attributes(&mut rule, &matched);
        let _infallible = write!(out, "\n{rule}");
    }
    left_out(out, "operations", groups.len());
}

fn rule_of(text: &str) -> Option<What> {
    file::parse(text).ok()?.rules.into_iter().next().map(|rule| rule.what)
}

fn bounds(rule: &mut String, matched: &[&Span], tree: &Tree<'_>, tolerance: u32) {
    let _infallible = writeln!(rule, "count = \"{}\"", band(matched.len(), tolerance));
    let mut durations: Vec<i64> = matched.iter().map(|span| span.duration_ns).collect();
    durations.sort_unstable();
    let rank = (durations.len() * 95).div_ceil(100).max(1);
    let p95 = durations.get(rank - 1).copied().unwrap_or_default();
    let bound = p95.saturating_mul(2).max(DURATION_MIN_NS);
    let _infallible = writeln!(rule, "p95 = \"<={}ms\"", bound.unsigned_abs().div_ceil(1_000_000));
    let failed = matched.iter().filter(|span| span.status == StatusCode::Error).count();
    let _infallible = writeln!(rule, "errors = \"<={failed}\"");
    let calls = matched.iter().map(|span| tree.database_calls(span).len()).max().unwrap_or_default();
    if calls > 0 {
        let _infallible = writeln!(rule, "max_db_children = {}", more(calls, tolerance));
    }
}

/// `8..12` for ten; never below one, always at least one more.
fn band(count: usize, tolerance: u32) -> String {
    let share = usize::try_from(tolerance.min(100)).unwrap_or(100);
    format!("{}..{}", (count * (100 - share) / 100).max(1), more(count, tolerance))
}

fn more(count: usize, tolerance: u32) -> usize {
    let share = usize::try_from(tolerance.min(100)).unwrap_or(100);
    (count * (100 + share)).div_ceil(100).max(count + 1)
}

/// Attributes that every span has: the value where it tells what the operation is, else the type.
fn attributes(rule: &mut String, matched: &[&Span]) {
    let Some(first) = matched.first() else { return };
    let mut lines = Vec::new();
    // A key that ends in a tilde cannot be written: there it means a regular expression.
    for (key, value) in first.attributes.iter().filter(|(key, _)| !key.ends_with('~')).take(KEYS) {
        let others: Vec<_> = matched.iter().map(|span| span.attributes.get(key)).collect();
        if others.iter().any(Option::is_none) {
            continue;
        }
        let mut found = others.into_iter().flatten();
        let same_value = found.clone().all(|other| other == value);
        let same_type = found.all(|other| other.kind == value.kind);
        let is_telling = same_value && TELLING.contains(&key.as_str());
        let expected = match value.kind {
            "string" if is_telling => basic(&quoted(&value.text)),
            "int" | "bool" if is_telling => value.text.clone(),
            "empty" => "\"*\"".to_owned(),
            kind if same_type => format!("{{ type = \"{kind}\" }}"),
            _ => "\"*\"".to_owned(),
        };
        lines.push(format!("{} = {expected}\n", basic(key)));
    }
    if !lines.is_empty() {
        let _infallible = write!(rule, "[span.attrs]\n{}", lines.concat());
    }
}

fn logs(out: &mut String, observed: &Observed) {
    let mut groups = BTreeSet::new();
    for log in &observed.logs {
        let severity = Severity::from_number(log.severity).map(|band| band.name().to_lowercase());
        groups.insert((log.service.as_str(), severity, template(&log.body)));
    }
    for (service, severity, body) in groups.iter().take(BLESS_RULES) {
        let _infallible = write!(out, "\n[[log]]\nbody = {}\n", basic(body));
        if let Some(severity) = severity {
            let _infallible = writeln!(out, "severity = \"{severity}\"");
        }
        if !service.is_empty() {
            let _infallible = writeln!(out, "service = {}", basic(&quoted(service)));
        }
    }
    left_out(out, "log messages", groups.len());
}

fn metrics(out: &mut String, observed: &Observed) {
    let mut groups: BTreeMap<(&str, &str), Vec<&Series>> = BTreeMap::new();
    for series in &observed.series {
        groups.entry((series.name.as_str(), series.service.as_str())).or_default();
    }
    for ((name, service), matched) in &mut groups {
        // A rule without a service selects those of every service.
        let is_meant = |series: &&Series| series.name == *name && (service.is_empty() || series.service == *service);
        matched.extend(observed.series.iter().filter(is_meant));
    }
    for ((name, service), matched) in groups.iter().take(BLESS_RULES) {
        let Some(first) = matched.first() else { continue };
        let _infallible = write!(out, "\n[[metric]]\nname = {}\n", basic(&quoted(name)));
        if !service.is_empty() {
            let _infallible = writeln!(out, "service = {}", basic(&quoted(service)));
        }
        if matched.iter().all(|series| series.unit == first.unit) {
            let _infallible = writeln!(out, "unit = {}", basic(&first.unit));
        }
        if matched.iter().all(|series| series.kind == first.kind) {
            let _infallible = writeln!(out, "type = \"{}\"", first.kind.name());
        }
        let keys: Vec<&String> = first.labels.keys().collect();
        if keys.len() <= KEYS && matched.iter().all(|series| series.labels.keys().eq(keys.iter().copied())) {
            let keys: Vec<String> = keys.iter().map(|key| basic(key)).collect();
            let _infallible = writeln!(out, "labels = [{}]", keys.join(", "));
        }
        let _infallible = writeln!(out, "cardinality = \"<={}\"", matched.len() * 2);
        let counted = matched.iter().all(|series| series.kind == MetricKind::Counter);
        if counted && matched.iter().map(|series| series.value).sum::<f64>() > 0.0 {
            out.push_str("value = \">0\"\n");
        }
    }
    left_out(out, "metrics", groups.len());
}

/// Says whether a file is met by what was seen: what [`bless`] writes always is.
#[must_use]
pub fn is_met_by(text: &str, observed: &Observed) -> bool {
    let file: Option<SignalsFile> = file::parse(text).ok();
    file.is_some_and(|file| evaluate("", &file, observed).is_met())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::tests::{log, sample, series, span};
    use proptest::prelude::*;

    #[test]
    fn the_sample_is_blessed_as_people_would_write_it() {
        let text = bless(&sample(), 20);
        assert!(is_met_by(&text, &sample()), "{text}");
        for part in [
            "name = \"POST /orders\"\nservice = \"shop\"\nkind = \"server\"\ncount = \"1..3\"\np95 = \"<=400ms\"\n\
             errors = \"<=0\"\nmax_db_children = 4\n[span.attrs]\n\"http.response.status_code\" = 201\n\
             \"http.route\" = \"/orders\"\n\"tenant.id\" = { type = \"string\" }\n",
            "body = \"order * accepted\"\nseverity = \"info\"\nservice = \"shop\"\n",
            "name = \"orders.created\"\nservice = \"shop\"\nunit = \"{order}\"\ntype = \"counter\"\nlabels = [\"tenant.id\"]\n\
             cardinality = \"<=4\"\nvalue = \">0\"\n",
        ] {
            assert!(text.contains(part), "{part}\nis not in\n{text}");
        }
        assert!(!text.contains("never"), "the sample has errors: {text}");
    }

    /// Texts that are hard to write down.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["[ab*]{0,3}", "~[a(]{0,2}", "=[a]{0,1}", "GET /[0-9]{1,2}", "\\PC{0,4}", "\"\\\\\n\u{7f}"]
    }

    proptest! {
        /// Scenario: any run. Guarantees: the file that is written from it is met by it.
        #[test]
        fn what_is_blessed_is_met(
            spans in proptest::collection::vec((text(), "[ab]?", 0..6_i32, 0..3_i32, -5..900_i64, text()), 0..9),
            logs in proptest::collection::vec((text(), "[ab]?", 0..25_i32), 0..5),
            metrics in proptest::collection::vec((text(), text(), -1.0..5.0_f64), 0..5),
            tolerance in 0_u32..100,
        ) {
            let mut observed = Observed::default();
            for (index, (name, service, kind, status, ms, value)) in spans.iter().enumerate() {
                let parent = (index > 0).then_some(1);
                let mut made = span(index as u64 + 1, parent, service, SpanKind::from_otlp(*kind), name, *ms);
                made.status = StatusCode::from_otlp(*status);
                for key in ["http.route", "x", value.as_str()] {
                    made.attributes.insert(key.to_owned(), crate::observed::tests::value("string", value));
                }
                observed.spans.push(made);
            }
            observed.logs = logs.iter().map(|(body, service, severity)| log(None, service, *severity, body)).collect();
            observed.series = metrics.iter()
                .map(|(name, label, value)| series(name, MetricKind::Counter, &[(label, "v")], *value)).collect();
            let text = bless(&observed, tolerance);
            let file = file::parse(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            let report = evaluate("", &file, &observed);
            prop_assert!(report.is_met(), "{}\n{}", crate::report::text(&report, false), text);
        }
    }
}
