//! The tests of all runs that are shown: flaky, failing, slow.

use leptos::prelude::*;
use telltale_api::routes;
use telltale_signals::results::{TestHistory, TestList};

use super::tests::story;
use super::{ask, head, run_url};
use crate::components::bits::go_link;
use crate::dom::{El, el, text_el};
use crate::{format, strings};

/// Passing tests that are listed before the reader asks for all.
const PASSING: usize = 20;

/// The section; nothing while there are no tests.
pub(super) fn history() -> El {
    let asked = ask::<TestList>(routes::RUNS_TESTS.to_owned());
    let all = RwSignal::new(false);
    el("div").children(move || match asked.answer.get() {
        Some(Ok(list)) if !list.tests.is_empty() => Some(section(&list, all)),
        _ => None,
    })
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn section(list: &TestList, all: RwSignal<bool>) -> El {
    let is_noted = |test: &&TestHistory| test.is_flaky || test.failed > 0;
    let noted = list.tests.iter().filter(is_noted).count();
    let limit = if all.get() { list.tests.len() } else { noted + PASSING };
    let left = list.tests.len().saturating_sub(limit);
    let heads = [
        strings::TEST_NAME,
        strings::RUNS_RESULT,
        strings::TEST_FAILED_COLUMN,
        strings::TEST_MEDIAN,
        strings::TEST_LONGEST,
        strings::TEST_LAST_FAILURE,
    ];
    let table = el("table").class("plain-table runs-tests runs-history").add([
        el("thead").add(el("tr").add_all(heads.into_iter().map(head))),
        el("tbody").add_all(list.tests.iter().take(limit).map(row)),
    ]);
    let more = (left > 0).then(|| {
        text_el("button", "button", &strings::tests_more(&format::count(number(left))))
            .attr("type", "button")
            .on_click(move || all.set(true))
    });
    el("section")
        .class("page-part")
        .add([
            text_el("h2", "", &strings::tests_of_runs(&format::counted(number(list.runs), "run"))),
            text_el("p", "muted", strings::TEST_FLAKY_MEANS),
            el("div").class("table-place").add(table),
        ])
        .add(more.map(|button| el("p").add(button)))
}

fn row(test: &TestHistory) -> El {
    let (class, word) = match (test.is_flaky, test.failed) {
        (true, _) => ("badge badge-warn", strings::TEST_FLAKY),
        (false, 0) => ("badge badge-ok", strings::TEST_PASSING),
        (false, _) => ("badge badge-error", strings::TEST_FAILING),
    };
    let ns = |ns: u64| format::duration(i64::try_from(ns).unwrap_or(i64::MAX));
    let failed = test.failed_in.as_ref().map(|failed| {
        let trace = failed.trace.as_ref().map(|trace| story(Some(trace))).unwrap_or_default();
        el("div")
            .class("runs-last")
            .add(trace)
            .add([go_link(&run_url(&failed.run), &failed.run), text_el("span", "muted", &failed.message)])
    });
    el("tr").add([
        text_el("td", "", &test.name),
        el("td").add(text_el("span", class, word)),
        text_el("td", "num", &format!("{} / {}", format::count(number(test.failed)), format::count(number(test.runs)))),
        text_el("td", "num", &ns(test.median_ns)),
        text_el("td", "num", &ns(test.longest_ns)),
        el("td").add(failed),
    ])
}
