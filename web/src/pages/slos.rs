//! Service level objectives: how much of each error budget is left, and how fast it goes.

use std::collections::BTreeMap;

use leptos::prelude::*;
use telltale_api::dashboard::{Chosen, SloList, SloState};
use wasm_bindgen_futures::spawn_local;

use crate::client::{self, Failure, Lifetime};
use crate::components::bits::{failure_box, go_link, skeleton};
use crate::components::slo_state::{self, badge, percent};
use crate::dom::{El, el, text_el};
use crate::nav::use_nav;
use crate::route::encode;
use crate::{format, strings};

/// The page of all objectives; the address may name one of them (`slo`).
pub(crate) fn slos() -> El {
    document().set_title(strings::SLOS_TITLE);
    let lifetime = Lifetime::of_component();
    let found = RwSignal::new(None::<Result<SloList, Failure>>);
    let wanted = use_nav().param("slo");
    let load = move || {
        spawn_local(async move {
            let result = client::json(telltale_api::routes::SLOS, lifetime).await;
            if !lifetime.is_over() && result != Err(Failure::Aborted) {
                found.set(Some(result));
            }
        });
    };
    load();
    let body = el("div").children(move || match found.get() {
        None => vec![skeleton(4)],
        Some(Err(failure)) => vec![failure_box(strings::SLOS_FAILED, &failure, load)],
        Some(Ok(list)) if list.slos.is_empty() => {
            vec![text_el("p", "", &strings::slos_none(&list.path)), text_el("pre", "notice", strings::SLOS_EXAMPLE)]
        }
        Some(Ok(list)) => {
            let wanted = wanted.get();
            let cards = list.slos.iter().map(|slo| match wanted.as_deref() == Some(slo.name.as_str()) {
                true => arrived_at(card(slo)),
                false => card(slo),
            });
            vec![el("div").class("slo-cards").add_all(cards)]
        }
    });
    el("div").class("page-narrow").add([text_el("h1", "", strings::SLOS_TITLE), body])
}

/// Marks the objective that a link led to and brings it into view.
fn arrived_at(card: El) -> El {
    let place = card.clone();
    request_animation_frame(move || place.element().scroll_into_view());
    card.attr("aria-current", "true")
}

/// The objectives of the services that are chosen; nothing where there are none.
pub(crate) fn cards(values: Memo<Option<BTreeMap<String, Chosen>>>, variable: &'static str) -> El {
    let lifetime = Lifetime::of_component();
    let found = RwSignal::new(Vec::<SloState>::new());
    spawn_local(async move {
        // A dashboard without its objectives is still a dashboard.
        if let Ok(list) = client::json::<SloList>(telltale_api::routes::SLOS, lifetime).await
            && !lifetime.is_over()
        {
            found.set(list.slos);
        }
    });
    el("div").class("slo-cards").children(move || {
        let chosen = values.get().and_then(|values| values.get(variable).cloned()).unwrap_or_default();
        let shown = found.get().into_iter().filter(|slo| chosen.values.contains(&slo.service));
        shown.map(|slo| card(&slo)).collect::<Vec<_>>()
    })
}

fn card(slo: &SloState) -> El {
    let promise = strings::slo_promise(&slo.objective.to_string(), &slo.window);
    let ways = (!slo.service.is_empty()).then(|| {
        let dashboard = format!("/dashboards/service-red?var-service={}", encode(&slo.service));
        el("p").add([
            go_link(&format!("/services/{}", encode(&slo.service)), &slo.service),
            text_el("span", "muted", " · "),
            go_link(&dashboard, strings::SLO_DASHBOARD),
        ])
    });
    let head = el("p").add(badge(slo.status)).text(" ").text(&promise);
    let mut parts = vec![text_el("h2", "", &slo.title), head];
    parts.extend(ways);
    if let (Some(ratio), Some(left)) = (slo.ratio, slo.budget_left) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::as_conversions,
            reason = "casts of floats saturate"
        )]
        let events = format::count(slo.events.unwrap_or(0.0).round() as u64);
        parts.push(text_el("p", "muted", &strings::slo_ratio(&percent(ratio), &events)));
        let level = if left <= 0.0 {
            "level-bad"
        } else if left < 0.25 {
            "level-warn"
        } else {
            "level-good"
        };
        let fill = el("span")
            .class(&format!("chart-fill {level}"))
            .style("width", &format!("{:.1}%", left.clamp(0.0, 1.0) * 100.0));
        parts.push(text_el("p", "", &strings::slo_left(&percent(left))));
        parts.push(
            el("span")
                .class("chart-meter")
                .attr("role", "meter")
                .label(strings::SLO_LEFT)
                .attr("aria-valuemin", "0")
                .attr("aria-valuemax", "100")
                .attr("aria-valuenow", &format!("{:.1}", left.clamp(0.0, 1.0) * 100.0))
                .attr("aria-valuetext", &percent(left))
                .add(fill),
        );
        parts.push(burns(slo));
    }
    parts.extend(slo.problem.iter().map(|problem| text_el("p", "danger-text", problem)));
    parts.extend(slo.note.iter().map(|note| text_el("p", "muted", note)));
    el("article").class("slo-card").add(parts)
}

/// Burn rates by time, and which pairs of them ask for somebody.
fn burns(slo: &SloState) -> El {
    let cells = slo.burns.iter().map(|burn| {
        let rate = slo_state::burn(burn.rate);
        let level = if burn.rate.is_some_and(|rate| rate > 1.0) { "warn-text" } else { "" };
        el("tr")
            .add([text_el("th", "", &burn.window).attr("scope", "row"), text_el("td", &format!("num {level}"), &rate)])
    });
    let firing = slo.alerts.iter().filter(|alert| alert.is_firing).map(|alert| {
        let words = strings::slo_alert(&alert.severity, &alert.long, &alert.short, &format!("{:.1}", alert.factor));
        text_el("p", "danger-text", &words)
    });
    el("div").add([
        el("table")
            .class("charts-labels")
            .add(text_el("caption", "muted", strings::SLO_BURN))
            .add(el("tbody").add_all(cells)),
        el("div").add_all(firing),
    ])
}
