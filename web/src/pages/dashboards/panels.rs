//! The panels: sections that open and close, and in each what its panels show.

use std::collections::BTreeMap;

use leptos::prelude::*;
use telltale_api::dashboard::{Chosen, Dashboard, Panel, PanelKind, fill, fill_text};

use super::variables::{Values, times};
use crate::chart::{Question, Reduce, Section, Shown, Size, expand, sections, step_seconds};
use crate::components::chart::{Asked, Drawn, chart};
use crate::components::time_range::Range;
use crate::dom::{El, el, text_el};
use crate::nav::use_nav;
use crate::strings;

/// Pixels of a column of the grid, about: charts are drawn for this width and stretched to what is there.
const COLUMN: f64 = 50.0;
/// Pixels of a row of the grid.
const ROW: f64 = 38.0;
/// Rows of pixels that a panel's title and legend take.
const AROUND: f64 = 96.0;

/// All sections of a dashboard.
pub(super) fn all(dashboard: &Dashboard, range: Memo<Range>, values: Values) -> Vec<El> {
    let panels = StoredValue::new(dashboard.panels.clone());
    sections(&dashboard.panels).into_iter().map(|section| one(section, panels, range, values)).collect()
}

fn one(section: Section, panels: StoredValue<Vec<Panel>>, range: Memo<Range>, values: Values) -> El {
    let open = RwSignal::new(!section.is_collapsed);
    let places = section.panels;
    // Only how panels repeat makes them anew; a new time or another value is asked for by the charts themselves.
    let repeats = Memo::new(move |_| {
        let chosen = values.get()?;
        Some(panels.with_value(|panels| {
            let of_panel = |place: &usize| Some((*place, expand(panels.get(*place)?, &chosen)));
            let expanded = places.iter().filter_map(of_panel);
            let only = |panel: &Panel, chosen: BTreeMap<String, Chosen>| match panel.repeat.as_str() {
                "" => None,
                name => chosen.get(name).cloned().map(|one| (name.to_owned(), one)),
            };
            expanded
                .flat_map(|(place, all)| all.into_iter().map(move |chosen| (place, chosen)))
                .map(|(place, chosen)| (place, panels.get(place).and_then(|panel| only(panel, chosen))))
                .collect::<Vec<_>>()
        }))
    });
    let grid = el("div").class("dashboard-grid").children(move || {
        if !open.get() {
            return Vec::new();
        }
        let all = repeats.get().unwrap_or_default();
        let each = all.into_iter().filter_map(|(place, only)| {
            let panel = panels.with_value(|panels| panels.get(place).cloned())?;
            Some(view(panel, only, range, values))
        });
        each.collect()
    });
    let head = section.title.map(|title| {
        let button = el("button")
            .attr("type", "button")
            .class("dashboard-row")
            .dyn_attr("aria-expanded", move || Some(open.get().to_string()))
            .on_click(move || open.update(|open| *open = !*open))
            .text(&title);
        el("h2").add(button)
    });
    el("section").add(head).add(grid)
}

/// A panel; `only` is the value that it repeats for.
fn view(panel: Panel, only: Option<(String, Chosen)>, range: Memo<Range>, values: Values) -> El {
    let (title, heading) = (panel.title.clone(), only.clone());
    let titled = move || {
        let mut chosen = values.get().unwrap_or_default();
        chosen.extend(heading.clone());
        fill_text(&title, &chosen, &times(range.get()))
    };
    let about = (!panel.description.is_empty()).then(|| text_el("p", "muted panel-about", &panel.description));
    let notes = (!panel.notes.is_empty()).then(|| notes(&panel));
    let frame = el("article")
        .class("panel")
        .style("--columns", &panel.columns().to_string())
        .style("--rows", &panel.rows().to_string())
        .add(el("h3").dyn_text(titled))
        .add(about);
    let content = match panel.kind {
        PanelKind::Text => {
            el("div").class("panel-text").add_all(panel.text.split("\n\n").map(|part| text_el("p", "", part)))
        }
        PanelKind::Unsupported | PanelKind::Row => text_el("p", "muted", strings::DASHBOARD_UNSUPPORTED),
        _ => drawn(panel, only, range, values),
    };
    frame.add(content).add(notes)
}

/// What of another tool's panel is not here.
fn notes(panel: &Panel) -> El {
    let items = panel.notes.iter().map(|note| text_el("li", "", note));
    let is_open = panel.kind == PanelKind::Unsupported;
    let details = el("details").class("panel-notes").add([
        text_el("summary", "warn-text", &strings::dashboard_notes(panel.notes.len())),
        el("ul").class("plain-list").add_all(items),
    ]);
    if is_open { details.attr("open", "") } else { details }
}

fn drawn(panel: Panel, only: Option<(String, Chosen)>, range: Memo<Range>, values: Values) -> El {
    let nav = use_nav();
    let compared = nav.param("cmp");
    let asked = Memo::new(move |_| {
        let mut chosen = values.get()?;
        chosen.extend(only.clone());
        Some(asked(&panel, &chosen, range.get(), compared.get().is_some()))
    });
    chart(asked)
}

/// What a panel asks for now.
fn asked(panel: &Panel, chosen: &BTreeMap<String, Chosen>, range: Range, compare: bool) -> Asked {
    let reduce = Reduce::of(&panel.reduce);
    let drawn = match panel.kind {
        PanelKind::Stat => Drawn::Stat(reduce),
        PanelKind::Gauge => Drawn::Gauge(reduce),
        PanelKind::Bars => Drawn::Bars(reduce),
        PanelKind::Table => Drawn::Table,
        PanelKind::Heatmap => Drawn::Heat,
        _ => Drawn::Lines,
    };
    let length = range.end - range.start;
    // Cells of a heat map need some width, values on their own no more than a small line.
    let step = match drawn {
        Drawn::Lines => step_seconds(length),
        Drawn::Heat => step_seconds(length * 4).max(60),
        _ => step_seconds(length * 3),
    };
    let now_only = panel.queries.iter().all(|query| query.instant) && drawn != Drawn::Lines;
    let end = range.end - range.end % step;
    let start = if now_only { end } else { range.start - range.start % step };
    let times = telltale_api::dashboard::Times { start: range.start, end: range.end, step };
    let questions = panel.queries.iter().filter(|query| !query.hidden).map(|query| Question {
        expr: fill(&query.expr, chosen, &times),
        name: String::new(),
        legend: fill_text(&query.legend, chosen, &times),
    });
    let (columns, rows) = (f64::from(panel.columns()), f64::from(panel.rows()));
    Asked {
        questions: questions.collect(),
        start,
        end,
        step,
        shown: Shown::of(&panel.unit, panel.decimals),
        drawn,
        size: Size { width: columns * COLUMN, height: (rows * ROW - AROUND).max(120.0) },
        stacked: panel.stacked,
        ends: (panel.min, panel.max),
        thresholds: panel.thresholds.clone(),
        mappings: panel.mappings.clone(),
        compare,
    }
}
