import type { OrderStatus } from '@rocketshop/contracts';
import type { CancelledBy, CancelRequestedBy } from '../../domain/order-status.js';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An order. Amounts are minor units of `currency`: total = discount + balanceUsed + payable. */
@Entity('orders')
export class OrderEntity {
  @PrimaryColumn({ name: 'order_id', type: 'uuid' })
  orderId!: string;

  @Column({ name: 'user_id', type: 'text' })
  userId!: string;

  @Column({ type: 'text' })
  status!: OrderStatus;

  @Column({ type: 'text' })
  currency!: string;

  @Column({ type: 'bigint' })
  total!: bigint;

  @Column({ type: 'bigint' })
  discount!: bigint;

  @Column({ name: 'balance_used', type: 'bigint' })
  balanceUsed!: bigint;

  @Column({ type: 'bigint' })
  payable!: bigint;

  @Column({ name: 'coupon_id', type: 'text', nullable: true })
  couponId!: string | null;

  @Column({ name: 'idempotency_key', type: 'text' })
  idempotencyKey!: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  /** After this instant a PENDING order counts as abandoned. */
  @Column({ name: 'abandon_at', type: 'timestamptz' })
  abandonAt!: Date;

  @Column({ name: 'confirmed_at', type: 'timestamptz', nullable: true })
  confirmedAt!: Date | null;

  /** After this instant a CONFIRMED order may be closed. Null when nothing is left to pay. */
  @Column({ name: 'close_at', type: 'timestamptz', nullable: true })
  closeAt!: Date | null;

  @Column({ name: 'paid_at', type: 'timestamptz', nullable: true })
  paidAt!: Date | null;

  /** The payment that made the order PAID. */
  @Column({ name: 'payment_id', type: 'uuid', nullable: true })
  paymentId!: string | null;

  /** A payment that came after the order stopped taking payments; pay refunds it. */
  @Column({ name: 'late_payment_id', type: 'uuid', nullable: true })
  latePaymentId!: string | null;

  /** When somebody asked to cancel the CONFIRMED order. The sweeper asks pay until pay has answered. */
  @Column({ name: 'cancel_requested_at', type: 'timestamptz', nullable: true })
  cancelRequestedAt!: Date | null;

  @Column({ name: 'cancel_requested_by', type: 'text', nullable: true })
  cancelRequestedBy!: CancelRequestedBy | null;

  @Column({ name: 'cancel_reason', type: 'text', nullable: true })
  cancelReason!: string | null;

  @Column({ name: 'cancel_detail', type: 'text', nullable: true })
  cancelDetail!: string | null;

  @Column({ name: 'cancelled_by', type: 'text', nullable: true })
  cancelledBy!: CancelledBy | null;

  @Column({ name: 'cancelling_at', type: 'timestamptz', nullable: true })
  cancellingAt!: Date | null;

  /** When order-cancelled was last put into the outbox. */
  @Column({ name: 'cancel_sent_at', type: 'timestamptz', nullable: true })
  cancelSentAt!: Date | null;

  @Column({ name: 'cancelled_at', type: 'timestamptz', nullable: true })
  cancelledAt!: Date | null;

  /** How often the sweeper has claimed the order in vain. */
  @Column({ type: 'int' })
  attempts!: number;

  /** The sweeper leaves the order alone until this instant, and for one interval more. Null when it has never claimed it. */
  @Column({ name: 'next_attempt_at', type: 'timestamptz', nullable: true })
  nextAttemptAt!: Date | null;
}
