import { JsonReader } from '../../json/index.js';
import type { JsonValue } from '../../json/index.js';
import { javaStringHash } from '../../message/java-hash.js';

/** The expression that matches every message. */
const SUB_ALL = '*';
const ExpressionType = { TAG: 'TAG', SQL92: 'SQL92' } as const;

/** What a group wants of a topic. Source: remoting/protocol/heartbeat/SubscriptionData.java. */
export interface SubscriptionData {
  topic: string;
  subString: string;
  tagsSet: string[];
  /** Java hashes of the tags, as they stand in the consume queue. */
  codeSet: number[];
  /** When the subscription was made: ms in Java, ns (beyond 2^53, then bigint) in Go. */
  subVersion: number | bigint;
  expressionType: string;
  classFilterMode: boolean;
}

/** True when every message of the topic matches. */
export function isSubscribeAll(expression: string | undefined): boolean {
  return expression === undefined || expression === '' || expression === SUB_ALL;
}

/** True for TAG and for nothing said. */
export function isTagType(expressionType: string | undefined): boolean {
  return expressionType === undefined || expressionType === '' || expressionType === ExpressionType.TAG;
}

/**
 * Splits a tag expression (`A || B`) into tags and their hashes; null, empty and `*` match all.
 * Source: remoting/protocol/filter/FilterAPI.java (buildSubscriptionData).
 */
export function buildSubscriptionData(
  topic: string,
  expression: string | undefined,
  subVersion: number,
): SubscriptionData {
  const tagsSet = isSubscribeAll(expression)
    ? []
    : [...new Set((expression ?? '').split('||').map((tag) => tag.trim()))].filter((tag) => tag !== '');
  return {
    topic,
    subString: isSubscribeAll(expression) ? SUB_ALL : (expression ?? SUB_ALL),
    tagsSet,
    codeSet: [...new Set(tagsSet.map(javaStringHash))],
    subVersion,
    expressionType: ExpressionType.TAG,
    classFilterMode: false,
  };
}

export function readSubscriptionData(value: JsonValue, path: string): SubscriptionData {
  const reader = JsonReader.of(value, path);
  return {
    topic: reader.string('topic'),
    subString: reader.string('subString', SUB_ALL),
    tagsSet: reader.strings('tagsSet'),
    codeSet: reader.numbers('codeSet'),
    subVersion: reader.long('subVersion', 0),
    expressionType: reader.string('expressionType', ExpressionType.TAG),
    classFilterMode: reader.boolean('classFilterMode', false),
  };
}

export function writeSubscriptionData(data: SubscriptionData): object {
  return {
    classFilterMode: data.classFilterMode,
    codeSet: data.codeSet,
    expressionType: data.expressionType,
    subString: data.subString,
    subVersion: data.subVersion,
    tagsSet: data.tagsSet,
    topic: data.topic,
  };
}
