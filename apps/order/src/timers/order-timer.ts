import { Inject, Injectable } from '@nestjs/common';
import type { OrderStatus } from '@rocketshop/contracts';
import { outboxInsert, OutboxRelay } from '@rocketshop/outbox';
import { Database } from '@rocketshop/service-defaults';
import * as statements from '../database/statements.js';
import type { OrderConfig } from '../order.config.js';
import { ORDER_CONFIG } from '../order.tokens.js';
import { timerMessage } from './timer-message.js';

interface TimerRow {
  readonly status: OrderStatus;
  readonly abandon_in_ms: number;
  readonly close_in_ms: number | null;
}

/** A timer message says "look now"; whether it is time is the row's and the database clock's to say. */
@Injectable()
export class OrderTimer {
  constructor(
    private readonly database: Database,
    private readonly outbox: OutboxRelay,
    @Inject(ORDER_CONFIG) private readonly config: OrderConfig,
  ) {}

  /** How things stand, or undefined for an order that is not known here. */
  async read(orderId: string): Promise<TimerRow | undefined> {
    const [row] = await this.database.read<TimerRow>(statements.selectTimer, [[orderId]]);
    return row;
  }

  /** The message came early (a level of the ladder was shorter, or a clock ran ahead): again when it is due. */
  async setAgain(topic: string, orderId: string, dueInMs: number): Promise<void> {
    const message = timerMessage(topic, orderId, dueInMs, this.config.timeScale);
    await this.database.inOneRoundTrip([outboxInsert([message])]);
    this.outbox.wake();
  }
}
