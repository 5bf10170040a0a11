//! Scenario: Debian's Prometheus and telltale are sent the same samples by remote write and asked the same questions, made up from a
//! seed. Guarantees: the same answers, in memory and after a flush, but for what Prometheus 3 changed on purpose.
//!
//! Left out, because 2.42 and 3.x differ there: samples on the left edge of a window (2.x windows are closed, 3.x left-open; every
//! sample of the data lies 7 to 10 s after a multiple of 15 s, every question asks 4 s after one); functions and operators that 2.42
//! does not have (`mad_over_time`, `sort_by_label`, `double_exponential_smoothing`, `info`, `limitk`, experimental ones) or that 3.x
//! renamed (`holt_winters`); native histograms, which are an experiment there; `.` in a regular expression, which matches line ends in
//! 3.x; UTF-8 names; warnings and infos; `atan2` (2.42 keeps the metric's name); `rate` and `increase` of what is no counter (3.x
//! extrapolates less towards zero behind a gap); infinities under `stddev` and `stdvar` (0 in 2.42, NaN in 3.x), which quantiles of
//! histograms outside 0 to 1 would bring.

use std::collections::BTreeMap;

use prost::Message as _;
use reqwest::Method;
use serde_json::Value;
use telltale_prometheus::remote::v1;
use telltale_tests::http::Http;
use telltale_tests::prometheus::{Prometheus, WRITE_HEADERS};
use telltale_tests::rng::Rng;

use crate::support::server;

mod generate;

use generate::{END, START};

/// Questions that are asked; the issue wants at least 500.
const QUESTIONS: usize = 520;

