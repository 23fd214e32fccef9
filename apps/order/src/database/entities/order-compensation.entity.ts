import type { Participant } from '@rocketshop/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Which participant has answered that its part of a cancelled order is undone. */
@Entity('order_compensations')
export class OrderCompensationEntity {
  @PrimaryColumn({ name: 'order_id', type: 'uuid' })
  orderId!: string;

  @PrimaryColumn({ type: 'text' })
  participant!: Participant;

  @Column({ type: 'text' })
  outcome!: string;

  @Column({ name: 'compensated_at', type: 'timestamptz' })
  compensatedAt!: Date;
}
