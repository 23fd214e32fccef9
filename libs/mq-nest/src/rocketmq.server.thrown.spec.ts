import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { throwError } from 'rxjs';
import type { FailureEvent } from './delivery-events.js';
import { DiscardMessageError, RetryMessageError } from './outcome.js';
import { ServerUnderTest } from './testing/server-under-test.js';
import { THROWN_VALUES } from './testing/thrown-values.js';

const { group } = ServerUnderTest;
/** Characters that a property, a database or a terminal cannot hold. */
const UNSAFE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/; // oxlint-disable-line no-control-regex -- the characters that must not be there
const PROPERTIES_BYTES = 20_000;

let test: ServerUnderTest;
let failures: FailureEvent[];
const unhandled: unknown[] = [];
const keep = (reason: unknown): void => void unhandled.push(reason);

beforeEach(() => {
  test = new ServerUnderTest();
  failures = [];
  for (const level of ['warn', 'error'] as const)
    jest.spyOn(Logger.prototype, level).mockImplementation(() => undefined);
  process.on('unhandledRejection', keep);
});

afterEach(async () => {
  await test.close();
  process.off('unhandledRejection', keep);
  jest.restoreAllMocks();
  expect(unhandled.splice(0)).toEqual([]);
});

async function failWith(fail: () => unknown, onFailure = (event: FailureEvent) => void failures.push(event)) {
  test.behave = fail;
  await test.start(undefined, { onFailure });
  await test.publish({ orderId: '1' });
  const [dead] = test.driver.deadLetters.get(group) ?? [];
  return { properties: dead?.properties ?? {}, failures };
}

describe('a failure', () => {
  it.each(THROWN_VALUES)(
    'has a reason, and is told to the hook, when the thrown value has or is %s',
    async (_what, make) => {
      const thrown = make();
      const { properties } = await failWith(() => {
        throw thrown;
      });
      expect(failures.map(({ lastAttempt }) => lastAttempt)).toEqual([false, false, true]);
      expect(failures.every(({ error }) => Object.is(error, thrown))).toBe(true);
      expect(properties['failure-class']).toMatch(/\S/);
      expect(properties['failure-message']).toMatch(/\S/);
      const text = Object.entries(properties).flat().join('');
      expect(text).not.toMatch(UNSAFE);
      expect(Buffer.byteLength(text)).toBeLessThan(PROPERTIES_BYTES);
      expect(test.server.deliveryCounts()).toMatchObject([{ failed: 3, deadLettered: 1 }]);
    },
  );

  it('keeps class, stack and message apart: one that cannot be read takes no other with it', async () => {
    class OutOfStockError extends Error {}
    const error = new OutOfStockError('none left');
    // A stack is made when it is read first, with the message.
    expect(error.stack).toContain('none left');
    Object.defineProperty(error, 'message', {
      get: () => {
        throw new Error('no');
      },
    });
    const { properties } = await failWith(() => throwError(() => error));
    expect(properties).toMatchObject({
      'failure-class': 'OutOfStockError',
      'failure-message': 'cannot be read',
      'failure-stack': expect.stringContaining('thrown.spec'),
    });
  });

  it.each<[string, (error: RetryMessageError) => unknown]>([
    ['a cause that is itself', (error) => Object.assign(error, { cause: error })],
    ['a message that is a symbol', (error) => Object.assign(error, { message: Symbol('m') })],
    ['no constructor', (error) => Object.assign(error, { constructor: undefined })],
    ['fields that cannot be changed', (error) => Object.freeze(error)],
    [
      'a stack whose getter throws',
      (error) =>
        Object.defineProperty(error, 'stack', {
          get: () => {
            throw new Error('no');
          },
        }),
    ],
  ])('keeps the delay that the handler chose with %s', async (_what, change) => {
    await failWith(() => {
      throw change(new RetryMessageError('not due', { delayMs: 25_000 }));
    });
    expect(test.driver.retryLevels).toEqual([4, 4, 4]);
    expect(failures).toHaveLength(3);
  });

  it.each<[string, () => unknown]>([
    ['throws what has no text', () => raise(Object.create(null))],
    ['throws a revoked proxy', () => raise(THROWN_VALUES.find(([what]) => what === 'a revoked proxy')?.[1]())],
    ['is asynchronous and fails', () => Promise.reject(new Error('late'))],
  ])('is told to all hooks and changes nothing for the message, when a hook %s', async (_what, behave) => {
    const told: FailureEvent[] = [];
    test.behave = () => raise(new Error('x'));
    await test.start(undefined, { onFailure: behave as () => void });
    test.server.on('failure', (event) => void told.push(event));
    test.server.on('failure', behave as () => void);
    test.server.on('failure', (event) => void told.push(event));
    await test.publish({ orderId: '1' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toHaveLength(6);
    expect(test.driver.deadLetters.get(group)).toHaveLength(1);
  });

  it('to log changes nothing for the message and its hooks', async () => {
    for (const level of ['warn', 'error'] as const)
      jest.spyOn(Logger.prototype, level).mockImplementation(() => raise(new Error('the disk is full')));
    const { properties } = await failWith(() => raise(new Error('none left')));
    expect(failures).toHaveLength(3);
    expect(properties['failure-message']).toBe('none left');
  });
});

describe('a discard', () => {
  it('is told to the hook, whatever its error has for a message', async () => {
    const reasons: string[] = [];
    test.behave = () => raise(Object.assign(new DiscardMessageError('x'), { message: Object.create(null) as string }));
    await test.start(undefined, { onDiscard: ({ reason }) => void reasons.push(reason) });
    await test.publish({ orderId: '1' });
    expect(reasons).toEqual(['{}']);
    expect(test.server.deliveryCounts()).toMatchObject([{ discarded: 1, failed: 0 }]);
  });
});

function raise(thrown: unknown): never {
  throw thrown;
}
