//! The page of metrics: a list to choose from, and a graph of what is chosen.
//!
//! The address is the state: `m` is the metric, `e` an expression written by hand, `s` how many seconds up to now, or `from` and `to`.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::chart::{Kind, METRICS_MAX, Question, Shown, Size, Unit, heat_question, questions, step_seconds};
use crate::client::{self, Failure, Lifetime};
use crate::components::bits::{failure_box, go_link, skeleton};
use crate::components::chart::{Asked, Drawn, chart};
use crate::components::promql_field::promql_field;
use crate::components::time_range::{Range, USUAL, now_seconds, pressed, tools, use_range};
use crate::dom::{El, distinct, el, text_el};
use crate::nav::use_nav;
use crate::prometheus::{Labels, Metadata, Metric, label_values, metrics};
use crate::route::{Place, encode};
use crate::{format, strings};

mod add_to;

/// Series that are asked for to count the values of labels.
const LABEL_SERIES_MAX: u64 = 10_000;
/// A label with more values than this is said to explode.
const MANY_VALUES: usize = 100;

/// The page.
pub(crate) fn charts() -> El {
    document().set_title(strings::CHARTS_TITLE);
    let lifetime = Lifetime::of_component();
    let list = RwSignal::new(None::<Result<Vec<Metric>, Failure>>);
    let load = move || {
        spawn_local(async move {
            let result = load_list(lifetime).await;
            if !lifetime.is_over() && result != Err(Failure::Aborted) {
                list.set(Some(result));
            }
        });
    };
    load();
    let side = el("aside").class("charts-side").children(move || match list.get() {
        None => vec![skeleton(8)],
        Some(Err(failure)) => vec![failure_box(strings::CHARTS_LIST_FAILED, &failure, load)],
        Some(Ok(_)) => browser(list),
    });
    let nav = use_nav();
    let chosen = nav.param("m");
    let metric = Memo::new(move |_| {
        let name = chosen.get()?;
        let known = list.with(|list| match list {
            Some(Ok(all)) => all.iter().find(|metric| metric.name == name).cloned(),
            _ => None,
        });
        // Until the list is there nothing is known about the metric, and nothing right can be asked.
        let loaded = list.with(Option::is_some);
        loaded.then(|| known.unwrap_or_else(|| Metric { name, ..Metric::default() }))
    });
    let main = el("div").class("charts-main").add([
        el("div").children(move || heading(metric.get())),
        tools(USUAL),
        views(metric),
        el("div").children(move || expression_field(metric.get())),
        graph_place(metric),
        el("div").children(move || metric.get().map(|metric| labels_table(&metric, lifetime))),
    ]);
    el("div").class("charts").add([side, main])
}

async fn load_list(lifetime: Lifetime) -> Result<Vec<Metric>, Failure> {
    let mut names = client::prometheus::<Vec<String>>("label/__name__/values", lifetime).await?.data;
    names.sort();
    let metadata = client::prometheus::<Metadata>("metadata", lifetime).await?.data;
    Ok(metrics(&names, &metadata))
}

/// The list with its search box.
fn browser(list: RwSignal<Option<Result<Vec<Metric>, Failure>>>) -> Vec<El> {
    let nav = use_nav();
    let is_empty = list.with_untracked(|list| matches!(list, Some(Ok(all)) if all.is_empty()));
    if is_empty {
        return vec![text_el("p", "", strings::CHARTS_NONE), text_el("p", "muted", strings::CHARTS_NONE_HINT)];
    }
    let search = RwSignal::new(String::new());
    let fitting = Memo::new(move |_| {
        let wanted = search.get().to_lowercase();
        let words: Vec<&str> = wanted.split_whitespace().collect();
        let fits = |metric: &&Metric| {
            let text = format!("{} {}", metric.name, metric.described.help).to_lowercase();
            words.iter().all(|word| text.contains(word))
        };
        list.with(|list| match list {
            Some(Ok(all)) => all.iter().filter(fits).cloned().collect::<Vec<_>>(),
            _ => Vec::new(),
        })
    });
    let key = |metric: &Metric| format::hash(&metric.name);
    let rows = el("ul").class("charts-list").label(strings::CHARTS_LIST).each(
        move || fitting.with(|all| distinct(all.iter().take(METRICS_MAX).map(key))),
        move |wanted| {
            fitting
                .with_untracked(|all| all.iter().find(|one| key(one) == wanted).map_or_else(|| el("li"), metric_line))
        },
    );
    let note = move || {
        let all = fitting.with(Vec::len);
        let words = match all {
            0 => strings::CHARTS_NO_FIT.to_owned(),
            all if all > METRICS_MAX => strings::charts_more(&count(METRICS_MAX), &count(all)),
            _ => return None,
        };
        Some(text_el("p", "muted", &words).attr("role", "status"))
    };
    let field = el("input")
        .attr("type", "search")
        .attr("placeholder", strings::CHARTS_SEARCH)
        .label(strings::CHARTS_SEARCH)
        .on_input(move |text| search.set(text));
    let _ = nav;
    vec![field, rows, el("div").children(note)]
}

