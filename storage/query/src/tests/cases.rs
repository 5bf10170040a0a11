//! Statements with their known rows over the fixed data.

use serde_json::{Value, json};

use super::data::{ORPHAN, PAGE, PURCHASE};

/// A statement and the rows that it gives, each as the values of its columns in the order named.
pub(super) struct Case(pub(super) &'static str, pub(super) &'static [&'static str], pub(super) Value);

/// Returns every case.
pub(super) fn all() -> impl Iterator<Item = Case> {
    [spans_and_ids(), attributes(), nested(), points(), traces(), logs_and_more()].into_iter().flatten()
}

/// Columns of spans, ids and times.
fn spans_and_ids() -> Vec<Case> {
    vec![
        Case("SELECT count(*) AS n FROM spans", &["n"], json!([[12]])),
        Case(
            "SELECT trace_id, span_id, parent_span_id FROM spans WHERE name = 'checkout'",
            &["trace_id", "span_id", "parent_span_id"],
            json!([[PURCHASE, "0000000000000002", "0000000000000001"]]),
        ),
        Case(
            "SELECT name FROM spans WHERE trace_id = '0AF7651916CD43DD8448EB211C80319C' ORDER BY start_time_unix_nano",
            &["name"],
            json!([["POST /buy"], ["checkout"], ["pay"], ["db.query"], ["reserve"]]),
        ),
        Case(
            "SELECT name FROM spans WHERE trace_id IN ('00000000000000001122334455667788', 'nonsense') AND span_id > '000000000000000b'",
            &["name"],
            json!([["render"]]),
        ),
        Case("SELECT count(*) AS n FROM spans WHERE trace_id = 'nonsense' OR span_id = ''", &["n"], json!([[0]])),
        Case("SELECT count(*) AS n FROM spans WHERE parent_span_id IS NULL", &["n"], json!([[2]])),
        Case(
            "SELECT start_time_unix_nano, end_time_unix_nano, duration_ns FROM spans WHERE name = 'GET /'",
            &["start_time_unix_nano", "end_time_unix_nano", "duration_ns"],
            json!([["2026-01-02T03:04:05.010000000Z", "2026-01-02T03:04:05.020000000Z", 10_000_000]]),
        ),
        Case(
            "SELECT count(*) AS n FROM spans WHERE start_time_unix_nano >= '2026-01-02T03:04:05.010Z' \
             AND start_time_unix_nano < TIMESTAMP '2026-01-02T03:04:05.012Z'",
            &["n"],
            json!([[2]]),
        ),
    ]
}

/// Attributes of records, resources and scopes.
fn attributes() -> Vec<Case> {
    vec![
        Case(
            "SELECT attr('number'), attr_int('number'), attr_double('number') AS d, attr_bool('even'), attr('ratio'), \
             attr('tags'), attr_int('ratio'), attr('missing') FROM spans WHERE name = 'pay'",
            &[
                "attr('number')",
                "attr_int('number')",
                "d",
                "attr_bool('even')",
                "attr('ratio')",
                "attr('tags')",
                "attr_int('ratio')",
                "attr('missing')",
            ],
            json!([["3", 3, 3.0, false, "1.5", "[\"a\",\"b\"]", null, null]]),
        ),
        Case(
            "SELECT attr('http.route') AS route, count(*) AS n FROM spans GROUP BY attr('http.route') \
             HAVING count(*) > 1 ORDER BY attr('http.route')",
            &["route", "n"],
            json!([["/commit", 2], ["/render", 2], ["/reserve", 2]]),
        ),
        Case(
            "SELECT DISTINCT attr('even') FROM spans ORDER BY attr('even') DESC",
            &["attr('even')"],
            json!([["true"], ["false"]]),
        ),
        Case("SELECT name FROM spans ORDER BY attr_int('number') DESC LIMIT 1", &["name"], json!([["commit"]])),
        Case(
            "SELECT DISTINCT service_name, resource_attr_int('host.cpus') AS cpus, \
             resource_attr('process.command_args') AS args, scope_name, scope_version, scope_attr('library') AS library \
             FROM spans WHERE resource_attr('service.name') = 'payments'",
            &["service_name", "cpus", "args", "scope_name", "scope_version", "library"],
            json!([["payments", 4, "[\"serve\",\"-v\"]", "tests", "1.2", "yes"]]),
        ),
        Case(
            "SELECT attr(s.attributes, 'number') AS n, l.body FROM spans s JOIN logs l ON s.trace_id = l.trace_id \
             AND s.span_id = l.span_id WHERE l.severity_number >= 17",
            &["n", "body"],
            json!([["3", "card declined: timeout after 5s, will retry"]]),
        ),
        Case(
            "SELECT resource_attributes, scope_attributes FROM spans WHERE span_id = '0000000000000001'",
            &["resource_attributes", "scope_attributes"],
            json!([[
                {"service.name": "shop", "host.cpus": 4, "process.command_args": ["serve", "-v"]},
                {"library": "yes"}
            ]]),
        ),
    ]
}

/// Events, links and exemplars.
fn nested() -> Vec<Case> {
    vec![
        Case(
            "SELECT trace_id, span_id, time_unix_nano, name, attr('exception.message') AS message, span_name, service_name \
             FROM span_events ORDER BY time_unix_nano",
            &["trace_id", "span_id", "time_unix_nano", "name", "message", "span_name", "service_name"],
            json!([
                [
                    PURCHASE,
                    "0000000000000003",
                    "2026-01-02T03:04:05.006000000Z",
                    "exception",
                    "card declined",
                    "pay",
                    "payments"
                ],
                [ORPHAN, "0000000000000016", "2026-01-02T03:04:05.044000000Z", "exception", "timeout", "lock", "stock"]
            ]),
        ),
        Case(
            "SELECT trace_id, span_id, linked_trace_id, linked_span_id, trace_state, attr('kind') AS kind FROM span_links",
            &["trace_id", "span_id", "linked_trace_id", "linked_span_id", "trace_state", "kind"],
            json!([[PURCHASE, "0000000000000003", PAGE, "000000000000000a", "a=b", "origin"]]),
        ),
        Case(
            "SELECT name, metric_type, trace_id, span_id, value, attr('user') AS who, service_name FROM exemplars \
             WHERE point_time_unix_nano < '2026-01-02T03:04:06.5Z' ORDER BY name",
            &["name", "metric_type", "trace_id", "span_id", "value", "who", "service_name"],
            json!([
                ["latency", "histogram", PAGE, "000000000000000a", 2.5, "u1", "payments"],
                ["requests", "sum", PURCHASE, "0000000000000002", 7.5, "u1", "shop"]
            ]),
        ),
    ]
}

/// Points of every kind and the list of series.
fn points() -> Vec<Case> {
    vec![
        Case(
            "SELECT name, metric_type, value, value_int, is_monotonic, attr_int('core') AS core FROM points \
             ORDER BY name, time_unix_nano",
            &["name", "metric_type", "value", "value_int", "is_monotonic", "core"],
            json!([
                ["cpu", "gauge", 1.5, null, null, 1],
                ["cpu", "gauge", 2.5, null, null, 1],
                ["requests", "sum", null, 10, true, 1],
                ["requests", "sum", null, 20, true, 1]
            ]),
        ),
        Case(
            "SELECT count, sum, bucket_counts, explicit_bounds FROM histogram_points LIMIT 1",
            &["count", "sum", "bucket_counts", "explicit_bounds"],
            json!([[3, 6.0, [1, 2, 0], [1.0, 5.0]]]),
        ),
        Case(
            "SELECT scale, zero_count, positive_offset, positive_bucket_counts FROM exp_histogram_points LIMIT 1",
            &["scale", "zero_count", "positive_offset", "positive_bucket_counts"],
            json!([[1, 1, -1, [1]]]),
        ),
        Case(
            "SELECT count, sum, quantile_values FROM summary_points LIMIT 1",
            &["count", "sum", "quantile_values"],
            json!([[5, 1.5, [{"quantile": 0.5, "value": 0.25}]]]),
        ),
        Case(
            "SELECT name, type, unit, description, aggregation_temporality, is_monotonic, service_name, point_count, \
             first_time_unix_nano, attr_int('core') AS core FROM metrics ORDER BY name",
            &[
                "name",
                "type",
                "unit",
                "description",
                "aggregation_temporality",
                "is_monotonic",
                "service_name",
                "point_count",
                "core",
            ],
            json!([
                ["age", "summary", "s", "age in words", null, null, "payments", 2, null],
                ["cpu", "gauge", "s", "cpu in words", null, null, "shop", 2, 1],
                ["latency", "histogram", "s", "latency in words", 1, null, "payments", 2, null],
                ["requests", "sum", "s", "requests in words", 2, true, "shop", 2, 1],
                ["size", "exponential_histogram", "s", "size in words", 2, null, "payments", 2, null]
            ]),
        ),
    ]
}

/// One row a trace.
fn traces() -> Vec<Case> {
    vec![
        Case(
            "SELECT trace_id, start_time_unix_nano, duration_ns, root_span_id, root_service_name, root_name, span_count, \
             error_count, first_error_service_name, first_error_message, service_names \
             FROM traces WHERE root_span_id IS NOT NULL ORDER BY trace_id",
            &[
                "trace_id",
                "start_time_unix_nano",
                "duration_ns",
                "root_span_id",
                "root_service_name",
                "root_name",
                "span_count",
                "error_count",
                "first_error_service_name",
                "first_error_message",
                "service_names",
            ],
            json!([
                [
                    PAGE,
                    "2026-01-02T03:04:05.010000000Z",
                    14_000_000,
                    "000000000000000a",
                    "shop",
                    "GET /",
                    3,
                    0,
                    null,
                    null,
                    ["shop"]
                ],
                [
                    PURCHASE,
                    "2026-01-02T03:04:05.001000000Z",
                    9_000_000,
                    "0000000000000001",
                    "shop",
                    "POST /buy",
                    5,
                    1,
                    "payments",
                    "card declined",
                    ["payments", "shop", "stock"]
                ]
            ]),
        ),
        Case(
            "SELECT span_count, error_count, root_span_id FROM traces WHERE trace_id = 'FFEEDDCCBBAA99887766554433221100'",
            &["span_count", "error_count", "root_span_id"],
            json!([[4, 1, null]]),
        ),
    ]
}

/// Logs and longer statements.
fn logs_and_more() -> Vec<Case> {
    vec![
        Case(
            "SELECT body, attr_int('number') AS n FROM logs WHERE body LIKE '%code%'",
            &["body", "n"],
            json!([["{\"code\":7,\"ok\":false}", 12]]),
        ),
        Case(
            "SELECT count(*) AS n FROM logs WHERE trace_id IS NULL AND severity_number BETWEEN 5 AND 13",
            &["n"],
            json!([[6]]),
        ),
        Case(
            "WITH slow AS (SELECT * FROM spans WHERE duration_ns > 20000000) SELECT attr('number') AS n FROM slow \
             ORDER BY n",
            &["n"],
            json!([["21"], ["22"], ["23"], ["24"]]),
        ),
        Case(
            "SELECT name FROM (SELECT name, row_number() OVER (PARTITION BY trace_id ORDER BY start_time_unix_nano) AS at \
             FROM spans) WHERE at = 1 ORDER BY name",
            &["name"],
            json!([["GET /"], ["POST /buy"], ["reserve"]]),
        ),
    ]
}
