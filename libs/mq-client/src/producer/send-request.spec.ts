import { describe, expect, it } from '@jest/globals';
import { createRequest, createResponse, encodeFrame, FrameView } from '@rocketshop/mq-protocol';
import { BrokerRefusedError } from '../client-error.js';
import type { EncodedMessage } from './encoded-message.js';
import { readSendAnswer, sendRequest } from './send-request.js';

const queue = { topic: 'T', brokerName: 'broker-a', queueId: 2 };
const message: EncodedMessage = {
  topic: 'T',
  body: Buffer.from('hello'),
  flag: 4,
  sysFlag: 0,
  properties: 'TAGS\u0001a\u0002',
  batch: false,
  bornTimestamp: 1_700_000_000_000,
  msgId: 'UNIQ',
  reconsumeTimes: 0,
  maxReconsumeTimes: undefined,
};

function answer(code: number, extFields?: Record<string, string>, remark?: string): FrameView {
  const frame = encodeFrame(createResponse(createRequest(310), code, { extFields, remark }));
  const view = new FrameView();
  view.reset(frame, 0, frame.length);
  return view;
}

describe('sendRequest', () => {
  it('has the one-letter header of SEND_MESSAGE_V2', () => {
    const identity = { producerGroup: 'g', createTopicKey: 'TBW102', defaultTopicQueueNums: 4 };
    expect(sendRequest(message, queue, identity, false)).toMatchObject({
      code: 310,
      flag: 0,
      body: message.body,
      extFields: {
        a: 'g',
        b: 'T',
        c: 'TBW102',
        d: '4',
        e: '2',
        f: '0',
        g: '1700000000000',
        h: '4',
        i: 'TAGS\u0001a\u0002',
        j: '0',
        k: 'false',
        m: 'false',
      },
    });
    expect(sendRequest({ ...message, batch: true }, queue, identity, false)).toMatchObject({
      code: 320,
      extFields: { m: 'true' },
    });
    const retry = { ...message, reconsumeTimes: 3, maxReconsumeTimes: 16 };
    expect(sendRequest(retry, queue, identity, true)).toMatchObject({ flag: 2, extFields: { j: '3', l: '16' } });
  });
});

describe('readSendAnswer', () => {
  const stored = { msgId: 'OFFSET', queueId: '3', queueOffset: '41', MSG_REGION: 'DefaultRegion', TRACE_ON: 'true' };

  it.each([
    [0, 'SEND_OK'],
    [10, 'FLUSH_DISK_TIMEOUT'],
    [11, 'SLAVE_NOT_AVAILABLE'],
    [12, 'FLUSH_SLAVE_TIMEOUT'],
  ])('names code %i %s', (code, sendStatus) => {
    expect(readSendAnswer(answer(code, stored), message, queue, 'b:1')).toEqual({
      sendStatus,
      msgId: 'UNIQ',
      offsetMsgId: 'OFFSET',
      messageQueue: { ...queue, queueId: 3 },
      queueOffset: 41,
      regionId: 'DefaultRegion',
      traceOn: true,
    });
  });

  it("turns every other code into an error with the broker's reason", () => {
    const error = readSendAnswer(answer(13, undefined, 'message too large'), message, queue, 'b:1');
    expect(error).toBeInstanceOf(BrokerRefusedError);
    expect(error).toMatchObject({ responseCode: 13, remark: 'message too large', retriable: false });
    expect(readSendAnswer(answer(14), message, queue, 'b:1')).toMatchObject({ responseCode: 14, retriable: true });
  });
});
