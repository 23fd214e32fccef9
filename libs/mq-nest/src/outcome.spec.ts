import { describe, expect, it } from '@jest/globals';
import {
  describeFailure,
  FailureProperty,
  isDeadLetterAtOnce,
  readFailureProperties,
  toFailureProperties,
} from './outcome.js';

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
    [1n, 'bigint', '1'],
  ])('describes %p, which is no error', (thrown, errorClass, message) => {
    expect(describeFailure(thrown, 'stock', now)).toMatchObject({ errorClass, message, stack: '' });
  });

  it('has nothing in its values that a property, a database or a terminal cannot hold', () => {
    const text = 'a\u0000b\u001b[2Jc\ud800d\udc00e';
    const { message } = describeFailure(new Error(text), 'stock', now);
    expect(message).toBe('a b [2Jc\uFFFDd\uFFFDe');
    const cut = describeFailure(new Error(`${'x'.repeat(999)}🫖`), 'stock', now).message;
    expect(Buffer.from(cut).toString()).toBe(cut);
  });

  it('ends where causes are circular or many', () => {
    const circular = new Error('circular');
    circular.cause = circular;
    expect(describeFailure(circular, 'stock', now).message).toBe('circular');
    let chain = new Error('last');
    for (let index = 0; index < 100_000; index += 1) chain = new Error('next', { cause: chain });
    expect(describeFailure(chain, 'stock', now)).toMatchObject({ errorClass: 'Error', message: 'next' });
  });

  it.each<[string, () => unknown, string]>([
    ['a message that is no text', () => Object.assign(new Error('x'), { message: { code: 7 } }), '{"code":7}'],
    ['no message', () => Object.assign(new Error('x'), { message: undefined }), 'undefined'],
    ['a stack that is no text', () => Object.assign(new Error('x'), { stack: 7 }), 'x'],
    ['a name that is no text', () => Object.assign(new Error('x'), { name: 7 }), 'x'],
    ['no constructor', () => Object.assign(new Error('x'), { constructor: undefined }), 'x'],
    ['no prototype', () => Object.create(null) as unknown, '{}'],
    ['a getter that throws', () => throwing('message'), 'cannot be read'],
    ['a cause that throws', () => throwing('cause'), 'x'],
    ['a revoked proxy', revokedProxy, 'cannot be read'],
    ['a symbol', () => Symbol('x'), 'Symbol(x)'],
  ])('is found of a thrown value with %s', (_what, thrown, message) => {
    expect(describeFailure(thrown(), 'stock', now)).toMatchObject({ message, group: 'stock' });
    expect(isDeadLetterAtOnce(thrown())).toBe(false);
  });
});

function throwing(field: string): Error {
  return Object.defineProperty(new Error('x'), field, {
    get() {
      throw new TypeError('no');
    },
  });
}

function revokedProxy(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
