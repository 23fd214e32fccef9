import { BodyError } from '../errors.js';
import { parseJavaInt } from '../frame/java-integer.js';
import { JsonReader } from '../json/index.js';
import type { JsonValue } from '../json/index.js';
import { RequestCode } from '../tables/request-code.js';
import { jsonBody } from './body/body-codec.js';
import { Command } from './command.js';

/**
 * GET_ALL_CONSUMER_OFFSET 43 -> body = {"offsetTable":{"topic@group":{0:120,1:118}}}
 * GET_ALL_DELAY_OFFSET 45    -> body = {"offsetTable":{1:10,3:7}}, by level
 *
 * Source: broker/offset/ConsumerOffsetManager.java, remoting/protocol/body/ConsumerOffsetSerializeWrapper.java,
 * common/DelayOffsetSerializeWrapper.java.
 */
export const GetAllConsumerOffset = new Command(RequestCode.GET_ALL_CONSUMER_OFFSET, { request: {}, response: {} });
export const GetAllDelayOffset = new Command(RequestCode.GET_ALL_DELAY_OFFSET, { request: {}, response: {} });

/** `topic@group` to offsets by queue id. */
export type ConsumerOffsetTable = Map<string, Map<number, number>>;
/** Offsets by delay level. */
export type DelayOffsetTable = Map<number, number>;

function readOffsets(value: JsonValue, path: string): Map<number, number> {
  const wrapped = JsonReader.of({ offsets: value }, path);
  return readNumbers(wrapped, 'offsets');
}

function readNumbers(reader: JsonReader, member: string): Map<number, number> {
  const entries = reader.entries(member, (value, path) => JsonReader.of({ value }, path).number('value'));
  return new Map([...entries].map(([key, offset]) => [integerKey(key), offset]));
}

function integerKey(text: string): number {
  const value = parseJavaInt(text);
  if (value === undefined) throw new BodyError(`${JSON.stringify(text)} is no queue and no level`);
  return value;
}

export const consumerOffsetTableBody = jsonBody<ConsumerOffsetTable>(
  'ConsumerOffsetSerializeWrapper',
  (reader) => reader.entries('offsetTable', readOffsets),
  (offsetTable) => ({ offsetTable }),
);

export const delayOffsetTableBody = jsonBody<DelayOffsetTable>(
  'DelayOffsetSerializeWrapper',
  (reader) => readNumbers(reader, 'offsetTable'),
  (offsetTable) => ({ offsetTable }),
);
