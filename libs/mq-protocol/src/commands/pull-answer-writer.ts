import { SERIALIZE_JSON, SERIALIZE_ROCKETMQ, type SerializeType } from '../frame/frame-layout.js';
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

const PULL_JSON_MAX = ascii('"maxOffset":"');
const PULL_JSON_MIN = ascii('","minOffset":"');
const PULL_JSON_NEXT = ascii('","nextBeginOffset":"');
const PULL_JSON_BROKER = ascii('","suggestWhichBrokerId":"');
const PULL_JSON_FLAGS = ascii('","topicSysFlag":"0","groupSysFlag":"0"');
const PULL_BINARY_MAX = binaryKey('maxOffset');
const PULL_BINARY_MIN = binaryKey('minOffset');
const PULL_BINARY_NEXT = binaryKey('nextBeginOffset');
const PULL_BINARY_BROKER = binaryKey('suggestWhichBrokerId');
const PULL_BINARY_FLAGS = Buffer.concat([binaryEntry('topicSysFlag', '0'), binaryEntry('groupSysFlag', '0')]);

/** Room that `writePullAnswer` needs at most, without the remark. */
export const PULL_ANSWER_BYTES_MAX = 512;
const REMARKS_MAX = 64;
const remarks = new Map<string, { text: Buffer; json: Buffer }>();

function remarkBytes(remark: string): { text: Buffer; json: Buffer } {
  let bytes = remarks.get(remark);
  if (bytes === undefined) {
    bytes = { text: Buffer.from(remark), json: Buffer.from(JSON.stringify(remark)) };
    if (remarks.size >= REMARKS_MAX) remarks.clear();
    remarks.set(remark, bytes);
  }
  return bytes;
}

/**
 * Writes prefix and header of an answer to PULL and returns their end; `bodyBytes` of records must follow.
 * @param remark the status name, as FOUND: one of few constant texts
 */
export function writePullAnswer(
  target: Buffer,
  offset: number,
  serializeType: SerializeType,
  opaque: number,
  code: number,
  remark: string,
  suggestWhichBrokerId: number,
  nextBeginOffset: number,
  minOffset: number,
  maxOffset: number,
  bodyBytes: number,
): number {
  beginFrame(target, offset);
  if (serializeType === 'JSON') {
    cursor.bytes(startOf(code));
    cursor.bytes(PULL_JSON_MAX);
    cursor.decimal(maxOffset);
    cursor.bytes(PULL_JSON_MIN);
    cursor.decimal(minOffset);
    cursor.bytes(PULL_JSON_NEXT);
    cursor.decimal(nextBeginOffset);
    cursor.bytes(PULL_JSON_BROKER);
    cursor.decimal(suggestWhichBrokerId);
    cursor.bytes(PULL_JSON_FLAGS);
    endJson(opaque, remarkBytes(remark).json);
    return finishFrame(offset, SERIALIZE_JSON, bodyBytes);
  }
  const extLengthAt = startBinary(code, opaque, remarkBytes(remark).text);
  binaryNumber(PULL_BINARY_MAX, maxOffset);
  binaryNumber(PULL_BINARY_MIN, minOffset);
  binaryNumber(PULL_BINARY_NEXT, nextBeginOffset);
  binaryNumber(PULL_BINARY_BROKER, suggestWhichBrokerId);
  cursor.bytes(PULL_BINARY_FLAGS);
  endBinary(extLengthAt);
  return finishFrame(offset, SERIALIZE_ROCKETMQ, bodyBytes);
}
