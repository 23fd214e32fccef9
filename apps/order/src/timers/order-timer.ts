import { Inject, Injectable } from '@nestjs/common';
import type { OrderStatus } from '@rocketshop/contracts';
import { OutboxRelay, writeOutbox } from '@rocketshop/outbox';
import { Database } from '@rocketshop/service-defaults';
import { READ_TIMER } from '../database/statements.js';
import type { OrderConfig } from '../order.config.js';
import { ORDER_CONFIG } from '../order.tokens.js';
import { timerMessage } from './timer-message.js';

interface Timer {
  readonly status: OrderStatus;
  readonly abandonInMs: number;
  readonly closeInMs: number | null;
}

/** A timer message only asks for a look at the order. The order's row and the database's clock tell whether the time has come. */
@Injectable()
export class OrderTimer {
  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
    @Inject(ORDER_CONFIG) private readonly config: OrderConfig,
  ) {}

  /** @returns undefined for an order that is not known here */
  async read(orderId: string): Promise<Timer | undefined> {
    const [timer] = await this.database.read<Timer>(READ_TIMER, [[orderId]]);
    return timer;
  }

  /** Sends a timer message again that came early: the longest delay level was shorter than the wait, or a clock ran ahead. */
  async setAgain(topic: string, orderId: string, dueInMs: number): Promise<void> {
    await writeOutbox(this.database.pool, [timerMessage(topic, orderId, dueInMs, this.config.timeScale)]);
    this.relay.wake();
  }
}
