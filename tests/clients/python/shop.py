"""A small shop of four services, instrumented with the OpenTelemetry SDK for Python.

    shop.py grpc|http ENDPOINT

POST /orders at the storefront -> a queue -> a worker -> SQLite (with the real query plan) -> a device gateway over HTTP.
The first order succeeds; the second fails, since its device runs an old firmware. Context travels in real `traceparent`
headers. Everything that was recorded is printed as one JSON document in the shape of OTLP/JSON, written down by our own
processors and not by the exporters, so that a test can compare it with what a receiver stored.
"""

import json
import queue
import sqlite3
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import get_current
from opentelemetry.propagate import extract, inject
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

PROTOCOL, ENDPOINT = sys.argv[1], sys.argv[2]
NEEDED_FIRMWARE = "2.6.0"


def exporters():
    if PROTOCOL == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        make = lambda kind, _path: kind(endpoint=ENDPOINT, insecure=True)
    else:
        from opentelemetry.exporter.otlp.proto.http import Compression
        from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        make = lambda kind, path: kind(endpoint=ENDPOINT + path, compression=Compression.Gzip)
    return (
        make(OTLPSpanExporter, "/v1/traces"),
        make(OTLPLogExporter, "/v1/logs"),
        make(OTLPMetricExporter, "/v1/metrics"),
    )


