import { namedStatement, type TransactionClient } from '@rocketshop/service-defaults';
import { buyerAccount, SHOP_ACCOUNT } from '../domain/ledger.js';
import { moveBalance } from './statements.js';

export interface BalanceMove {
  readonly userId: string;
  /** Minor units; negative leaves the buyer, positive comes back to him. Not zero. */
  readonly amount: bigint;
  readonly currency: string;
  readonly transactionId: string;
}

/** Balance and both ledger entries. False, and nothing changed, where the account is not there or would be overdrawn. */
export async function moveBetweenBuyerAndOrders(client: TransactionClient, move: BalanceMove): Promise<boolean> {
  const { userId, amount, currency, transactionId } = move;
  const entries = await namedStatement(client, moveBalance, [
    userId,
    amount,
    currency,
    transactionId,
    buyerAccount(userId),
    SHOP_ACCOUNT.orders,
  ]);
  return entries.rowCount === 2;
}
