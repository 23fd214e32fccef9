import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { OutboxRelay } from './outbox-relay.js';

/** Registers the relay's metrics. The lag is read from the database when the metrics are scraped. */
export function observeRelay(relay: OutboxRelay, registry: Registry): void {
  const registers = [registry];
  const oldest = new Gauge({ name: 'outbox_oldest_unsent_seconds', help: 'Age of the oldest unsent row', registers });
  new Gauge({
    name: 'outbox_unsent_rows',
    help: 'Unsent rows in the table, of all relays',
    registers,
    async collect() {
      const lag = await relay.lag();
      this.set(lag.unsent);
      oldest.set(lag.oldestAgeMs / 1_000);
    },
  });
  new Gauge({
    name: 'outbox_failing_keys',
    help: 'Keys of this relay whose oldest row could not be sent',
    registers,
    collect() {
      this.set(relay.state().failingKeys);
    },
  });
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
