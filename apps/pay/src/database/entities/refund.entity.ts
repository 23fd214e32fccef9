import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A refund. It is REQUESTED until the provider confirms it. */
@Entity('refunds')
export class RefundEntity {
  @PrimaryColumn({ name: 'refund_id', type: 'uuid' })
  refundId!: string;

  @Column({ name: 'payment_id', type: 'uuid' })
  paymentId!: string;

  @Column({ name: 'order_id', type: 'uuid' })
  orderId!: string;

  @Column({ name: 'provider_txn_id', type: 'text', unique: true })
  providerTxnId!: string;

  @Column({ type: 'bigint' })
  amount!: bigint;

  @Column({ type: 'text' })
  currency!: string;

  /** LATE: the order was closed. DOUBLE: the order was paid before. */
  @Column({ type: 'text' })
  reason!: 'LATE' | 'DOUBLE';

  @Column({ type: 'text' })
  status!: 'REQUESTED' | 'REFUNDED';

  @Column({ type: 'int' })
  attempts!: number;

  @Column({ name: 'next_attempt_at', type: 'timestamptz' })
  nextAttemptAt!: Date;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'refunded_at', type: 'timestamptz', nullable: true })
  refundedAt!: Date | null;
}
