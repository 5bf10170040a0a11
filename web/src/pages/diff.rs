//! Two requests side by side: what differs in words, in the tree of operations, in attributes, plans and logs.

use leptos::prelude::*;
use telltale_api::diff::{DiffCell, DiffRow, DiffSide, PlanChange, TraceDiff, ValueChange};
use telltale_api::story::Outcome;
use wasm_bindgen_futures::spawn_local;

use crate::client::{self, Failure, Lifetime};
use crate::components::bits::{date_time, failure_box, go_link, service_chip, skeleton};
use crate::components::drawer::plan::plan_el;
use crate::components::tabs::switch;
use crate::components::timeline::percent;
use crate::dom::{El, el, hidden, sign, text_el};
use crate::nav::use_nav;
use crate::palette::Palette;
use crate::route::{Page, Route};
use crate::shared::Shared;
use crate::{format, strings};

/// The page; `b` may be `baseline`.
pub(crate) fn diff_page(a: &str, b: &str) -> El {
    document().set_title(strings::DIFF_DOCUMENT_TITLE);
    let lifetime = Lifetime::of_component();
    let answer = RwSignal::new(None::<Result<Shared<TraceDiff>, Failure>>);
    let url = client::diff_url(a, b);
    let load = move || {
        let url = url.clone();
        spawn_local(async move {
            let result = client::json::<TraceDiff>(&url, lifetime).await;
            if !lifetime.is_over() && result.as_ref().err() != Some(&Failure::Aborted) {
                answer.set(Some(result.map(Shared::new)));
            }
        });
    };
    load();
    let (a, b) = (a.to_owned(), b.to_owned());
    el("div").class("diff-page").children(move || match answer.get() {
        None => vec![text_el("h1", "", strings::DIFF_TITLE), skeleton(10)],
        Some(Err(failure)) => {
            let load = load.clone();
            vec![text_el("h1", "", strings::DIFF_TITLE), failure_box(strings::DIFF_FAILED, &failure, move || load())]
        }
        Some(Ok(diff)) => shown(&diff, &a, &b),
    })
}

fn shown(diff: &Shared<TraceDiff>, a: &str, b: &str) -> Vec<El> {
    let swapped = Route { page: Page::Diff { a: b.to_owned(), b: a.to_owned() }, ..Route::home() };
    let swap = (b.len() == 32).then(|| go_link(&swapped.url(), strings::DIFF_SWAP).class("button"));
    let sentences = diff.sentences.iter().map(|sentence| text_el("p", "", sentence));
    let told = el("section").class("verdict").label(strings::DIFF_TITLE).add_all(sentences);
    let mut parts = vec![
        el("div").class("diff-head").add(text_el("h1", "", strings::DIFF_TITLE)).add(swap),
        el("div").class("diff-sides").add([side("A", &diff.a), side("B", &diff.b)]),
        told,
    ];
    parts.extend(values(strings::DIFF_FACTS, &diff.facts));
    parts.push(tree(diff));
    parts.extend(diff.plans.iter().map(plan));
    parts.extend(logs(diff));
    parts
}

fn side(letter: &str, side: &DiffSide) -> El {
    let class = match side.outcome {
        Outcome::Ok => "badge badge-ok",
        Outcome::Failed => "badge badge-error",
        Outcome::Recovered => "badge badge-warn",
        Outcome::Unknown => "badge",
    };
    let first = side.trace_ids.first().map(String::as_str).unwrap_or_default();
    let name = if side.is_baseline {
        text_el("strong", "", &strings::diff_usual(side.trace_ids.len()))
    } else {
        go_link(&Route::story(first, None).url(), &side.title)
    };
    let line = el("p")
        .class("diff-side-name")
        .add([text_el("span", "diff-letter", letter), name])
        .add(side.status.as_ref().map(|status| text_el("span", class, status)))
        .add(text_el("span", "num story-duration", &format::duration(side.duration_ns.0)));
    let numbers = el("p").class("muted diff-numbers").add([
        text_el("code", "", first),
        date_time(side.start_unix_nano.0),
        text_el("span", "", &format::counted(side.span_count, "span")),
        text_el("span", "", &format::counted(side.error_count, "error")),
    ]);
    el("div").class("diff-side").add([line, numbers])
}

fn words(values: &[String]) -> String {
    if values.is_empty() { strings::DIFF_ABSENT.to_owned() } else { values.join(", ") }
}

fn values(title: &str, changes: &[ValueChange]) -> Option<El> {
    if changes.is_empty() {
        return None;
    }
    let rows = changes.iter().map(|change| {
        el("tr").add([
            text_el("th", "", &change.key).attr("scope", "row"),
            text_el("td", "diff-a", &words(&change.a)),
            text_el("td", "diff-b", &words(&change.b)),
        ])
    });
    let header = |words: &str| text_el("th", "", words).attr("scope", "col");
    let head = el("tr").add([header(strings::DIFF_WHAT), header("A"), header("B")]);
    let table = el("table").class("plain-table").add([el("thead").add(head), el("tbody").add_all(rows)]);
    Some(el("section").class("diff-part").add([text_el("h2", "", title), table]))
}

