import { columnsOf } from '@rocketshop/service-defaults';
import { CouponEntity } from './entities/coupon.entity.js';

/*
 * The hot statements. A use and what undoes it stand side by side. A columnar statement is executed once for many orders; it
 * names its keys by `= ANY` beside the join, so that every plan goes by the key (libs/pg/README.md, "Plans").
 */

/**
 * Marks each coupon as used if it is this buyer's, free, not expired, and worth the asked discount; refuses otherwise. When two
 * orders want one coupon, the second waits for the first and finds the coupon used. When both are in one statement, it refuses
 * both, and each is run again alone. Rows are locked in sorted order, so that two such statements cannot deadlock.
 */
export const TAKE_COUPON = {
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

/** Only the order that uses the coupon may free it: a late cancel must not free the coupon of a later order. */
export const RELEASE_COUPON = {
  name: 'release-coupon',
  text: `UPDATE coupons SET order_id = NULL WHERE coupon_id = $1 AND order_id = $2`,
};

/** A coupon with the database's clock, so that a quote and a use judge expiry by the same clock. */
export type CouponNow = CouponEntity & { readonly now: Date };

export const READ_COUPON = {
  name: 'read-coupon',
  columnar: true,
  text: `SELECT wanted.line::int AS line, ${columnsOf(CouponEntity)}, now() AS now
         FROM unnest($1::text[]) WITH ORDINALITY AS wanted (coupon_id, line) JOIN coupons USING (coupon_id)
         WHERE coupon_id = ANY ($1)`,
} as const;
