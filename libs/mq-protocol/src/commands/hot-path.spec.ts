import { describe, expect, it } from '@jest/globals';
import { HeaderFieldError } from '../errors.js';
import { RECORDED_VERSIONS, recordedBytes } from '../fixtures/recorded.js';
import { decodeFrame } from '../frame/decode-frame.js';
import { encodeFrame } from '../frame/encode-frame.js';
import { FrameView } from '../frame/frame-view.js';
import { createRequest } from '../frame/remoting-command.js';
import { PullMessage, readPullMessage, SendMessage, SendMessageV2, SendMessageView } from './index.js';

const view = new FrameView();
const types = ['JSON', 'ROCKETMQ'] as const;

function stand(frame: Buffer): FrameView {
  view.reset(frame, 0, frame.length);
  return view;
}

describe('requests read in place', () => {
  const read = new SendMessageView();

  it.each(RECORDED_VERSIONS)('SEND of the Java client %s is read as by the plain codec', (version) => {
    const { encoded, jsonFrames, binaryFrames } = recordedBytes(version);
    const frames = [
      ...(jsonFrames['SEND_MESSAGE_V2'] ?? []),
      ...(binaryFrames['SEND_MESSAGE_V2'] ?? []),
      ...(jsonFrames['SEND_BATCH_MESSAGE'] ?? []),
      encoded['SendV2JSON'] ?? '',
      encoded['SendV2ROCKETMQ'] ?? '',
    ];
    for (const hex of frames) {
      const frame = Buffer.from(hex, 'hex');
      const header = SendMessageV2.readRequest(decodeFrame(frame));
      read.read(stand(frame));
      expect(read).toMatchObject({
        producerGroup: header.a,
        topic: header.b,
        queueId: header.e,
        sysFlag: header.f,
        bornTimestamp: header.g,
        flag: header.h,
        reconsumeTimes: header.j,
        maxReconsumeTimes: -1,
        batch: header.m,
      });
      expect(read.propertiesBuffer.toString('utf8', read.propertiesStart, read.propertiesEnd)).toBe(header.i);
      expect(read.bodyBuffer.subarray(read.bodyStart, read.bodyEnd)).toEqual(decodeFrame(frame).body);
      expect([read.defaultTopic(), read.defaultTopicQueueNums()]).toEqual([header.c, header.d]);
    }
  });

  it('SEND under its long names, as Go sends it', () => {
    const header = SendMessage.readRequest(
      decodeFrame(Buffer.from(recordedBytes('5.5.0').encoded['SendJSON'] ?? '', 'hex')),
    );
    read.read(stand(encodeFrame(SendMessage.createRequest({ ...header, maxReconsumeTimes: 16 }))));
    expect(read).toMatchObject({ topic: 'T', producerGroup: 'p', flag: 7, maxReconsumeTimes: 16, batch: false });
  });

  it('SEND without a mandatory field is refused by its name', () => {
    const frame = encodeFrame(createRequest(310, { extFields: { a: 'p', b: 'T', e: '0', f: '0', g: '1' } }));
    expect(() => read.read(stand(frame))).toThrow(HeaderFieldError);
    expect(() => read.read(stand(frame))).toThrow('<h> is missing');
  });

  it.each(types)('PULL is read as by the plain codec (%s)', (serializeType) => {
    const pull = {
      consumerGroup: 'g',
      topic: '标签',
      queueId: 3,
      queueOffset: 2 ** 40,
      maxMsgNums: 32,
      sysFlag: 7,
      commitOffset: -1,
      suspendTimeoutMillis: 15_000,
      subscription: 'A || B',
      subVersion: 1_700_000_000_000,
      expressionType: 'TAG',
      maxMsgBytes: 262_144,
    };
    expect(readPullMessage(stand(encodeFrame(PullMessage.createRequest(pull, { serializeType }))))).toEqual(pull);
  });
});
