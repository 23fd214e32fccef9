import { expect, it } from '@jest/globals';
import { Writable } from 'node:stream';
import { continueTrace, runWithTrace } from '../trace/trace-context.js';
import { createLogger } from './create-logger.js';
import { NestLogger } from './nest-logger.js';

function capture(level: 'debug' | 'info' = 'debug') {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  const logger = createLogger({ name: 'order', level, destination });
  return { lines, logger, last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> };
}

it('writes JSON lines with level, time, service and the trace of the request', () => {
  const { logger, last } = capture();
  const trace = continueTrace(undefined);
  runWithTrace(trace, () => logger.info({ orderId: 'o-1' }, 'placed'));
  expect(last()).toMatchObject({
    level: 'info',
    service: 'order',
    orderId: 'o-1',
    msg: 'placed',
    traceId: trace.traceId,
  });
});

it('masks secrets by field name, up to two levels down', () => {
  const { lines, logger } = capture();
  logger.info({
    authorization: 'Bearer hunter2',
    request: { headers: { authorization: 'hunter2', 'x-pay-signature': 'hunter2' } },
  });
  logger.info({
    config: { tokenSecret: 'hunter2', databaseUrl: 'hunter2', nested: { password: 'hunter2' } },
    token: 'hunter2',
  });
  expect(lines.join('')).not.toContain('hunter2');
  expect(lines.join('')).toContain('[secret]');
});

it('masks the fields of an error and the bindings of a child logger', () => {
  const { lines, logger, last } = capture();
  const error = Object.assign(new Error('refused'), { config: { headers: { authorization: 'hunter2' } } });
  logger.warn({ err: error }, 'a call failed');
  expect(last()).toMatchObject({ err: { message: 'refused', config: { headers: { authorization: '[secret]' } } } });
  logger.child({ token: 'hunter2', part: 'relay' }).info('started');
  expect(last()).toMatchObject({ token: '[secret]', part: 'relay' });
  expect(lines.join('')).not.toContain('hunter2');
});

it('writes the lines of Nest with context and stack, and its info lines at debug', () => {
  const { logger, last, lines } = capture();
  const nest = new NestLogger(logger);
  nest.log('Mapped {/orders, POST}', 'RouterExplorer');
  expect(last()).toMatchObject({ level: 'debug', context: 'RouterExplorer', msg: 'Mapped {/orders, POST}' });
  nest.error(new Error('broken'), 'ExceptionsHandler');
  expect(last()).toMatchObject({ level: 'error', context: 'ExceptionsHandler', err: { message: 'broken' } });
  nest.warn({ some: 'object' });
  expect(last()).toMatchObject({ level: 'warn', data: { some: 'object' } });
  expect(lines).toHaveLength(3);
});

it.each<[string, () => unknown]>([
  ['frozen', () => Object.freeze(new Error('x'))],
  ['of a circular cause', () => chained()],
  ['with a message that is a symbol', () => Object.assign(new Error('x'), { message: Symbol('m') })],
  ['with a message that is an object', () => Object.assign(new Error('x'), { message: { a: 1n } })],
  [
    'with a field whose getter throws',
    () => Object.defineProperty(new Error('x'), 'detail', { enumerable: true, get: raise }),
  ],
  ['with a message whose getter throws', () => Object.defineProperty(new Error('x'), 'message', { get: raise })],
  ['that is a revoked proxy', () => revokedProxy()],
  [
    'that is a proxy of throwing traps',
    () => new Proxy(new Error('x'), { get: raise, getPrototypeOf: raise, ownKeys: raise }),
  ],
  ['that is a text', () => 'text'],
  ['that is null', () => null],
  ['with a huge stack', () => Object.assign(new Error('x'), { stack: 's'.repeat(10_000_000) })],
])('writes a line, and never throws, for an error %s', (_what, make) => {
  const { logger, last, lines } = capture();
  const thrown = make();
  logger.warn({ err: thrown, key: 'k-1' }, 'a row was not sent');
  logger.child({ err: thrown }).warn('a child writes too');
  expect(lines).toHaveLength(2);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ key: 'k-1', msg: 'a row was not sent', level: 'warn' });
  expect(last()).toMatchObject({ msg: 'a child writes too' });
  expect((lines[0] ?? '').length).toBeLessThan(100_000);
  new NestLogger(logger).error(thrown, 'ExceptionsHandler');
  expect(last()).toMatchObject({ level: 'error', context: 'ExceptionsHandler' });
});

function raise(): never {
  throw new TypeError('no');
}

function chained(): Error {
  const outer = new Error('outer');
  outer.cause = new Error('inner', { cause: outer });
  return outer;
}

function revokedProxy(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
