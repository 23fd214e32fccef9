import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Which coupon was set free. Its key lets that happen once, whatever is delivered how often and to whom. */
@Entity('coupon_compensation_log')
export class CouponCompensationLogEntity {
  @PrimaryColumn({ name: 'order_id', type: 'uuid', primaryKeyConstraintName: 'coupon_compensation_log_pkey' })
  orderId!: string;

  @Column({ name: 'coupon_id', type: 'text' })
  couponId!: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
