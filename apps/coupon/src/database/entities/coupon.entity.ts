import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One coupon of one buyer. `orderId` is the order that uses it: only the cancel of that order may free it. */
@Entity('coupons')
@Check('coupons_discount_positive', 'discount > 0')
@Check('coupons_minimum_total_not_negative', 'minimum_total >= 0')
@Index('coupons_user_id', ['userId'])
export class CouponEntity {
  @PrimaryColumn({ name: 'coupon_id', type: 'text', primaryKeyConstraintName: 'coupons_pkey' })
  couponId!: string;

  @Column({ name: 'user_id', type: 'text' })
  userId!: string;

  /** Minor units. */
  @Column({ type: 'bigint' })
  discount!: bigint;

  @Column({ name: 'minimum_total', type: 'bigint' })
  minimumTotal!: bigint;

  @Column({ type: 'text' })
  currency!: string;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;

  @Column({ name: 'order_id', type: 'uuid', nullable: true })
  orderId!: string | null;
}
