import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** The one key that a use and the fence of a cancel compete for. Lives as long as the order. */
@Entity('coupon_success_log')
@Check('coupon_success_log_outcome', `outcome IN ('DEDUCTED', 'FENCED')`)
@Check('coupon_success_log_coupon', `outcome = 'FENCED' OR coupon_id IS NOT NULL`)
export class CouponSuccessLogEntity {
  @PrimaryColumn({ name: 'order_id', type: 'uuid', primaryKeyConstraintName: 'coupon_success_log_pkey' })
  orderId!: string;

  /** Null where the cancel was first. */
  @Column({ name: 'coupon_id', type: 'text', nullable: true })
  couponId!: string | null;

  /** What the coupon took off, minor units; 0 where the cancel was first. */
  @Column({ type: 'bigint' })
  discount!: bigint;

  @Column({ type: 'text' })
  outcome!: 'DEDUCTED' | 'FENCED';

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
