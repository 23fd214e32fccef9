import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { verifyCallbackSignature } from './callback-signature.js';

const NOW = 1_700_000_000_000;
const SECONDS = NOW / 1000;
const body = Buffer.from('{"amount":"1250"}');

const sign = (secret: string, t: number | string = SECONDS, bytes: Buffer = body) =>
  createHmac('sha256', secret).update(`${t}.`).update(bytes).digest('hex');
const verdict = (header: string | undefined, secrets = ['new', 'old'], bytes = body) =>
  verifyCallbackSignature(header, bytes, secrets, NOW);

describe('the signature of a callback', () => {
  it('is genuine under either secret during a rotation', () => {
    expect(verdict(`t=${SECONDS},v1=${sign('new')}`)).toBe('GENUINE');
    expect(verdict(`t=${SECONDS},v1=${sign('old')}`)).toBe('GENUINE');
    expect(verdict(`t=${SECONDS},v1=${sign('unknown')},v1=${sign('old')}`)).toBe('GENUINE');
  });

  it('is forged under any other secret, or over any other byte', () => {
    expect(verdict(`t=${SECONDS},v1=${sign('retired')}`)).toBe('FORGED');
    expect(verdict(`t=${SECONDS},v1=${sign('new')}`, ['new'], Buffer.from('{"amount":"1251"}'))).toBe('FORGED');
    expect(verdict(`t=${SECONDS},v1=${sign('new')}`, ['new'], Buffer.from('{ "amount":"1250"}'))).toBe('FORGED');
  });

  it('is forged when its time was changed', () => {
    expect(verdict(`t=${SECONDS + 1},v1=${sign('new')}`)).toBe('FORGED');
  });

  it.each([-300, 300])('is genuine when its time is %d s from now', (offset) => {
    expect(verdict(`t=${SECONDS + offset},v1=${sign('new', SECONDS + offset)}`)).toBe('GENUINE');
  });

  it.each([-301, 301])('is too old or too new when its time is %d s from now', (offset) => {
    expect(verdict(`t=${SECONDS + offset},v1=${sign('new', SECONDS + offset)}`)).toBe('TOO_OLD_OR_NEW');
  });

  it.each([
    undefined,
    '',
    'v1=00',
    `t=${SECONDS}`,
    `t=abc,v1=${'0'.repeat(64)}`,
    `t=${SECONDS},v1=short`,
    `t=${SECONDS},${`v1=${'0'.repeat(64)},`.repeat(5)}`,
    'x'.repeat(2000),
  ])('is malformed: %p', (header) => {
    expect(verdict(header)).toBe('MALFORMED');
  });
});
