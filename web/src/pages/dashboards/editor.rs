//! The bar of a dashboard: where it lies, its text to edit, export, removal; and what of another tool's dashboard is not here.

use leptos::prelude::*;
use telltale_api::dashboard::{DashboardAnswer, Origin};
use wasm_bindgen_futures::spawn_local;

use crate::announce::use_announcer;
use crate::client::{self, Failure, Lifetime};
use crate::components::bits::{go_link, words};
use crate::components::time_range::pressed;
use crate::dom::{El, el, text_el};
use crate::nav::use_nav;
use crate::route::{Place, encode};
use crate::strings;

/// The dashboard that is shown.
pub(super) type Found = RwSignal<Option<Result<DashboardAnswer, Failure>>>;

/// The bar; `arrange` is the button for the panels.
pub(super) fn bar(answer: &DashboardAnswer, found: Found, arrange: El) -> El {
    let lifetime = Lifetime::of_component();
    let editing = RwSignal::new(false);
    let text = RwSignal::new(None::<String>);
    let failed = RwSignal::new(None::<(String, Option<String>)>);
    let name = StoredValue::new(answer.name.clone());
    let toml = format!("{}/{}/toml", telltale_api::routes::DASHBOARDS, encode(&answer.name));
    let source = toml.clone();
    let edit = pressed(
        strings::DASHBOARD_EDIT,
        move || editing.get(),
        move || {
            editing.update(|editing| *editing = !*editing);
            let source = source.clone();
            spawn_local(async move {
                match client::text(&source, lifetime).await {
                    Ok(read) => text.set(Some(read)),
                    Err(failure) => failed.set(Some(words(&failure))),
                }
            });
        },
    );
    let export = text_el("a", "button", strings::DASHBOARD_EXPORT)
        .attr("href", &toml)
        .attr("download", &format!("{}.toml", answer.name));
    let (nav, announcer) = (use_nav(), use_announcer());
    let remove = (answer.origin == Origin::Saved).then(|| {
        text_el("button", "button", strings::DASHBOARD_DELETE).attr("type", "button").on_click(move || {
            let sure = window().confirm_with_message(strings::DASHBOARD_DELETE_SURE).unwrap_or(false);
            if !sure {
                return;
            }
            spawn_local(async move {
                let Some(name) = name.try_get_value() else { return };
                match client::delete_dashboard(&name, lifetime).await {
                    Ok(_list) => nav.go_to(Place::at("/dashboards")),
                    Err(failure) => announcer.say(words(&failure).0),
                }
            });
        })
    });
    let origin = match (answer.origin, &answer.path) {
        (Origin::BuiltIn, _) => strings::DASHBOARD_IS_BUILT_IN.to_owned(),
        (_, path) => path.clone().unwrap_or_default(),
    };
    let buttons = el("div")
        .class("charts-tools")
        .add([go_link("/dashboards", strings::DASHBOARDS_ALL), arrange, edit, export])
        .add(remove)
        .add(text_el("code", "muted", &origin));
    el("div").add([buttons]).add(not_here(answer)).add(form(name, found, (editing, text, failed), lifetime))
}

/// What of another tool's dashboard is not here.
fn not_here(answer: &DashboardAnswer) -> Option<El> {
    let notes = answer.notes.iter().map(|note| match note.panel.as_str() {
        "" => text_el("li", "", &note.reason),
        panel => el("li").add(text_el("strong", "", panel)).text(": ").text(&note.reason),
    });
    (!answer.notes.is_empty()).then(|| {
        el("details").class("notice").add([
            text_el("summary", "", &strings::dashboard_notes(answer.notes.len())),
            el("ul").class("plain-list").add_all(notes),
        ])
    })
}

type Editing = (RwSignal<bool>, RwSignal<Option<String>>, RwSignal<Option<(String, Option<String>)>>);

/// The text, and what is wrong with it.
fn form(name: StoredValue<String>, found: Found, (editing, text, failed): Editing, lifetime: Lifetime) -> El {
    let save = move || {
        spawn_local(async move {
            let (Some(name), Some(Some(content))) = (name.try_get_value(), text.try_get_untracked()) else { return };
            match client::save_dashboard_text(&name, &content, lifetime).await {
                Ok(answer) => found.set(Some(Ok(answer))),
                Err(failure) => failed.set(Some(words(&failure))),
            }
        });
    };
    el("div").children(move || {
        let loaded = text.with_untracked(Clone::clone).or_else(|| text.get());
        let loaded = loaded.filter(|_| editing.get())?;
        let area = el("textarea")
            .class("dashboard-text")
            .attr("rows", "24")
            .attr("spellcheck", "false")
            .label(strings::DASHBOARD_TEXT)
            .text(&loaded)
            .on_input(move |typed| text.set(Some(typed)));
        let button =
            text_el("button", "button button-main", strings::DASHBOARD_SAVE).attr("type", "button").on_click(save);
        let failure = el("div").attr("role", "alert").children(move || {
            failed.get().map(|(reason, hint)| {
                el("div")
                    .class("failure")
                    .add(text_el("p", "", &reason))
                    .add(hint.map(|hint| text_el("p", "muted", &hint)))
            })
        });
        Some(el("section").class("page-part").add([area, failure, el("div").class("charts-tools").add([button])]))
    })
}
