import { createConsumedMessagesTable, dropConsumedMessagesTable } from '@rocketshop/idempotency';
import { createOutboxTable, dropOutboxTable } from '@rocketshop/outbox';
import { createRefuseUnless, dropRefuseUnless } from '@rocketshop/service-defaults';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/* coupons.order_id is who uses the coupon, null while it is free. */
const CREATE = [
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
  `CREATE TABLE coupon_success_log (
    order_id uuid CONSTRAINT coupon_success_log_pkey PRIMARY KEY,
    coupon_id text,
    discount bigint NOT NULL,
    outcome text NOT NULL CONSTRAINT coupon_success_log_outcome CHECK (outcome IN ('DEDUCTED', 'FENCED')),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT coupon_success_log_coupon CHECK (outcome = 'FENCED' OR coupon_id IS NOT NULL)
  )`,
  `CREATE TABLE coupon_compensation_log (
    order_id uuid CONSTRAINT coupon_compensation_log_pkey PRIMARY KEY,
    coupon_id text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
  )`,
];

export class CreateCoupon1780000000000 implements MigrationInterface {
  readonly name = 'CreateCoupon1780000000000';

  async up(runner: QueryRunner): Promise<void> {
    await createRefuseUnless(runner);
    for (const statement of CREATE) await runner.query(statement);
    await createConsumedMessagesTable(runner);
    await createOutboxTable(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropOutboxTable(runner);
    await dropConsumedMessagesTable(runner);
    await runner.query('DROP TABLE coupon_compensation_log, coupon_success_log, coupons');
    await dropRefuseUnless(runner);
  }
}
