import { DEMO_COUPONS, DEMO_CURRENCY, DEMO_USERS } from '@rocketshop/contracts';

export interface DemoCoupon {
  readonly couponId: string;
  readonly userId: string;
  /** Minor units, as is `minimumTotal`. */
  readonly discount: bigint;
  readonly minimumTotal: bigint;
  readonly currency: string;
  readonly expiresAt: Date;
}

const FAR_AWAY = new Date('2099-12-31T23:59:59Z');
const LONG_AGO = new Date('2020-12-31T23:59:59Z');

export const SEED_COUPONS: readonly DemoCoupon[] = [
  coupon(DEMO_COUPONS.adaFive, DEMO_USERS.ada, 500n, 1000n, FAR_AWAY),
  coupon(DEMO_COUPONS.adaTwo, DEMO_USERS.ada, 200n, 0n, FAR_AWAY),
  coupon(DEMO_COUPONS.graceHundred, DEMO_USERS.grace, 10_000n, 50_000n, FAR_AWAY),
  coupon(DEMO_COUPONS.linusExpired, DEMO_USERS.linus, 300n, 0n, LONG_AGO),
];

function coupon(couponId: string, userId: string, discount: bigint, minimumTotal: bigint, expiresAt: Date): DemoCoupon {
  return { couponId, userId, discount, minimumTotal, currency: DEMO_CURRENCY, expiresAt };
}
