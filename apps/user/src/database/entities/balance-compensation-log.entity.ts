import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What was given back. Its key lets a give-back happen once, whatever is delivered how often and to whom. */
@Entity('balance_compensation_log')
export class BalanceCompensationLogEntity {
  @PrimaryColumn({ name: 'order_id', type: 'uuid', primaryKeyConstraintName: 'balance_compensation_log_pkey' })
  orderId!: string;

  @Column({ name: 'user_id', type: 'text' })
  userId!: string;

  @Column({ type: 'bigint' })
  amount!: bigint;

  @Column({ type: 'text' })
  currency!: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
