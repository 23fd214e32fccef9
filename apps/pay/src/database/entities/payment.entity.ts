import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ChargeState, PaymentStatus } from '../../domain/payment-status.js';

/** One attempt to pay an order. At most one payment of an order is CREATED, PAYING or PAID. */
@Entity('payments')
export class PaymentEntity {
  @PrimaryColumn({ name: 'payment_id', type: 'uuid' })
  paymentId!: string;

  @Column({ name: 'order_id', type: 'uuid' })
  orderId!: string;

  @Column({ name: 'user_id', type: 'text' })
  userId!: string;

  @Column({ type: 'bigint' })
  amount!: bigint;

  @Column({ type: 'text' })
  currency!: string;

  @Column({ type: 'text' })
  status!: PaymentStatus;

  @Column({ name: 'charge_id', type: 'text', nullable: true })
  chargeId!: string | null;

  @Column({ name: 'pay_url', type: 'text', nullable: true })
  payUrl!: string | null;

  @Column({ name: 'provider_txn_id', type: 'text', nullable: true, unique: true })
  providerTxnId!: string | null;

  /** What the charge was requested with, and is requested with again whatever is configured then. Null in an old row. */
  @Column({ name: 'merchant_id', type: 'text', nullable: true })
  merchantId!: string | null;

  @Column({ name: 'callback_url', type: 'text', nullable: true })
  callbackUrl!: string | null;

  /** What the provider has told last of the charge. Null before it was asked. */
  @Column({ name: 'charge_state', type: 'text', nullable: true })
  chargeState!: ChargeState | null;

  /** When the provider is asked again. Null when the charge is final: nobody can pay it any more, and its money is recorded. */
  @Column({ name: 'next_poll_at', type: 'timestamptz', nullable: true })
  nextPollAt!: Date | null;

  @Column({ name: 'poll_attempts', type: 'int' })
  pollAttempts!: number;

  @Column({ name: 'closed_at', type: 'timestamptz', nullable: true })
  closedAt!: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'paid_at', type: 'timestamptz', nullable: true })
  paidAt!: Date | null;
}
