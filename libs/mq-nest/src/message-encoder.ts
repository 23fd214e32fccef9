import type { Message } from '@rocketshop/mq-client';
import { delayLevelFor } from './delay-ladder.js';
import { InvalidMessageError } from './errors.js';
import { toProperties } from './headers.js';
import { contentTypeHeaders, encodePayload } from './payload.js';
import type { RocketmqMessage } from './rocketmq-message.js';

/** Topic names that the broker accepts. Source: TopicValidator.java. */
const TOPIC_NAME = /^[%|a-zA-Z0-9_-]{1,127}$/;

export function isTopicName(text: string): boolean {
  return TOPIC_NAME.test(text);
}

/**
 * @param traceHeaders are added where the message has no header of the same name
 * @throws {InvalidMessageError}
 */
export function encodeMessage(
  message: RocketmqMessage,
  timeScale: number,
  traceHeaders: Readonly<Record<string, string>> = {},
): Message {
  const { topic, tag, key, payload, headers } = message;
  if (!isTopicName(topic))
    throw new InvalidMessageError(
      `topic ${JSON.stringify(topic)} must be 1 to 127 of letters, digits, "_", "-", "%" and "|"`,
    );
  const encoded: Message = {
    topic,
    body: encodePayload(payload),
    properties: toProperties({ ...traceHeaders, ...contentTypeHeaders(payload), ...headers }),
  };
  if (tag !== undefined) encoded.tags = checkTag(tag);
  if (key !== undefined && key !== '') encoded.keys = key;
  const delayTimeLevel = message.delayLevel ?? delayLevelFor(message.delayMs ?? 0, timeScale);
  if (delayTimeLevel > 0) encoded.delayTimeLevel = delayTimeLevel;
  return encoded;
}

function checkTag(tag: string): string {
  if (tag.trim() !== tag || tag === '' || tag.includes('||') || tag === '*')
    throw new InvalidMessageError(`tag ${JSON.stringify(tag)} must be one word: consumers filter by "A || B" or "*"`);
  return tag;
}
