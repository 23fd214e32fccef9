import { delayLevelFor } from './delay-ladder.js';
import type { DriverMessage } from './driver.js';
import { InvalidMessageError } from './errors.js';
import { toProperties } from './headers.js';
import type { RocketmqMessage } from './rocketmq-message.js';
import { encodePayload } from './payload.js';

/** Topic names the broker takes. Source: TopicValidator.java. */
const TOPIC_NAME = /^[%|a-zA-Z0-9_-]{1,127}$/;

export function isTopicName(text: string): boolean {
  return TOPIC_NAME.test(text);
}

/** An outgoing message whose delay may also be given as a level of the ladder. */
export interface EncodableMessage extends RocketmqMessage {
  readonly delayLevel?: number | undefined;
}

/**
 * @param traceHeaders go along unless the message has headers of the same names
 * @throws {InvalidMessageError}
 */
export function encodeMessage(
  message: EncodableMessage,
  timeScale: number,
  traceHeaders: Readonly<Record<string, string>> = {},
): DriverMessage {
  if (!isTopicName(message.topic))
    throw new InvalidMessageError(
      `topic ${JSON.stringify(message.topic)} must be 1 to 127 of letters, digits, "_", "-", "%" and "|"`,
    );
  const payload = encodePayload(message.payload);
  const encoded: DriverMessage = {
    topic: message.topic,
    body: payload.body,
    properties: toProperties({ ...traceHeaders, ...payload.headers, ...message.headers }),
  };
  if (message.tag !== undefined) encoded.tags = checkTag(message.tag);
  if (message.key !== undefined && message.key !== '') encoded.keys = message.key;
  const delayTimeLevel = message.delayLevel ?? delayLevelFor(message.delayMs ?? 0, timeScale);
  if (delayTimeLevel > 0) encoded.delayTimeLevel = delayTimeLevel;
  return encoded;
}

function checkTag(tag: string): string {
  if (tag.trim() !== tag || tag === '' || tag.includes('||') || tag === '*')
    throw new InvalidMessageError(`tag ${JSON.stringify(tag)} must be one word: consumers filter by "A || B" or "*"`);
  return tag;
}
