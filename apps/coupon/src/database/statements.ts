/**
 * The hot statements, prepared once a connection. A use and what undoes it stand side by side. Those of a use say no
 * themselves, by `refuse_unless`, so that they can be sent together. Columnar ones say twice which coupons they are about,
 * by the join and by `= ANY`, so that a plan made for a small table has a key to go by from whichever side it joins.
 */

/**
 * Claims the orders' keys for the use. Waits while a cancel of one of them is open; fewer rows than orders means one has
 * been seen before, and is refused. Sorted, so that two of these wait for each other in one direction.
 */
export const logUse = {
  name: 'log-use',
  columnar: true,
  text: `WITH claimed AS (
           INSERT INTO coupon_success_log (order_id, coupon_id, discount, outcome)
           SELECT use.order_id, use.coupon_id, use.discount, 'DEDUCTED'
           FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS use (order_id, coupon_id, discount)
           ORDER BY use.order_id
           ON CONFLICT DO NOTHING
           RETURNING order_id
         )
         SELECT refuse_unless(count(*) = cardinality($1::uuid[]), 'SEEN_BEFORE') FROM claimed`,
} as const;

/**
 * Marks each coupon as used if it is this buyer's, free, not expired, and worth the asked discount; refuses otherwise.
 * Two orders that want one coupon: the second waits for the first and then finds it used, and both are refused where they
 * ask in one statement. Locked in sorted order, so that two of these cannot deadlock.
 */
export const takeCoupon = {
  name: 'take-coupon',
  columnar: true,
  text: `WITH wanted AS MATERIALIZED (
           SELECT coupons.coupon_id, use.order_id, use.user_id, use.discount
           FROM coupons
           JOIN unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[]) AS use (order_id, coupon_id, user_id, discount)
             USING (coupon_id)
           WHERE coupon_id = ANY ($2)
           ORDER BY coupons.coupon_id
           FOR UPDATE OF coupons
         ), taken AS (
           UPDATE coupons SET order_id = wanted.order_id
           FROM wanted
           WHERE coupons.coupon_id = wanted.coupon_id AND coupons.coupon_id = ANY ($2) AND coupons.user_id = wanted.user_id
             AND coupons.order_id IS NULL AND coupons.expires_at > now() AND coupons.discount >= wanted.discount
           RETURNING coupons.coupon_id
         )
         SELECT refuse_unless(count(*) = cardinality($1::uuid[]), 'NOT_FREE') FROM taken`,
} as const;

/** The cancel's claim of the same key. Waits while a use is open; changes nothing where the use was first. */
export const fenceOrder = {
  name: 'fence-order',
  text: `INSERT INTO coupon_success_log (order_id, coupon_id, discount, outcome)
         VALUES ($1, NULL, 0, 'FENCED')
         ON CONFLICT DO NOTHING`,
};

/**
 * What the log knows of an order, locked. A statement of its own after the fence: the fence's snapshot is older than
 * the use it may have waited for, so a single statement would not see that use.
 */
export const lockOrderLog = {
  name: 'lock-order-log',
  text: `SELECT coupon_id, outcome FROM coupon_success_log WHERE order_id = $1 FOR UPDATE`,
};

/** The same without a lock, with what was given back: for the answer to a repeated use. */
export const readOrderLog = {
  name: 'read-order-log',
  text: `SELECT success.coupon_id, success.outcome, compensation.order_id IS NOT NULL AS compensated
         FROM coupon_success_log success
         LEFT JOIN coupon_compensation_log compensation USING (order_id)
         WHERE success.order_id = $1`,
};

/** Claims the release. Zero rows: it was released before. */
export const logCompensation = {
  name: 'log-compensation',
  text: `INSERT INTO coupon_compensation_log (order_id, coupon_id)
         VALUES ($1, $2)
         ON CONFLICT DO NOTHING`,
};

/** Only the order that uses the coupon may free it: a late cancel must not free the coupon of a later order. */
export const releaseCoupon = {
  name: 'release-coupon',
  text: `UPDATE coupons SET order_id = NULL WHERE coupon_id = $1 AND order_id = $2`,
};

/** The coupon with the database's clock, so that a quote and a use judge expiry by the same watch. */
export const readCoupon = {
  name: 'read-coupon',
  columnar: true,
  text: `SELECT wanted.line::int AS line, coupon_id, user_id, discount, minimum_total, currency, expires_at, order_id,
                now() AS now
         FROM unnest($1::text[]) WITH ORDINALITY AS wanted (coupon_id, line) JOIN coupons USING (coupon_id)
         WHERE coupon_id = ANY ($1)`,
} as const;

/** A buyer's own coupons, soonest to expire first. */
export const readCouponsOf = {
  name: 'read-coupons-of',
  text: `SELECT coupon_id, user_id, discount, minimum_total, currency, expires_at, order_id, now() AS now
         FROM coupons WHERE user_id = $1
         ORDER BY expires_at, coupon_id`,
};
