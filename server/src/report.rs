//! A run as one page: opens from a file in any browser, asks nobody for anything.
//!
//! Everything is in it: the verdict, the tests, the expectations, the stories of what failed, was slow or broke a rule,
//! as telltale-story tells them, and the results as data. No script runs, nothing is loaded; telemetry is text.

use std::fmt::Write as _;

use telltale_signals::results::{Results, Test};
use telltale_story::format::duration::duration;

use crate::http::page::escape;
use crate::http::problem::Problem;
use crate::http::story::as_text;
use crate::limits::REPORT_TRACES;
use crate::run::summary::how;
use crate::state::AppState;

pub(crate) mod comparison;

/// The page's look; light and dark as the reader's system says.
const STYLE: &str = include_str!("report.css");

/// Returns the page.
pub(crate) async fn page(state: &AppState, results: &Results) -> Result<String, Problem> {
    let wanted = traces(state, results).await?;
    let mut stories = Vec::new();
    for id in wanted.iter().take(REPORT_TRACES) {
        // A trace that a test named and that never arrived has no story; the table says its id all the same.
        if let Ok((title, text)) = as_text(state, id).await {
            stories.push((id.clone(), title, text));
        }
    }
    let left_out = wanted.len().saturating_sub(REPORT_TRACES);
    Ok(html(results, &stories, left_out))
}

/// The traces that are told: of failing tests, of broken rules, of errors, then the newest; each once.
async fn traces(state: &AppState, results: &Results) -> Result<Vec<String>, Problem> {
    let mut wanted: Vec<String> = Vec::new();
    let mut add = |id: &str| {
        if !id.is_empty() && !wanted.iter().any(|known| known == id) {
            wanted.push(id.to_owned());
        }
    };
    let of = |bad: bool| {
        let tests = results.tests.iter().filter(move |test| test.case.outcome.is_bad() == bad);
        tests.filter_map(|test| test.trace.as_ref()).map(|trace| trace.trace_id.as_str())
    };
    of(true).for_each(&mut add);
    for verdict in results.report.iter().flat_map(|report| &report.verdicts).filter(|verdict| !verdict.met) {
        let nearest = verdict.nearest.as_ref().and_then(|nearest| nearest.place.as_ref());
        nearest.into_iter().chain(&verdict.places).for_each(|place| add(&place.trace_id));
    }
    for errors_only in [true, false] {
        let found = state.query.recent(REPORT_TRACES, errors_only).await?;
        found.iter().for_each(|trace| add(&trace.trace_id.to_hex()));
    }
    of(false).for_each(&mut add);
    Ok(wanted)
}

/// Begins a page: no script runs, nothing is loaded.
fn begin(title: &str) -> String {
    let title = escape(title);
    let mut out = String::with_capacity(64 * 1024);
    let _infallible = write!(
        out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>{title} · telltale</title>\
         <style>{STYLE}</style></head><body><main>"
    );
    out
}

/// A trace's id, title and story.
type Told = (String, String, String);

fn html(results: &Results, stories: &[Told], left_out: usize) -> String {
    let run = &results.run;
    let mut out = begin(&run.name);
    headline(&mut out, results);
    tests(&mut out, results, stories);
    expectations(&mut out, results, stories);
    notes(&mut out, results);
    let _infallible = write!(out, "<h2>Stories</h2>");
    if stories.is_empty() {
        out.push_str("<p>No trace arrived.</p>");
    }
    let bad = results.tests.iter().filter(|test| test.case.outcome.is_bad()).filter_map(|test| test.trace.as_ref());
    let bad: Vec<&str> = bad.map(|trace| trace.trace_id.as_str()).collect();
    let is_bad = |id: &str| bad.contains(&id);
    // A link to what is inside of a closed element opens it.
    for (id, title, text) in stories {
        let _infallible = write!(
            out,
            "<details{}><summary>{} <code>{id}</code></summary><pre id=\"t-{id}\">{}</pre></details>",
            if is_bad(id) { " open" } else { "" },
            escape(title),
            lines(text)
        );
    }
    if left_out > 0 {
        let _infallible = write!(out, "<p>{left_out} more traces are in the artifact: <code>telltale open</code>.</p>");
    }
    // A "<" in data could end the element.
    let data = serde_json::to_string(results).unwrap_or_default().replace('<', "\\u003c");
    let _infallible =
        writeln!(out, "</main><script type=\"application/json\" id=\"results\">{data}</script></body></html>");
    out
}

