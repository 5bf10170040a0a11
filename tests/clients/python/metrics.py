"""Three programs that people really use, with metrics: prometheus-client, prometheus-api-client and the OpenTelemetry SDK.

metrics.py expose        exposes a counter, a gauge and a histogram; prints the port; runs until its stdin ends
metrics.py ask URL       asks with prometheus-api-client and prints the answers as JSON
metrics.py otlp ENDPOINT records explicit and exponential histograms inside a span, exports them, prints the trace id
"""

import json
import sys


def expose():
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

    registry = CollectorRegistry()
    jobs = Counter("worker_jobs", "Jobs done", ["queue"], registry=registry)
    jobs.labels("mail").inc(3)
    Gauge("worker_temperature_celsius", "How warm it is", registry=registry).set(36.6)
    seconds = Histogram("worker_job_seconds", "How long jobs take", registry=registry, buckets=(0.1, 1, 10))
    for value in (0.05, 0.5, 5):
        seconds.observe(value, exemplar={"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"})
    server, _ = start_http_server(0, addr="127.0.0.1", registry=registry)
    print(server.server_port, flush=True)
    sys.stdin.read()


def ask(url):
    from datetime import datetime, timedelta, timezone

    from prometheus_api_client import PrometheusConnect

    prometheus = PrometheusConnect(url=url, disable_ssl=True)
    now = datetime.now(timezone.utc)
    # The client rounds times to seconds, and the first sample may be younger than that.
    soon = now + timedelta(minutes=1)
    answers = {
        "connected": prometheus.check_prometheus_connection(),
        "names": prometheus.all_metrics(),
        "labels": prometheus.get_label_names(),
        "jobs": prometheus.get_label_values("job"),
        "current": prometheus.get_current_metric_value("worker_jobs_total", label_config={"queue": "mail"}),
        "query": prometheus.custom_query("sum(worker_jobs_total)"),
        "range": prometheus.custom_query_range("up", start_time=now - timedelta(minutes=5), end_time=soon, step="15"),
        "data": prometheus.get_metric_range_data("worker_temperature_celsius", start_time=now - timedelta(minutes=5), end_time=soon),
    }
    print(json.dumps(answers))


def otlp(endpoint):
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics import AlwaysOnExemplarFilter, Histogram, MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    resource = Resource.create({"service.name": "cart", "service.namespace": "shop", "service.instance.id": "cart-1"})
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint + "/v1/metrics"), export_interval_millis=3_600_000)
    exponential = View(instrument_name="cart.size", aggregation=ExponentialBucketHistogramAggregation())
    provider = MeterProvider([reader], resource, exemplar_filter=AlwaysOnExemplarFilter(), views=[exponential])
    meter = provider.get_meter("cart")
    duration = meter.create_histogram("cart.duration", unit="s", explicit_bucket_boundaries_advisory=[0.1, 1, 10])
    size = meter.create_histogram("cart.size", unit="By")
    tracer = TracerProvider(resource=resource).get_tracer("cart")
    with tracer.start_as_current_span("add") as span:
        for value in (0.05, 0.5, 0.5, 5):
            duration.record(value, {"http.route": "/add"})
            size.record(value * 1000)
        trace_id = f"{span.get_span_context().trace_id:032x}"
    assert provider.force_flush()
    print(json.dumps({"trace_id": trace_id}))


if __name__ == "__main__":
    {"expose": expose, "ask": ask, "otlp": otlp}[sys.argv[1]](*sys.argv[2:])
