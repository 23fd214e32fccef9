import { BaseRpcContext } from '@nestjs/microservices';
import type { MessageExt } from '@rocketshop/mq-client';
import { readHeaders } from './headers.js';
import { readFailureProperties } from './outcome.js';
import type { FailureReason } from './outcome.js';
import { isTraceHeader } from './trace-context.js';

/** What a handler may ask about its delivery: `@Ctx() context: RocketmqContext`. */
export class RocketmqContext extends BaseRpcContext<[message: Readonly<MessageExt>, group: string]> {
  private headers: Readonly<Record<string, string>> | undefined;
  private trustedHeaders: ReadonlySet<string> | undefined;

  /** The topic that the message was sent to, in a redelivery too. */
  getTopic(): string {
    return this.args[0].topic;
  }

  getTag(): string | undefined {
    return this.args[0].properties['TAGS'];
  }

  /** The business key. Several keys are separated by one blank. */
  getKey(): string | undefined {
    return this.args[0].properties['KEYS'];
  }

  /** For display. Deduplicate by a business key, because a message that an administrator sends again has another id. */
  getMessageId(): string {
    return this.args[0].msgId;
  }

  /** 0 at the first delivery, 1 at the first redelivery. */
  getReconsumeTimes(): number {
    return this.args[0].reconsumeTimes;
  }

  /** Of a message whose MAC was checked: the headers that the MAC covers, and those that name a trace. */
  getHeaders(): Readonly<Record<string, string>> {
    const { trustedHeaders } = this;
    return (this.headers ??= readHeaders(
      this.args[0].properties,
      trustedHeaders && ((name) => trustedHeaders.has(name) || isTraceHeader(name)),
    ));
  }

  /** For the server: hides all headers that somebody may have added on the way. */
  trustHeaders(names: readonly string[]): void {
    this.trustedHeaders = new Set(names);
    this.headers = undefined;
  }

  /** The headers again: Nest's instrumentation asks every context for them under this name. */
  getMetadata(): Readonly<Record<string, string>> {
    return this.getHeaders();
  }

  getGroup(): string {
    return this.args[1];
  }

  /** Why the delivery before this one failed; undefined at the first delivery. */
  getLastFailure(): FailureReason | undefined {
    return readFailureProperties(this.args[0].properties);
  }

  getQueueId(): number {
    return this.args[0].queueId;
  }

  getQueueOffset(): number {
    return this.args[0].queueOffset;
  }

  /** When the sender created the message. */
  getBornAt(): Date {
    return new Date(this.args[0].bornTimestamp);
  }

  /** The message as the client library delivered it. */
  getMessage(): Readonly<MessageExt> {
    return this.args[0];
  }
}
