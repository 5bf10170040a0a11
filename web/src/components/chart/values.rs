//! One value a series: numbers, gauges, bars, a table.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::lines::float;
use super::{Asked, level, words};
use crate::chart::{Line, Reduce, Scale, Size, path};
use crate::dom::{El, el, svg, text_el};
use crate::strings;

/// Rows of a table at most; the page says how many more there are.
const ROWS_MAX: usize = 200;

/// A number a series, with a small line of how it came to that, or between its two ends.
pub(super) fn stats(asked: &Rc<Asked>, lines: &[Line], reduce: Reduce, is_gauge: bool) -> El {
    let is_alone = lines.len() == 1;
    let items = lines.iter().filter_map(|line| {
        let value = reduce.apply(&line.points)?;
        let name = (!is_alone || line.name != strings::CHARTS_ALL).then(|| text_el("span", "muted", &line.name));
        let number = text_el("strong", &format!("num {}", level(&asked.thresholds, value)), &words(asked, value));
        let picture = if is_gauge { meter(asked, &line.name, value) } else { spark(asked, line) };
        Some(el("li").add(name).add([number, picture]))
    });
    el("ul").class("chart-stats").add_all(items)
}

/// How far a value is between the ends.
fn meter(asked: &Asked, name: &str, value: f64) -> El {
    let (low, high) = (
        asked.ends.0.unwrap_or(0.0),
        asked.ends.1.unwrap_or(match asked.shown.unit {
            crate::chart::Unit::Ratio => 1.0,
            _ => 100.0,
        }),
    );
    let part = ((value - low) / (high - low).abs().max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
    let fill = el("span").class(&format!("chart-fill {}", level(&asked.thresholds, value)));
    el("span")
        .class("chart-meter")
        .attr("role", "meter")
        .label(name)
        .attr("aria-valuemin", &low.to_string())
        .attr("aria-valuemax", &high.to_string())
        .attr("aria-valuenow", &value.to_string())
        .attr("aria-valuetext", &words(asked, value))
        .add(fill.style("width", &format!("{:.1}%", part * 100.0)))
}

/// A line without axes.
fn spark(asked: &Asked, line: &Line) -> El {
    let values = line.points.iter().map(|point| point.1);
    let (start, end) = (float(asked.start), float(asked.end));
    // Without axes the line may use the whole width: the scale leaves room at the left, which the box cuts off.
    let scale = Scale::of(start, end, values, asked.shown.unit).sized(Size { width: 300.0, height: 80.0 });
    svg("svg")
        .attr("viewBox", "78 0 222 80")
        .attr("preserveAspectRatio", "none")
        .attr("class", "chart-spark svc svc-1")
        .attr("aria-hidden", "true")
        .add(svg("path").attr("class", "charts-line").attr("d", &path(&scale, &line.points, float(asked.step))))
}

/// A bar a series, longest first.
pub(super) fn bars(asked: &Rc<Asked>, lines: &[Line], reduce: Reduce) -> El {
    let mut all: Vec<(&Line, f64)> =
        lines.iter().filter_map(|line| Some((line, reduce.apply(&line.points)?))).collect();
    all.sort_by(|left, right| right.1.total_cmp(&left.1));
    let most = all.iter().map(|one| one.1.abs()).filter(|value| value.is_finite()).fold(f64::MIN_POSITIVE, f64::max);
    let most = asked.ends.1.unwrap_or(most);
    let rows = all.into_iter().map(|(line, value)| {
        let part = (value.abs() / most).clamp(0.0, 1.0);
        let fill = el("span").class(&format!("chart-fill {}", level(&asked.thresholds, value)));
        el("li").add([
            text_el("span", "chart-bar-name", &line.name).attr("title", &line.name),
            text_el("span", "num", &words(asked, value)),
            el("span")
                .class("chart-meter")
                .attr("aria-hidden", "true")
                .add(fill.style("width", &format!("{:.1}%", part * 100.0))),
        ])
    });
    el("ol").class("chart-bars").add_all(rows)
}

/// A row a series: the labels that tell them apart, and the newest value.
pub(super) fn table(asked: &Rc<Asked>, lines: &[Line]) -> El {
    let labels: BTreeSet<&String> =
        lines.iter().flat_map(|line| line.labels.keys()).filter(|label| *label != "__name__").collect();
    let head = |words: &str| text_el("th", "", words).attr("scope", "col");
    let heads = labels.iter().map(|label| head(label)).chain([head(strings::CHARTS_VALUE)]);
    let rows = lines.iter().take(ROWS_MAX).map(|line| {
        let cells = labels.iter().map(|label| text_el("td", "", line.labels.get(*label).map_or("", String::as_str)));
        let value = Reduce::Last.apply(&line.points).map_or_else(String::new, |value| words(asked, value));
        el("tr").add_all(cells).add(text_el("td", "num", &value))
    });
    let table =
        el("table").class("charts-labels").add(el("thead").add(el("tr").add_all(heads))).add(el("tbody").add_all(rows));
    let count = |value: usize| crate::format::count(u64::try_from(value).unwrap_or(u64::MAX));
    let more = (lines.len() > ROWS_MAX)
        .then(|| text_el("p", "muted", &strings::charts_more(&count(ROWS_MAX), &count(lines.len()))));
    el("div")
        .class("chart-scroll")
        .attr("tabindex", "0")
        .attr("role", "region")
        .label(strings::CHARTS_TABLE)
        .add(table)
        .add(more)
}
