import { describe, expect, it } from '@jest/globals';
import { FrameError } from '../errors.js';
import { decodeFrame } from './decode-frame.js';
import { encodeFrame } from './encode-frame.js';
import { createRequest, createResponse, isOneway, isResponse } from './remoting-command.js';
import type { RemotingCommand } from './remoting-command.js';

const GET_ROUTE_TEXT =
  '{"code":105,"extFields":{"topic":"T"},"flag":0,"language":"JAVA","opaque":7,"serializeTypeCurrentRPC":"JSON","version":409}';
const GET_ROUTE_BINARY = '00000025010000210069000199000000070000000000000000' + '0000000c0005746f7069630000000154';

const getRoute: RemotingCommand = { ...createRequest(105, { extFields: { topic: 'T' } }), opaque: 7 };

describe('a frame', () => {
  it('is encoded as Java encodes it, with a JSON header', () => {
    const frame = encodeFrame(getRoute);
    expect(frame.toString('hex', 0, 8)).toBe('0000007f0000007b');
    expect(frame.toString('utf8', 8)).toBe(GET_ROUTE_TEXT);
  });

  it('is encoded as Java encodes it, with a binary header', () => {
    expect(encodeFrame({ ...getRoute, serializeType: 'ROCKETMQ' }).toString('hex')).toBe(GET_ROUTE_BINARY);
  });

  it.each(['JSON', 'ROCKETMQ'] as const)('comes back as it was written (%s)', (serializeType) => {
    const command: RemotingCommand = {
      ...getRoute,
      flag: 2,
      opaque: -5,
      remark: 'Grüße "quoted"\n标签 😀',
      extFields: { a: '1', i: 'TAGS\u0001标签\u0002KEYS\u0001k 😀\u0002', '': 'x', e: '' },
      body: Buffer.from([0, 1, 2, 255]),
      serializeType,
    };
    const { extFields, ...rest } = decodeFrame(encodeFrame(command));
    const { extFields: sent, ...expected } = command;
    expect(rest).toEqual(expected);
    // The binary form does not carry empty names and values.
    expect({ ...extFields }).toEqual(serializeType === 'JSON' ? sent : { a: '1', i: sent?.['i'] });
  });

  it('keeps an empty extFields apart from none, since Java reads answers of a send without a null check', () => {
    expect(decodeFrame(encodeFrame({ ...getRoute, extFields: {} })).extFields).toEqual({});
    expect(decodeFrame(encodeFrame({ ...getRoute, extFields: undefined })).extFields).toBeUndefined();
  });

  it('takes the opaque it is sent under', () => {
    expect(decodeFrame(encodeFrame(getRoute, 99)).opaque).toBe(99);
  });

  it('refuses a code that 16 bits cannot hold in a binary header', () => {
    expect(() => encodeFrame({ ...getRoute, code: 200_050, serializeType: 'ROCKETMQ' })).toThrow(FrameError);
    expect(decodeFrame(encodeFrame({ ...getRoute, code: 200_050 })).code).toBe(200_050);
  });
});

describe('an answer', () => {
  it('copies opaque and serialize type and carries the response bit', () => {
    const request = { ...getRoute, serializeType: 'ROCKETMQ' as const, flag: 2 };
    const answer = createResponse(request, 17, { remark: 'no route' });
    expect(answer).toMatchObject({ code: 17, opaque: 7, flag: 1, serializeType: 'ROCKETMQ', version: 479 });
    expect([isResponse(answer), isOneway(answer), isResponse(request), isOneway(request)]).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });
});
