import type { FailureReason } from './outcome.js';

interface DeliveryEvent {
  readonly topic: string;
  readonly group: string;
  readonly tag: string | undefined;
  readonly key: string | undefined;
  readonly messageId: string;
  readonly reconsumeTimes: number;
}

/** A handler threw DiscardMessageError: the message is done, and this is the record of it. */
export interface DiscardEvent extends DeliveryEvent {
  readonly reason: string;
}

/** A delivery failed and goes back to the broker. */
export interface FailureEvent extends DeliveryEvent {
  readonly failure: FailureReason;
  /** The error as it was thrown. */
  readonly error: unknown;
  /** True where the next stop is %DLQ%<group>. */
  readonly lastAttempt: boolean;
}

/** Deliveries since the start, of one group and topic. */
export interface DeliveryCounts {
  readonly group: string;
  readonly topic: string;
  done: number;
  failed: number;
  discarded: number;
}

/** Counts by group and topic; the number of both is fixed by the handlers. */
export class DeliveryCounters {
  private readonly byGroupAndTopic = new Map<string, DeliveryCounts>();

  of(group: string, topic: string): DeliveryCounts {
    const key = `${group} ${topic}`;
    let counts = this.byGroupAndTopic.get(key);
    if (counts === undefined) {
      counts = { group, topic, done: 0, failed: 0, discarded: 0 };
      this.byGroupAndTopic.set(key, counts);
    }
    return counts;
  }

  all(): DeliveryCounts[] {
    return structuredClone([...this.byGroupAndTopic.values()]);
  }
}
