import { describe, expect, it } from '@jest/globals';
import { decodeFrame, PullMessage, SendMessage } from '@rocketshop/mq-protocol';
import { PULL_ANSWER_BYTES_MAX, writePullAnswer } from './pull-answer-writer.js';
import { SendAnswerWriter } from './send-answer-writer.js';

const types = ['JSON', 'ROCKETMQ'] as const;

describe('answers written byte by byte', () => {
  const writer = new SendAnswerWriter({ storeHost: '10.0.0.1', storePort: 10_911 });

  it.each(types)('to SEND are what the plain codec reads (%s)', (type) => {
    const numbers = [0, 1, 9, 10, 99, 123_456, 2 ** 31, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER];
    for (const number of numbers) {
      const target = Buffer.alloc(writer.bytesMax + 3, 0xdd);
      const opaque = number % 2_147_483_648;
      const answer = { serializeType: type, opaque, queueId: 7, queueOffset: number, physicalOffset: 123_456 };
      const end = writer.write(target, 3, answer, 10);
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
    const request = { serializeType: type, opaque: 5 };
    const end = writePullAnswer(target, 0, request, {
      code: 0,
      status: 'FOUND',
      suggestWhichBrokerId: 0,
      nextBeginOffset: 2 ** 40,
      minOffset: -1,
      maxOffset: Number.MAX_SAFE_INTEGER,
      bodyBytes: 3,
    });
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
