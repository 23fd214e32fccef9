import { Injectable } from '@nestjs/common';
import { PARTICIPANTS } from '@rocketshop/contracts';
import type { OrderStatus, Participant } from '@rocketshop/contracts';
import { bind } from '@rocketshop/pg';
import { Database, Metrics } from '@rocketshop/service-defaults';
import { COUNT_OPEN_ORDERS, COUNT_WAITING_CANCELS } from '../database/statements.js';
import type { OpenOrders, WaitingCancels } from '../database/statements.js';

/** One look at the database serves all gauges of a scrape, and the scrapes of several readers. */
const LOOK_MS = 1_000;

interface Look {
  readonly open: readonly OpenOrders[];
  readonly waiting: readonly WaitingCancels[];
}

/**
 * The order service's metrics about orders. Counters tell what this process did. Gauges tell what the database has, so each replica
 * tells the same; they read the partial indexes of orders that are not final, and never the whole table.
 */
@Injectable()
export class OrderMetrics {
  private readonly reached;
  private look: { readonly at: number; readonly read: Promise<Look | undefined> } | undefined;

  constructor(
    private readonly database: Database,
    metrics: Metrics,
  ) {
    this.reached = metrics.counter({
      name: 'order_status_reached_total',
      help: 'Orders that this process has brought to a status, by status',
      labelNames: ['status'],
    });
    this.observeOpenOrders(metrics);
    this.observeCancels(metrics);
  }

  count(status: OrderStatus): void {
    this.reached.inc({ status });
  }

  private observeOpenOrders(metrics: Metrics): void {
    const oldest = metrics.gauge({
      name: 'order_open_oldest_seconds',
      help: 'How long the order has had its status that has had it longest, by status; 0 without an order',
      labelNames: ['status'],
    });
    const read = () => this.read();
    metrics.gauge({
      name: 'order_open_orders',
      help: 'Orders that are not final, by status',
      labelNames: ['status'],
      async collect() {
        this.reset();
        oldest.reset();
        for (const { status, orders, oldestSeconds } of (await read())?.open ?? []) {
          this.inc({ status }, orders);
          oldest.set({ status }, oldestSeconds ?? 0);
        }
      },
    });
  }

  private observeCancels(metrics: Metrics): void {
    const read = () => this.read();
    metrics.gauge({
      name: 'order_cancels_waiting',
      help: 'Cancelled orders that a participant has not answered yet, by participant',
      labelNames: ['participant'],
      async collect() {
        this.reset();
        const look = await read();
        if (!look) return;
        const waiting = new Map(look.waiting.map(({ participant, orders }) => [participant, orders]));
        for (const participant of PARTICIPANTS) this.set({ participant }, waiting.get(participant) ?? 0);
      },
    });
  }

  /** Undefined while the database does not answer: the gauges then have no values, and the other metrics are told. */
  private read(): Promise<Look | undefined> {
    if (this.look && performance.now() - this.look.at < LOOK_MS) return this.look.read;
    const read = this.ask().catch(() => undefined);
    this.look = { at: performance.now(), read };
    return read;
  }

  private async ask(): Promise<Look> {
    const participants: readonly Participant[] = PARTICIPANTS;
    const [open, waiting] = await Promise.all([
      this.database.query(bind<OpenOrders>(COUNT_OPEN_ORDERS, [])),
      this.database.query(bind<WaitingCancels>(COUNT_WAITING_CANCELS, [participants])),
    ]);
    return { open: open.rows, waiting: waiting.rows };
  }
}