fn headline(out: &mut String, results: &Results) {
    let (run, counts) = (&results.run, &results.counts);
    let took = i64::try_from(run.end_unix_nano.saturating_sub(run.start_unix_nano)).unwrap_or(i64::MAX);
    let (class, mark) = if results.is_good() { ("good", "✓") } else { ("bad", "✗") };
    let verdict = match run.exit_code {
        0 if results.is_good() => "is good".to_owned(),
        0 => "does not meet its expectations".to_owned(),
        code => format!("failed with exit code {code}"),
    };
    let _infallible = write!(
        out,
        "<h1><span class=\"{class}\">{mark}</span> {} {verdict}</h1><p>{} · {} spans in {} traces, {} logs, {} series{}</p>\
         <p><code>{}</code></p>",
        escape(&run.name),
        duration(took),
        counts.spans,
        counts.traces,
        counts.logs,
        counts.series,
        if counts.services.is_empty() {
            String::new()
        } else {
            format!(" from {}", escape(&counts.services.join(", ")))
        },
        escape(&run.command.join(" "))
    );
    out.push_str("<details><summary>Run</summary><table>");
    for (key, value) in &run.attributes {
        let _infallible = write!(out, "<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escape(key), escape(value));
    }
    out.push_str("</table></details>");
}

fn tests(out: &mut String, results: &Results, stories: &[Told]) {
    if results.tests.is_empty() {
        return;
    }
    let failed = results.count(telltale_signals::junit::Outcome::is_bad);
    let _infallible = write!(out, "<h2>Tests: {} of {} failed</h2>", failed, results.tests.len());
    out.push_str("<table><tr><th>Test</th><th>Outcome</th><th>Took</th><th>Trace</th></tr>");
    let mut sorted: Vec<&Test> = results.tests.iter().collect();
    sorted.sort_by_key(|test| (!test.case.outcome.is_bad(), std::cmp::Reverse(test.case.duration_ns)));
    for test in sorted {
        let outcome = serde_json::to_value(test.case.outcome).ok();
        let outcome = outcome.as_ref().and_then(|value| value.as_str()).unwrap_or_default().to_owned();
        let class = if test.case.outcome.is_bad() { "bad" } else { "" };
        let trace = test.trace.as_ref().map(|trace| format!("{}{}", link(&trace.trace_id, stories), how(trace.how)));
        let mut text = escape(&test.name());
        if test.case.outcome.is_bad() {
            let details = format!("{}\n{}\n{}", test.case.message, test.case.details, test.case.output);
            let message = test.case.message.lines().next().unwrap_or_default();
            text = format!(
                "{text}<details><summary>{}</summary><pre>{}</pre></details>",
                escape(message),
                lines(details.trim())
            );
        }
        let took = duration(i64::try_from(test.case.duration_ns).unwrap_or(i64::MAX));
        let _infallible = write!(
            out,
            "<tr class=\"{class}\"><td>{text}</td><td>{outcome}</td><td>{took}</td><td>{}</td></tr>",
            trace.unwrap_or_else(|| "none found".to_owned())
        );
    }
    out.push_str("</table>");
}

fn expectations(out: &mut String, results: &Results, stories: &[Told]) {
    let Some(report) = &results.report else { return };
    let _infallible = write!(
        out,
        "<h2>Expectations: {} of {} met</h2><table><tr><th></th><th>Expectation</th><th>What was seen</th></tr>",
        report.met,
        report.met + report.not_met
    );
    for verdict in &report.verdicts {
        let (class, mark) = if verdict.met { ("good", "✓") } else { ("bad", "✗") };
        let mut seen = escape(&verdict.message);
        if let Some(nearest) = &verdict.nearest {
            let _infallible = write!(seen, "<br>nearest: {}", escape(&nearest.message));
        }
        let places = verdict.nearest.as_ref().and_then(|nearest| nearest.place.as_ref());
        if let Some(place) = places.or(verdict.places.first()) {
            let _infallible = write!(seen, "<br>{}", link(&place.trace_id, stories));
        }
        let _infallible = write!(
            out,
            "<tr><td class=\"{class}\">{mark}</td><td>{}<br><small>{}:{}</small></td><td>{seen}</td></tr>",
            escape(&verdict.title),
            escape(&report.file),
            verdict.line
        );
    }
    out.push_str("</table>");
}

fn notes(out: &mut String, results: &Results) {
    for note in &results.notes {
        let _infallible = write!(out, "<p class=\"note\">Note: {}</p>", escape(note));
    }
}

/// A link to a story of this page, or the id alone. Ids that came from a file are text as well.
fn link(id: &str, stories: &[Told]) -> String {
    let shown = escape(id);
    match stories.iter().any(|(known, ..)| known == id) {
        true => format!("<a href=\"#t-{shown}\"><code>{shown}</code></a>"),
        false => format!("<code>{shown}</code>"),
    }
}

/// Text of several lines as markup that shows it.
fn lines(text: &str) -> String {
    text.lines().map(escape).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use telltale_signals::junit::{Outcome, TestCase};
    use telltale_signals::results::RunFacts;

    fn results(text: &str) -> Results {
        let case =
            TestCase { name: text.into(), outcome: Outcome::Failed, message: text.into(), ..TestCase::default() };
        Results {
            run: RunFacts { name: text.into(), command: vec![text.into()], ..RunFacts::default() },
            tests: vec![Test { case, trace: None }],
            notes: vec![text.into()],
            ..Results::default()
        }
    }

    proptest! {
        /// Scenario: hostile names, messages and stories. Guarantees: the page's markup is that of the harmless page.
        #[test]
        fn text_never_becomes_markup(text in "(<script>|</script>|</pre>|<!--|\"|'|&lt;|\\PC){0,12}") {
            let skeleton = |text: &str| {
                let told = ("0af7".to_owned(), text.to_owned(), text.to_owned());
                let page = html(&results(text), &[told], 0);
                let before_data = page.split("<script").next().unwrap().matches(['<', '>']).count();
                (before_data, page.matches("<script").count(), page.matches("</script>").count())
            };
            prop_assert_eq!(skeleton(&text), skeleton("n"));
        }
    }
}
