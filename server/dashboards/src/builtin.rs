//! Dashboards that come with telltale: each is offered when metrics that it shows have arrived, with the panels that have something to show.

use std::collections::BTreeSet;

use telltale_api::dashboard::{Dashboard, Level, Panel, PanelKind, PanelQuery, Threshold, Variable};

mod runtimes;
#[cfg(test)]
mod tests;

/// The name of the dashboard of a service.
pub const SERVICE: &str = "service-red";

/// An expression that is asked when its metric is there.
#[derive(Debug)]
struct Ask {
    metric: &'static str,
    expr: &'static str,
    legend: &'static str,
}

/// A panel that is there when one of its metrics is.
#[derive(Debug)]
struct Sketch {
    title: &'static str,
    unit: &'static str,
    kind: PanelKind,
    asks: &'static [Ask],
}

/// A dashboard that is there when one of its panels is.
#[derive(Debug)]
struct Board {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    panels: &'static [Sketch],
}

/// Returns the dashboards for the metrics of these names; `has_spans` says whether there are metrics of spans.
#[must_use]
pub fn all(names: &BTreeSet<String>, has_spans: bool) -> Vec<(&'static str, Dashboard)> {
    let mut out = Vec::new();
    if has_spans {
        out.push((SERVICE, service()));
    }
    out.extend(runtimes::BOARDS.iter().filter_map(|board| Some((board.name, of_board(board, names)?))));
    out
}

fn of_board(board: &Board, names: &BTreeSet<String>) -> Option<Dashboard> {
    let there = |ask: &&Ask| names.contains(ask.metric);
    let panels: Vec<Panel> = board
        .panels
        .iter()
        .filter_map(|sketch| {
            let asks: Vec<&Ask> = sketch.asks.iter().filter(there).collect();
            (!asks.is_empty()).then(|| Panel {
                title: sketch.title.to_owned(),
                unit: sketch.unit.to_owned(),
                kind: sketch.kind,
                width: 12,
                height: 8,
                queries: asks.iter().map(|ask| query(ask.expr, ask.legend)).collect(),
                ..Panel::default()
            })
        })
        .collect();
    // The jobs of any of the metrics that are shown.
    let metrics = board.panels.iter().flat_map(|sketch| sketch.asks).filter(there).map(|ask| ask.metric);
    let metrics: BTreeSet<&str> = metrics.collect();
    let pattern = metrics.into_iter().collect::<Vec<_>>().join("|");
    (!panels.is_empty()).then(|| Dashboard {
        title: board.title.to_owned(),
        description: board.description.to_owned(),
        range: "1h".to_owned(),
        live: true,
        variables: vec![chooser("job", "Service", "job", &format!("{{__name__=~\"{pattern}\"}}"))],
        panels,
    })
}

fn query(expr: &str, legend: &str) -> PanelQuery {
    PanelQuery { expr: expr.to_owned(), legend: legend.to_owned(), ..PanelQuery::default() }
}

fn chooser(name: &str, label: &str, values_of: &str, from: &str) -> Variable {
    Variable {
        name: name.to_owned(),
        label: label.to_owned(),
        values_of: values_of.to_owned(),
        from: from.to_owned(),
        multi: true,
        all: true,
        all_value: ".*".to_owned(),
        ..Variable::default()
    }
}

/// Requests of the chosen services and kinds.
const SERVED: &str = "service=~\"$service\", span_kind=~\"$kind\"";
const RATE: &str = "sum(rate(traces_spanmetrics_calls_total{@}[$__rate_interval]))";
const FAILED: &str =
    "sum(rate(traces_spanmetrics_calls_total{@, status_code=\"STATUS_CODE_ERROR\"}[$__rate_interval]))";
const SLOW: &str = "histogram_quantile(0.95, sum by (service, span_name, le) (rate(traces_spanmetrics_latency_bucket{@}[$__rate_interval])))";

fn served(expr: &str, legend: &str) -> PanelQuery {
    query(&expr.replace('@', SERVED), legend)
}

/// The same for each operation.
fn by_operation(expr: &str) -> Vec<PanelQuery> {
    let expr = expr.replacen("sum(", "sum by (service, span_name) (", 1);
    vec![served(&expr, "{{service}} · {{span_name}}")]
}

fn quantile(q: &str, legend: &str) -> PanelQuery {
    let expr = format!(
        "histogram_quantile({q}, sum by (le) (rate(traces_spanmetrics_latency_bucket{{@}}[$__rate_interval])))"
    );
    served(&expr, legend)
}

/// Calls in which the chosen services have a part.
fn calls(part: &str) -> Vec<PanelQuery> {
    let expr = format!(
        "sum by (client, server) (rate(traces_service_graph_request_total{{{part}=~\"$service\"}}[$__rate_interval]))"
    );
    vec![query(&expr, "{{client}} → {{server}}")]
}

fn panel(title: &str, kind: PanelKind, unit: &str, queries: Vec<PanelQuery>) -> Panel {
    let (width, height) = if kind == PanelKind::Stat { (6, 4) } else { (12, 8) };
    Panel { title: title.to_owned(), kind, unit: unit.to_owned(), width, height, queries, ..Panel::default() }
}

/// Rate, errors and durations of a service, by operation, from its spans; and who calls it and whom it calls.
fn service() -> Dashboard {
    use PanelKind::{Bars, Graph, Heatmap, Stat};
    let mut kind = chooser("kind", "Span kind", "span_kind", "traces_spanmetrics_calls_total");
    kind.default = vec!["SPAN_KIND_SERVER".to_owned(), "SPAN_KIND_CONSUMER".to_owned()];
    let mut errors = panel("Errors", Stat, "ratio", vec![served(&format!("({FAILED} or vector(0)) / {RATE}"), "")]);
    errors.thresholds = vec![Threshold { from: 0.01, level: Level::Warn }, Threshold { from: 0.05, level: Level::Bad }];
    let spread = "sum by (le) (increase(traces_spanmetrics_latency_bucket{@}[$__interval]))";
    let durations = vec![quantile("0.5", "p50"), quantile("0.95", "p95"), quantile("0.99", "p99")];
    Dashboard {
        title: "Services".to_owned(),
        description: "Rate, errors and durations of each service and operation, from its spans".to_owned(),
        range: "1h".to_owned(),
        live: true,
        variables: vec![chooser("service", "Service", "service", "traces_spanmetrics_calls_total"), kind],
        panels: vec![
            panel("Requests", Stat, "req/s", vec![served(RATE, "")]),
            errors,
            panel("Median", Stat, "s", vec![quantile("0.5", "")]),
            panel("95th percentile", Stat, "s", vec![quantile("0.95", "")]),
            panel("Rate by operation", Graph, "req/s", by_operation(RATE)),
            panel("Errors by operation", Graph, "req/s", by_operation(FAILED)),
            panel("Durations", Graph, "s", durations),
            panel("How durations are spread", Heatmap, "s", vec![served(spread, "")]),
            panel(
                "Slowest operations (p95)",
                Bars,
                "s",
                vec![served(&format!("topk(10, {SLOW})"), "{{service}} · {{span_name}}")],
            ),
            panel("Busiest operations", Bars, "req/s", {
                let expr = RATE.replacen("sum(", "sum by (service, span_name) (", 1);
                vec![served(&format!("topk(10, {expr})"), "{{service}} · {{span_name}}")]
            }),
            panel("Called by", Graph, "req/s", calls("server")),
            panel("Calls", Graph, "req/s", calls("client")),
        ],
    }
}
