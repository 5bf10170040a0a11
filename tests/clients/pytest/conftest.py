"""Telemetry of a test suite: the SDK as its environment says, one span a test that carries the test's name.

This is all that a suite needs under `telltale run`: the exporters read OTEL_EXPORTER_OTLP_ENDPOINT, and TELLTALE_URL leads to
the server's own API.
"""

import logging
import os

import pytest
from opentelemetry import metrics, trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def pytest_configure(config):
    if "OTEL_EXPORTER_OTLP_ENDPOINT" not in os.environ:
        config.providers = []
        return
    traces, logs = TracerProvider(), LoggerProvider()
    traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    meters = MeterProvider(metric_readers=[PeriodicExportingMetricReader(OTLPMetricExporter())])
    trace.set_tracer_provider(traces)
    metrics.set_meter_provider(meters)
    set_logger_provider(logs)
    logging.getLogger("shop").addHandler(LoggingHandler(logger_provider=logs))
    logging.getLogger("shop").setLevel(logging.INFO)
    config.providers = [traces, logs, meters]


def pytest_unconfigure(config):
    for provider in config.providers:
        provider.shutdown()


@pytest.fixture(autouse=True)
def span_of_the_test(request):
    """Each test is a trace of its own, so that its story is its own; the run's trace is linked by its resource."""
    tracer = trace.get_tracer("pytest")
    attributes = {"test.case.name": request.node.nodeid, "test.suite.name": request.node.parent.name}
    if request.node.get_closest_marker("without_name"):
        attributes = {}
    with tracer.start_as_current_span(request.node.name, context=extract({}), attributes=attributes) as span:
        yield span
