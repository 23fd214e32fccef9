import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** The one key that a deduct and the fence of a cancel compete for. Lives as long as the order. */
@Entity('balance_success_log')
@Check('balance_success_log_outcome', `outcome IN ('DEDUCTED', 'FENCED')`)
@Check('balance_success_log_amount_not_negative', 'amount >= 0')
export class BalanceSuccessLogEntity {
  @PrimaryColumn({ name: 'order_id', type: 'uuid', primaryKeyConstraintName: 'balance_success_log_pkey' })
  orderId!: string;

  @Column({ name: 'user_id', type: 'text' })
  userId!: string;

  /** What was taken, minor units; 0 where the cancel was first. */
  @Column({ type: 'bigint' })
  amount!: bigint;

  @Column({ type: 'text' })
  currency!: string;

  @Column({ type: 'text' })
  outcome!: 'DEDUCTED' | 'FENCED';

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
