//! What was measured while the request ran: a small chart a metric, the request as a band in it, its exemplars as dots and links.

use leptos::prelude::*;
use telltale_api::around::{Around, ChartTimes, MetricAround, MetricChart};

use crate::components::bits::clock_time;
use crate::components::verdict::span_link;
use crate::dom::{El, el, svg, text_el};
use crate::pages::story::state::StoryState;
use crate::{format, strings};

/// The drawing's own units; the page scales them.
const WIDTH: i64 = 600;
const HEIGHT: i64 = 80;

/// Exemplars of a metric that are linked to; the page says how many more there are.
const EXEMPLARS_MAX: usize = 5;

/// The metrics.
pub(super) fn measured(state: StoryState, around: &Around) -> Vec<El> {
    if around.metrics.is_empty() {
        return vec![text_el("h3", "", strings::AROUND_METRICS), text_el("p", "muted", strings::AROUND_NO_METRICS)];
    }
    let length = state.trace.with_untracked(|trace| trace.as_ref().map_or(1, |trace| trace.length_ns()));
    let cards = around.metrics.iter().map(|metric| card(state, metric, around.chart, length));
    vec![text_el("h3", "", strings::AROUND_METRICS), el("ul").class("around-metrics").add_all(cards)]
}

fn card(state: StoryState, metric: &MetricAround, times: ChartTimes, length: i64) -> El {
    let unit = (!metric.unit.is_empty()).then(|| text_el("span", "tag", &metric.unit));
    let service = metric.service_name.as_deref().map(|name| text_el("span", "muted", name));
    let mut numbers = Vec::new();
    if metric.point_count > 0 && metric.kind != "counter" && !metric.least.is_empty() {
        numbers.push(strings::around_numbers(&metric.least, &metric.average, &metric.most));
    }
    if metric.point_count > 0 {
        numbers.push(strings::around_points(&format::counted(metric.point_count, "point")));
    }
    let drawn = metric.chart.as_ref().map(|chart| drawing(metric, chart, times, length));
    let problem = metric.chart_problem.as_ref().map(|why| text_el("p", "warn-text", &strings::around_no_chart(why)));
    let exemplars = metric.exemplars.iter().take(EXEMPLARS_MAX).map(|exemplar| {
        let line = el("li").add(el("span").class("num").add(clock_time(exemplar.time_unix_nano.0))).add(text_el(
            "strong",
            "num",
            &format!(" {} {} ", exemplar.value, metric.unit),
        ));
        let link = exemplar.span_id.as_ref().map(|id| span_link(state, id, "", strings::AROUND_ITS_SPAN));
        line.add(link)
    });
    let exemplars: Vec<El> = exemplars.collect();
    let more = metric.exemplars.len().saturating_sub(EXEMPLARS_MAX);
    let more = (more > 0).then(|| text_el("p", "muted", &strings::around_more_exemplars(more)));
    el("li")
        .class("around-metric")
        .add(el("p").class("around-metric-name").add(text_el("strong", "", &metric.name)).add(unit).add(service))
        .add(drawn)
        .add(problem)
        .add((!numbers.is_empty()).then(|| text_el("p", "muted num", &numbers.join(" · "))))
        .add((!exemplars.is_empty()).then(|| el("ul").label(strings::AROUND_EXEMPLARS).add(exemplars)))
        .add(more)
}

/// Lines, the request's time as a band, its exemplars as dots; beside it the least and the most.
fn drawing(metric: &MetricAround, chart: &MetricChart, times: ChartTimes, length: i64) -> El {
    let (first, step) = (times.first_offset_ns.0, times.step_ns.0.max(1));
    let whole = step.saturating_mul(i64::from(times.count.saturating_sub(1))).max(1);
    // Tenths of a unit are finer than any screen; integers need no code for floating point.
    let x = |offset: i64| (offset.saturating_sub(first) / (whole / (WIDTH * 10)).max(1)).clamp(0, WIDTH * 10);
    let height = (chart.high - chart.low).max(f64::MIN_POSITIVE);
    #[expect(clippy::cast_possible_truncation, reason = "a place in the drawing")]
    let y = |value: f64| {
        let part = ((chart.high - value) / height).clamp(0.0, 1.0);
        40 + (part * 720.0) as i64
    };
    let tenths = |value: i64| format!("{}.{}", value / 10, value % 10);
    let lines = chart.lines.iter().enumerate().map(|(at, line)| {
        let mut path = String::new();
        let mut joined = false;
        for (place, value) in (0_i64..).zip(&line.values) {
            if let Some(value) = value {
                let word = if joined { "L" } else { "M" };
                path.push_str(&format!("{word}{} {}", tenths(x(first + place * step)), tenths(y(*value))));
                // A point between two gaps is still seen, by the round cap of a line of no length.
                path.push_str(if joined { "" } else { "h0" });
            }
            joined = value.is_some();
        }
        svg("path").attr("class", &format!("around-line svc svc-{}", at % 12 + 1)).attr("d", &path)
    });
    let from = x(0);
    let band = svg("rect")
        .attr("class", "around-band")
        .attr("x", &tenths(from))
        .attr("y", "0")
        .attr("width", &tenths((x(length) - from).max(30)))
        .attr("height", &HEIGHT.to_string());
    let dots = metric.exemplars.iter().map(|exemplar| {
        let place = exemplar.number.filter(|_| metric.kind != "counter").map_or(HEIGHT * 10 - 20, y);
        let path = format!("M{} {}h0", tenths(x(exemplar.offset_ns.0)), tenths(place));
        svg("path").attr("class", "around-dot").attr("d", &path)
    });
    let names: Vec<&str> = chart.lines.iter().map(|line| line.name.as_str()).filter(|name| !name.is_empty()).collect();
    let minutes = format::duration(whole);
    let label = strings::around_chart(&metric.name, &names.join(", "), &minutes, &chart.low_text, &chart.high_text);
    let picture = svg("svg")
        .attr("viewBox", &format!("0 0 {WIDTH} {HEIGHT}"))
        .attr("preserveAspectRatio", "none")
        .attr("role", "img")
        .label(&label)
        .add(band)
        .add_all(lines)
        .add_all(dots);
    let legend = chart.lines.iter().enumerate().filter(|(_, line)| !line.name.is_empty()).map(|(at, line)| {
        let swatch = el("span").class(&format!("around-swatch svc svc-{}", at % 12 + 1));
        el("span").add(swatch).text(&line.name)
    });
    el("div").class("around-chart").add([
        picture,
        el("div")
            .class("around-scale muted num")
            .attr("aria-hidden", "true")
            .add([text_el("span", "", &chart.high_text), text_el("span", "", &chart.low_text)]),
        el("p").class("around-legend muted").attr("aria-hidden", "true").add_all(legend),
    ])
}
