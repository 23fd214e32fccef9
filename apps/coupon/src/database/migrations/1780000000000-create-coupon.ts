import { createConsumedMessagesTable, dropConsumedMessagesTable } from '@rocketshop/idempotency';
import { createOutboxTable, dropOutboxTable } from '@rocketshop/outbox';
import { createRefuseUnless, dropRefuseUnless } from '@rocketshop/pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { couponLog } from '../coupon-log.js';

/* coupons.order_id is the order that uses the coupon, and null while the coupon is free. */
const CREATE_COUPONS = [
  `CREATE TABLE coupons (
    coupon_id text CONSTRAINT coupons_pkey PRIMARY KEY,
    user_id text NOT NULL,
    discount bigint NOT NULL CONSTRAINT coupons_discount_positive CHECK (discount > 0),
    minimum_total bigint NOT NULL CONSTRAINT coupons_minimum_total_not_negative CHECK (minimum_total >= 0),
    currency text NOT NULL,
    expires_at timestamptz NOT NULL,
    order_id uuid
  ) WITH (fillfactor = 70)`,
  `CREATE INDEX coupons_user_id ON coupons (user_id)`,
];

export class CreateCoupon1780000000000 implements MigrationInterface {
  readonly name = 'CreateCoupon1780000000000';

  async up(runner: QueryRunner): Promise<void> {
    await createRefuseUnless(runner);
    for (const statement of CREATE_COUPONS) await runner.query(statement);
    await couponLog.createTables(runner);
    await createConsumedMessagesTable(runner);
    await createOutboxTable(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropOutboxTable(runner);
    await dropConsumedMessagesTable(runner);
    await couponLog.dropTables(runner);
    await runner.query('DROP TABLE coupons');
    await dropRefuseUnless(runner);
  }
}
