import { expect, it } from '@jest/globals';
import { maskSecrets } from './mask-secrets.js';

it('returns fields without secrets unchanged', () => {
  const fields = { method: 'POST', at: new Date(0), items: [{ goodsId: 'teapot' }], bytes: Buffer.from('token') };
  expect(maskSecrets(fields)).toBe(fields);
});

it('masks a copy and leaves the argument unchanged', () => {
  const headers = { authorization: 'Bearer x', accept: '*/*' };
  const fields = { request: { headers }, token: 'x' };
  expect(maskSecrets(fields)).toEqual({
    request: { headers: { authorization: '[secret]', accept: '*/*' } },
    token: '[secret]',
  });
  expect(headers.authorization).toBe('Bearer x');
});

it('masks entries of lists and the JSON that an object returns by toJSON', () => {
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
