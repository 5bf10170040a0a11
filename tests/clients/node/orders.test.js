// A suite that asserts its own telemetry, as docs/ci.md shows it for Node: run by `telltale run -- node --test`.
//
// The exporter finds the server by OTEL_EXPORTER_OTLP_ENDPOINT, the assertion by TELLTALE_URL.
'use strict';

const assert = require('node:assert');
const { test, after } = require('node:test');
const { SpanKind } = require('@opentelemetry/api');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto');
const { BasicTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base');

const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())] });
const tracer = provider.getTracer('orders');
after(() => provider.shutdown());

// Blocks until the telemetry is there, or is sure to stay away; nothing sleeps.
async function telltaleWait(rule) {
  await provider.forceFlush();
  const answer = await fetch(`${process.env.TELLTALE_URL}/api/wait?${new URLSearchParams(rule)}`);
  return answer.json();
}

function order() {
  const span = tracer.startSpan('POST /orders', { kind: SpanKind.SERVER, attributes: { 'http.route': '/orders' } });
  span.end();
  return span.spanContext().traceId;
}

test('an order is seen', async () => {
  const trace_id = order();
  const seen = await telltaleWait({ span: 'POST /orders', kind: 'server', 'attr.http.route': '/orders', trace_id });
  assert(seen.met, JSON.stringify(seen));
});

test('nothing is deleted', async () => {
  const trace_id = order();
  const away = await telltaleWait({ span: 'DELETE*', absent: 'true', quiet: '0', trace_id });
  assert(away.met, JSON.stringify(away));
});

test('a near miss is explained', async () => {
  const trace_id = order();
  const miss = await telltaleWait({ span: 'POST /orders', kind: 'client', trace_id, timeout: '1ms' });
  assert(!miss.met);
  assert.match(miss.verdict.nearest.message, /on a SERVER span|you asked for CLIENT/);
});
