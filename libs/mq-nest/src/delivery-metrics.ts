import { Counter, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { DeliveryCounts } from './delivery-events.js';

/** Told of each call of a handler, whatever its outcome. */
export type ObserveHandler = (group: string, durationMs: number) => void;

const DURATION_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Registers the metrics of the deliveries. Labels have the groups and topics of this application's handlers, the
 * outcomes and the reasons of a refusal, so nobody outside can make series.
 */
export function observeServer(counts: () => DeliveryCounts[], registry: Registry): ObserveHandler {
  const registers = [registry];
  new Counter({
    name: 'message_deliveries_total',
    help: 'Deliveries by outcome: acknowledged, discarded, retried, dead_lettered, refused',
    labelNames: ['group', 'topic', 'outcome'],
    registers,
    collect() {
      this.reset();
      for (const { group, topic, ...count } of counts())
        for (const [outcome, total] of Object.entries(outcomesOf(count))) this.inc({ group, topic, outcome }, total);
    },
  });
  new Counter({
    name: 'message_refused_total',
    help: 'Messages that proved no allowed sender, by reason; they are in the dead letter queue of the group',
    labelNames: ['group', 'topic', 'reason'],
    registers,
    collect() {
      this.reset();
      for (const { group, topic, refused } of counts())
        for (const [reason, total] of Object.entries(refused)) this.inc({ group, topic, reason }, total);
    },
  });
  new Counter({
    name: 'message_unsigned_total',
    help: 'Messages without a MAC that were handled all the same during an upgrade',
    labelNames: ['group', 'topic'],
    registers,
    collect() {
      this.reset();
      for (const { group, topic, unsigned } of counts()) this.inc({ group, topic }, unsigned);
    },
  });
  const durations = new Histogram({
    name: 'message_handler_duration_seconds',
    help: 'How long a handler worked on one message',
    labelNames: ['group'],
    buckets: DURATION_BUCKETS_S,
    registers,
  });
  return (group, durationMs) => durations.observe({ group }, durationMs / 1000);
}

type Counted = Omit<DeliveryCounts, 'group' | 'topic'>;

function outcomesOf({ done, discarded, failed, deadLettered, refused }: Counted): Record<string, number> {
  return {
    acknowledged: done,
    discarded,
    retried: failed - deadLettered,
    dead_lettered: deadLettered,
    refused: Object.values(refused).reduce((sum, total) => sum + total, 0),
  };
}
