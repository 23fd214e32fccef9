import { expect, it } from '@jest/globals';
import { Secret } from '../config/secret.js';
import { isTooDeep } from './json-depth.js';
import { MAC_LENGTH, SessionKeys } from './session-keys.js';

const secret = { id: 'k', secret: new Secret('s'.repeat(32)) };
const terms = { keyId: 'k', from: 'order', callerNonce: 'caller', serverNonce: 'server' };
const json = '{"id":1,"pattern":"stock.deduct-stock","data":{"name":"größer"}}';

it('a session takes what the other end has signed, byte by byte', () => {
  const caller = SessionKeys.of(secret, terms, 'caller');
  const server = SessionKeys.of(secret, terms, 'server');
  const body = Buffer.from(caller.sign(json) + json);
  expect(server.verify(body)).toBe(true);
  for (let at = 0; at < body.length; at++) {
    // The last character of a MAC has two bits that mean nothing.
    if (at === MAC_LENGTH - 1) continue;
    const altered = Buffer.from(body);
    altered[at] = altered[at]! ^ 1;
    expect(server.verify(altered)).toBe(false);
  }
  expect(server.verify(Buffer.from(json))).toBe(false);
  expect(server.verify(Buffer.alloc(0))).toBe(false);
});

it('a session takes nothing of another one, and no call as its answer', () => {
  const body = Buffer.from(SessionKeys.of(secret, terms, 'caller').sign(json) + json);
  expect(SessionKeys.of(secret, terms, 'caller').verify(body)).toBe(false);
  for (const other of [{ from: 'pay' }, { keyId: 'l' }, { callerNonce: 'x' }, { serverNonce: 'x' }]) {
    expect(SessionKeys.of(secret, { ...terms, ...other }, 'server').verify(body)).toBe(false);
  }
  const foreign = { id: 'k', secret: new Secret('t'.repeat(32)) };
  expect(SessionKeys.of(foreign, terms, 'server').verify(body)).toBe(false);
});

it('JSON is too deep by its brackets, and not by those in its texts', () => {
  expect(isTooDeep(Buffer.from('['.repeat(17)))).toBe(true);
  expect(isTooDeep(Buffer.from('{"a":'.repeat(30_000)))).toBe(true);
  expect(isTooDeep(Buffer.from(JSON.stringify({ text: '[{"\\'.repeat(100) })))).toBe(false);
  expect(isTooDeep(Buffer.from(`[${'[],'.repeat(100)}[]]`))).toBe(false);
});
