import type { InProcessShop } from '@rocketshop/shop-testkit/in-process';

type Shop = Pick<InProcessShop, 'rows'>;

/** From now on a trigger writes down every change of an order's status, so that a story sees changes that are over. */
export async function recordTransitions(shop: Shop): Promise<void> {
  await shop.rows('order', 'CREATE TABLE transitions (id serial, order_id uuid, change text)');
  await shop.rows(
    'order',
    `CREATE FUNCTION record_transition() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       INSERT INTO transitions (order_id, change) VALUES (NEW.order_id, OLD.status || ' -> ' || NEW.status);
       RETURN NEW; END $$`,
  );
  await shop.rows(
    'order',
    `CREATE TRIGGER record_transition AFTER UPDATE ON orders FOR EACH ROW
     WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION record_transition()`,
  );
}

export async function transitionsOf(shop: Shop, orderId: string): Promise<string[]> {
  const rows = await shop.rows<{ change: string }>(
    'order',
    'SELECT change FROM transitions WHERE order_id = $1 ORDER BY id',
    [orderId],
  );
  return rows.map(({ change }) => change);
}

/** The order's row with the columns that no interface shows. */
export async function orderRow(shop: Shop, orderId: string): Promise<Record<string, unknown>> {
  const [row] = await shop.rows<Record<string, unknown>>('order', 'SELECT * FROM orders WHERE order_id = $1', [
    orderId,
  ]);
  return row ?? {};
}
