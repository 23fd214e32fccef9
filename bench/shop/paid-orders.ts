import pg from 'pg';

const POLL_MS = 25;

/** Sees orders become PAID with one small query every 25 ms for all buyers together, instead of a request a buyer. */
export class PaidOrders {
  private readonly waiting = new Map<string, () => void>();
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  private constructor(private readonly client: pg.Client) {}

  static async watch(orderDatabaseUrl: string): Promise<PaidOrders> {
    const client = new pg.Client({ connectionString: orderDatabaseUrl, application_name: 'bench' });
    await client.connect();
    // Planned while the table was small, the statement would go on reading all of it when it has grown.
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
      this.look().then(
        () => this.isClosed || this.schedule(),
        (error: unknown) => this.isClosed || console.error(`cannot see which orders are paid: ${String(error)}`),
      );
    }, POLL_MS);
  }

  private async look(): Promise<void> {
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
