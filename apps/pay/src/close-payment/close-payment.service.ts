import { Injectable } from '@nestjs/common';
import { bind, boundStatement, Database, type TransactionClient } from '@rocketshop/service-defaults';
import type { QueryResult } from 'pg';
import * as statements from '../database/statements.js';
import type { PaymentOrderRow } from '../database/statements.js';

/** FENCED: there was nothing to close, and there never will be. */
export type CloseOutcome = 'CLOSED' | 'FENCED' | 'ALREADY_PAID';

/** After CLOSED or FENCED no payment of the order can become PAID; a charge that is paid at the provider all the same is refunded. */
@Injectable()
export class ClosePaymentService {
  constructor(private readonly database: Database) {}

  /** Closing again changes nothing. */
  async close(orderId: string): Promise<CloseOutcome> {
    const [inserted, locked] = await this.database.inOneRoundTrip(closing(orderId));
    return outcomeOf(orderId, inserted, locked);
  }

  /** The same in the caller's transaction. */
  async closeIn(client: TransactionClient, orderId: string): Promise<CloseOutcome> {
    const [insert, lock, ...updates] = closing(orderId);
    const inserted = await boundStatement(client, insert);
    const locked = await boundStatement(client, lock);
    for (const update of updates) await boundStatement(client, update);
    return outcomeOf(orderId, inserted, locked);
  }
}

const closing = (orderId: string) =>
  [
    bind(statements.insertPaymentOrder, [orderId, 'CLOSED']),
    bind<PaymentOrderRow>(statements.lockPaymentOrder, [orderId]),
    bind(statements.closePaymentOrder, [orderId]),
    bind(statements.closePayments, [orderId]),
  ] as const;

function outcomeOf(
  orderId: string,
  inserted: Pick<QueryResult, 'rowCount'>,
  locked: Pick<QueryResult<PaymentOrderRow>, 'rows'>,
): CloseOutcome {
  const [order] = locked.rows;
  if (!order) throw new Error(`the payment order ${orderId} vanished while it was being closed`);
  if (order.status === 'PAID') return 'ALREADY_PAID';
  return inserted.rowCount === 1 ? 'FENCED' : 'CLOSED';
}
