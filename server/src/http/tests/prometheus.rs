//! Scenario: Grafana's data source and other clients ask the Prometheus API of a store that holds written series and OTLP points.
//! Guarantees: the shapes, statuses and texts of Prometheus, at both prefixes, by GET and by form.

use http::Method;
use serde_json::{Value, json};
use telltale_model::SignalKind;
use telltale_prometheus::{NativeHistogram, Series, otlp};

use super::harness::{NOW, Server};

/// The harness's time, in seconds.
const SECONDS: i64 = (NOW.0 / 1_000_000_000) as i64;

fn series(name: &str, labels: &[(&str, &str)], samples: &[(i64, f64)]) -> Series {
    let mut labels: Vec<_> = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    labels.push(("__name__".to_owned(), name.to_owned()));
    let samples = samples.iter().map(|(second, value)| ((SECONDS + second) * 1_000, *value)).collect();
    Series { labels, samples, ..Series::default() }.checked().unwrap()
}

async fn server() -> Server {
    let server = Server::new();
    let native = NativeHistogram {
        schema: 0,
        count: 3,
        sum: 4.5,
        positive: (1, vec![1, 2]),
        timestamp_ms: SECONDS * 1_000,
        ..NativeHistogram::default()
    };
    let labels = vec![("__name__".to_owned(), "native".to_owned()), ("job".to_owned(), "n".to_owned())];
    let request = otlp::request(vec![
        series("up", &[("job", "a"), ("instance", "x:1")], &[(-60, 1.0), (0, 1.0)]),
        series("up", &[("job", "b"), ("instance", "y:1")], &[(-60, 0.0), (0, f64::NAN)]),
        series("requests_total", &[("job", "a"), ("code", "200")], &[(-60, 10.0), (-30, 40.0), (0, 70.0)]),
        series("http.weird", &[("a.b", "c"), ("job", "n")], &[(0, 1e-9)]),
        Series { labels, histograms: vec![native], ..Series::default() },
    ]);
    server.send(SignalKind::Metrics, &request).await;
    server
}

/// The whole answer.
async fn get(server: &Server, path: &str) -> Value {
    server.get(path).await.json()
}

async fn data(server: &Server, path: &str) -> Value {
    let mut answer = get(server, path).await;
    assert_eq!(answer["status"], "success");
    answer["data"].take()
}

/// Status, type and text of an error.
async fn error(server: &Server, path: &str) -> (u16, String, String) {
    let answer = server.get(path).await;
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["status"], "error");
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (answer.status.as_u16(), text("errorType"), text("error"))
}

#[tokio::test]
async fn grafanas_save_and_test_passes() {
    let server = server().await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for prefix in ["", "/prometheus"] {
        let answer =
            server.ask(Method::POST, &format!("{prefix}/api/v1/query"), &form, "query=1%2B1&time=4").await.json();
        assert_eq!(answer, json!({"status": "success", "data": {"resultType": "scalar", "result": [4, "2"]}}));
    }
    let build = data(&server, "/api/v1/status/buildinfo").await;
    assert!(build["version"].as_str().unwrap().starts_with("3."), "{build}");
    assert_eq!(build.get("features"), None);
    assert_eq!(data(&server, "/api/v1/rules").await, json!({"groups": []}));
    // Milliseconds where seconds are meant: an error here would switch exemplars off for the session.
    let path = "/api/v1/query_exemplars?query=test&start=1763716500000&end=1763716560000";
    assert_eq!(data(&server, path).await, json!([]));
}

#[tokio::test]
async fn values_are_texts_and_times_are_seconds() {
    let server = server().await;
    let vector = data(&server, &format!("/api/v1/query?query=up&time={SECONDS}.5")).await;
    assert_eq!(
        vector,
        json!({"resultType": "vector", "result": [
            {"metric": {"__name__": "up", "instance": "x:1", "job": "a"}, "value": [SECONDS as f64 + 0.5, "1"]},
            {"metric": {"__name__": "up", "instance": "y:1", "job": "b"}, "value": [SECONDS as f64 + 0.5, "NaN"]},
        ]})
    );
    let range =
        format!("/api/v1/query_range?query=sum(up{{job=%22a%22}})&start={}&end={SECONDS}&step=60", SECONDS - 60);
    let matrix = data(&server, &range).await;
    let expected = json!([{"metric": {}, "values": [[SECONDS - 60, "1"], [SECONDS, "1"]]}]);
    assert_eq!(matrix, json!({"resultType": "matrix", "result": expected}));
    let tiny = data(&server, &format!("/api/v1/query?query=%7B%22http.weird%22%7D&time={SECONDS}")).await;
    assert_eq!(tiny["result"][0]["value"][1], "1e-09");
    let text = data(&server, "/api/v1/query?query=%22x%22&time=1").await;
    assert_eq!(text, json!({"resultType": "string", "result": [1, "x"]}));
    let rate = data(&server, &format!("/api/v1/query?query=increase(requests_total[61s])&time={SECONDS}")).await;
    assert_eq!(rate["result"][0]["metric"], json!({"code": "200", "job": "a"}));
    let native = data(&server, &format!("/api/v1/query?query=native&time={SECONDS}")).await;
    assert_eq!(
        native["result"][0]["histogram"][1],
        json!({"count": "3", "sum": "4.5", "buckets": [[0, "1", "2", "1"], [0, "2", "4", "2"]]})
    );
}

