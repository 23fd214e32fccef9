import { describe, expect, it } from '@jest/globals';
import { currentTraceHeaders, runInTrace } from './trace-context.js';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('the trace context', () => {
  it('is empty outside of a delivery', () => {
    expect(currentTraceHeaders()).toEqual({});
  });

  it('of a delivery goes to what is published during the delivery', async () => {
    const headers = { traceparent, tracestate: 'a=1', baggage: 'tenant=a', 'x-other': 'stays behind' };
    const seen = await runInTrace(headers, async () => {
      await Promise.resolve();
      return currentTraceHeaders();
    });
    expect(seen).toEqual({ traceparent, tracestate: 'a=1', baggage: 'tenant=a' });
    expect(currentTraceHeaders()).toEqual({});
  });

  it('of a delivery does not go to a delivery without a trace', () => {
    runInTrace({ traceparent }, () => {
      expect(runInTrace({ 'x-other': 'value' }, currentTraceHeaders)).toEqual({});
      expect(currentTraceHeaders()).toEqual({ traceparent });
    });
  });

  it('of one delivery is not that of another', async () => {
    const other = traceparent.replace('-01', '-00');
    const [first, second] = await Promise.all(
      [traceparent, other].map((value) =>
        runInTrace({ traceparent: value }, async () => {
          await new Promise(setImmediate);
          return currentTraceHeaders()['traceparent'];
        }),
      ),
    );
    expect([first, second]).toEqual([traceparent, other]);
  });
});
