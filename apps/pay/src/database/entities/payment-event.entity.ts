import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Every genuine callback, what we made of it, and how often it came. */
@Entity('payment_events')
export class PaymentEventEntity {
  /** The provider's own id of the event. */
  @PrimaryColumn({ name: 'event_id', type: 'text' })
  eventId!: string;

  @Column({ type: 'text' })
  outcome!: string;

  @Column({ type: 'jsonb' })
  body!: unknown;

  @Column({ type: 'int' })
  deliveries!: number;

  @Column({ name: 'received_at', type: 'timestamptz' })
  receivedAt!: Date;
}
