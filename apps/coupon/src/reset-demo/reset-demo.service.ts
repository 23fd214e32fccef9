import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import type { AnswerOf, resetCouponDemo } from '@rocketshop/contracts';
import type { Deadline } from '@rocketshop/pg';
import { Database } from '@rocketshop/service-defaults';
import type { CouponConfig } from '../coupon.config.js';
import { COUPON_CONFIG } from '../coupon.tokens.js';
import { SEED_COUPONS } from './demo-coupons.js';
import type { DemoCoupon } from './demo-coupons.js';

const INSERT = `INSERT INTO coupons (coupon_id, user_id, discount, minimum_total, currency, expires_at)
                VALUES ($1, $2, $3, $4, $5, $6)`;

/** Demo data. The first start with DEMO_DATA inserts it, and one call resets it. */
@Injectable()
export class ResetDemoService implements OnModuleInit {
  constructor(
    private readonly database: Database,
    @Inject(COUPON_CONFIG) private readonly config: Pick<CouponConfig, 'demoData'>,
  ) {}

  async onModuleInit(): Promise<void> {
    if (this.config.demoData) await this.seed();
  }

  /** Coupons that exist already are not changed, since a restart must not reset them. */
  async seed(): Promise<void> {
    for (const coupon of SEED_COUPONS) {
      await this.database.pool.query(`${INSERT} ON CONFLICT DO NOTHING`, valuesOf(coupon));
    }
  }

  /**
   * Deletes the logs and frees the coupons. The log is locked first, since an order that uses a coupon in between would lose
   * the coupon and keep its row in the log.
   */
  async reset(options: Deadline = {}): Promise<AnswerOf<typeof resetCouponDemo>> {
    if (!this.config.demoData) return { ok: false, code: 'DEMO_DATA_OFF', detail: 'coupon runs without DEMO_DATA' };
    await this.database.transaction(async (client) => {
      await client.query('LOCK TABLE coupon_success_log IN EXCLUSIVE MODE');
      await client.query('DELETE FROM coupon_success_log');
      await client.query('DELETE FROM coupon_compensation_log');
      await client.query('DELETE FROM consumed_messages');
      for (const coupon of SEED_COUPONS) {
        await client.query(
          `${INSERT} ON CONFLICT (coupon_id) DO UPDATE
           SET user_id = excluded.user_id, discount = excluded.discount, minimum_total = excluded.minimum_total,
               currency = excluded.currency, expires_at = excluded.expires_at, order_id = NULL`,
          valuesOf(coupon),
        );
      }
    }, options);
    return { ok: true };
  }
}

const valuesOf = ({ couponId, userId, discount, minimumTotal, currency, expiresAt }: DemoCoupon) => [
  couponId,
  userId,
  discount,
  minimumTotal,
  currency,
  expiresAt,
];