#[tokio::test]
async fn names_values_and_series_are_listed_and_cut_only_with_a_word() {
    let server = server().await;
    let times = format!("start={}&end={}", SECONDS - 300, SECONDS + 60);
    let labels = data(&server, &format!("/api/v1/labels?{times}")).await;
    assert_eq!(labels, json!(["__name__", "a.b", "code", "instance", "job"]));
    let cut = get(&server, &format!("/api/v1/labels?{times}&limit=2")).await;
    assert_eq!(
        cut,
        json!({"status": "success", "data": ["__name__", "a.b"], "warnings": ["results truncated due to limit"]})
    );
    let names = data(&server, &format!("/api/v1/label/__name__/values?{times}&match[]=%7Bjob=%22a%22%7D")).await;
    assert_eq!(names, json!(["requests_total", "up"]));
    assert_eq!(data(&server, "/api/v1/label/U__a_2e_b/values").await, json!(["c"]));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let series =
        server.ask(Method::POST, "/api/v1/series", &form, "match[]=up&match[]=requests_total&limit=1").await.json();
    assert_eq!(series["data"], json!([{"__name__": "requests_total", "code": "200", "job": "a"}]));
    assert_eq!(series["warnings"][0], "results truncated due to limit");
    assert_eq!(data(&server, "/api/v1/series?match[]=up&start=1&end=2").await, json!([]));
    let metadata = data(&server, "/api/v1/metadata?metric=up").await;
    assert_eq!(metadata, json!({"up": [{"type": "unknown", "help": "", "unit": ""}]}));
}

#[tokio::test]
async fn errors_have_prometheus_s_envelope_and_status() {
    let server = server().await;
    let cases = [
        ("/api/v1/query?query=up{", 400, "bad_data", "invalid parameter \"query\": 1:"),
        (
            "/api/v1/query?query=up&time=x",
            400,
            "bad_data",
            "invalid parameter \"time\": cannot parse \"x\" to a valid timestamp",
        ),
        (
            "/api/v1/query_range?query=up&start=2&end=1&step=1",
            400,
            "bad_data",
            "invalid parameter \"end\": end timestamp must not be before start time",
        ),
        (
            "/api/v1/query_range?query=up&start=1&end=2&step=0",
            400,
            "bad_data",
            "invalid parameter \"step\": zero or negative query resolution step widths are not accepted.",
        ),
        (
            "/api/v1/query_range?query=up&start=1&end=20000&step=1",
            400,
            "bad_data",
            "exceeded maximum resolution of 11,000 points per timeseries.",
        ),
        ("/api/v1/series", 400, "bad_data", "no match[] parameter provided"),
        ("/api/v1/labels?match[]=%7B%7D", 400, "bad_data", "match[] must contain at least one non-empty matcher"),
        ("/api/v1/labels?limit=-1", 400, "bad_data", "invalid parameter \"limit\": limit must be non-negative"),
        ("/api/v1/query?query=up%20%2B%20on(job)%20%7Bjob=~%22.%2B%22%7D", 422, "execution", "found duplicate series"),
    ];
    for (path, status, kind, text) in cases {
        let path = if status == 422 { format!("{path}&time={SECONDS}") } else { path.to_owned() };
        let (found, found_kind, found_text) = error(&server, &path).await;
        assert_eq!((found, found_kind.as_str()), (status, kind), "{path}: {found_text}");
        assert!(found_text.contains(text), "{path}: {found_text}");
    }
}

#[tokio::test]
async fn expressions_are_formatted_and_told_as_trees() {
    let server = server().await;
    assert_eq!(data(&server, "/api/v1/format_query?query=foo%2Fbar").await, "foo / bar");
    let tree = data(&server, "/api/v1/parse_query?query=foo%2Fbar").await;
    assert_eq!((tree["type"].as_str(), tree["op"].as_str()), (Some("binaryExpr"), Some("/")));
}

#[tokio::test]
async fn the_server_tells_about_itself() {
    let server = server().await;
    for path in ["runtimeinfo", "flags", "config", "tsdb"] {
        assert!(data(&server, &format!("/api/v1/status/{path}")).await.is_object(), "{path}");
    }
    let tsdb = data(&server, "/api/v1/status/tsdb?limit=1").await;
    assert_eq!(
        (&tsdb["headStats"]["numSeries"], &tsdb["seriesCountByMetricName"]),
        (&json!(5), &json!([{"name": "up", "value": 2}]))
    );
    assert_eq!(data(&server, "/api/v1/targets").await["activeTargets"], json!([]));
    assert_eq!(data(&server, "/api/v1/alerts").await, json!({"alerts": []}));
    for path in ["/-/healthy", "/-/ready", "/prometheus/-/ready"] {
        assert_eq!(server.get(path).await.status, 200, "{path}");
    }
    let federated = server.get("/federate?match[]=%7Bjob=%22a%22%7D").await;
    let expected = format!(
        "requests_total{{code=\"200\",job=\"a\"}} 70 {0}000\nup{{instance=\"x:1\",job=\"a\"}} 1 {0}000\n",
        SECONDS
    );
    assert_eq!(federated.text(), expected);
    let metrics = server.get("/metrics").await;
    assert!(
        metrics.text().contains("telltale_query_duration_seconds_count{kind=\"federate\"} 1"),
        "{}",
        metrics.text()
    );
}
