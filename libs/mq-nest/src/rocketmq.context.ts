import { BaseRpcContext } from '@nestjs/microservices';
import { readHeaders } from './headers.js';
import { readFailureProperties, type FailureReason } from './outcome.js';

/** A delivered message, as the client hands it over. */
export interface DeliveredMessage {
  readonly topic: string;
  readonly body: Buffer;
  readonly properties: Readonly<Record<string, string>>;
  readonly msgId: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly reconsumeTimes: number;
  readonly bornTimestamp: number;
  readonly storeTimestamp: number;
}

/** What a handler may ask about the delivery it handles: `@Ctx() context: RocketmqContext`. */
export class RocketmqContext extends BaseRpcContext<[message: DeliveredMessage, group: string]> {
  private headers: Readonly<Record<string, string>> | undefined;

  /** The topic it was sent to, also where it comes from the retry ladder. */
  getTopic(): string {
    return this.args[0].topic;
  }

  getTag(): string | undefined {
    return this.args[0].properties['TAGS'];
  }

  /** The business key; several stand with one blank between. */
  getKey(): string | undefined {
    return this.args[0].properties['KEYS'];
  }

  /** For display. Deduplicate by a business key: a message sent again by hand has another id. */
  getMessageId(): string {
    return this.args[0].msgId;
  }

  /** 0 at the first delivery, 1 at the first retry. */
  getReconsumeTimes(): number {
    return this.args[0].reconsumeTimes;
  }

  getHeaders(): Readonly<Record<string, string>> {
    return (this.headers ??= readHeaders(this.args[0].properties));
  }

  /** The same under the name by which Nest's instrumentation asks any context for it. */
  getMetadata(): Readonly<Record<string, string>> {
    return this.getHeaders();
  }

  getGroup(): string {
    return this.args[1];
  }

  /** Why the attempt before this one failed; undefined at the first delivery. */
  getLastFailure(): FailureReason | undefined {
    return readFailureProperties(this.args[0].properties);
  }

  getQueueId(): number {
    return this.args[0].queueId;
  }

  getQueueOffset(): number {
    return this.args[0].queueOffset;
  }

  /** When the sender made it. */
  getBornAt(): Date {
    return new Date(this.args[0].bornTimestamp);
  }

  /** The whole message, for what has no name here. */
  getMessage(): DeliveredMessage {
    return this.args[0];
  }
}
