import type { CallbackOutcome } from '../../domain/callback-outcome.js';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Every genuine callback, its outcome, and how often it was delivered. */
@Entity('payment_events')
export class PaymentEventEntity {
  /** The provider's own id of the event. */
  @PrimaryColumn({ name: 'event_id', type: 'text' })
  eventId!: string;

  @Column({ type: 'text' })
  outcome!: CallbackOutcome;

  @Column({ type: 'jsonb' })
  body!: unknown;

  @Column({ type: 'int' })
  deliveries!: number;

  @Column({ name: 'received_at', type: 'timestamptz' })
  receivedAt!: Date;
}
