import type { BrokerMetrics, GroupMetrics } from '@rocketshop/mq-broker';
import type { Metrics } from '@rocketshop/service-defaults/process';

type Read = () => BrokerMetrics | undefined;

const SYNC_BUCKETS_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** Totals that the broker counts, as [name, help, value]. */
const TOTALS: readonly (readonly [string, string, (broker: BrokerMetrics) => number])[] = [
  ['broker_messages_in_total', 'Messages that clients sent', ({ messagesIn }) => messagesIn],
  ['broker_messages_out_total', 'Messages that clients pulled', ({ messagesOut }) => messagesOut],
  [
    'broker_connections_refused_total',
    'Connections closed at once, since too many were open',
    ({ connectionsRefused }) => connectionsRefused,
  ],
  ['broker_out_bytes_total', 'Bytes of the messages that clients pulled', ({ bytesOut }) => bytesOut],
  [
    'broker_store_written_bytes_total',
    'Bytes written to the log, earlier starts included',
    ({ store }) => store.writtenBytes,
  ],
];

const GAUGES: readonly (readonly [string, string, (broker: BrokerMetrics) => number])[] = [
  ['broker_store_bytes', 'Bytes of the log that are kept', ({ store }) => store.bytes],
  ['broker_store_unflushed_bytes', 'Bytes of the log that a power cut would lose', ({ store }) => store.unflushedBytes],
  [
    'broker_store_writable',
    '1 while messages are taken, 0 while the disk is full',
    ({ store }) => Number(store.isWritable),
  ],
  ['broker_disk_used_ratio', 'Used share of the disk that holds the store', ({ store }) => store.diskUsedRatio],
  [
    'broker_oldest_message_age_seconds',
    'Age of the oldest message that is kept',
    ({ store }) => (store.oldestMessageAgeMs ?? 0) / 1000,
  ],
  ['broker_connections', 'Open connections', ({ connections }) => connections],
  ['broker_pulls_held', 'Pulls that wait for a message', ({ pullsHeld }) => pullsHeld],
  ['broker_acks_waiting', 'Stored messages whose sender waits for the disk', ({ acksWaiting }) => acksWaiting],
  ['broker_queue_locks', 'Queues that consumers hold for ordered consumption', ({ queueLocks }) => queueLocks],
  ['broker_partial_frame_bytes', 'Memory of frames whose rest has not arrived', ({ partialBytes }) => partialBytes],
  ['broker_unsent_bytes', 'Bytes that slow readers have not taken', ({ unsentBytes }) => unsentBytes],
  ['broker_groups_left_out', 'Consumer groups without metrics of their own', ({ groupsLeftOut }) => groupsLeftOut],
];

const GROUP_GAUGES: readonly (readonly [string, string, (group: GroupMetrics) => number])[] = [
  ['broker_consumer_lag_messages', 'Messages that the group has not consumed', ({ lag }) => lag],
  [
    'broker_consumer_lag_seconds',
    'Age of the oldest message that the group has not consumed',
    ({ lagAgeMs }) => lagAgeMs / 1000,
  ],
  ['broker_consumer_members', 'Connected members of the group', ({ members }) => members],
  ['broker_dead_letters', 'Messages in the dead letter queue of the group', ({ deadLetters }) => deadLetters],
];

const GROUP_TOTALS: readonly (readonly [string, string, (group: GroupMetrics) => number])[] = [
  [
    'broker_dead_letters_total',
    'Messages that ever came to the dead letter queue of the group',
    ({ deadLettersTotal }) => deadLettersTotal,
  ],
  ['broker_retries_total', 'Redeliveries that were ever stored for the group', ({ retriesTotal }) => retriesTotal],
];

/** Registers the metrics of the broker. They are read when somebody scrapes them, and zero while it is not open. */
export function observeBroker(metrics: Metrics, read: Read): { readonly onSync: (durationMs: number) => void } {
  for (const [name, help, value] of TOTALS) metrics.counter({ name, help, collect: totalOf(read, value) });
  for (const [name, help, value] of GAUGES) {
    metrics.gauge({
      name,
      help,
      collect() {
        const broker = read();
        this.set(broker === undefined ? 0 : value(broker));
      },
    });
  }
  for (const [name, help, value] of GROUP_GAUGES) {
    metrics.gauge({
      name,
      help,
      labelNames: ['group'],
      collect() {
        this.reset();
        for (const group of read()?.groups ?? []) this.set({ group: group.group }, value(group));
      },
    });
  }
  for (const [name, help, value] of GROUP_TOTALS) {
    metrics.counter({
      name,
      help,
      labelNames: ['group'],
      collect() {
        this.reset();
        for (const group of read()?.groups ?? []) this.inc({ group: group.group }, value(group));
      },
    });
  }
  const help = 'How long a sync of the log took';
  const syncs = metrics.histogram({ name: 'broker_store_sync_seconds', help, buckets: SYNC_BUCKETS_S });
  return { onSync: (durationMs) => syncs.observe(durationMs / 1000) };
}

interface Resettable {
  reset(): void;
  inc(value: number): void;
}

function totalOf(read: Read, value: (broker: BrokerMetrics) => number): (this: Resettable) => void {
  return function collect() {
    const broker = read();
    if (broker === undefined) return;
    this.reset();
    this.inc(value(broker));
  };
}
