// A small shop of four services, instrumented with the OpenTelemetry SDK for Node.
//
//     node shop.js json|protobuf ENDPOINT
//
// The same story as ../python/shop.py: POST /orders at the storefront -> a worker -> SQLite (with the real query plan) -> a
// device gateway over HTTP. What was recorded is printed as one JSON document in the shape of OTLP/JSON, written down by our
// own processors and not by the exporters.
'use strict';

const http = require('node:http');
const api = require('@opentelemetry/api');
const { SeverityNumber } = require('@opentelemetry/api-logs');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { W3CTraceContextPropagator } = require('@opentelemetry/core');
const { resourceFromAttributes } = require('@opentelemetry/resources');
const { BasicTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { LoggerProvider, BatchLogRecordProcessor } = require('@opentelemetry/sdk-logs');
const { MeterProvider, PeriodicExportingMetricReader } = require('@opentelemetry/sdk-metrics');
const initSqlJs = require('sql.js');

const [PROTOCOL, ENDPOINT] = process.argv.slice(2);
const SUFFIX = PROTOCOL === 'json' ? 'http' : 'proto';
const { OTLPTraceExporter } = require(`@opentelemetry/exporter-trace-otlp-${SUFFIX}`);
const { OTLPLogExporter } = require(`@opentelemetry/exporter-logs-otlp-${SUFFIX}`);
const { OTLPMetricExporter } = require(`@opentelemetry/exporter-metrics-otlp-${SUFFIX}`);

api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const propagator = new W3CTraceContextPropagator();
const recorded = { spans: [], logs: [] };

const nanos = ([seconds, rest]) => (BigInt(seconds) * 1_000_000_000n + BigInt(rest)).toString();

function anyValue(value) {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (Number.isInteger(value)) return { intValue: String(value) };
  if (typeof value === 'number') return { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return { kvlistValue: { values: attributes(value) } };
}

function attributes(pairs) {
  return Object.entries(pairs ?? {}).map(([key, value]) => ({ key, value: anyValue(value) }));
}

const spanRecorder = {
  onStart() {},
  onEnd(span) {
    const { traceId, spanId } = span.spanContext();
    recorded.spans.push({
      service: span.resource.attributes['service.name'],
      resource: attributes(span.resource.attributes),
      scope: span.instrumentationScope.name,
      span: {
        traceId,
        spanId,
        parentSpanId: span.parentSpanContext?.spanId ?? '',
        name: span.name,
        kind: span.kind + 1,
        startTimeUnixNano: nanos(span.startTime),
        endTimeUnixNano: nanos(span.endTime),
        attributes: attributes(span.attributes),
        events: span.events.map((event) => ({
          name: event.name, timeUnixNano: nanos(event.time), attributes: attributes(event.attributes),
        })),
        links: span.links.map((link) => ({
          traceId: link.context.traceId, spanId: link.context.spanId, attributes: attributes(link.attributes),
        })),
        status: { code: span.status.code, message: span.status.message ?? '' },
      },
    });
  },
  async forceFlush() {},
  async shutdown() {},
};

const logRecorder = {
  onEmit(record) {
    recorded.logs.push({
      service: record.resource.attributes['service.name'],
      log: {
        timeUnixNano: nanos(record.hrTime),
        severityNumber: record.severityNumber,
        severityText: record.severityText,
        body: anyValue(record.body),
        attributes: attributes(record.attributes),
        traceId: record.spanContext.traceId,
        spanId: record.spanContext.spanId,
      },
    });
  },
  async forceFlush() {},
  async shutdown() {},
};

class Service {
  constructor(name, version, more = {}) {
    const resource = resourceFromAttributes({ 'service.name': name, 'service.version': version, ...more });
    this.tracing = new BasicTracerProvider({
      resource,
      spanProcessors: [spanRecorder, new BatchSpanProcessor(new OTLPTraceExporter({ url: `${ENDPOINT}/v1/traces` }))],
    });
    this.logging = new LoggerProvider({
      resource,
      processors: [logRecorder, new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${ENDPOINT}/v1/logs` }) })],
    });
    const exporter = new OTLPMetricExporter({ url: `${ENDPOINT}/v1/metrics` });
    this.metering = new MeterProvider({
      resource,
      readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
    });
    this.tracer = this.tracing.getTracer(`shop.${name}`, version);
    this.logger = this.logging.getLogger(`shop.${name}`);
    this.meter = this.metering.getMeter(`shop.${name}`);
  }

  log(severityText, body, attrs = {}) {
    this.logger.emit({
      severityNumber: SeverityNumber[severityText], severityText, body, attributes: attrs, context: api.context.active(),
    });
  }

  span(name, options, parent, run) {
    return this.tracer.startActiveSpan(name, options, parent, async (span) => {
      try {
        return await run(span);
      } finally {
        span.end();
      }
    });
  }

  async shutdown() {
    await this.tracing.shutdown();
    await this.logging.shutdown();
    await this.metering.shutdown();
  }
}

const storefront = new Service('storefront-js', '3.1.0', { 'deployment.environment.name': 'test' });
const worker = new Service('order-worker-js', '1.9.2', { 'host.name': 'worker-7' });
const gateway = new Service('device-gateway-js', '0.8.4', { 'gateway.id': 'gw-eu-3' });
const orders = storefront.meter.createCounter('shop.js.orders', { unit: '{order}' });
const latency = storefront.meter.createHistogram('shop.js.order.duration', { unit: 'ms' });
const stock = worker.meter.createUpDownCounter('shop.js.stock', { unit: '{piece}' });
const measured = { orders: 0, latencies: [] };
let previous;

const inject = (carrier) => (propagator.inject(api.context.active(), carrier, api.defaultTextMapSetter), carrier);
const extract = (carrier) => propagator.extract(api.ROOT_CONTEXT, carrier, api.defaultTextMapGetter);

function serve(handle) {
  return new Promise((resolve) => {
    const server = http.createServer(async (request, response) => {
      let text = '';
      for await (const part of request) text += part;
      const [status, body] = await handle(request, JSON.parse(text));
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    server.listen(0, '127.0.0.1', () => resolve([server, `http://127.0.0.1:${server.address().port}`]));
  });
}

async function post(url, body, headers = {}) {
  const response = await fetch(url, {
    method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers },
  });
  return [response.status, await response.json()];
}

async function takeOrder(request, order) {
  const started = performance.now();
  const options = { kind: api.SpanKind.SERVER, attributes: { 'http.request.method': 'POST', 'http.route': '/orders', 'order.items': order.items } };
  return storefront.span('POST /orders', options, extract(request.headers), async (span) => {
    storefront.log('INFO', `order for ${order.device} received`, { customer: 'Jürgen ☂' });
    const carrier = await storefront.span('orders publish', { kind: api.SpanKind.PRODUCER }, api.context.active(), async () => inject({}));
    const outcome = await work(carrier, order);
    const status = outcome ? 502 : 201;
    span.setAttribute('http.response.status_code', status);
    if (outcome) {
      span.setStatus({ code: api.SpanStatusCode.ERROR, message: outcome });
      storefront.log('ERROR', `order failed: ${outcome}`, { retry: false });
    }
    const millis = performance.now() - started;
    orders.add(1, { 'http.route': '/orders' });
    latency.record(millis, { 'http.route': '/orders' });
    measured.orders += 1;
    measured.latencies.push(millis);
    return [status, { trace_id: span.spanContext().traceId, outcome: outcome ?? null }];
  });
}

async function unlock(request, { device }) {
  const firmware = device === 'meter-1' ? '2.6.0' : '2.4.9';
  const options = { kind: api.SpanKind.SERVER, attributes: { 'device.id': device, 'device.firmware.version': firmware, 'gateway.id': 'gw-eu-3' } };
  return gateway.span('POST /devices/{id}/unlock', options, extract(request.headers), async (span) => {
    if (firmware === '2.6.0') return [200, { ok: true }];
    const error = new Error(`firmware ${firmware} does not know the command unlock`);
    span.recordException(error);
    span.setStatus({ code: api.SpanStatusCode.ERROR, message: error.message });
    gateway.log('ERROR', { event: 'unlock refused', device, firmware });
    return [409, { ok: false, error: error.message }];
  });
}

async function reserve(database, order) {
  const sql = 'SELECT item, pieces FROM stock WHERE device = ? ORDER BY pieces';
  const plan = database.exec(`EXPLAIN QUERY PLAN ${sql}`, [order.device])[0].values.map((row) => row[3]).join('\n');
  const options = { kind: api.SpanKind.CLIENT, attributes: { 'db.system.name': 'sqlite', 'db.query.text': sql, 'db.query.plan': plan, 'db.collection.name': 'stock' } };
  await worker.span('SELECT stock', options, api.context.active(), async (span) => {
    const rows = database.exec(sql, [order.device])[0].values;
    span.setAttribute('db.response.returned_rows', rows.length);
    span.addEvent('rows fetched', { items: rows.map((row) => row[0]), share: 0.5 });
    stock.add(-order.items);
  });
}

let database;
let gatewayUrl;

async function work(carrier, order) {
  const parent = extract(carrier);
  const links = [{ context: api.trace.getSpanContext(parent), attributes: { 'messaging.destination.name': 'orders' } }];
  if (previous) links.push({ context: previous, attributes: { reason: 'previous job' } });
  return worker.span('orders process', { kind: api.SpanKind.CONSUMER, links }, parent, async (span) => {
    previous = span.spanContext();
    await reserve(database, order);
    const outcome = await worker.span('POST', { kind: api.SpanKind.CLIENT }, api.context.active(), async (call) => {
      const [status, answer] = await post(`${gatewayUrl}/devices/unlock`, { device: order.device }, inject({}));
      call.setAttribute('http.response.status_code', status);
      if (answer.error) call.setStatus({ code: api.SpanStatusCode.ERROR, message: '409' });
      return answer.error;
    });
    worker.log(outcome ? 'WARN' : 'INFO', 'job done', { ok: !outcome, share: 0.25 });
    return outcome;
  });
}

async function main() {
  database = new (await initSqlJs()).Database();
  database.run("CREATE TABLE stock (device TEXT, item TEXT, pieces INTEGER); INSERT INTO stock VALUES ('meter-1', 'bolt', 3), ('meter-2', 'nut', 5)");
  const [gatewayServer, url] = await serve(unlock);
  gatewayUrl = url;
  const [shopServer, shopUrl] = await serve(takeOrder);
  const requests = [];
  for (const device of ['meter-1', 'meter-2']) {
    const [status, answer] = await post(`${shopUrl}/orders`, { device, items: 2 });
    requests.push({ status, ...answer });
  }
  for (const server of [shopServer, gatewayServer]) server.close(), server.closeAllConnections();
  for (const service of [storefront, worker, gateway]) await service.shutdown();
  const sum = measured.latencies.reduce((total, value) => total + value, 0);
  console.log(JSON.stringify({
    requests,
    ...recorded,
    metrics: {
      counter: { name: 'shop.js.orders', sum: measured.orders },
      histogram: { name: 'shop.js.order.duration', count: measured.latencies.length, sum, exemplars: false },
      up_down: { name: 'shop.js.stock', sum: -2 * requests.length },
    },
  }));
}

main();
