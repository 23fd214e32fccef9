import { Inject, Injectable } from '@nestjs/common';
import type { PaidPayment } from '@rocketshop/contracts';
import { deadlineIn, msUntil, retryWhenUnknown, runAll } from '@rocketshop/pg';
import type { Deadline, PgClient, StatementResult } from '@rocketshop/pg';
import { Database, LOGGER } from '@rocketshop/service-defaults';
import type { Logger } from '@rocketshop/service-defaults';
import type { PaymentEntity } from '../database/entities/payment.entity.js';
import { closePaymentOrder, READ_LIVE_PAYMENT } from '../database/statements.js';
import type { LivePayment } from '../database/statements.js';
import type { PaymentOrderStatus } from '../domain/payment-status.js';
import { SettleChargeService } from '../poll-charges/settle-charge.service.js';

/** Longest time that a close waits for the provider. */
const READ_CHARGE_MS = 500;

/** FENCED: the order had no payment, and none can be opened any more. */
export type CloseOutcome = 'CLOSED' | 'FENCED' | 'ALREADY_PAID';

/** After CLOSED or FENCED no payment of the order can become PAID. A charge that is paid at the provider later is refunded. */
@Injectable()
export class ClosePaymentService {
  constructor(
    private readonly database: Database,
    private readonly charges: SettleChargeService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Closes the order's payments. Closing again changes nothing. The charge is read before, for a short time only: when the buyer has paid
   * and nobody has told us, the order is PAID and not undone. Whatever the provider does, the close goes on without it.
   */
  async close(orderId: string, options: Deadline): Promise<CloseOutcome> {
    await this.lookForMoney(orderId, options).catch((error: unknown) =>
      this.logger.debug({ err: error, orderId }, 'the charge could not be read before the close'),
    );
    const close = () => this.database.pipeline(closePaymentOrder(orderId), options);
    return outcomeOf(orderId, await retryWhenUnknown(close));
  }

  /** The payment that has paid for the order. A PAID payment never changes, so it is read after the close has answered. */
  async readPaid(orderId: string): Promise<PaidPayment> {
    const [live] = await this.database.read<LivePayment>(READ_LIVE_PAYMENT, [[orderId]]);
    if (!live?.paymentId || live.amount === null || live.currency === null || live.paidAt === null) {
      throw new Error(`the order ${orderId} is PAID and has no payment that is`);
    }
    const { paymentId, amount, currency, paidAt } = live;
    return { paymentId, amount: amount.toString(), currency, paidAt: paidAt.toISOString() };
  }

  private async lookForMoney(orderId: string, { deadline }: Deadline): Promise<void> {
    const [live] = await this.database.read<LivePayment>(READ_LIVE_PAYMENT, [[orderId]]);
    if (live?.status !== 'CREATED' && live?.status !== 'PAYING') return;
    // Half of the time is left for the close itself.
    const timeoutMs = Math.min(READ_CHARGE_MS, deadline === undefined ? Infinity : msUntil(deadline) / 2);
    if (timeoutMs < 1) return;
    await this.charges.look(live as PaymentEntity, { timeoutMs, deadline: deadlineIn(timeoutMs) });
  }

  /** Closes them in the caller's transaction. */
  async closeIn(client: PgClient, orderId: string): Promise<CloseOutcome> {
    return outcomeOf(orderId, await runAll(client, closePaymentOrder(orderId)));
  }
}

type ClosingResults = readonly [
  StatementResult,
  StatementResult<{ status: PaymentOrderStatus }>,
  ...(readonly StatementResult[]),
];

function outcomeOf(orderId: string, [inserted, locked]: ClosingResults): CloseOutcome {
  const [order] = locked.rows;
  if (!order) throw new Error(`the payment order ${orderId} was deleted while it was being closed`);
  if (order.status === 'PAID') return 'ALREADY_PAID';
  return inserted.rowCount === 1 ? 'FENCED' : 'CLOSED';
}
