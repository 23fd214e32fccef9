import { describe, expect, it } from '@jest/globals';
import { HeaderFieldError } from '../errors.js';
import { RECORDED_VERSIONS, recordedBytes } from '../fixtures/recorded.js';
import { decodeFrame } from '../frame/decode-frame.js';
import { encodeFrame } from '../frame/encode-frame.js';
import { FrameView } from '../frame/frame-view.js';
import { createRequest } from '../frame/remoting-command.js';
import {
  PULL_ANSWER_BYTES_MAX,
  PullMessage,
  readPullMessage,
  readUpdateConsumerOffset,
  SendAnswerWriter,
  SendMessage,
  SendMessageV2,
  SendMessageView,
  UpdateConsumerOffset,
  writePullAnswer,
} from './index.js';

const view = new FrameView();
const types = ['JSON', 'ROCKETMQ'] as const;

function stand(frame: Buffer): FrameView {
  view.reset(frame, 0, frame.length);
  return view;
}

describe('answers written byte by byte', () => {
  const writer = new SendAnswerWriter({ storeHost: '10.0.0.1', storePort: 10_911 });

  it.each(types)('to SEND are what the plain codec reads (%s)', (type) => {
    const numbers = [0, 1, 9, 10, 99, 123_456, 2 ** 31, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER];
    for (const number of numbers) {
      const target = Buffer.alloc(writer.bytesMax + 3, 0xdd);
      const opaque = number % 2_147_483_648;
      const end = writer.write(target, 3, type, opaque, 10, 7, number, 123_456);
      const command = decodeFrame(target.subarray(3, end));
      expect(command).toMatchObject({ code: 10, opaque, flag: 1, serializeType: type, version: 479, language: 'JAVA' });
      expect(SendMessage.readResponse(command)).toEqual({
        msgId: '0A00000100002A9F000000000001E240',
        queueId: 7,
        queueOffset: number,
        MSG_REGION: 'DefaultRegion',
        TRACE_ON: 'true',
      });
      expect(target.subarray(end).every((byte) => byte === 0xdd)).toBe(true);
    }
  });

  it.each(types)('to PULL leave room for their records (%s)', (type) => {
    const target = Buffer.alloc(PULL_ANSWER_BYTES_MAX);
    const end = writePullAnswer(target, 0, type, 5, 0, 'FOUND', 0, 2 ** 40, -1, Number.MAX_SAFE_INTEGER, 3);
    const command = decodeFrame(Buffer.concat([target.subarray(0, end), Buffer.from('abc')]));
    expect(command).toMatchObject({
      code: 0,
      opaque: 5,
      remark: 'FOUND',
      serializeType: type,
      body: Buffer.from('abc'),
    });
    expect(PullMessage.readResponse(command)).toEqual({
      suggestWhichBrokerId: 0,
      nextBeginOffset: 2 ** 40,
      minOffset: -1,
      maxOffset: Number.MAX_SAFE_INTEGER,
      topicSysFlag: 0,
      groupSysFlag: 0,
    });
  });
});

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

  it.each(types)('PULL and offset updates are read as by the plain codec (%s)', (serializeType) => {
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
    const update = { consumerGroup: 'g', topic: 'T', queueId: 0, commitOffset: 12 };
    expect(
      readUpdateConsumerOffset(stand(encodeFrame(UpdateConsumerOffset.createRequest(update, { serializeType })))),
    ).toEqual(update);
  });
});
