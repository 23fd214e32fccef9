import type { CouponEntity } from '../database/entities/coupon.entity.js';

/** A coupon belongs to one buyer and takes a fixed discount off one order. */
export type Coupon = Readonly<CouponEntity>;

export interface CouponRefusal<Code extends string> {
  readonly ok: false;
  readonly code: Code;
  readonly detail: string;
}

export type UseRefusal = CouponRefusal<'COUPON_NOT_FOUND' | 'COUPON_USED' | 'COUPON_EXPIRED'>;
export type QuoteRefusal = UseRefusal | CouponRefusal<'COUPON_MINIMUM_NOT_REACHED' | 'COUPON_WRONG_CURRENCY'>;

export type CouponState = 'AVAILABLE' | 'USED' | 'EXPIRED';

export function stateOf(coupon: Pick<Coupon, 'orderId' | 'expiresAt'>, now: Date): CouponState {
  if (coupon.orderId !== null) return 'USED';
  return coupon.expiresAt <= now ? 'EXPIRED' : 'AVAILABLE';
}

/** Another buyer's coupon gets the same answer, so that nobody learns that it exists. */
export const couponNotFound = () => refused('COUPON_NOT_FOUND', 'This buyer has no such coupon.');

export const couponUsed = ({ couponId }: Coupon) =>
  refused('COUPON_USED', `The coupon ${couponId} is used by another order.`);

/** @returns why this buyer cannot use this coupon now, or undefined */
export function refuseUse(coupon: Coupon, userId: string, now: Date): UseRefusal | undefined {
  if (coupon.userId !== userId) return couponNotFound();
  switch (stateOf(coupon, now)) {
    case 'USED':
      return couponUsed(coupon);
    case 'EXPIRED':
      return refused('COUPON_EXPIRED', `The coupon ${coupon.couponId} expired at ${coupon.expiresAt.toISOString()}.`);
    case 'AVAILABLE':
      return undefined;
  }
}

/** @returns why this coupon takes nothing off this order, or undefined */
export function refuseQuote(
  coupon: Coupon,
  order: { userId: string; total: bigint; currency: string },
  now: Date,
): QuoteRefusal | undefined {
  const refusal = refuseUse(coupon, order.userId, now);
  if (refusal) return refusal;
  if (coupon.currency !== order.currency) {
    return refused('COUPON_WRONG_CURRENCY', `The coupon ${coupon.couponId} is in ${coupon.currency}.`);
  }
  if (order.total < coupon.minimumTotal) {
    return refused(
      'COUPON_MINIMUM_NOT_REACHED',
      `The coupon ${coupon.couponId} needs an order of at least ${coupon.minimumTotal} minor units of ${coupon.currency}.`,
    );
  }
  return undefined;
}

/** What the coupon takes off an order: never more than the total. */
export function discountOn(coupon: Pick<Coupon, 'discount'>, total: bigint): bigint {
  return coupon.discount < total ? coupon.discount : total;
}

function refused<const Code extends string>(code: Code, detail: string): CouponRefusal<Code> {
  return { ok: false, code, detail };
}
