import type { FailureReason } from './outcome.js';

interface DeliveryEvent {
  readonly topic: string;
  readonly group: string;
  readonly tag: string | undefined;
  readonly key: string | undefined;
  readonly messageId: string;
  readonly reconsumeTimes: number;
}

/** A handler threw DiscardMessageError. The message is not delivered again; this event is the record of it. */
export interface DiscardEvent extends DeliveryEvent {
  readonly reason: string;
}

/** A delivery failed. The message goes back to the broker. */
export interface FailureEvent extends DeliveryEvent {
  readonly failure: FailureReason;
  /** The error as it was thrown. */
  readonly error: unknown;
  /** True when the broker puts the message into %DLQ%<group>. */
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

/** Counts by group and topic. The handlers name all groups and topics, so the maps cannot grow without limit. */
export class DeliveryCounters {
  private readonly byGroup = new Map<string, Map<string, DeliveryCounts>>();

  of(group: string, topic: string): DeliveryCounts {
    return this.byGroup.get(group)?.get(topic) ?? this.begin(group, topic);
  }

  all(): DeliveryCounts[] {
    return [...this.byGroup.values()].flatMap((byTopic) => structuredClone([...byTopic.values()]));
  }

  private begin(group: string, topic: string): DeliveryCounts {
    const byTopic = this.byGroup.get(group) ?? new Map<string, DeliveryCounts>();
    const counts = { group, topic, done: 0, failed: 0, discarded: 0 };
    this.byGroup.set(group, byTopic.set(topic, counts));
    return counts;
  }
}
