//! The tests of one run: outcome, time, the way to the story, and of those that failed what they said.

use std::cmp::Reverse;

use leptos::prelude::*;
use telltale_signals::join::{How, TestTrace};
use telltale_signals::junit::Outcome;
use telltale_signals::results::{Results, Test};

use super::head;
use crate::components::bits::go_link;
use crate::components::tabs::switch;
use crate::dom::{El, el, sign, text_el};
use crate::nav::use_nav;
use crate::route::Route;
use crate::shared::Shared;
use crate::{format, strings};

/// Tests that are listed at once; the button below shows the rest.
const ROWS: usize = 500;

/// The section.
pub(super) fn tests(results: &Shared<Results>) -> Option<El> {
    if results.tests.is_empty() {
        return None;
    }
    let nav = use_nav();
    let only = nav.param("failing");
    let all = RwSignal::new(false);
    let failed = results.count(Outcome::is_bad);
    let number = |count: usize| format::count(u64::try_from(count).unwrap_or(u64::MAX));
    let title = format!(
        "{}: {}",
        strings::RUNS_TESTS_COLUMN,
        strings::of_failed(&number(failed), &number(results.tests.len()))
    );
    let filter = switch(
        strings::TESTS_BAD_ONLY,
        move || only.get().is_some(),
        move |on| nav.replace_with(nav.place_now().with("failing", on.then_some("1"))),
    );
    let results = results.clone();
    let table = move || {
        let mut shown: Vec<&Test> =
            results.tests.iter().filter(|test| only.get().is_none() || test.case.outcome.is_bad()).collect();
        shown.sort_by_key(|test| (!test.case.outcome.is_bad(), Reverse(test.case.duration_ns)));
        let count = shown.len();
        let limit = if all.get() { usize::MAX } else { ROWS };
        let heads = [strings::TEST_NAME, strings::TEST_OUTCOME, strings::RUNS_TOOK, strings::TEST_TRACE];
        let table = el("table").class("plain-table runs-tests").add([
            el("thead").add(el("tr").add_all(heads.into_iter().map(head))),
            el("tbody").add_all(shown.into_iter().take(limit).map(row)),
        ]);
        let more = (count > limit).then(|| {
            text_el("button", "button", &strings::shown_of(&number(limit), &number(count)))
                .attr("type", "button")
                .on_click(move || all.set(true))
        });
        vec![el("div").class("table-place").add(table), el("p").add(more)]
    };
    Some(
        el("section")
            .class("page-part")
            .add([el("div").class("panel-tools").add([text_el("h2", "", &title), filter]), el("div").children(table)]),
    )
}

fn row(test: &Test) -> El {
    let case = &test.case;
    let (class, mark, word) = outcome(case.outcome);
    let badge = el("span").class(class).add([sign(mark), text_el("span", "", word)]);
    let took = format::duration(i64::try_from(case.duration_ns).unwrap_or(i64::MAX));
    el("tr").class(if case.outcome.is_bad() { "runs-test-bad" } else { "" }).add([
        el("td").add(text_el("span", "", &test.name())).add(said(test)),
        el("td").add(badge),
        text_el("td", "num", &took),
        el("td").add(story(test.trace.as_ref())),
    ])
}

/// What a test that failed said.
fn said(test: &Test) -> Option<El> {
    let case = &test.case;
    let text = [&case.message, &case.details].map(String::as_str).into_iter().filter(|text| !text.trim().is_empty());
    // Most writers repeat the message at the head of the text.
    let mut texts: Vec<&str> = text.collect();
    if let [message, details] = texts.as_slice()
        && details.contains(message.trim())
    {
        texts = vec![details];
    }
    let first = case.message.lines().next().unwrap_or_default();
    if !case.outcome.is_bad() || (texts.is_empty() && case.output.is_empty()) {
        return None;
    }
    let pre = |text: &str| text_el("pre", "runs-text", text).attr("tabindex", "0");
    let output = (!case.output.trim().is_empty())
        .then(|| el("div").add([text_el("p", "muted", strings::TEST_PRINTED_TEXT), pre(case.output.trim_end())]));
    Some(
        el("details")
            .add(text_el("summary", "", first))
            .add_all(texts.into_iter().map(|text| pre(text.trim_end())))
            .add(output),
    )
}

fn outcome(outcome: Outcome) -> (&'static str, &'static str, &'static str) {
    match outcome {
        Outcome::Passed => ("badge badge-ok", "✓", "passed"),
        Outcome::Failed => ("badge badge-error", "✗", "failed"),
        Outcome::Error => ("badge badge-error", "✗", "error"),
        Outcome::Skipped => ("badge", "–", "skipped"),
        Outcome::Flaky => ("badge badge-warn", "~", "flaky"),
    }
}

/// The way to a test's story, and how sure it is.
pub(super) fn story(trace: Option<&TestTrace>) -> Vec<El> {
    let Some(trace) = trace else { return vec![text_el("span", "muted", strings::TEST_NO_TRACE)] };
    let link = go_link(&Route::story(&trace.trace_id, trace.span_id.as_deref()).url(), strings::TEST_STORY)
        .attr("title", &trace.trace_id);
    let how = match trace.how {
        How::Property | How::Attribute => None,
        How::Output => Some(strings::TEST_PRINTED),
        How::Overlap => Some(strings::TEST_GUESS),
    };
    let mut parts = vec![link];
    parts.extend(how.map(|words| text_el("span", "muted runs-how", words)));
    parts
}
