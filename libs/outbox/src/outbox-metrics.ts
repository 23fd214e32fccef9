import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { OutboxRelay } from './outbox-relay.js';
import type { OutboxLag } from './outbox-statements.js';

/** All gauges of one scrape, and of scrapes within this time, share one read of the database. */
const FRESH_MS = 1_000;

/**
 * Registers the relay's metrics. What is true for the whole table is read from the database when the metrics are scraped. While
 * the database does not answer, these gauges are missing, and the scrape has all others.
 */
export function observeRelay(relay: OutboxRelay, registry: Registry): void {
  const registers = [registry];
  const readLag = shared(() => relay.lag());
  const ofTable = (name: string, help: string, valueOf: (lag: OutboxLag) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const lag = await readLag();
        if (lag) this.set(valueOf(lag));
        else this.remove();
      },
    });
  };
  ofTable('outbox_unsent_rows', 'Unsent rows in the table, of all relays', ({ unsent }) => unsent);
  ofTable('outbox_oldest_unsent_seconds', 'Age of the oldest unsent row', ({ oldestAgeMs }) => oldestAgeMs / 1_000);
  ofTable('outbox_shards_without_relay', 'Shards that no live relay holds', ({ freeShards }) => freeShards);
  const ofRelay = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  ofRelay('outbox_shards', 'Shards that this relay holds', () => relay.state().shards);
  ofRelay(
    'outbox_failing_keys',
    'Keys of this relay whose oldest row could not be sent',
    () => relay.state().failingKeys,
  );
  totalOf(
    registers,
    'outbox_leases_lost_total',
    'How often this relay was too slow to keep its shards',
    () => relay.state().leasesLostTotal,
  );
  totalOf(registers, 'outbox_sent_total', 'Rows sent by this relay', () => relay.state().sentTotal);
  totalOf(
    registers,
    'outbox_failed_total',
    'Attempts to send that failed, by this relay',
    () => relay.state().failedTotal,
  );
}

function totalOf(registers: Registry[], name: string, help: string, read: () => number): void {
  let seen = 0;
  new Counter({
    name,
    help,
    registers,
    collect() {
      const total = read();
      this.inc(total - seen);
      seen = total;
    },
  });
}

/** @returns undefined when the read fails */
function shared(read: () => Promise<OutboxLag>): () => Promise<OutboxLag | undefined> {
  let last: Promise<OutboxLag | undefined> | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (!last || performance.now() - readAt >= FRESH_MS) {
      readAt = performance.now();
      last = read().catch(() => undefined);
    }
    return last;
  };
}
