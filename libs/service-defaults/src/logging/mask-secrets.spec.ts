import { expect, it } from '@jest/globals';
import { maskSecrets } from './mask-secrets.js';

it('gives fields without secrets back as they are', () => {
  const fields = { method: 'POST', at: new Date(0), items: [{ goodsId: 'teapot' }], bytes: Buffer.from('token') };
  expect(maskSecrets(fields)).toBe(fields);
});

it('masks a copy, and leaves what it was given alone', () => {
  const headers = { authorization: 'Bearer x', accept: '*/*' };
  const fields = { request: { headers }, token: 'x' };
  expect(maskSecrets(fields)).toEqual({
    request: { headers: { authorization: '[secret]', accept: '*/*' } },
    token: '[secret]',
  });
  expect(headers.authorization).toBe('Bearer x');
});

it('looks into lists and into what an object writes of itself', () => {
  const session = { toJSON: () => ({ user: 'ada', token: 'x' }) };
  expect(maskSecrets({ calls: [{ password: 'x' }, 'plain'], session })).toEqual({
    calls: [{ password: '[secret]' }, 'plain'],
    session: { user: 'ada', token: '[secret]' },
  });
});

it('ends on an object that contains itself', () => {
  const circle: Record<string, unknown> = { token: 'x' };
  circle['self'] = circle;
  expect(maskSecrets(circle)).toMatchObject({ token: '[secret]', self: { token: '[secret]' } });
});
