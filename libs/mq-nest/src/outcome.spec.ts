import { describe, expect, it } from '@jest/globals';
import { describeFailure, FailureProperty, readFailureProperties, toFailureProperties } from './outcome.js';

const now = new Date('2026-01-02T03:04:05.678Z');

class StockConflictError extends Error {}

describe('the reason of a failure', () => {
  it('is class, message and the first lines of the stack', () => {
    const reason = describeFailure(new StockConflictError('version moved'), 'stock', now);
    expect(reason).toMatchObject({
      errorClass: 'StockConflictError',
      message: 'version moved',
      group: 'stock',
      failedAt: '2026-01-02T03:04:05.678Z',
    });
    expect(reason.stack).toContain('outcome.spec');
    expect(reason.stack.split('\n').length).toBeLessThanOrEqual(20);
  });

  it('names the cause too', () => {
    const reason = describeFailure(
      new Error('cannot restore', { cause: new StockConflictError('moved') }),
      'stock',
      now,
    );
    expect(reason.stack).toContain('Caused by: Error: moved');
  });

  it('is the same after it was encoded as properties', () => {
    const reason = describeFailure(new StockConflictError('version moved'), 'stock', now);
    expect(readFailureProperties(toFailureProperties(reason))).toEqual(reason);
    expect(readFailureProperties({ KEYS: 'order-1' })).toBeUndefined();
  });

  it('is short enough for a message with other properties, whatever was thrown', () => {
    const huge = new Error('x'.repeat(1_000_000), { cause: new Error('y'.repeat(1_000_000)) });
    const bytes = Object.values(toFailureProperties(describeFailure(huge, 'stock', now))).join('').length;
    expect(bytes).toBeLessThan(8000);
  });

  it('has no separators of the wire format in its values', () => {
    const properties = toFailureProperties(describeFailure(new Error('a\u0001b\u0002c'), 'stock', now));
    expect(properties[FailureProperty.message]).toBe('a b c');
    expect(Object.values(properties).join('')).not.toMatch(/[\u0001\u0002]/); // oxlint-disable-line no-control-regex -- the protocol's separators
  });

  it.each([
    ['a text', 'string', 'a text'],
    [{ status: 503 }, 'object', '{"status":503}'],
    [undefined, 'undefined', 'undefined'],
    [1n, 'bigint', '[object BigInt]'],
  ])('describes %p, which is no error', (thrown, errorClass, message) => {
    expect(describeFailure(thrown, 'stock', now)).toMatchObject({ errorClass, message, stack: '' });
  });
});