#[tokio::test]
async fn five_hundred_generated_queries_are_answered_as_prometheus_answers_them() {
    let (ours, theirs) = (server(), Prometheus::start(&[]).await);
    for request in generate::requests() {
        let body = snap::raw::Encoder::new().compress_vec(&request.encode_to_vec()).unwrap();
        for (name, request) in
            [("ours", ours.http.request(Method::POST, "/api/v1/write")), ("theirs", theirs.post("/api/v1/write"))]
        {
            let request = WRITE_HEADERS.into_iter().fold(request, |request, (name, value)| request.header(name, value));
            let answer = request.body(body.clone()).send().await.unwrap();
            let status = answer.status();
            assert!(status.is_success(), "{name}: {status}: {}", answer.text().await.unwrap());
        }
    }
    let mut rng = Rng::new(42);
    let (mut wrong, mut with_series) = (Vec::new(), 0);
    for number in 0..QUESTIONS {
        if number == QUESTIONS / 2 {
            ours.http.flush_durable().await;
        }
        let path = question(&mut rng);
        let (mine, reference) = (ask(&ours.http, &path).await, understand(&theirs.get_json(&path).await));
        with_series += usize::from(matches!(&reference, Ok(answer) if !answer.is_empty()));
        if let Some(difference) = difference(&mine, &reference) {
            wrong.push(format!("{path}\n  {difference}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {QUESTIONS} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(with_series > QUESTIONS * 6 / 10, "only {with_series} of {QUESTIONS} questions had an answer at all");
    ours.stop();
}

/// Path and parameters of one question.
fn question(rng: &mut Rng) -> String {
    let query = telltale_tests::http::percent(&generate::expression(rng, 3));
    let time = |rng: &mut Rng| (START + 600 + 15 * i64::try_from(rng.range(0, 80)).unwrap()) as f64 + 4.0;
    if rng.range(0, 2) == 0 {
        return format!("/api/v1/query?query={query}&time={}", time(rng));
    }
    let start = time(rng);
    let step = [15, 30, 60, 225][usize::try_from(rng.range(0, 4)).unwrap()];
    format!("/api/v1/query_range?query={query}&start={start}&end={}&step={step}", END as f64 + 4.0)
}

/// Series by labels, each with times and values; a scalar is a series without labels. An error is its type.
type Answer = Result<BTreeMap<String, Vec<(f64, f64)>>, String>;

async fn ask(http: &Http, path: &str) -> Answer {
    let answer = http.get(path).await;
    understand(&answer.json())
}

fn understand(answer: &Value) -> Answer {
    if answer["status"] != "success" {
        return Err(answer["errorType"].as_str().unwrap_or("no type").to_owned());
    }
    let data = &answer["data"];
    let sample = |pair: &Value| {
        let value = pair[1].as_str().unwrap();
        (pair[0].as_f64().unwrap(), value.parse().unwrap_or_else(|_| panic!("{value} is no number")))
    };
    if data["resultType"] == "scalar" {
        return Ok(BTreeMap::from([(String::new(), vec![sample(&data["result"])])]));
    }
    let series = data["result"].as_array().unwrap().iter().map(|series| {
        // serde_json keeps the keys of a map sorted.
        let labels = series["metric"].to_string();
        let samples = match series["values"].as_array() {
            Some(values) => values.iter().map(sample).collect(),
            None => vec![sample(&series["value"])],
        };
        (labels, samples)
    });
    Ok(series.collect())
}

/// How far two sums of the same numbers in another order may lie apart.
const TOLERANCE: f64 = 1e-9;

fn same(left: f64, right: f64) -> bool {
    left == right
        || left.is_nan() && right.is_nan()
        || (left - right).abs() <= TOLERANCE * left.abs().max(right.abs()).max(1e-6)
}

fn difference(ours: &Answer, theirs: &Answer) -> Option<String> {
    match (ours, theirs) {
        (Err(ours), Err(theirs)) if ours == theirs => None,
        (Ok(ours), Ok(theirs)) => {
            if !ours.keys().eq(theirs.keys()) {
                return Some(format!("series: {:?}\n  theirs: {:?}", ours.keys(), theirs.keys()));
            }
            ours.iter().zip(theirs.values()).find_map(|((labels, ours), theirs)| {
                let pairs = || ours.iter().zip(theirs);
                let equal = ours.len() == theirs.len() && pairs().all(|(a, b)| a.0 == b.0 && same(a.1, b.1));
                let first = pairs().find(|(a, b)| a.0 != b.0 || !same(a.1, b.1));
                (!equal).then(|| format!("{labels}: {} and {} samples, first {first:?}", ours.len(), theirs.len()))
            })
        }
        _ => Some(format!("{ours:?}\n  theirs: {theirs:?}")),
    }
}

/// A write that is broken, a series that cannot be kept, and a body that is none.
#[tokio::test]
async fn remote_write_is_answered_as_its_senders_need_it() {
    let server = server();
    let write = async |body: Vec<u8>, encoding: &str| {
        let request =
            server.http.request(Method::POST, "/api/v1/write").header("content-encoding", encoding.to_owned());
        server.http.send(request.header("content-type", "application/x-protobuf").body(body)).await
    };
    let snappy = |request: &v1::WriteRequest| snap::raw::Encoder::new().compress_vec(&request.encode_to_vec()).unwrap();
    let label = |name: &str, value: &str| v1::Label { name: name.into(), value: value.into() };
    let series = |labels| v1::TimeSeries {
        labels,
        samples: vec![v1::Sample { value: 1.0, timestamp: START * 1_000 }],
        ..v1::TimeSeries::default()
    };
    let good = series(vec![label("__name__", "kept"), label("job", "j")]);
    let nameless = series(vec![label("job", "j")]);
    let whole = v1::WriteRequest { timeseries: vec![good.clone()], ..v1::WriteRequest::default() };
    assert_eq!(write(snappy(&whole), "snappy").await.status, 204);
    let mixed = v1::WriteRequest { timeseries: vec![nameless, good], ..v1::WriteRequest::default() };
    let answer = write(snappy(&mixed), "snappy").await;
    assert_eq!((answer.status.as_u16(), answer.header("x-prometheus-remote-write-samples-written")), (400, "1"));
    assert!(answer.text().contains("a series without a name"), "{}", answer.text());
    assert_eq!(write(b"not snappy".to_vec(), "snappy").await.status, 400);
    assert_eq!(write(Vec::new(), "br").await.status, 415);
    let path = format!("/api/v1/query?query=kept&time={}", START + 1);
    let found = server.http.get_json(&path).await;
    assert_eq!(found["data"]["result"][0]["metric"], serde_json::json!({"__name__": "kept", "job": "j"}));
    let metrics = server.http.metrics().await;
    let refused = metrics.sum("telltale_ingest_rejected_items_total", &["reason=\"series_without_name\""]);
    assert_eq!(refused, Some(1.0));
}

/// Scenario: `telltale query --promql` against a server that has a counter.
#[tokio::test]
async fn the_command_line_answers_promql_with_a_chart_and_with_json() {
    let server = server();
    for request in generate::requests() {
        let body = snap::raw::Encoder::new().compress_vec(&request.encode_to_vec()).unwrap();
        let request = server.http.request(Method::POST, "/api/v1/write").header("content-encoding", "snappy");
        assert_eq!(server.http.send(request.body(body)).await.status, 204);
    }
    let run = |args: &[&str]| {
        let mut command = std::process::Command::new(crate::support::PROGRAM);
        let output = command.arg("query").args(args).args(["--url", &server.ready.ui]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (start, end) = (START.to_string(), END.to_string());
    let range =
        ["--promql", "sum by (job) (rate(requests_total[2m]))", "--start", &start, "--end", &end, "--step", "60"];
    let (code, text, _) = run(&range);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("{job=\"api\"}") && text.contains('█'), "{text}");
    let (_, json, _) = run(&[&range[..], &["--json"]].concat());
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["resultType"], "matrix");
    let (code, text, _) = run(&["--promql", "1 + 1"]);
    assert_eq!((code, text.trim()), (Some(0), "2"));
    let (code, _, complaint) = run(&["--promql", "rate(x"]);
    assert_eq!(code, Some(2), "{complaint}");
    assert!(complaint.contains("parse error"), "{complaint}");
}
