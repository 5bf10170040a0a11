//! A metric's graph becomes a panel of a saved dashboard.

use leptos::prelude::*;
use telltale_api::dashboard::{Dashboard, DashboardAnswer, DashboardList, Origin, Panel, PanelKind, PanelQuery};
use wasm_bindgen_futures::spawn_local;

use super::own_questions;
use crate::announce::use_announcer;
use crate::chart::{Kind, Unit};
use crate::client::{self, Lifetime};
use crate::components::bits::words;
use crate::dom::{El, el, text_el};
use crate::prometheus::Metric;
use crate::strings;

/// A button that shows the saved dashboards to choose from.
pub(super) fn add_to_dashboard(metric: &Metric) -> El {
    let lifetime = Lifetime::of_component();
    let open = RwSignal::new(None::<Vec<(String, String)>>);
    let panel = StoredValue::new(panel_of(metric));
    let announcer = use_announcer();
    let show = move || {
        spawn_local(async move {
            match client::json::<DashboardList>(telltale_api::routes::DASHBOARDS, lifetime).await {
                Ok(list) => {
                    let saved = list.dashboards.into_iter().filter(|line| line.origin == Origin::Saved);
                    open.set(Some(saved.map(|line| (line.name, line.title)).collect()));
                }
                Err(failure) => announcer.say(words(&failure).0),
            }
        });
    };
    let add = move |name: Option<String>| {
        spawn_local(async move {
            let Some(panel) = panel.try_get_value() else { return };
            match save(name, panel, lifetime).await {
                Ok(saved) => {
                    open.set(None);
                    announcer.say(strings::dashboard_added(&saved.dashboard.title));
                }
                Err(failure) => announcer.say(words(&failure).0),
            }
        });
    };
    let button = text_el("button", "button", strings::DASHBOARD_ADD_TO)
        .attr("type", "button")
        .dyn_attr("aria-expanded", move || Some(open.with(Option::is_some).to_string()))
        .on_click(move || if open.with_untracked(Option::is_some) { open.set(None) } else { show() });
    el("div").class("charts-tools").add([
        button,
        el("div").class("button-group").children(move || {
            let saved = open.get().unwrap_or_default();
            let choices = saved.into_iter().map(|(name, title)| {
                text_el("button", "button", &title).attr("type", "button").on_click(move || add(Some(name.clone())))
            });
            let new = open.with(Option::is_some).then(|| {
                text_el("button", "button", strings::DASHBOARD_NEW).attr("type", "button").on_click(move || add(None))
            });
            choices.chain(new).collect::<Vec<_>>()
        }),
    ])
}

async fn save(name: Option<String>, panel: Panel, lifetime: Lifetime) -> Result<DashboardAnswer, client::Failure> {
    let Some(name) = name else {
        // A title is written as TOML writes it; the server finds a name that is free.
        let text = format!("title = {:?}\nrange = \"1h\"\n", panel.title);
        let made = client::open_dashboard(&panel.title, &text, lifetime).await?;
        let dashboard = Dashboard { panels: vec![panel], ..made.dashboard };
        return client::save_dashboard(&made.name, &dashboard, lifetime).await;
    };
    let mut dashboard = client::dashboard(&name, lifetime).await?.dashboard;
    dashboard.panels.push(panel);
    client::save_dashboard(&name, &dashboard, lifetime).await
}

/// The panel that shows a metric as its own page does.
fn panel_of(metric: &Metric) -> Panel {
    let kind = Kind::of(&metric.name, &metric.described.kind, metric.has_buckets);
    let unit = match Unit::of(&metric.name, &metric.described.unit) {
        Unit::Seconds => "s",
        Unit::Milliseconds => "ms",
        Unit::Microseconds => "us",
        Unit::Nanoseconds => "ns",
        Unit::Bytes => "By",
        Unit::Ratio => "ratio",
        Unit::Percent => "%",
        Unit::Plain => "",
    };
    let unit = if kind == Kind::Counter { format!("{unit}/s") } else { unit.to_owned() };
    let queries = own_questions(metric, 60).into_iter().map(|question| PanelQuery {
        // The window follows the page's time.
        expr: question.expr.replace("[300s]", "[$__rate_interval]"),
        legend: question.name,
        ..PanelQuery::default()
    });
    Panel {
        title: metric.name.clone(),
        description: metric.described.help.clone(),
        kind: PanelKind::Graph,
        unit,
        queries: queries.collect(),
        ..Panel::default()
    }
}
