//! Two runs compared: new errors, slower operations with how sure that is, multiplied queries, new and lost signals.

use leptos::prelude::*;
use telltale_api::routes;
use telltale_signals::runs::{Operation, Problem, RunDiff, Speed, TestChange};
use telltale_signals::schema::Change;

use super::show::{heads, problems, side};
use super::tests::story;
use super::{ask, compare_place, head, quiet_head};
use crate::components::bits::{failure_box, go_link, skeleton};
use crate::dom::{El, el, text_el};
use crate::route::encode;
use crate::{format, strings};

/// The page.
pub(super) fn compare(a: &str, b: &str) -> El {
    document().set_title(&format!("{a} → {b} · telltale"));
    let asked = ask::<RunDiff>(format!("{}?a={}&b={}", routes::RUNS_DIFF, encode(a), encode(b)));
    let (answer, load) = (asked.answer, asked.load);
    let swap = go_link(&compare_place(b, a).url(), strings::COMPARE_SWAP).class("button");
    let head = el("div").class("diff-head").add([text_el("h1", "", strings::COMPARE_TITLE), swap]);
    let sides = el("div").class("diff-sides").add([side("A", a), side("B", b)]);
    let way = el("nav").label(strings::CRUMBS_LABEL).add(el("ol").class("crumbs").add([
        el("li").add(go_link("/runs", strings::RUNS_TITLE)),
        el("li").add(text_el("span", "", strings::RUNS_COMPARE).attr("aria-current", "page")),
    ]));
    let shown = move || match answer.get() {
        None => vec![skeleton(10)],
        Some(Err(failure)) => vec![failure_box(strings::COMPARE_FAILED, &failure, move || load.run(()))],
        Some(Ok(diff)) => parts(&diff),
    };
    el("div").class("runs").add([way, head, sides, el("div").class("page-part").children(shown)])
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn differs(operation: &Operation) -> bool {
    matches!(operation.speed, Speed::Slower | Speed::Faster)
}

fn parts(diff: &RunDiff) -> Vec<El> {
    let speed: Vec<&Operation> = diff.operations.iter().filter(|operation| differs(operation)).collect();
    let queries: Vec<&Operation> = diff
        .operations
        .iter()
        .filter(|operation| operation.database_calls_before != operation.database_calls_after)
        .collect();
    let faster = speed.len() - diff.slower().count();
    let worse = diff.tests.iter().filter(|change| change.is_worse()).count();
    let counted = [
        (worse, "test failing"),
        (diff.tests.len() - worse, "test mended or gone"),
        (diff.new_errors.len(), "new error"),
        (diff.gone_errors.len(), "error gone"),
        (diff.slower().count(), "operation slower"),
        (faster, "operation faster"),
        (diff.more_queries().count(), "operation with more queries"),
        (diff.schema.len(), "signal changed"),
    ];
    let told = counted.into_iter().filter(|(count, _)| *count > 0).map(|(count, words)| {
        // The noun stands first: "2 errors gone", "3 signals changed".
        let (noun, rest) = match words.strip_prefix("new ") {
            Some(noun) => return format!("{} new {}", format::count(number(count)), plural(noun, count)),
            None => words.split_once(' ').unwrap_or((words, "")),
        };
        format!("{} {} {rest}", format::count(number(count)), plural(noun, count)).trim_end().to_owned()
    });
    let told: Vec<String> = told.collect();
    let class = match (worse == 0 && diff.new_errors.is_empty() && diff.slower().next().is_none(), told.is_empty()) {
        (false, _) => "verdict verdict-failed",
        (true, true) => "verdict verdict-ok",
        (true, false) => "verdict verdict-warn",
    };
    let mut parts = vec![text_el("section", class, &strings::compare_told(&told)).label(strings::COMPARE_TITLE)];
    parts.extend(tests_changed(&diff.tests));
    parts.extend(errors(strings::COMPARE_NEW_ERRORS, &diff.new_errors));
    parts.extend(speeds(&speed));
    parts.extend(query_counts(&queries));
    parts.extend(signals(&diff.schema));
    parts.extend(errors(strings::COMPARE_GONE_ERRORS, &diff.gone_errors));
    parts.extend(others(diff));
    parts
}

fn plural(noun: &str, count: usize) -> String {
    if count == 1 { noun.to_owned() } else { format!("{noun}s") }
}

fn section(title: &str, body: El) -> El {
    el("section").class("page-part").add([text_el("h2", "", title), body])
}

fn errors(title: &str, found: &[Problem]) -> Option<El> {
    (!found.is_empty()).then(|| section(title, problems(found)))
}

/// Tests that fail now, with the way to their stories; those that are mended or gone.
fn tests_changed(changes: &[TestChange]) -> Option<El> {
    let rows: Vec<El> = changes
        .iter()
        .map(|change| {
            let class = if change.is_worse() { "tag tag-warn" } else { "tag" };
            let trace = change.trace.as_ref().map(|trace| story(Some(trace))).unwrap_or_default();
            el("tr").add([
                el("td").add(text_el("span", class, change.word())),
                text_el("td", "", &change.name),
                text_el("td", "muted", &change.message),
                el("td").add(trace),
            ])
        })
        .collect();
    (!rows.is_empty()).then(|| {
        let table = el("table").class("plain-table").add(el("tbody").add(rows));
        section(strings::RUNS_TESTS_COLUMN, el("div").class("table-place").add(table))
    })
}

fn name_cell(operation: &Operation) -> El {
    el("td").add([
        text_el("span", "muted", &format!("{} ", operation.kind)),
        text_el("span", "", &operation.name),
        text_el("span", "muted", &format!(" {}", operation.service)),
    ])
}

fn table(head: &[&str], rows: Vec<El>) -> El {
    let table = el("table").class("plain-table runs-compare").add([heads(head), el("tbody").add(rows)]);
    el("div").class("table-place").add(table)
}

fn speeds(operations: &[&Operation]) -> Option<El> {
    let rows: Vec<El> = operations.iter().map(|operation| speed_row(operation)).collect();
    let head = [
        strings::COMPARE_OPERATION,
        strings::COMPARE_MEDIAN_BEFORE,
        strings::COMPARE_MEDIAN_AFTER,
        strings::COMPARE_CHANGE,
        strings::COMPARE_SURE,
    ];
    (!rows.is_empty()).then(|| {
        let body = el("div").class("page-part").add([table(&head, rows), text_el("p", "muted", strings::COMPARE_TEST)]);
        section(strings::COMPARE_SPEED, body)
    })
}

#[expect(clippy::cast_precision_loss, reason = "a change in whole per cent")]
fn percent(operation: &Operation) -> f64 {
    let (was, is) = (operation.median_before_ns, operation.median_after_ns);
    (is - was) as f64 / (was as f64).max(1.0) * 100.0
}

fn speed_row(operation: &Operation) -> El {
    let class = if operation.speed == Speed::Slower { "num danger-text" } else { "num ok-text" };
    let p_value = operation
        .p_value
        .map_or_else(String::new, |p| if p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {p:.3}") });
    let sure = strings::compare_sure(
        &p_value,
        &format::count(number(operation.count_before)),
        &format::count(number(operation.count_after)),
    );
    el("tr").add([
        name_cell(operation),
        text_el("td", "num", &format::duration(operation.median_before_ns)),
        text_el("td", "num", &format::duration(operation.median_after_ns)),
        text_el("td", class, &format!("{:+.0}\u{a0}%", percent(operation))),
        text_el("td", "muted", &sure),
    ])
}

fn query_counts(operations: &[&Operation]) -> Option<El> {
    let rows: Vec<El> = operations
        .iter()
        .map(|operation| {
            let more = operation.database_calls_after > operation.database_calls_before;
            el("tr").add([
                name_cell(operation),
                text_el("td", "num", &format::count(number(operation.database_calls_before))),
                text_el(
                    "td",
                    if more { "num danger-text" } else { "num ok-text" },
                    &format::count(number(operation.database_calls_after)),
                ),
            ])
        })
        .collect();
    let head = [strings::COMPARE_OPERATION, strings::RUNS_BEFORE, strings::RUNS_AFTER];
    (!rows.is_empty()).then(|| section(strings::COMPARE_QUERIES, table(&head, rows)))
}

fn signals(changes: &[Change]) -> Option<El> {
    let rows: Vec<El> = changes
        .iter()
        .map(|change| {
            let (class, word) = match change.breaking {
                true => ("tag tag-warn", strings::COMPARE_BREAKING),
                false => ("tag", strings::COMPARE_OTHER),
            };
            el("tr").add([
                el("td").add(text_el("span", class, word)),
                text_el("td", "", &change.subject),
                text_el("td", "", &change.message),
            ])
        })
        .collect();
    let heads = [quiet_head(strings::COMPARE_BREAKING), head(strings::COMPARE_WHAT), head(strings::COMPARE_CHANGE)];
    (!rows.is_empty()).then(|| {
        let table = el("table").class("plain-table").add([el("thead").add(el("tr").add(heads)), el("tbody").add(rows)]);
        section(strings::COMPARE_SIGNALS, el("div").class("table-place").add(table))
    })
}

fn others(diff: &RunDiff) -> Option<El> {
    let same = |operation: &&Operation| !differs(operation);
    let rows: Vec<El> = diff
        .operations
        .iter()
        .filter(same)
        .map(|operation| {
            el("tr").add([
                name_cell(operation),
                text_el("td", "num", &format::duration(operation.median_before_ns)),
                text_el("td", "num", &format::duration(operation.median_after_ns)),
                text_el(
                    "td",
                    "num muted",
                    &format!(
                        "{} / {}",
                        format::count(number(operation.count_before)),
                        format::count(number(operation.count_after))
                    ),
                ),
            ])
        })
        .collect();
    let head = [
        strings::COMPARE_OPERATION,
        strings::COMPARE_MEDIAN_BEFORE,
        strings::COMPARE_MEDIAN_AFTER,
        strings::RUNS_SPANS,
    ];
    (!rows.is_empty()).then(|| {
        let title = format!("{}: {}", strings::COMPARE_OTHERS, format::count(number(rows.len())));
        el("details").add([text_el("summary", "", &title), table(&head, rows)])
    })
}
