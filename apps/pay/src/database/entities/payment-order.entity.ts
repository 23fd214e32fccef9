import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { PaymentOrderStatus } from '../../domain/payment-status.js';

/** The fence of one order: whoever opens, pays or closes locks this row first. */
@Entity('payment_orders')
export class PaymentOrderEntity {
  @PrimaryColumn({ name: 'order_id', type: 'uuid' })
  orderId!: string;

  @Column({ type: 'text' })
  status!: PaymentOrderStatus;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;
}
