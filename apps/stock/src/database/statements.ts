/**
 * The hot statements, prepared once a connection. A deduction and what undoes it stand side by side. Lists are passed as
 * columns, so that an order of one line, an order of twenty and twenty orders at once are the same prepared statement and
 * the same one round trip. They say twice which goods they are about, by the join and by `= ANY`, so that a plan made for a
 * small table has a key to go by from whichever side it joins. Those of a deduction say no themselves, by `refuse_unless`, so that they can be sent together.
 */

/**
 * Claims the keys (order, goods) for the deduct. Waits while a cancel of one of the orders is open; fewer rows than lines
 * means an order has been seen before, and is refused. Sorted, so that a deduct and a cancel wait for each other in
 * one direction.
 */
export const logDeduct = {
  name: 'log-deduct',
  columnar: true,
  text: `WITH claimed AS (
           INSERT INTO stock_success_log (order_id, goods_id, quantity, outcome)
           SELECT line.order_id, line.goods_id, line.quantity, 'DEDUCTED'
           FROM unnest($1::uuid[], $2::text[], $3::integer[]) AS line (order_id, goods_id, quantity)
           ORDER BY line.order_id, line.goods_id
           ON CONFLICT DO NOTHING
           RETURNING goods_id
         )
         SELECT refuse_unless(count(*) = cardinality($1::uuid[]), 'SEEN_BEFORE') FROM claimed`,
} as const;

/**
 * Takes all lines of all orders or refuses. The rows are locked in sorted order first: a bare UPDATE ... FROM would lock
 * them in whatever order its join finds them and two transactions could deadlock. The condition is checked again on the
 * newest version of a row that another transaction held, so nothing is ever sold twice. A row changes once for all who
 * want of it, and its version counts each of them.
 */
export const takeGoods = {
  name: 'take-goods',
  columnar: true,
  text: `WITH wanted AS MATERIALIZED (
           SELECT goods.goods_id, asked.quantity, asked.lines
           FROM goods JOIN (SELECT goods_id, sum(quantity) AS quantity, count(*) AS lines
                              FROM unnest($1::text[], $2::integer[]) AS line (goods_id, quantity)
                             GROUP BY goods_id) AS asked USING (goods_id)
           WHERE goods_id = ANY ($1)
           ORDER BY goods.goods_id
           FOR UPDATE OF goods
         ), taken AS (
           UPDATE goods
           SET available = goods.available - wanted.quantity, version = goods.version + wanted.lines
           FROM wanted
           WHERE goods.goods_id = wanted.goods_id AND goods.goods_id = ANY ($1) AND goods.available >= wanted.quantity
           RETURNING wanted.lines
         )
         SELECT refuse_unless(coalesce(sum(lines), 0) = cardinality($1::text[]), 'NOT_ENOUGH') FROM taken`,
} as const;

/** The cancel's claim of the same keys. Waits while a deduct is open; changes nothing where the deduct was first. */
export const fenceOrder = {
  name: 'fence-order',
  text: `INSERT INTO stock_success_log (order_id, goods_id, quantity, outcome)
         SELECT $1, line.goods_id, 0, 'FENCED'
         FROM unnest($2::text[]) AS line (goods_id)
         ORDER BY line.goods_id
         ON CONFLICT DO NOTHING`,
};

/**
 * Everything the log knows of an order, locked. A statement of its own after the fence: the fence's snapshot is older
 * than the deduct it may have waited for, so a single statement would not see that deduct.
 */
export const lockOrderLog = {
  name: 'lock-order-log',
  text: `SELECT goods_id, quantity, outcome
         FROM stock_success_log WHERE order_id = $1
         ORDER BY goods_id
         FOR UPDATE`,
};

/** The same without a lock, with what was given back: for the answer to a repeated deduct. */
export const readOrderLog = {
  name: 'read-order-log',
  text: `SELECT success.goods_id, success.quantity, success.outcome, compensation.order_id IS NOT NULL AS compensated
         FROM stock_success_log success
         LEFT JOIN stock_compensation_log compensation USING (order_id, goods_id)
         WHERE success.order_id = $1`,
};

/** Claims the give-back of one line. Zero rows: it was given back before. */
export const logCompensation = {
  name: 'log-compensation',
  text: `INSERT INTO stock_compensation_log (order_id, goods_id, quantity)
         VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING`,
};

export const readVersion = {
  name: 'read-version',
  text: `SELECT version FROM goods WHERE goods_id = $1`,
};

/** Compare and swap: zero rows means somebody changed the row since its version was read. */
export const giveBackGoods = {
  name: 'give-back-goods',
  text: `UPDATE goods SET available = available + $2, version = version + 1
         WHERE goods_id = $1 AND version = $3`,
};

/** Price and stock of the asked goods in one round trip; no lock, a quote promises nothing. */
export const readGoods = {
  name: 'read-goods',
  columnar: true,
  text: `SELECT wanted.line::int AS line, goods_id, name, unit_price, currency, available
         FROM unnest($1::text[]) WITH ORDINALITY AS wanted (goods_id, line) JOIN goods USING (goods_id)
         WHERE goods_id = ANY ($1)`,
} as const;
