import { expect, it } from '@jest/globals';
import { aboutOrder, continueTrace, currentTrace, noteOrder, runWithTrace, traceHeaders } from './trace-context.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

it('continues a valid traceparent under a new parent id, flags kept', () => {
  const trace = continueTrace(`00-${TRACE_ID}-b7ad6b7169203331-00`);
  expect(trace.traceId).toBe(TRACE_ID);
  expect(trace.traceparent).toMatch(new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-00$`));
  expect(trace.traceparent).not.toContain('b7ad6b7169203331');
});

// The invalid forms of W3C Trace Context, 3.2.2.
it.each([
  undefined,
  '',
  'nonsense',
  `ff-${TRACE_ID}-b7ad6b7169203331-01`,
  `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
  `00-${TRACE_ID}-${'0'.repeat(16)}-01`,
  `00-${TRACE_ID.toUpperCase()}-b7ad6b7169203331-01`,
])('begins a new trace for the header %p', (header) => {
  const trace = continueTrace(header);
  expect(trace.traceId).not.toBe(TRACE_ID);
  expect(trace.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});

it('is set for everything that a request causes, and only there', async () => {
  const trace = continueTrace(undefined);
  await runWithTrace(trace, async () => {
    await Promise.resolve();
    expect(traceHeaders()).toEqual({ traceparent: trace.traceparent });
  });
  expect(currentTrace()).toBeUndefined();
  expect(traceHeaders()).toEqual({});
});

it('uses new identifiers every time, also when Node draws new random bytes', () => {
  const traceparents = Array.from({ length: 1_000 }, () => continueTrace(undefined).traceparent);
  expect(new Set(traceparents).size).toBe(traceparents.length);
  for (const traceparent of traceparents) expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});

it('names the order of a call, a message or a request, and takes no other text for one', () => {
  const orderId = '0190b1f0-0000-7000-8000-000000000001';
  expect(noteOrder(continueTrace(undefined), {}, { orderId }).orderId).toBe(orderId);
  for (const arrived of [undefined, null, 'x', { orderId: 'a\nb' }, { orderId: 7 }, { orderId: `${orderId}1` }]) {
    expect(noteOrder(continueTrace(undefined), arrived).orderId).toBeUndefined();
  }
  const trace = continueTrace(undefined);
  runWithTrace(trace, () => aboutOrder(orderId));
  expect(trace.orderId).toBe(orderId);
});
