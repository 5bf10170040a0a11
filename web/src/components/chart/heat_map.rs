//! A heat map: times from left to right, buckets from bottom to top, the darker the more observations.

use std::rc::Rc;

use super::Asked;
use super::lines::{float, nanos, times_axis};
use crate::chart::{BOTTOM, Heat, LEFT, Scale, TOP};
use crate::dom::{El, svg};
use crate::prefs::use_prefs;
use crate::{format, strings};

/// The map; each cell says its bucket, its time and its count on hover, the whole says the range.
pub(super) fn drawn(asked: &Rc<Asked>, heat: &Heat) -> El {
    let zone = use_prefs().zone_minutes(nanos(float(asked.start)));
    let (start, end) = (float(asked.start), float(asked.end));
    let scale = Scale { start, end: end.max(start + 1.0), low: 0.0, high: 1.0, is_binary: false, size: asked.size };
    let rows = heat.buckets.len().max(1);
    let height = (asked.size.height - TOP - BOTTOM) / float(u64::try_from(rows).unwrap_or(1));
    let place = |row: usize| asked.size.height - BOTTOM - height * float(u64::try_from(row + 1).unwrap_or(1));
    let clock = |seconds: f64| format::clock(nanos(seconds), zone);
    let cells = heat.cells.iter().filter_map(|cell| {
        let time = *heat.times.get(cell.column)?;
        let (low, high) = *heat.buckets.get(cell.row)?;
        // What was counted up to a time lies before it.
        let left = scale.x((time - float(asked.step)).max(start));
        let words = strings::charts_cell(
            &asked.shown.format(low),
            &asked.shown.format(high),
            &format!("{:.0}", cell.count),
            &clock(time),
        );
        let strength = 0.15 + 0.85 * (cell.count / heat.most.max(f64::MIN_POSITIVE)).sqrt();
        Some(
            svg("rect")
                .attr("class", "charts-cell")
                .attr("x", &format!("{left:.1}"))
                .attr("y", &format!("{:.1}", place(cell.row)))
                .attr("width", &format!("{:.1}", (scale.x(time) - left).max(1.0)))
                .attr("height", &format!("{:.1}", (height - 1.0).max(1.0)))
                .attr("fill-opacity", &format!("{strength:.2}"))
                .add(svg("title").text(&words)),
        )
    });
    // As many bounds as there is room for.
    let every = rows.div_ceil(8).max(1);
    let bounds = heat.buckets.iter().enumerate().filter(|(row, _)| row % every == 0).map(|(row, (_, high))| {
        svg("text")
            .attr("class", "charts-axis")
            .attr("x", &(LEFT - 8.0).to_string())
            .attr("y", &format!("{:.1}", place(row) + 4.0))
            .attr("text-anchor", "end")
            .text(&asked.shown.format(*high))
    });
    let lowest = heat.buckets.first().map_or(0.0, |bucket| bucket.0);
    let highest = heat.buckets.last().map_or(0.0, |bucket| bucket.1);
    let label =
        strings::charts_heat(&asked.shown.format(lowest), &asked.shown.format(highest), &clock(start), &clock(end));
    svg("svg")
        .attr("viewBox", &format!("0 0 {} {}", asked.size.width, asked.size.height))
        .attr("class", "charts-heat")
        .attr("role", "img")
        .label(&label)
        .add_all(bounds)
        .add_all(times_axis(&scale, zone).into_iter())
        .add_all(cells)
}
