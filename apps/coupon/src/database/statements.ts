/**
 * The hot statements, prepared once a connection. A use and what undoes it stand side by side. Those of a use say no
 * themselves, by `refuse_unless`, so that they can be sent together.
 */

/**
 * Claims the order's key for the use. Waits while a cancel of the same order is open; zero rows means this order has
 * been seen before, and is refused.
 */
export const logUse = {
  name: 'log-use',
  text: `WITH claimed AS (
           INSERT INTO coupon_success_log (order_id, coupon_id, discount, outcome)
           VALUES ($1, $2, $3, 'DEDUCTED')
           ON CONFLICT DO NOTHING
           RETURNING order_id
         )
         SELECT refuse_unless(count(*) = 1, 'SEEN_BEFORE') FROM claimed`,
};

/**
 * Marks the coupon as used if it is this buyer's, free, not expired, and worth the asked discount; refuses otherwise.
 * Two orders that want one coupon: the second waits for the first and then finds it used.
 */
export const takeCoupon = {
  name: 'take-coupon',
  text: `WITH taken AS (
           UPDATE coupons SET order_id = $1
           WHERE coupon_id = $2 AND user_id = $3 AND order_id IS NULL AND expires_at > now() AND discount >= $4
           RETURNING coupon_id
         )
         SELECT refuse_unless(count(*) = 1, 'NOT_FREE') FROM taken`,
};

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
  text: `SELECT coupon_id, user_id, discount, minimum_total, currency, expires_at, order_id, now() AS now
         FROM coupons WHERE coupon_id = $1`,
};

/** A buyer's own coupons, soonest to expire first. */
export const readCouponsOf = {
  name: 'read-coupons-of',
  text: `SELECT coupon_id, user_id, discount, minimum_total, currency, expires_at, order_id, now() AS now
         FROM coupons WHERE user_id = $1
         ORDER BY expires_at, coupon_id`,
};
