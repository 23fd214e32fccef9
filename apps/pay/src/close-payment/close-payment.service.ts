import { Injectable } from '@nestjs/common';
import { namedStatement, type TransactionClient } from '@rocketshop/service-defaults';
import * as statements from '../database/statements.js';
import { lockPaymentOrder } from './lock-payment-order.js';

/** FENCED: there was nothing to close, and there never will be. */
export type CloseOutcome = 'CLOSED' | 'FENCED' | 'ALREADY_PAID';

/** After CLOSED or FENCED no payment of the order can become PAID; a charge that is paid at the provider all the same is refunded. */
@Injectable()
export class ClosePaymentService {
  /** In the caller's transaction. Closing again answers the same. */
  async close(client: TransactionClient, orderId: string): Promise<CloseOutcome> {
    const { status, isNew } = await lockPaymentOrder(client, orderId, 'CLOSED');
    if (status === 'PAID') return 'ALREADY_PAID';
    if (isNew) return 'FENCED';
    await namedStatement(client, statements.closePaymentOrder, [orderId]);
    await namedStatement(client, statements.closePayments, [orderId]);
    return 'CLOSED';
  }
}