/// The operations of both; by default only those that differ.
fn tree(diff: &Shared<TraceDiff>) -> El {
    let nav = use_nav();
    let all = nav.param("all");
    let switch = switch(
        strings::DIFF_ONLY,
        move || all.get().is_none(),
        move |only| nav.replace_with(nav.place_now().with("all", (!only).then_some("1"))),
    );
    let diff = diff.clone();
    let table = move || {
        let only = all.get().is_none();
        let keep = kept(&diff.rows, only);
        let longest = diff.rows.iter().map(|row| row.delta_ns.0.unsigned_abs()).max().unwrap_or(1).max(1);
        let counts = diff.rows.iter().map(|row| (row.service_name.clone().unwrap_or_default(), 1)).collect();
        let palette = Palette::new(&counts);
        let shown = diff.rows.iter().zip(&keep).filter(|(_, keep)| **keep);
        let rows: Vec<El> = shown.map(|(row, _)| row_el(&palette, row, longest)).collect();
        let hidden_rows = keep.iter().filter(|keep| !**keep).count();
        let header = |class: &str, words: &str| text_el("th", class, words).attr("scope", "col");
        let head = el("tr").add([
            header("", strings::DIFF_OPERATION),
            header("num", "A"),
            header("num", "B"),
            header("num", strings::DIFF_DELTA),
            header("", strings::DIFF_CHANGE),
        ]);
        let note = if hidden_rows > 0 { strings::diff_same(hidden_rows) } else { String::new() };
        let left = if diff.rows_left_out > 0 { strings::diff_left_out(diff.rows_left_out) } else { String::new() };
        vec![
            el("table").class("plain-table diff-tree").add([el("thead").add(head), el("tbody").add(rows)]),
            text_el("p", "muted", &format!("{note} {left}")),
        ]
    };
    el("section").class("diff-part").add([
        el("div").class("panel-tools").add([text_el("h2", "", strings::DIFF_TREE), switch]),
        el("div").children(table),
    ])
}

/// Which rows are shown: those that differ, and the way to them.
fn kept(rows: &[DiffRow], only: bool) -> Vec<bool> {
    let mut keep: Vec<bool> = rows.iter().map(|row| !only || row.change != "same").collect();
    // From the end: a row is kept when one below it is.
    let mut wanted = u32::MAX;
    for (row, keep) in rows.iter().zip(&mut keep).rev() {
        if row.depth < wanted && wanted != u32::MAX {
            *keep = true;
        }
        if *keep {
            wanted = row.depth;
        }
    }
    keep
}

fn row_el(palette: &Palette, row: &DiffRow, longest: u64) -> El {
    let look = palette.look(row.service_name.as_deref());
    let name = el("td")
        .class("diff-name")
        .style("padding-left", &format!("{}px", row.depth.min(20) * 14))
        .add([service_chip(&look), text_el("span", "", &format!(" {}", row.name))]);
    let cell = |cell: Option<&DiffCell>| match cell {
        None => text_el("td", "num muted", "–"),
        Some(cell) => {
            let count = if cell.count > 1 { format!(" ×{}", cell.count) } else { String::new() };
            let failed = (cell.error_count > 0)
                .then(|| el("span").class("danger-text").add([sign(" ✖"), hidden(strings::ERROR_WORD)]));
            text_el("td", "num", &format!("{}{count}", format::duration(cell.duration_ns.0))).add(failed)
        }
    };
    let delta = row.delta_ns.0;
    let text = match delta {
        0 => "0".to_owned(),
        delta if delta > 0 => format!("+{}", format::duration(delta)),
        delta => format!("−{}", format::duration(delta.saturating_neg())),
    };
    #[expect(clippy::cast_precision_loss, reason = "the width of a bar")]
    let share = delta.unsigned_abs() as f64 / longest as f64 * 100.0;
    let bar = el("span")
        .class(if delta > 0 { "diff-bar diff-bar-slower" } else { "diff-bar" })
        .attr("aria-hidden", "true")
        .add(el("span").style("width", &percent(share)));
    let class = match row.change.as_str() {
        "added" => "tag diff-added",
        "removed" => "tag diff-removed",
        "slower" => "tag tag-warn",
        _ => "tag",
    };
    let changes = row.attributes.iter().map(|change| {
        text_el("p", "diff-attribute", &format!("{}: {} → {}", change.key, words(&change.a), words(&change.b)))
    });
    let change = (row.change != "same").then(|| text_el("span", class, strings::diff_change(&row.change)));
    el("tr").add([
        name,
        cell(row.a.as_ref()),
        cell(row.b.as_ref()),
        el("td").class("num").text(&text).add(bar),
        el("td").add(change).add_all(changes),
    ])
}

fn plan(change: &PlanChange) -> El {
    let half = |letter: &str, plan| el("div").add([text_el("h3", "", letter), plan_el(plan, false)]);
    el("section").class("diff-part").add([
        text_el("h2", "", &strings::diff_plan(&change.operation)),
        text_el("p", "", &change.text),
        el("div").class("diff-plans").add([half("A", &change.a), half("B", &change.b)]),
    ])
}

fn logs(diff: &TraceDiff) -> Option<El> {
    if diff.logs.is_empty() {
        return None;
    }
    let lines = diff.logs.iter().map(|log| {
        let (class, side) = if log.change == "added" { ("diff-added", "B") } else { ("diff-removed", "A") };
        let count = if log.count > 1 { format!(" ×{}", log.count) } else { String::new() };
        let level = match log.level.as_str() {
            "error" => "severity danger-text",
            "warn" => "severity warn-text",
            _ => "severity muted",
        };
        el("li").class("diff-log").add([
            text_el("span", &format!("tag {class}"), &strings::diff_only_in(side)),
            text_el("span", level, &log.level),
            text_el("span", "muted", log.service_name.as_deref().unwrap_or_default()),
            text_el("code", "", &format!("{}{count}", log.text)),
        ])
    });
    let list = el("ul").class("drawer-list").add_all(lines);
    Some(el("section").class("diff-part").add([text_el("h2", "", strings::DIFF_LOGS), list]))
}
