//! The panels: sections that open and close, and in each what its panels show.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use leptos::prelude::*;
use telltale_api::dashboard::{Chosen, Dashboard, Panel, PanelKind, fill, fill_text};

use super::arrange::{Arrange, PANEL, SECTION};
use super::variables::{Values, times};
use crate::chart::{Question, Reduce, Section, Shown, Size, expand, sections, step_seconds};
use crate::components::chart::{Asked, Drawn, chart};
use crate::components::time_range::Range;
use crate::dom::{El, distinct, el, text_el};
use crate::nav::use_nav;
use crate::strings;

/// Pixels of a column of the grid, about: charts are drawn for this width and stretched to what is there.
const COLUMN: f64 = 50.0;
/// Pixels of a row of the grid.
const ROW: f64 = 38.0;
/// Rows of pixels that a panel's title and legend take.
const AROUND: f64 = 96.0;

/// All sections of a dashboard.
pub(super) fn all(dashboard: &Dashboard, range: Memo<Range>, values: Values, arrange: Arrange) -> Vec<El> {
    let page = Page { panels: StoredValue::new(dashboard.panels.clone()), range, values, arrange };
    sections(&dashboard.panels).into_iter().map(|section| one(section, page)).collect()
}

/// What all panels of a dashboard share.
#[derive(Clone, Copy)]
struct Page {
    panels: StoredValue<Vec<Panel>>,
    range: Memo<Range>,
    values: Values,
    arrange: Arrange,
}

/// A panel by its place, and the value that it repeats for.
type Placed = (usize, Option<(String, Chosen)>);

/// Tells panels apart, and the repetitions of one.
fn key((place, only): &Placed) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    (place, only.as_ref().map(|(name, chosen)| (name, &chosen.values))).hash(&mut hasher);
    hasher.finish()
}

fn one(section: Section, page: Page) -> El {
    let open = RwSignal::new(!section.is_collapsed);
    let row = section.row;
    // Only how panels repeat makes them anew; a new time or another value is asked for by the charts themselves.
    let repeats = Memo::new(move |_| {
        let chosen = page.values.get()?;
        let places = page.arrange.under(row);
        Some(page.panels.with_value(|panels| {
            let of_panel = |place: usize| Some((place, expand(panels.get(place)?, &chosen)));
            let expanded = places.into_iter().filter_map(of_panel);
            let only = |panel: &Panel, chosen: BTreeMap<String, Chosen>| match panel.repeat.as_str() {
                "" => None,
                name => chosen.get(name).cloned().map(|one| (name.to_owned(), one)),
            };
            expanded
                .flat_map(|(place, all)| all.into_iter().map(move |chosen| (place, chosen)))
                .map(|(place, chosen)| (place, panels.get(place).and_then(|panel| only(panel, chosen))))
                .collect::<Vec<Placed>>()
        }))
    });
    let keys = move || match (open.get(), repeats.get()) {
        (true, Some(all)) => distinct(all.iter().map(key)),
        _ => Vec::new(),
    };
    let grid = el("div").class("dashboard-grid").each(keys, move |wanted| {
        let all = repeats.get_untracked().unwrap_or_default();
        let placed = all.into_iter().find(|placed| key(placed) == wanted);
        placed.and_then(|(place, only)| view(place, only, page)).unwrap_or_else(|| el("article"))
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
    // Above the first row nothing is written, but headings go down one level at a time.
    let head = head.unwrap_or_else(|| text_el("h2", "hidden", strings::DASHBOARD_PANELS));
    let row = row.map(|row| row.to_string()).unwrap_or_default();
    el("section").attr(SECTION, &row).dyn_class("dashboard-arranged", move || page.arrange.is_on()).add(head).add(grid)
}

/// The panel of a place; `only` is the value that it repeats for.
fn view(place: usize, only: Option<(String, Chosen)>, page: Page) -> Option<El> {
    let Page { range, values, arrange, .. } = page;
    let panel = page.panels.with_value(|panels| panels.get(place).cloned())?;
    let (title, heading) = (panel.title.clone(), only.clone());
    let titled = move || {
        let mut chosen = values.get().unwrap_or_default();
        chosen.extend(heading.clone());
        fill_text(&title, &chosen, &times(range.get()))
    };
    let named = titled.clone();
    let handles = el("div").class("panel-handles").children(move || match arrange.is_on() {
        true => Vec::from(arrange.handles(place, &untrack(&named))),
        false => Vec::new(),
    });
    let about = (!panel.description.is_empty()).then(|| text_el("p", "muted panel-about", &panel.description));
    let notes = (!panel.notes.is_empty()).then(|| notes(&panel));
    let frame = el("article")
        .class("panel")
        .attr(PANEL, &place.to_string())
        .dyn_style("--columns", move || arrange.size(place).0.to_string())
        .dyn_style("--rows", move || arrange.size(place).1.to_string())
        .dyn_class("panel-dragged", move || arrange.is_dragged(place))
        .add(el("h3").dyn_text(titled))
        .add(handles)
        .add(about);
    let content = match panel.kind {
        PanelKind::Text => {
            el("div").class("panel-text").add_all(panel.text.split("\n\n").map(|part| text_el("p", "", part)))
        }
        PanelKind::Unsupported | PanelKind::Row => text_el("p", "muted", strings::DASHBOARD_UNSUPPORTED),
        _ => drawn((place, panel), only, page),
    };
    Some(frame.add(content).add(notes))
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

fn drawn((place, panel): (usize, Panel), only: Option<(String, Chosen)>, page: Page) -> El {
    let Page { range, values, arrange, .. } = page;
    let nav = use_nav();
    let compared = nav.param("cmp");
    let asked = Memo::new(move |_| {
        let mut chosen = values.get()?;
        chosen.extend(only.clone());
        Some(asked(&panel, &chosen, range.get(), (arrange.settled_size(place), compared.get().is_some())))
    });
    chart(asked)
}

/// Columns and rows, and whether the period before is shown.
type Look = ((u8, u8), bool);

/// What a panel asks for now.
fn asked(panel: &Panel, chosen: &BTreeMap<String, Chosen>, range: Range, ((columns, rows), compare): Look) -> Asked {
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
    let (columns, rows) = (f64::from(columns), f64::from(rows));
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
