import { expect, it } from '@jest/globals';
import { HttpException } from '@nestjs/common';
import type { ArgumentsHost } from '@nestjs/common';
import { Writable } from 'node:stream';
import { createLogger } from '../logging/create-logger.js';
import { ProblemFilter } from './problem.filter.js';

/** Answers with what the filter makes of the thrown value. */
function answerTo(thrown: unknown): { status: number; code: string } {
  const discard = new Writable({ write: (_chunk, _encoding, done) => done() });
  const filter = new ProblemFilter(createLogger({ name: 'order', destination: discard }));
  const sent: string[] = [];
  const reply = {
    raw: { headersSent: false },
    request: {},
    code: () => reply,
    headers: () => reply,
    send: (body: string) => void sent.push(body),
  };
  filter.catch(thrown, { switchToHttp: () => ({ getResponse: () => reply }) } as unknown as ArgumentsHost);
  return JSON.parse(sent.join('')) as { status: number; code: string };
}

it.each<[string, () => unknown]>([
  ['a revoked proxy', revokedProxy],
  ['an error without prototype', () => Object.setPrototypeOf(new Error('x'), null)],
  ['a frozen error', () => Object.freeze(new Error('x'))],
  ['an exception whose status throws', () => Object.assign(new HttpException('x', 409), { getStatus: raise })],
  ['nothing', () => undefined],
])('answers 500 when a handler throws %s', (_what, make) => {
  expect(answerTo(make())).toMatchObject({ status: 500, code: 'INTERNAL_ERROR' });
});

function raise(): never {
  throw new TypeError('no');
}

function revokedProxy(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