fn count(value: usize) -> String {
    format::count(u64::try_from(value).unwrap_or(u64::MAX))
}

/// A metric: name, type, unit, description.
fn metric_line(metric: &Metric) -> El {
    let nav = use_nav();
    let name = metric.name.clone();
    let chosen = nav.param("m");
    let place = move |name: &str| nav.place().with("m", Some(name)).with("e", None).url();
    let (linked, current) = (name.clone(), name.clone());
    let about = [&metric.described.kind, &metric.described.unit].map(String::as_str);
    let about = about.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ");
    let link = el("a")
        .attr("data-go", "")
        .attr("title", &metric.described.help)
        .dyn_attr("href", move || Some(place(&linked)))
        .dyn_attr("aria-current", move || {
            (chosen.get().as_deref() == Some(current.as_str())).then(|| "true".to_owned())
        })
        .text(&name)
        .add((!about.is_empty()).then(|| text_el("span", "muted", &about)));
    el("li").add(link)
}

fn heading(metric: Option<Metric>) -> Vec<El> {
    let Some(metric) = metric else {
        return vec![text_el("h1", "", strings::CHARTS_TITLE), text_el("p", "muted", strings::CHARTS_CHOOSE)];
    };
    let Described { kind, help, unit } = &metric.described;
    let tags = [kind, unit].into_iter().filter(|text| !text.is_empty()).map(|text| text_el("span", "tag", text));
    vec![text_el("h1", "", &metric.name), el("p").add_all(tags).text(if help.is_empty() { "" } else { " " }).text(help)]
}

use crate::prometheus::Described;

/// The expression, to be changed by hand.
fn expression_field(metric: Option<Metric>) -> El {
    let nav = use_nav();
    let written = nav.param("e");
    let own = metric.map(|metric| own_questions(&metric, 60)).and_then(|all| all.into_iter().next());
    let own = own.map(|question| question.expr).unwrap_or_default();
    let text = RwSignal::new(nav.place_now().param("e").map_or_else(|| own.clone(), str::to_owned));
    let show =
        move || nav.go_to(nav.place_now().with("e", Some(text.get_untracked().trim()).filter(|text| !text.is_empty())));
    let field = promql_field(text, show);
    let button = text_el("button", "button", strings::CHARTS_RUN).attr("type", "button").on_click(show);
    let back = move || {
        let has_metric = nav.place().param("m").is_some();
        (written.get().is_some() && has_metric)
            .then(|| go_link(&nav.place().with("e", None).url(), strings::CHARTS_RESET))
    };
    el("div").add([el("div").class("charts-expr").add([field, button]), el("p").children(back)])
}

fn own_questions(metric: &Metric, step: u64) -> Vec<Question> {
    let kind = Kind::of(&metric.name, &metric.described.kind, metric.has_buckets);
    // Four points at least in a window, and no less than a minute: exporters send every 15 to 60 seconds.
    questions(&metric.name, kind, (step * 4).max(300))
}

/// Choices of how the metric is drawn, and the way to a dashboard.
fn views(metric: Memo<Option<Metric>>) -> El {
    let nav = use_nav();
    let view = nav.param("view");
    el("div").class("charts-tools").children(move || {
        let metric = metric.get()?;
        let kind = Kind::of(&metric.name, &metric.described.kind, metric.has_buckets);
        let has_heat = matches!(kind, Kind::ClassicHistogram | Kind::NativeHistogram);
        let choice = move |words: &str, name: Option<&'static str>| {
            pressed(words, move || view.get().as_deref() == name, move || nav.go_to(nav.place_now().with("view", name)))
        };
        let choices = has_heat.then(|| {
            el("div")
                .class("button-group")
                .add([choice(strings::CHARTS_PERCENTILES, None), choice(strings::CHARTS_HEAT, Some("heat"))])
        });
        Some(el("div").class("charts-tools").add(choices).add(add_to::add_to_dashboard(&metric)))
    })
}

