//! A chart of metrics: asks what it shows, and draws it as lines, a heat map, numbers, bars or a table.
//!
//! What was drawn stays until what is asked next has come, so that a live page does not flicker.

use std::collections::BTreeMap;
use std::rc::Rc;

use leptos::prelude::*;
use telltale_api::dashboard::Threshold;
use wasm_bindgen_futures::spawn_local;

use crate::chart::{
    EXEMPLARS_MAX, Heat, Line, Question, Reduce, SERIES_MAX, Shown, Size, heat_classic, heat_native, legend,
};
use crate::client::{self, Failure, Lifetime};
use crate::components::bits::{failure_box, skeleton};
use crate::dom::{El, el, text_el};
use crate::prometheus::{Exemplars, Matrix, number};
use crate::route::encode;
use crate::strings;

mod heat_map;
mod lines;
mod values;

/// How a chart is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Drawn {
    /// Lines over time.
    Lines,
    /// Buckets over time.
    Heat,
    /// One number a series.
    Stat(Reduce),
    /// One number a series between two ends.
    Gauge(Reduce),
    /// A bar a series.
    Bars(Reduce),
    /// A row a series.
    Table,
}

/// What a chart shows; it asks anew when it changes.
#[derive(Clone, PartialEq)]
pub(crate) struct Asked {
    pub(crate) questions: Vec<Question>,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) step: u64,
    pub(crate) shown: Shown,
    pub(crate) drawn: Drawn,
    pub(crate) size: Size,
    pub(crate) stacked: bool,
    pub(crate) ends: (Option<f64>, Option<f64>),
    pub(crate) thresholds: Vec<Threshold>,
    pub(crate) mappings: BTreeMap<String, String>,
    pub(crate) compare: bool,
}

/// A request that was measured.
#[derive(Clone)]
struct Dot {
    seconds: f64,
    value: f64,
    trace_id: String,
}

/// What was found.
#[derive(Default)]
struct Found {
    lines: Vec<Line>,
    all: usize,
    dots: Vec<Dot>,
    heat: Heat,
    notes: Vec<String>,
}

type Answered = Result<(Rc<Asked>, Rc<Found>), Failure>;

/// Asks and draws; nothing while nothing is asked.
pub(crate) fn chart(asked: Memo<Option<Asked>>) -> El {
    let lifetime = Lifetime::of_component();
    let found = RwSignal::new_local(None::<Answered>);
    let number = StoredValue::new(0u64);
    let load = move |asked: Asked| {
        number.update_value(|number| *number += 1);
        let mine = number.get_value();
        spawn_local(async move {
            let result = ask(&asked, lifetime).await;
            // An answer to what is not asked any more is of no use.
            let is_newest = number.try_get_value() == Some(mine);
            if lifetime.is_over() || !is_newest || matches!(result, Err(Failure::Aborted)) {
                return;
            }
            found.set(Some(result.map(|answer| (Rc::new(asked), Rc::new(answer)))));
        });
    };
    Effect::new(move |_| {
        if let Some(asked) = asked.get() {
            load(asked);
        }
    });
    let again = move || {
        if let Some(asked) = asked.get_untracked() {
            load(asked);
        }
    };
    let is_asked = Memo::new(move |_| asked.with(Option::is_some));
    // Which lines are hidden outlives an answer.
    let hidden = RwSignal::new(std::collections::BTreeSet::<String>::new());
    el("div").class("chart").children(move || match found.get() {
        // Nothing has come because nothing is asked, or not yet.
        None => is_asked.get().then(|| skeleton(3)).into_iter().collect(),
        Some(Err(failure)) => vec![failure_box(strings::CHARTS_FAILED, &failure, again)],
        Some(Ok((_, found))) if found.lines.is_empty() && found.heat.cells.is_empty() => {
            vec![text_el("p", "muted", strings::CHARTS_EMPTY).attr("role", "status")]
        }
        Some(Ok((asked, found))) => {
            let mut parts = notes(&found);
            match asked.drawn {
                Drawn::Lines => parts.extend(lines::drawn(&asked, &found, hidden)),
                Drawn::Heat => parts.push(heat_map::drawn(&asked, &found.heat)),
                Drawn::Stat(reduce) => parts.push(values::stats(&asked, &found.lines, reduce, false)),
                Drawn::Gauge(reduce) => parts.push(values::stats(&asked, &found.lines, reduce, true)),
                Drawn::Bars(reduce) => parts.push(values::bars(&asked, &found.lines, reduce)),
                Drawn::Table => parts.push(values::table(&asked, &found.lines)),
            }
            parts
        }
    })
}

