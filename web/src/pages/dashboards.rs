//! Dashboards: the list, and one of them.
//!
//! The address is the state: the time (`time_range`), and `var-NAME` for each value that is chosen of a variable, `$all` for all of them.

use leptos::prelude::*;
use telltale_api::dashboard::{DashboardAnswer, DashboardLine, DashboardList, FileProblem, Origin, seconds};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use crate::client::{self, Failure, Lifetime};
use crate::components::bits::{failure_box, go_link, skeleton, words};
use crate::components::time_range::{Usual, share_crosshair, tools, use_range};
use crate::dom::{El, el, text_el};
use crate::nav::use_nav;
use crate::route::Place;
use crate::strings;

mod arrange;
mod editor;
mod panels;
mod variables;

/// The list, or the dashboard of the path.
pub(crate) fn dashboards(path: &str) -> El {
    match path.strip_prefix("/dashboards/") {
        Some(name) => one(name),
        None => list(),
    }
}

fn list() -> El {
    document().set_title(strings::DASHBOARDS_TITLE);
    let lifetime = Lifetime::of_component();
    let found = RwSignal::new(None::<Result<DashboardList, Failure>>);
    let load = move || {
        spawn_local(async move {
            let result = client::json(telltale_api::routes::DASHBOARDS, lifetime).await;
            if !lifetime.is_over() && result != Err(Failure::Aborted) {
                found.set(Some(result));
            }
        });
    };
    load();
    let body = el("div").class("dashboards").children(move || match found.get() {
        None => vec![skeleton(6)],
        Some(Err(failure)) => vec![failure_box(strings::DASHBOARDS_FAILED, &failure, load)],
        Some(Ok(list)) => listed(&list),
    });
    el("div").class("page-narrow").add([text_el("h1", "", strings::DASHBOARDS_TITLE), body])
}

fn listed(list: &DashboardList) -> Vec<El> {
    let mut out: Vec<El> = list.problems.iter().map(problem).collect();
    for (origin, title, empty) in [
        (Origin::Saved, strings::DASHBOARDS_SAVED, strings::DASHBOARDS_SAVED_NONE),
        (Origin::File, strings::DASHBOARDS_FILES, strings::DASHBOARDS_FILES_NONE),
        (Origin::BuiltIn, strings::DASHBOARDS_BUILT_IN, strings::DASHBOARDS_BUILT_IN_NONE),
    ] {
        let lines: Vec<El> = list.dashboards.iter().filter(|line| line.origin == origin).map(line).collect();
        let place = match origin {
            Origin::Saved => Some(list.saved_in.as_str()),
            Origin::File => list.folder.as_deref(),
            Origin::BuiltIn => None,
        };
        out.push(el("h2").text(title).text(" ").add(place.map(|place| text_el("code", "muted", place))));
        out.push(if lines.is_empty() {
            text_el("p", "muted", empty)
        } else {
            el("ul").class("dashboard-list").add_all(lines.into_iter())
        });
    }
    if !list.read_only {
        out.push(opener());
    }
    out
}

fn line(line: &DashboardLine) -> El {
    let notes = (line.notes > 0).then(|| text_el("span", "tag", &strings::dashboard_notes(line.notes)));
    el("li").add([
        el("p")
            .add(go_link(&format!("/dashboards/{}", crate::route::encode(&line.name)), &line.title))
            .text(" ")
            .add(text_el("span", "muted", &strings::dashboard_panels(line.panels)))
            .text(" ")
            .add(notes),
        text_el("p", "muted", &line.description),
    ])
}

fn problem(problem: &FileProblem) -> El {
    let place = match problem.line {
        0 => problem.path.clone(),
        line => format!("{}:{line}:{}", problem.path, problem.column),
    };
    el("section")
        .class("failure")
        .attr("role", "alert")
        .add(text_el("p", "", &format!("{place}: {}", problem.message)))
        .add(problem.hint.as_ref().map(|hint| text_el("p", "muted", hint)))
}

