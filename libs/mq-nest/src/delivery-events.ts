import type { RefusalReason } from './errors.js';
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
  /** The handler threw, or the message could not be given to it. */
  failed: number;
  /** Those of `failed` after which the broker puts the message into %DLQ%<group>. */
  deadLettered: number;
  discarded: number;
  /** Messages without a right MAC, by reason. They reached no handler and go to %DLQ%<group>. */
  refused: Partial<Record<RefusalReason, number>>;
  /** Messages without any MAC that were handled all the same, because `acceptUnsignedUntil` lies ahead. */
  unsigned: number;
}

/** Stands for all topics without a handler: a message says itself which topic it was published to, and may say anything. */
const UNKNOWN_TOPIC = '(unknown)';

/** Counts by group and topic. The handlers name all groups and topics, so the maps cannot grow without limit. */
export class DeliveryCounters {
  private readonly byGroup = new Map<string, Map<string, DeliveryCounts>>();

  constructor(private readonly isKnown: (group: string, topic: string) => boolean) {}

  of(group: string, topic: string): DeliveryCounts {
    return this.byGroup.get(group)?.get(topic) ?? this.begin(group, this.isKnown(group, topic) ? topic : UNKNOWN_TOPIC);
  }

  all(): DeliveryCounts[] {
    return [...this.byGroup.values()].flatMap((byTopic) => structuredClone([...byTopic.values()]));
  }

  private begin(group: string, topic: string): DeliveryCounts {
    const byTopic = this.byGroup.get(group) ?? new Map<string, DeliveryCounts>();
    const known = byTopic.get(topic);
    if (known !== undefined) return known;
    const counts = { group, topic, done: 0, failed: 0, deadLettered: 0, discarded: 0, refused: {}, unsigned: 0 };
    this.byGroup.set(group, byTopic.set(topic, counts));
    return counts;
  }
}
