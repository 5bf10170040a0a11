//! The red/green board: the promises of the signals file, judged as data arrives and as the file is saved.

use leptos::prelude::*;
use telltale_api::routes;
use telltale_api::run::Mark;
use telltale_signals::Report;
use telltale_signals::board::{Board, Mistake};
use wasm_bindgen_futures::spawn_local;

use crate::announce::use_announcer;
use crate::client::{self, Failure, Lifetime};
use crate::components::bits::{failure_box, skeleton, words};
use crate::components::tabs::switch;
use crate::components::timeline::percent;
use crate::components::verdicts::verdicts;
use crate::dom::{El, el, text_el};
use crate::live::use_live;
use crate::nav::use_nav;
use crate::pages::runs::begin_run;
use crate::prefs::{now_nanos, use_prefs};
use crate::shared::Shared;
use crate::{format, strings};

/// What the page knows. One question at a time: what arrives meanwhile is in the next one.
#[derive(Clone, Copy)]
struct State {
    answer: RwSignal<Option<Result<Shared<Board>, Failure>>>,
    lifetime: Lifetime,
    is_asking: StoredValue<bool>,
    is_stale: StoredValue<bool>,
}

impl State {
    fn load(self) {
        if self.is_asking.get_value() {
            self.is_stale.set_value(true);
            return;
        }
        self.is_asking.set_value(true);
        spawn_local(async move {
            let answer = client::json::<Board>(routes::SIGNALS, self.lifetime).await;
            if self.lifetime.is_over() {
                return;
            }
            self.is_asking.set_value(false);
            if answer.as_ref().err() != Some(&Failure::Aborted) {
                // An equal board stays, so that what the reader has open or selected does.
                let is_same = self.answer.with_untracked(|known| match (known, &answer) {
                    (Some(Ok(known)), Ok(board)) => **known == *board,
                    _ => false,
                });
                if !is_same {
                    self.answer.set(Some(answer.map(Shared::new)));
                }
            }
            if self.is_stale.get_value() {
                self.is_stale.set_value(false);
                self.load();
            }
        });
    }
}

/// The page.
pub(crate) fn signals() -> El {
    document().set_title(strings::BOARD_DOCUMENT_TITLE);
    let state = State {
        answer: RwSignal::new(None),
        lifetime: Lifetime::of_component(),
        is_asking: StoredValue::new(false),
        is_stale: StoredValue::new(false),
    };
    state.load();
    let live = use_live();
    Effect::new(move |first: Option<()>| {
        let batch = live.batch.get();
        let counts = batch.spans + batch.logs + batch.points > 0;
        if first.is_some() && (counts || batch.missed || batch.signals) {
            state.load();
        }
    });
    let nav = use_nav();
    let red = nav.param("red");
    let red_only = Memo::new(move |_| red.get().is_some());
    let filter = switch(
        strings::BOARD_RED_ONLY,
        move || red_only.get(),
        move |on| nav.replace_with(nav.place_now().with("red", on.then_some("1"))),
    );
    let is_live = Memo::new(move |_| state.answer.with(|answer| matches!(answer, Some(Ok(board)) if board.is_live)));
    let tools =
        el("div").class("board-tools").add(filter).add(el("div").children(move || is_live.get().then(|| anew(state))));
    let head = el("div").class("board-head").add([text_el("h1", "", strings::BOARD_TITLE), tools]);
    let shown = move || match state.answer.get() {
        None => vec![skeleton(6)],
        Some(Err(failure)) => vec![failure_box(strings::BOARD_FAILED, &failure, move || state.load())],
        Some(Ok(board)) => parts(&board, red_only.get()),
    };
    el("div").class("runs").add([head, el("div").class("page-part").children(shown)])
}

/// Begins a run, so that only what arrives from now on counts.
fn anew(state: State) -> El {
    let (prefs, announcer) = (use_prefs(), use_announcer());
    text_el("button", "button", strings::BOARD_ANEW)
        .id("board-anew")
        .attr("type", "button")
        .attr("title", strings::BOARD_ANEW_TITLE)
        .on_click(move || {
            let now = now_nanos();
            let mark = Mark { name: format!("board {}", format::clock(now, prefs.zone_minutes(now))) };
            spawn_local(async move {
                match begin_run(&mark, state.lifetime).await {
                    Ok(_) => state.load(),
                    Err(failure) => announcer.say(words(&failure).0),
                }
            });
        })
}

fn parts(board: &Board, red_only: bool) -> Vec<El> {
    let judged = match &board.run {
        Some(run) => strings::board_of_run(run),
        None => strings::BOARD_SINCE_START.to_owned(),
    };
    match (&board.report, &board.problem) {
        (Some(report), _) => report_parts(report, &judged, red_only),
        (None, Some(problem)) => mistake(problem),
        (None, None) => vec![text_el("p", "", strings::BOARD_NO_REPORT)],
    }
}

fn report_parts(report: &Report, judged: &str, red_only: bool) -> Vec<El> {
    let count = |number: usize| format::count(u64::try_from(number).unwrap_or(u64::MAX));
    let counted = |number: usize, noun: &str| format::counted(u64::try_from(number).unwrap_or(u64::MAX), noun);
    let all = report.met + report.not_met;
    #[expect(clippy::cast_precision_loss, reason = "the width of a bar")]
    let share = report.met as f64 / all.max(1) as f64 * 100.0;
    let seen = strings::board_seen(
        &counted(report.seen.spans, "span"),
        &counted(report.seen.logs, "log"),
        &count(report.seen.series),
    );
    let class = if report.is_met() { "board-count ok-text" } else { "board-count danger-text" };
    vec![
        text_el("p", class, &strings::of_met(&count(report.met), &count(all))).attr("role", "status"),
        el("div").class("board-bar").attr("aria-hidden", "true").add(el("span").style("width", &percent(share))),
        text_el("p", "muted", &format!("{} · {judged} · {seen}", report.file)),
        verdicts(report, red_only),
    ]
}

fn mistake(problem: &Mistake) -> Vec<El> {
    let title = if problem.is_missing { strings::BOARD_MISSING } else { strings::BOARD_MISTAKE };
    let class = if problem.is_missing { "notice" } else { "failure" };
    let told = el("section")
        .class(class)
        .attr("role", "status")
        .add([text_el("h2", "", title), text_el("p", "", &problem.message)])
        .add(problem.hint.as_ref().map(|hint| text_el("p", "muted", hint)));
    let mut parts = vec![told];
    if problem.is_missing {
        parts.push(text_el("p", "", strings::BOARD_EXAMPLE_TITLE));
        parts.push(text_el("pre", "runs-text", strings::BOARD_EXAMPLE).attr("tabindex", "0"));
    }
    parts
}