/// A place for Grafana's JSON or TOML: pasted, chosen or dropped; and a new one.
fn opener() -> El {
    let nav = use_nav();
    let lifetime = Lifetime::of_component();
    let text = RwSignal::new(String::new());
    let failed = RwSignal::new(None::<Failure>);
    let open = move |content: String, name: String| {
        spawn_local(async move {
            match client::open_dashboard(&name, &content, lifetime).await {
                Ok(answer) => nav.go_to(Place::at(&format!("/dashboards/{}", crate::route::encode(&answer.name)))),
                Err(Failure::Aborted) => {}
                Err(failure) => failed.set(Some(failure)),
            }
        });
    };
    let file = move |file: web_sys::File| {
        spawn_local(async move {
            let read = JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string());
            if let Some(content) = read {
                open(content, file.name());
            }
        });
    };
    let picker = el("input").attr("type", "file").attr("accept", ".json,.toml").label(strings::DASHBOARD_FILE).on(
        "change",
        move |event| {
            let input = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
            if let Some(chosen) = input.and_then(|input| input.files()).and_then(|files| files.get(0)) {
                file(chosen);
            }
        },
    );
    let area = el("textarea")
        .class("dashboard-text")
        .attr("rows", "6")
        .attr("spellcheck", "false")
        .attr("placeholder", strings::DASHBOARD_PASTE)
        .label(strings::DASHBOARD_PASTE)
        .on_input(move |typed| text.set(typed))
        .on("dragover", |event| event.prevent_default())
        .on("drop", move |event| {
            let event: &web_sys::DragEvent = event.unchecked_ref();
            if let Some(dropped) = event.data_transfer().and_then(|data| data.files()).and_then(|files| files.get(0)) {
                event.prevent_default();
                file(dropped);
            }
        });
    let button = text_el("button", "button button-main", strings::DASHBOARD_OPEN)
        .attr("type", "button")
        .on_click(move || open(text.get_untracked(), strings::DASHBOARD_PASTED.to_owned()));
    let new = text_el("button", "button", strings::DASHBOARD_NEW)
        .attr("type", "button")
        .on_click(move || open(strings::DASHBOARD_TEMPLATE.to_owned(), String::new()));
    let failure = el("div").children(move || {
        failed.get().map(|failure| {
            let (reason, hint) = words(&failure);
            el("section")
                .class("failure")
                .attr("role", "alert")
                .add(text_el("p", "", &reason))
                .add(hint.map(|hint| text_el("p", "muted", &hint)))
        })
    });
    el("section").class("page-part").add([
        text_el("h2", "", strings::DASHBOARD_OPEN_TITLE),
        area,
        el("div").class("charts-tools").add([button, picker, new]),
        failure,
    ])
}

fn one(name: &str) -> El {
    let lifetime = Lifetime::of_component();
    let found = RwSignal::new(None::<Result<DashboardAnswer, Failure>>);
    let wanted = StoredValue::new(name.to_owned());
    let load = move || {
        spawn_local(async move {
            let Some(name) = wanted.try_get_value() else { return };
            let result = client::dashboard(&name, lifetime).await;
            if !lifetime.is_over() && result != Err(Failure::Aborted) {
                found.set(Some(result));
            }
        });
    };
    load();
    el("div").class("dashboard").children(move || match found.get() {
        None => vec![skeleton(8)],
        Some(Err(failure)) => vec![failure_box(strings::DASHBOARD_FAILED, &failure, load)],
        Some(Ok(answer)) => shown(answer, found),
    })
}

fn shown(answer: DashboardAnswer, found: RwSignal<Option<Result<DashboardAnswer, Failure>>>) -> Vec<El> {
    let dashboard = answer.dashboard.clone();
    document().set_title(&dashboard.title);
    share_crosshair();
    let usual = Usual { seconds: seconds(&dashboard.range).unwrap_or(3_600), live: dashboard.live };
    let range = use_range(usual);
    let chosen = variables::Variables::new(&dashboard.variables, range);
    let fields = chosen.fields();
    let text = (!dashboard.description.is_empty()).then(|| text_el("p", "muted", &dashboard.description));
    let head = el("div").class("dashboard-head").add(text_el("h1", "", &dashboard.title)).add(text);
    let objectives = (answer.name == "service-red").then(|| crate::pages::slos::cards(chosen.values(), "service"));
    let arrange = arrange::Arrange::new(&dashboard);
    let bars = [editor::bar(&answer, found, arrange.button()), arrange.bar(&answer, found)];
    let mut out = vec![head];
    out.extend(bars);
    out.extend([tools(usual), fields]);
    out.extend(objectives);
    out.extend(panels::all(&dashboard, range, chosen.values(), arrange));
    out
}
