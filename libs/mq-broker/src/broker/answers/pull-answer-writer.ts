import { SERIALIZE_JSON, SERIALIZE_ROCKETMQ } from '@rocketshop/mq-protocol';
import type { AnswerableRequest } from '@rocketshop/mq-protocol';
import type { GetResult } from '../../store/index.js';
import {
  ascii,
  beginFrame,
  binaryEntry,
  binaryKey,
  binaryNumber,
  cursor,
  endBinary,
  endJson,
  finishFrame,
  startBinary,
  startOf,
} from './answer-frame.js';

const JSON_MAX = ascii('"maxOffset":"');
const JSON_MIN = ascii('","minOffset":"');
const JSON_NEXT = ascii('","nextBeginOffset":"');
const JSON_BROKER = ascii('","suggestWhichBrokerId":"');
const JSON_FLAGS = ascii('","topicSysFlag":"0","groupSysFlag":"0"');
const BINARY_MAX = binaryKey('maxOffset');
const BINARY_MIN = binaryKey('minOffset');
const BINARY_NEXT = binaryKey('nextBeginOffset');
const BINARY_BROKER = binaryKey('suggestWhichBrokerId');
const BINARY_FLAGS = Buffer.concat([binaryEntry('topicSysFlag', '0'), binaryEntry('groupSysFlag', '0')]);

/** The room that prefix and header of one answer need at most. The longest status takes 22 bytes of it. */
export const PULL_ANSWER_BYTES_MAX = 512;

/** The status of a look-up is the remark of its answer. There are nine statuses, so each is encoded once. */
const remarks = new Map<string, { text: Buffer; json: Buffer }>();

function remarkBytes(status: string): { text: Buffer; json: Buffer } {
  let bytes = remarks.get(status);
  if (bytes === undefined) {
    bytes = { text: ascii(status), json: ascii(JSON.stringify(status)) };
    remarks.set(status, bytes);
  }
  return bytes;
}

/** What the header of a pull answer says. */
export interface PullAnswer extends Pick<GetResult, 'status' | 'nextBeginOffset' | 'minOffset' | 'maxOffset'> {
  code: number;
  suggestWhichBrokerId: number;
  /** Bytes of the records that the caller sends after the header. */
  bodyBytes: number;
}

/**
 * Writes prefix and header of an answer to PULL_MESSAGE and returns their end. Nothing keeps `answer`: the caller may fill
 * the same record again.
 */
export function writePullAnswer(
  target: Buffer,
  offset: number,
  { serializeType, opaque }: AnswerableRequest,
  answer: PullAnswer,
): number {
  const remark = remarkBytes(answer.status);
  beginFrame(target, offset);
  if (serializeType === 'JSON') {
    cursor.bytes(startOf(answer.code));
    cursor.bytes(JSON_MAX);
    cursor.decimal(answer.maxOffset);
    cursor.bytes(JSON_MIN);
    cursor.decimal(answer.minOffset);
    cursor.bytes(JSON_NEXT);
    cursor.decimal(answer.nextBeginOffset);
    cursor.bytes(JSON_BROKER);
    cursor.decimal(answer.suggestWhichBrokerId);
    cursor.bytes(JSON_FLAGS);
    endJson(opaque, remark.json);
    return finishFrame(offset, SERIALIZE_JSON, answer.bodyBytes);
  }
  const extLengthAt = startBinary(answer.code, opaque, remark.text);
  binaryNumber(BINARY_MAX, answer.maxOffset);
  binaryNumber(BINARY_MIN, answer.minOffset);
  binaryNumber(BINARY_NEXT, answer.nextBeginOffset);
  binaryNumber(BINARY_BROKER, answer.suggestWhichBrokerId);
  cursor.bytes(BINARY_FLAGS);
  endBinary(extLengthAt);
  return finishFrame(offset, SERIALIZE_ROCKETMQ, answer.bodyBytes);
}
