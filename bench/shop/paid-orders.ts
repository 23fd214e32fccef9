import pg from 'pg';

const POLL_MS = 25;

/** Finds PAID orders with one small query every 25 ms for all buyers together, instead of one request for each buyer. */
export class PaidOrders {
  private readonly waiting = new Map<string, () => void>();
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  private constructor(private readonly client: pg.Client) {}

  static async watch(orderDatabaseUrl: string): Promise<PaidOrders> {
    const client = new pg.Client({ connectionString: orderDatabaseUrl, application_name: 'bench' });
    await client.connect();
    // PostgreSQL plans the statement while the table is small. Without this it would read the whole table when it has grown.
    await client.query('SET enable_seqscan = off');
    const orders = new PaidOrders(client);
    orders.schedule();
    return orders;
  }

  paid(orderId: string): Promise<void> {
    return new Promise((resolve) => this.waiting.set(orderId, resolve));
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.client.end();
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      this.readPaid().then(
        () => this.isClosed || this.schedule(),
        (error: unknown) => this.isClosed || console.error(`the paid orders cannot be read: ${String(error)}`),
      );
    }, POLL_MS);
  }

  private async readPaid(): Promise<void> {
    if (this.waiting.size === 0) return;
    const { rows } = await this.client.query<{ order_id: string }>({
      name: 'paid-orders',
      text: `SELECT order_id FROM orders WHERE order_id = ANY ($1::uuid[]) AND status = 'PAID'`,
      values: [[...this.waiting.keys()]],
    });
    for (const { order_id: orderId } of rows) {
      this.waiting.get(orderId)?.();
      this.waiting.delete(orderId);
    }
  }
}