/// What the reader should know.
fn notes(found: &Found) -> Vec<El> {
    let mut parts = Vec::new();
    let drawn = found.lines.iter().filter(|line| !line.is_before).count();
    if found.all > drawn && !found.lines.is_empty() {
        let number = |value: usize| crate::format::count(u64::try_from(value).unwrap_or(u64::MAX));
        parts.push(text_el("p", "notice", &strings::charts_more_series(&number(drawn), &number(found.all))));
    }
    let mut notes: Vec<&String> = found.notes.iter().collect();
    notes.sort();
    notes.dedup();
    parts.extend(notes.into_iter().map(|note| text_el("p", "notice", note)));
    parts
}

async fn ask(asked: &Asked, lifetime: Lifetime) -> Result<Found, Failure> {
    let mut out = Found::default();
    let range = asked.end - asked.start;
    for question in &asked.questions {
        series(asked, question, 0, lifetime, &mut out).await?;
        if asked.compare && asked.drawn == Drawn::Lines {
            series(asked, question, range, lifetime, &mut out).await?;
        }
    }
    if asked.drawn == Drawn::Lines
        && let Some(first) = asked.questions.first()
    {
        let path = format!("query_exemplars?query={}&start={}&end={}", encode(&first.expr), asked.start, asked.end);
        // A graph without its exemplars is still a graph.
        if let Ok(answer) = client::prometheus::<Vec<Exemplars>>(&path, lifetime).await {
            let dots = answer.data.into_iter().flat_map(|series| series.exemplars).filter_map(|exemplar| {
                let trace_id = exemplar.labels.get("trace_id")?.clone();
                Some(Dot { seconds: exemplar.timestamp, value: number(&exemplar.value), trace_id })
            });
            out.dots = dots.take(EXEMPLARS_MAX).collect();
        }
    }
    Ok(out)
}

/// Asks one question, `earlier` seconds before; its points are moved to where they are drawn.
async fn series(
    asked: &Asked,
    question: &Question,
    earlier: u64,
    lifetime: Lifetime,
    out: &mut Found,
) -> Result<(), Failure> {
    let (start, end) = (asked.start.saturating_sub(earlier), asked.end.saturating_sub(earlier));
    let path = format!("query_range?query={}&start={start}&end={end}&step={}", encode(&question.expr), asked.step);
    let answer = client::prometheus::<Matrix>(&path, lifetime).await?;
    out.notes.extend(answer.warnings);
    let series = answer.data.result;
    if asked.drawn == Drawn::Heat {
        let native: Vec<_> = series.iter().flat_map(|one| one.histograms.iter().cloned()).collect();
        out.heat = if native.is_empty() { heat_classic(&series) } else { heat_native(&native) };
        return Ok(());
    }
    let is_before = earlier > 0;
    for one in series {
        out.all += usize::from(!is_before);
        let of_now = out.lines.iter().filter(|line| line.is_before == is_before).count();
        if of_now >= SERIES_MAX && asked.drawn != Drawn::Table {
            continue;
        }
        let parts = [question.name.clone(), legend(&question.legend, &one.metric)];
        let name = parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" · ");
        let name = if name.is_empty() { strings::CHARTS_ALL.to_owned() } else { name };
        let later = lines::float(earlier);
        let points = one.points().into_iter().map(|(time, value)| (time + later, value)).collect();
        out.lines.push(Line { name, labels: one.metric, points, is_before });
    }
    Ok(())
}

/// The class for a value: what the last threshold below it says.
fn level(thresholds: &[Threshold], value: f64) -> &'static str {
    use telltale_api::dashboard::Level;
    let reached = thresholds.iter().filter(|threshold| value >= threshold.from);
    match reached.max_by(|left, right| left.from.total_cmp(&right.from)).map(|threshold| threshold.level) {
        Some(Level::Bad) => "level-bad",
        Some(Level::Warn) => "level-warn",
        Some(Level::Good) => "level-good",
        None if thresholds.is_empty() => "",
        None => "level-good",
    }
}

/// A value in words, or the words in its place.
fn words(asked: &Asked, value: f64) -> String {
    let plain = if value.is_finite() { format!("{value}") } else { String::new() };
    asked.mappings.get(&plain).cloned().unwrap_or_else(|| asked.shown.format(value))
}
