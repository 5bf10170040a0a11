//! Runs: their list with the tests of all of them, one run, and two of them compared.
//!
//! `/runs` is the list; with `a` and `b` two runs are compared. `/runs/NAME` is one run.

use leptos::prelude::*;
use telltale_api::routes;
use telltale_api::run::{Mark, Run, RunList};
use wasm_bindgen_futures::spawn_local;

use crate::announce::use_announcer;
use crate::client::{self, Failure, Lifetime};
use crate::components::bits::{ago, date_time, failure_box, go_link, skeleton, words};
use crate::dom::{El, el, hidden, sign, text_el};
use crate::live::use_live;
use crate::nav::use_nav;
use crate::route::{Place, encode};
use crate::{format, strings};

mod compare;
mod history;
mod show;
mod tests;

pub(crate) use show::run_page;

/// Returns the address of a run's page.
pub(crate) fn run_url(name: &str) -> String {
    format!("/runs/{}", encode(name))
}

/// Returns the address of two runs compared.
pub(crate) fn compare_place(a: &str, b: &str) -> Place {
    Place::at("/runs").with("a", Some(a)).with("b", Some(b))
}

/// The page: the list, or two runs compared.
pub(crate) fn runs() -> El {
    let nav = use_nav();
    let (a, b) = (nav.param("a"), nav.param("b"));
    el("div").children(move || match (a.get(), b.get()) {
        (Some(a), Some(b)) => compare::compare(&a, &b),
        _ => list_page(),
    })
}

/// Asks once, and again whenever `load` is called.
pub(crate) struct Asked<T: Send + Sync + 'static> {
    pub(crate) answer: RwSignal<Option<Result<crate::shared::Shared<T>, Failure>>>,
    pub(crate) load: Callback<()>,
}

/// Asks for JSON and keeps the answer; an equal one changes nothing on the page.
pub(crate) fn ask<T: serde::de::DeserializeOwned + PartialEq + Send + Sync + 'static>(url: String) -> Asked<T> {
    let lifetime = Lifetime::of_component();
    let answer = RwSignal::new(None);
    let load = Callback::new(move |()| {
        let url = url.clone();
        spawn_local(async move {
            let result = client::json::<T>(&url, lifetime).await;
            if lifetime.is_over() || result.as_ref().err() == Some(&Failure::Aborted) {
                return;
            }
            let is_same = answer.with_untracked(|known: &Option<Result<crate::shared::Shared<T>, Failure>>| {
                matches!((known, &result), (Some(Ok(known)), Ok(new)) if **known == *new)
            });
            if !is_same {
                answer.set(Some(result.map(crate::shared::Shared::new)));
            }
        });
    });
    load.run(());
    Asked { answer, load }
}

fn list_page() -> El {
    document().set_title(&format!("{} · telltale", strings::RUNS_TITLE));
    let asked = ask::<RunList>(routes::RUNS.to_owned());
    let (answer, load) = (asked.answer, asked.load);
    let chosen = [RwSignal::new(None), RwSignal::new(None)];
    let live = use_live();
    Effect::new(move |first: Option<()>| {
        // A run that was begun elsewhere: on the command line, on the board.
        let batch = live.batch.get();
        if first.is_some() && (batch.signals || batch.missed) {
            load.run(());
        }
    });
    let list = el("div").class("page-part").children(move || match answer.get() {
        None => vec![skeleton(6)],
        Some(Err(failure)) => vec![failure_box(strings::RUNS_FAILED, &failure, move || load.run(()))],
        Some(Ok(list)) => {
            let mut parts: Vec<El> = Vec::new();
            if list.runs.is_empty() {
                parts.push(text_el("p", "", strings::RUNS_NONE));
                parts.push(text_el("p", "muted", strings::RUNS_NONE_MARK));
                parts.push(text_el("p", "muted", strings::RUNS_NONE_RUN));
            } else {
                parts.push(table(&list.runs, chosen));
                parts.push(history::history());
            }
            parts
        }
    });
    // Beside the list and not in it: what is being typed stays when the list changes.
    let takes_marks = Memo::new(move |_| answer.with(|answer| matches!(answer, Some(Ok(list)) if list.takes_marks)));
    let form = el("div").children(move || takes_marks.get().then(|| mark_form(load)));
    el("div").class("runs").add([text_el("h1", "", strings::RUNS_TITLE), form, list])
}