def any_value(value):
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, (list, tuple)):
        return {"arrayValue": {"values": [any_value(item) for item in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": attributes(value)}}
    raise TypeError(type(value))


def attributes(pairs):
    return [{"key": key, "value": any_value(value)} for key, value in (pairs or {}).items()]


class Recorded(SpanProcessor, LogRecordProcessor):
    """Writes down what the SDK handed to its processors."""

    def __init__(self):
        self.spans, self.logs = [], []

    def on_end(self, span):
        context = span.get_span_context()
        self.spans.append(
            {
                "service": span.resource.attributes["service.name"],
                "resource": attributes(span.resource.attributes),
                "scope": span.instrumentation_scope.name,
                "span": {
                    "traceId": f"{context.trace_id:032x}",
                    "spanId": f"{context.span_id:016x}",
                    "parentSpanId": f"{span.parent.span_id:016x}" if span.parent else "",
                    "name": span.name,
                    "kind": span.kind.value + 1,
                    "startTimeUnixNano": str(span.start_time),
                    "endTimeUnixNano": str(span.end_time),
                    "attributes": attributes(span.attributes),
                    "events": [
                        {"name": e.name, "timeUnixNano": str(e.timestamp), "attributes": attributes(e.attributes)}
                        for e in span.events
                    ],
                    "links": [
                        {
                            "traceId": f"{link.context.trace_id:032x}",
                            "spanId": f"{link.context.span_id:016x}",
                            "attributes": attributes(link.attributes),
                        }
                        for link in span.links
                    ],
                    "status": {"code": span.status.status_code.value, "message": span.status.description or ""},
                },
            }
        )

    def on_emit(self, log_record):
        record = log_record.log_record
        self.logs.append(
            {
                "service": log_record.resource.attributes["service.name"],
                "log": {
                    "timeUnixNano": str(record.timestamp),
                    "severityNumber": record.severity_number.value,
                    "severityText": record.severity_text,
                    "body": any_value(record.body),
                    "attributes": attributes(record.attributes),
                    "traceId": f"{record.trace_id:032x}",
                    "spanId": f"{record.span_id:016x}",
                },
            }
        )

    def shutdown(self):
        pass

    def force_flush(self, timeout_millis=30000):
        return True


RECORDED = Recorded()


class Service:
    """One service with its own resource and its own pipeline."""

    def __init__(self, name, version, **more):
        resource = Resource.create({"service.name": name, "service.version": version, **more})
        spans, logs, metrics = exporters()
        self.tracing = TracerProvider(resource=resource)
        self.tracing.add_span_processor(RECORDED)
        self.tracing.add_span_processor(BatchSpanProcessor(spans))
        self.logging = LoggerProvider(resource=resource)
        self.logging.add_log_record_processor(RECORDED)
        self.logging.add_log_record_processor(BatchLogRecordProcessor(logs))
        reader = PeriodicExportingMetricReader(metrics, export_interval_millis=3_600_000)
        self.metering = MeterProvider(resource=resource, metric_readers=[reader])
        self.tracer = self.tracing.get_tracer("shop." + name, version)
        self.logger = self.logging.get_logger("shop." + name)
        self.meter = self.metering.get_meter("shop." + name)

    def log(self, severity, body, **attrs):
        now = time.time_ns()
        self.logger.emit(
            LogRecord(
                timestamp=now,
                observed_timestamp=now,
                context=get_current(),
                severity_number=severity,
                severity_text=severity.name,
                body=body,
                attributes=attrs,
            )
        )

    def shutdown(self):
        self.tracing.shutdown()
        self.logging.shutdown()
        self.metering.shutdown()


STOREFRONT = Service("storefront", "3.1.0", **{"deployment.environment.name": "test"})
WORKER = Service("order-worker", "1.9.2", **{"host.name": "worker-7"})
GATEWAY = Service("device-gateway", "0.8.4", **{"gateway.id": "gw-eu-3"})
ORDERS = STOREFRONT.meter.create_counter("shop.orders", unit="{order}", description="Orders taken")
LATENCY = STOREFRONT.meter.create_histogram("shop.order.duration", unit="ms", description="Time to take an order")
STOCK = WORKER.meter.create_up_down_counter("shop.stock", unit="{piece}")
MEASURED = {"orders": 0, "latencies": []}
JOBS = queue.Queue()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args):
        pass

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def body(self):
        return json.loads(self.rfile.read(int(self.headers["content-length"])))


class Storefront(Handler):
    def do_POST(self):
        order = self.body()
        started = time.perf_counter()
        with STOREFRONT.tracer.start_as_current_span(
            "POST /orders",
            context=extract(self.headers),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": "POST", "http.route": "/orders", "order.items": order["items"]},
        ) as span:
            STOREFRONT.log(SeverityNumber.INFO, f"order for {order['device']} received", customer="Jürgen ☂")
            carrier, done = {}, queue.Queue()
            with STOREFRONT.tracer.start_as_current_span("orders publish", kind=SpanKind.PRODUCER):
                inject(carrier)
                JOBS.put((carrier, order, done))
            outcome = done.get(timeout=30)
            status = 201 if outcome is None else 502
            span.set_attribute("http.response.status_code", status)
            if outcome is not None:
                span.set_status(Status(StatusCode.ERROR, outcome))
                STOREFRONT.log(SeverityNumber.ERROR, f"order failed: {outcome}", retry=False)
            millis = (time.perf_counter() - started) * 1000.0
            ORDERS.add(1, {"http.route": "/orders"})
            LATENCY.record(millis, {"http.route": "/orders"})
            MEASURED["orders"] += 1
            MEASURED["latencies"].append(millis)
            trace_id = f"{span.get_span_context().trace_id:032x}"
        self.answer(status, {"trace_id": trace_id, "outcome": outcome})


class DeviceGateway(Handler):
    def do_POST(self):
        device = self.body()["device"]
        firmware = "2.6.0" if device == "meter-1" else "2.4.9"
        with GATEWAY.tracer.start_as_current_span(
            "POST /devices/{id}/unlock",
            context=extract(self.headers),
            kind=SpanKind.SERVER,
            attributes={"device.id": device, "device.firmware.version": firmware, "gateway.id": "gw-eu-3"},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                if firmware != NEEDED_FIRMWARE:
                    raise RuntimeError(f"firmware {firmware} does not know the command unlock")
                self.answer(200, {"ok": True})
            except RuntimeError as error:
                span.record_exception(error)
                span.set_status(Status(StatusCode.ERROR, str(error)))
                GATEWAY.log(SeverityNumber.ERROR, {"event": "unlock refused", "device": device, "firmware": firmware})
                self.answer(409, {"ok": False, "error": str(error)})


def serve(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_address[1]}"


def post(url, body, carrier=None):
    headers = {"content-type": "application/json", **(carrier or {})}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def reserve(database, order):
    """Takes the stock in SQLite; the span carries the statement and the plan that SQLite really chose."""
    sql = "SELECT item, pieces FROM stock WHERE device = ? ORDER BY pieces"
    plan = "\n".join(row[3] for row in database.execute("EXPLAIN QUERY PLAN " + sql, (order["device"],)))
    with WORKER.tracer.start_as_current_span(
        "SELECT stock",
        kind=SpanKind.CLIENT,
        attributes={"db.system.name": "sqlite", "db.query.text": sql, "db.query.plan": plan, "db.collection.name": "stock"},
    ) as span:
        rows = database.execute(sql, (order["device"],)).fetchall()
        span.set_attribute("db.response.returned_rows", len(rows))
        span.add_event("rows fetched", {"items": [row[0] for row in rows], "share": 0.5})
        STOCK.add(-order["items"])


def work(gateway_url):
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE stock (device TEXT, item TEXT, pieces INTEGER)")
    database.executemany("INSERT INTO stock VALUES (?, ?, ?)", [("meter-1", "bolt", 3), ("meter-2", "nut", 5)])
    previous = None
    while (job := JOBS.get()) is not None:
        carrier, order, done = job
        context = extract(carrier)
        sender = trace.get_current_span(context).get_span_context()
        links = [Link(sender, {"messaging.destination.name": "orders"})]
        if previous is not None:
            links.append(Link(previous, {"reason": "previous job"}))
        with WORKER.tracer.start_as_current_span(
            "orders process", context=context, kind=SpanKind.CONSUMER, links=links
        ) as span:
            previous = span.get_span_context()
            reserve(database, order)
            with WORKER.tracer.start_as_current_span("POST", kind=SpanKind.CLIENT) as call:
                headers = {}
                inject(headers)
                status, answer = post(gateway_url + "/devices/unlock", {"device": order["device"]}, headers)
                call.set_attribute("http.response.status_code", status)
                outcome = answer.get("error")
                if outcome:
                    call.set_status(Status(StatusCode.ERROR, "409"))
            WORKER.log(SeverityNumber.WARN if outcome else SeverityNumber.INFO, "job done", ok=outcome is None, share=0.25)
        done.put(outcome)


def main():
    gateway, gateway_url = serve(DeviceGateway)
    storefront, storefront_url = serve(Storefront)
    worker = threading.Thread(target=work, args=(gateway_url,))
    worker.start()
    requests = [post(storefront_url + "/orders", {"device": device, "items": 2}) for device in ("meter-1", "meter-2")]
    JOBS.put(None)
    worker.join()
    storefront.shutdown()
    gateway.shutdown()
    for service in (STOREFRONT, WORKER, GATEWAY):
        service.shutdown()
    document = {
        "requests": [{"status": status, **answer} for status, answer in requests],
        "spans": RECORDED.spans,
        "logs": RECORDED.logs,
        "metrics": {
            "counter": {"name": "shop.orders", "sum": MEASURED["orders"]},
            "histogram": {
                "name": "shop.order.duration",
                "count": len(MEASURED["latencies"]),
                "sum": sum(MEASURED["latencies"]),
                "exemplars": True,
            },
            "up_down": {"name": "shop.stock", "sum": -2 * len(requests)},
        },
    }
    print(json.dumps(document))


main()