/// The graph of what the address asks for.
fn graph_place(metric: Memo<Option<Metric>>) -> El {
    let nav = use_nav();
    let range = use_range(USUAL);
    let asked = Memo::new(move |_| asked(&nav.place(), range.get(), metric.get().as_ref()));
    el("div").add([
        chart(asked),
        el("p")
            .class("muted")
            .dyn_text(move || if asked.with(Option::is_some) { strings::CHARTS_HOW.to_owned() } else { String::new() }),
    ])
}

/// What a place asks for.
fn asked(place: &Place, range: Range, metric: Option<&Metric>) -> Option<Asked> {
    let written = place.param("e").map(str::to_owned);
    let kind = metric.map(|metric| Kind::of(&metric.name, &metric.described.kind, metric.has_buckets));
    let is_heat = written.is_none() && place.param("view") == Some("heat");
    let fine = step_seconds(range.end - range.start);
    // A cell of a heat map needs some width.
    let step = if is_heat { step_seconds((range.end - range.start) * 4) } else { fine };
    let heat = match (metric, kind) {
        (Some(metric), Some(kind)) if is_heat => heat_question(&metric.name, kind, step.max(60)),
        _ => None,
    };
    let unit = metric.map_or(Unit::Plain, |metric| Unit::of(&metric.name, &metric.described.unit));
    let drawn = if heat.is_some() { Drawn::Heat } else { Drawn::Lines };
    let questions = match (written, heat, metric) {
        (Some(expr), ..) => vec![Question { expr, name: String::new(), legend: String::new() }],
        (None, Some(heat), _) => vec![heat],
        (None, None, Some(metric)) => own_questions(metric, step),
        (None, None, None) => return None,
    };
    let per_second =
        questions.iter().all(|question| question.expr.contains("rate(") && !question.expr.contains("quantile("));
    let step = if drawn == Drawn::Heat { step.max(60) } else { step };
    Some(Asked {
        questions,
        // Ends on a step, so that the same query is the same.
        start: range.start - range.start % step,
        end: range.end - range.end % step,
        step,
        shown: Shown::unit(unit, per_second),
        drawn,
        size: Size::default(),
        stacked: false,
        ends: (None, None),
        thresholds: Vec::new(),
        mappings: std::collections::BTreeMap::new(),
        compare: place.param("cmp").is_some(),
    })
}

/// Each label with the number of its values.
fn labels_table(metric: &Metric, lifetime: Lifetime) -> El {
    let found = RwSignal::new(None::<Vec<Labels>>);
    let name = if metric.has_buckets { format!("{}_count", metric.name) } else { metric.name.clone() };
    spawn_local(async move {
        let selector = encode(&format!("{{__name__=\"{}\"}}", name.replace('\\', "\\\\").replace('"', "\\\"")));
        let start = now_seconds().saturating_sub(86_400);
        let path = format!("series?match[]={selector}&start={start}&limit={LABEL_SERIES_MAX}");
        if let Ok(answer) = client::prometheus::<Vec<Labels>>(&path, lifetime).await
            && !lifetime.is_over()
        {
            found.set(Some(answer.data));
        }
    });
    el("section").children(move || {
        let series = found.get().filter(|series| !series.is_empty())?;
        let rows = label_values(&series).into_iter().map(|(label, values, examples)| {
            let many = (values > MANY_VALUES).then(|| text_el("span", "tag", strings::CHARTS_EXPLODES));
            let number =
                el("td").class("num").text(&count(values)).text(if many.is_some() { " " } else { "" }).add(many);
            el("tr").add([text_el("td", "", &label), number, text_el("td", "muted", &examples.join(", "))])
        });
        let heads = [strings::CHARTS_LABEL, strings::CHARTS_VALUES, strings::CHARTS_EXAMPLES];
        let heads = heads.into_iter().map(|words| text_el("th", "", words).attr("scope", "col"));
        let table = el("table")
            .class("charts-labels")
            .add(el("thead").add(el("tr").add_all(heads)))
            .add(el("tbody").add_all(rows));
        let title = el("h2").text(strings::CHARTS_LABELS).text(" ").add(text_el(
            "span",
            "muted",
            &strings::charts_series(&count(series.len())),
        ));
        Some(el("div").add([title, table]))
    })
}