/// Begins a run.
fn mark_form(load: Callback<()>) -> El {
    let name = RwSignal::new(String::new());
    let (announcer, lifetime) = (use_announcer(), Lifetime::of_component());
    let begin = move || {
        let mark = Mark { name: name.get_untracked().trim().to_owned() };
        if mark.name.is_empty() {
            return;
        }
        spawn_local(async move {
            match begin_run(&mark, lifetime).await {
                // The live stream tells it to other pages; this one need not wait for that.
                Ok(_) => {
                    name.set(String::new());
                    load.run(());
                }
                Err(failure) => announcer.say(words(&failure).0),
            }
        });
    };
    let field = el("input")
        .id("run-name")
        .attr("type", "text")
        .attr("autocomplete", "off")
        .attr("maxlength", "200")
        .attr("placeholder", strings::RUNS_NAME_HINT)
        .dyn_value(move || name.get())
        .on_input(move |text| name.set(text))
        .on_key(move |event| {
            if event.key() == "Enter" {
                event.prevent_default();
                begin();
            }
        });
    let label = text_el("label", "", strings::RUNS_NAME).attr("for", "run-name");
    let button = text_el("button", "button button-main", strings::RUNS_MARK).attr("type", "button").on_click(begin);
    el("div").class("runs-mark").attr("role", "group").label(strings::RUNS_MARK_FORM).add([label, field, button])
}

/// Asks the server to begin a run.
pub(crate) async fn begin_run(mark: &Mark, lifetime: Lifetime) -> Result<Run, Failure> {
    let body = serde_json::to_string(mark).map_err(|error| Failure::Unreadable(error.to_string()))?;
    client::post(routes::RUNS, "application/json", &body, lifetime).await
}

/// The table, with the choice of two to compare: the newest against the one before it, until the reader chooses.
fn table(runs: &[Run], chosen: [RwSignal<Option<String>>; 2]) -> El {
    let nav = use_nav();
    let name_at = |at: usize| runs.get(at).map(|run| run.name.clone()).unwrap_or_default();
    let standard = [name_at(1.min(runs.len().saturating_sub(1))), name_at(0)];
    let [before, after] = [0, 1].map(|side: usize| {
        let (chosen, standard) = (chosen.get(side).copied(), standard.get(side).cloned().unwrap_or_default());
        Memo::new(move |_| chosen.and_then(|chosen| chosen.get()).unwrap_or_else(|| standard.clone()))
    });
    let [choose_before, choose_after] = chosen;
    let choice =
        move |group: &'static str, words: &str, shown: Memo<String>, chosen: RwSignal<Option<String>>, name: &str| {
            let (own, other) = (name.to_owned(), name.to_owned());
            let field = el("input")
                .attr("type", "radio")
                .attr("name", group)
                .label(&format!("{words}: {name}"))
                .dyn_checked(move || shown.get() == own)
                .on_check(move |_| chosen.set(Some(other.clone())));
            el("td").class("runs-choice").add(field)
        };
    let comparable = runs.len() > 1;
    let has_outcomes = runs.iter().any(|run| run.outcome.is_some());
    let rows = runs.iter().map(|run| {
        let choices = comparable.then(|| {
            vec![
                choice("before", strings::RUNS_BEFORE, before, choose_before, &run.name),
                choice("after", strings::RUNS_AFTER, after, choose_after, &run.name),
            ]
        });
        el("tr").add(choices.unwrap_or_default()).add(row(run, has_outcomes))
    });
    let mut heads = Vec::new();
    if comparable {
        heads.extend([strings::RUNS_BEFORE, strings::RUNS_AFTER]);
    }
    heads.push(strings::RUNS_NAME_COLUMN);
    if has_outcomes {
        heads.extend([
            strings::RUNS_RESULT,
            strings::RUNS_TESTS_COLUMN,
            strings::RUNS_SIGNALS,
            strings::RUNS_SPANS,
            strings::RUNS_LOGS_COLUMN,
        ]);
    }
    heads.extend([strings::RUNS_BEGAN, strings::RUNS_TOOK]);
    if has_outcomes {
        heads.push(strings::RUNS_REVISION);
    }
    let table = el("table")
        .class("plain-table runs-table")
        .add([el("thead").add(el("tr").add_all(heads.into_iter().map(head))), el("tbody").add_all(rows)]);
    let compare = comparable.then(|| {
        text_el("button", "button", strings::RUNS_COMPARE)
            .attr("type", "button")
            .id("runs-compare")
            .dyn_attr("disabled", move || (before.get() == after.get()).then(String::new))
            .on_click(move || nav.go_to(compare_place(&before.get_untracked(), &after.get_untracked())))
    });
    el("div")
        .class("page-part")
        .add(el("div").class("table-place").add(table))
        .add(compare.map(|button| el("p").add(button)))
}

