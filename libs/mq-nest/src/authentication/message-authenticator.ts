import { createSecretKey, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Message, MessageExt } from '@rocketshop/mq-client';
import { MessageRefusedError } from '../errors.js';
import type { RefusalReason } from '../errors.js';
import { isReservedHeader } from '../headers.js';
import { isTraceHeader } from '../trace-context.js';
import { secretOf } from './authentication.config.js';
import type { MessageAuthentication } from './authentication.config.js';
import { MAC_PROPERTY, macOf, readMacProperty, writeMacProperty } from './message-mac.js';

/** Properties in which a broker keeps the topic of a dead letter. Source: MessageConst.java. */
const DEAD_LETTER_TOPIC_PREFIX = '%DLQ%';
const ORIGIN_TOPIC_PROPERTIES = ['DLQ_ORIGIN_TOPIC', 'RETRY_TOPIC'] as const;

/** Signs what is published, and checks what is delivered. */
export class MessageAuthenticator {
  private readonly secrets: ReadonlyMap<string, KeyObject>;
  private readonly signingKeyId: string;
  private readonly senders: ReadonlyMap<string, readonly string[]>;
  private readonly acceptUnsignedUntilMs: number;

  constructor(private readonly options: MessageAuthentication) {
    this.secrets = new Map(options.keys.map((key) => [key.id, createSecretKey(Buffer.from(secretOf(key)))]));
    this.signingKeyId = options.keys[0]?.id ?? '';
    this.senders = new Map(Object.entries(options.senders ?? {}));
    this.acceptUnsignedUntilMs = options.acceptUnsignedUntil?.getTime() ?? 0;
  }

  /** Undefined when messages without a MAC are refused now. */
  get unsignedAcceptedUntil(): Date | undefined {
    return Date.now() < this.acceptUnsignedUntilMs ? new Date(this.acceptUnsignedUntilMs) : undefined;
  }

  /** Returns the message with its MAC. */
  sign(message: Message): Message {
    const { topic, tags: tag, keys, body, properties = {} } = message;
    const key = keys === undefined || typeof keys === 'string' ? keys : keys.join(' ');
    const headerNames = Object.keys(properties).filter(isCovered).sort();
    const claim = { keyId: this.signingKeyId, sender: this.options.sender, headerNames };
    const mac = macOf(this.secret(claim.keyId), claim, { topic, tag, key, body, properties });
    return { ...message, properties: { ...properties, [MAC_PROPERTY]: writeMacProperty(claim, mac) } };
  }

  /**
   * Checks a message and returns the names of the headers that its MAC covers. Undefined: the message has no MAC, and is
   * accepted all the same until `acceptUnsignedUntil`.
   * @throws {MessageRefusedError}
   */
  verify(message: Readonly<MessageExt>): readonly string[] | undefined {
    const { properties, body } = message;
    const topic = publishedTopic(message);
    const text = properties[MAC_PROPERTY];
    if (text === undefined) {
      if (this.unsignedAcceptedUntil !== undefined) return undefined;
      return refuse('MAC_MISSING', topic, 'it has no MAC');
    }
    const parsed = readMacProperty(text);
    if (parsed === undefined) return refuse('MAC_MALFORMED', topic, 'its MAC cannot be read');
    const { claim, mac } = parsed;
    const secret = this.secrets.get(claim.keyId);
    if (secret === undefined) return refuse('MAC_KEY_UNKNOWN', topic, `no key here has the id "${claim.keyId}"`);
    const expected = macOf(secret, claim, {
      topic,
      tag: properties['TAGS'],
      key: properties['KEYS'],
      body,
      properties,
    });
    if (!timingSafeEqual(expected, mac)) return refuse('MAC_WRONG', topic, 'its MAC is not that of its content');
    const allowed = this.senders.get(topic);
    if (allowed !== undefined && !allowed.includes(claim.sender))
      return refuse('SENDER_NOT_ALLOWED', topic, `"${claim.sender}" does not publish this topic`);
    return claim.headerNames;
  }

  private secret(keyId: string): KeyObject {
    const secret = this.secrets.get(keyId);
    if (secret === undefined) throw new TypeError(`no key has the id "${keyId}"`);
    return secret;
  }
}

/**
 * Trace headers are not covered, because instruments between sender and handler may change them. They do nothing but
 * name a trace.
 */
function isCovered(name: string): boolean {
  return !isReservedHeader(name) && !isTraceHeader(name);
}

/**
 * The client gives a redelivery its first topic again. A handler of a DLQ gets dead letters under the DLQ's name, and
 * finds the first topic in the properties.
 */
function publishedTopic({ topic, properties }: Readonly<MessageExt>): string {
  if (!topic.startsWith(DEAD_LETTER_TOPIC_PREFIX)) return topic;
  for (const name of ORIGIN_TOPIC_PROPERTIES) if (properties[name] !== undefined) return properties[name];
  return topic;
}

function refuse(reason: RefusalReason, topic: string, why: string): never {
  throw new MessageRefusedError(reason, `a message to ${topic} is refused: ${why}`);
}
