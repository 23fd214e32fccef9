import { columnsOf } from '@rocketshop/service-defaults';
import { PaymentEntity } from './entities/payment.entity.js';

/*
 * The statements that follow charges at the provider. A claim postpones the next attempt of a row before anybody is asked. So no other
 * replica asks for the same charge meanwhile, a crash only costs that wait, and a row that cannot be helped moves back behind all others.
 */

const claim = (name: string, isWanted: string) =>
  ({
    name,
    text: `WITH due AS MATERIALIZED (
           SELECT payment_id FROM payments WHERE ${isWanted} AND next_poll_at <= now()
            ORDER BY next_poll_at LIMIT $1 FOR UPDATE SKIP LOCKED)
         UPDATE payments
            SET poll_attempts = poll_attempts + 1,
                next_poll_at = now() + interval '1 millisecond'
                  * CASE status WHEN 'CLOSED' THEN least($5, $4 * power(2, least(poll_attempts, 30)))
                                ELSE least($3, $2 * power(2, least(poll_attempts + 1, 30))) END
           FROM due WHERE payments.payment_id = due.payment_id
      RETURNING ${columnsOf(PaymentEntity)}`,
  }) as const;

/**
 * Claims charges that are not final. $2 and $3 are the first and the longest wait for a buyer who has not paid yet, $4 and $5 those
 * for a provider that has not made a closed payment's charge void yet, in ms.
 */
export const CLAIM_DUE_CHARGES = claim('claim-due-charges', `next_poll_at IS NOT NULL AND status <> 'PAID'`);

/** Claims charges of PAID payments for their last look. */
export const CLAIM_LAST_LOOKS = claim('claim-last-looks', `next_poll_at IS NOT NULL AND status = 'PAID'`);

/** The provider will not tell anything new of the charge. A payment that has moved since it was read is asked for again. */
export const FINISH_CHARGE = {
  name: 'finish-charge',
  text: `UPDATE payments SET charge_state = $3, next_poll_at = NULL WHERE payment_id = $1 AND status = $2`,
} as const;

export const SET_CHARGE_STATE = {
  name: 'set-charge-state',
  text: `UPDATE payments SET charge_state = $3 WHERE payment_id = $1 AND status = $2 AND charge_state IS DISTINCT FROM $3`,
} as const;

export const COUNT_CHARGES_NOT_FINAL = {
  name: 'count-charges-not-final',
  text: `SELECT status, count(*)::int AS count,
                coalesce(extract(epoch FROM now() - min(coalesce(closed_at, created_at))), 0)::float8 AS "oldestSeconds"
           FROM payments WHERE next_poll_at IS NOT NULL AND status <> 'PAID' GROUP BY status`,
} as const;

export const COUNT_OPEN_REFUNDS = {
  name: 'count-open-refunds',
  text: `SELECT count(*)::int AS count, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS "oldestSeconds"
           FROM refunds WHERE status = 'REQUESTED'`,
} as const;