/// A heading of a column.
pub(crate) fn head(words: &str) -> El {
    text_el("th", "", words).attr("scope", "col")
}

fn row(run: &Run, has_outcomes: bool) -> Vec<El> {
    let mut cells = vec![el("td").add(go_link(&run_url(&run.name), &run.name))];
    let count = |value: u64| text_el("td", "num", &format::count(value));
    if let Some(outcome) = run.outcome {
        let tests = if outcome.failed > 0 {
            strings::of_failed(&format::count(outcome.failed), &format::count(outcome.tests))
        } else {
            format::count(outcome.tests)
        };
        let all = outcome.met + outcome.not_met;
        let signals =
            if all > 0 { strings::of_met(&format::count(outcome.met), &format::count(all)) } else { "–".to_owned() };
        cells.extend([
            el("td").add(result_badge(outcome.is_good)),
            text_el("td", if outcome.failed > 0 { "danger-text" } else { "" }, &tests),
            text_el("td", if outcome.not_met > 0 { "danger-text" } else { "" }, &signals),
            count(outcome.spans),
            count(outcome.logs),
        ]);
    } else if has_outcomes {
        cells.extend((0..5).map(|_| text_el("td", "muted", "–")));
    }
    cells.push(el("td").add(date_time(run.start_unix_nano.0)));
    cells.push(match run.end_unix_nano {
        Some(end) => text_el("td", "num", &format::duration(span_ns(run.start_unix_nano.0, end.0))),
        None => el("td").add([text_el("span", "badge badge-live", strings::RUNS_OPEN), ago(run.start_unix_nano.0)]),
    });
    if has_outcomes {
        cells.push(el("td").add(text_el("code", "", &short_revision(run))));
    }
    cells
}

/// A length between two times.
pub(crate) fn span_ns(start: u64, end: u64) -> i64 {
    i64::try_from(end.saturating_sub(start)).unwrap_or(i64::MAX)
}

fn short_revision(run: &Run) -> String {
    let revision = run.attributes.iter().find(|(key, _)| key == "vcs.ref.head.revision");
    revision.map(|(_, value)| value.chars().take(9).collect()).unwrap_or_default()
}

/// Whether a run went well.
pub(crate) fn result_badge(is_good: bool) -> El {
    let (class, mark, word) = match is_good {
        true => ("badge badge-ok", "✓", strings::RUN_GOOD),
        false => ("badge badge-error", "✗", strings::RUN_BAD),
    };
    el("span").class(class).add([sign(mark), text_el("span", "", word)])
}

/// A note for screen readers in an otherwise empty heading.
pub(crate) fn quiet_head(words: &str) -> El {
    el("th").attr("scope", "col").add(hidden(words))
}
