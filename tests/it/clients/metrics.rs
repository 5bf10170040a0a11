//! Real clients with metrics: prometheus-client is scraped, prometheus-api-client asks, and histograms of the OpenTelemetry SDK answer
//! `histogram_quantile`, with exemplars that lead to the request.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use telltale_tests::http::percent;
use telltale_tests::poll::until;

use super::output;
use crate::support::install::python_metrics;
use crate::support::{launch, root, server};

fn python(args: &[&str]) -> Command {
    let mut command = Command::new(python_metrics());
    command.arg(root().join("tests/clients/python/metrics.py")).args(args);
    command
}

/// A program that ends when this does.
struct Exposing(Child);

impl Drop for Exposing {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[tokio::test]
async fn prometheus_client_is_scraped_and_prometheus_api_client_reads_it() {
    let mut child = python(&["expose"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut port = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let _exposing = Exposing(child);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("telltale.toml");
    let text = format!(
        "[[scrape]]\nurl = \"http://127.0.0.1:{}/metrics\"\ninterval = \"1s\"\njob = \"worker\"\nlabels = {{ zone = \"a\" }}\n",
        port.trim()
    );
    std::fs::write(&file, text).unwrap();
    let server = launch().arg("--config").arg(file.display().to_string()).start();
    until("the first scrape", Duration::from_secs(30), async || {
        let answer = server.http.get_json("/api/v1/query?query=up").await;
        (answer["data"]["result"][0]["value"][1] == "1").then_some(())
    })
    .await;
    let url = server.ready.ui.clone();
    let answers = tokio::task::spawn_blocking(move || output(python(&["ask", &url]))).await.unwrap();
    assert_eq!(answers["connected"], true);
    for name in ["worker_jobs_total", "worker_job_seconds_bucket", "scrape_duration_seconds", "up"] {
        assert!(answers["names"].as_array().unwrap().contains(&name.into()), "{name}: {}", answers["names"]);
    }
    assert_eq!(answers["jobs"], serde_json::json!(["worker"]));
    assert_eq!(answers["current"][0]["value"][1], "3");
    assert_eq!(answers["current"][0]["metric"]["zone"], "a");
    assert_eq!(answers["query"][0]["value"][1], "3");
    assert!(!answers["range"][0]["values"].as_array().unwrap().is_empty());
    assert_eq!(answers["data"][0]["values"][0][1], "36.6");
    let exemplars = server.http.get_json("/api/v1/query_exemplars?query=worker_job_seconds_bucket").await;
    let exemplar = &exemplars["data"][0]["exemplars"][0];
    assert_eq!(exemplar["labels"]["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736", "{exemplars}");
    let metadata = server.http.get_json("/api/v1/metadata?metric=worker_job_seconds").await;
    assert_eq!(metadata["data"]["worker_job_seconds"][0]["type"], "histogram", "{metadata}");
}

#[tokio::test]
async fn histograms_of_the_sdk_answer_histogram_quantile_and_lead_to_the_request() {
    let server = server();
    let sent = output(python(&["otlp", &server.ready.otlp_http]));
    let ask = async |query: &str| -> Value {
        let answer = server.http.get_json(&format!("/api/v1/query?query={}", percent(query))).await;
        assert_eq!(answer["status"], "success", "{answer}");
        answer["data"]["result"].clone()
    };
    let number = |result: &Value| -> f64 { result[0]["value"][1].as_str().unwrap().parse().unwrap() };
    for flushed in [false, true] {
        if flushed {
            server.http.flush_durable().await;
        }
        // Observations 0.05, 0.5, 0.5 and 5 in buckets that end at 0.1, 1 and 10: the median lies in the second.
        let median = number(&ask("histogram_quantile(0.5, sum by (le) (cart_duration_seconds_bucket))").await);
        assert!((0.5..=0.6).contains(&median), "{median}");
        let series = ask("cart_duration_seconds_count").await;
        let labels = &series[0]["metric"];
        assert_eq!((&labels["job"], &labels["instance"]), (&"shop/cart".into(), &"cart-1".into()), "{labels}");
        assert_eq!((&labels["http_route"], &labels["service_name"]), (&"/add".into(), &"cart".into()), "{labels}");
        // The exponential one, within its resolution.
        let median = number(&ask("histogram_quantile(0.5, cart_size_bytes)").await);
        assert!((450.0..550.0).contains(&median), "{median}");
        assert_eq!(number(&ask("histogram_count(cart_size_bytes)").await), 4.0);
        assert_eq!(number(&ask("histogram_sum(cart_size_bytes)").await), 6050.0);
        assert!(ask("target_info").await[0]["metric"]["telemetry_sdk_language"] == "python");
    }
    let query = percent("histogram_quantile(0.9, sum by (le) (rate(cart_duration_seconds_bucket[5m])))");
    let exemplars = server.http.get_json(&format!("/api/v1/query_exemplars?query={query}")).await;
    let series = exemplars["data"].as_array().unwrap();
    assert!(!series.is_empty(), "{exemplars}");
    for exemplar in series.iter().flat_map(|series| series["exemplars"].as_array().unwrap()) {
        assert_eq!(exemplar["labels"]["trace_id"], sent["trace_id"], "{exemplars}");
    }
}
