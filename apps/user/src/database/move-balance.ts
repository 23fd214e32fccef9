import {
  bindLine,
  boundStatement,
  type BoundStatement,
  type ColumnarStatement,
  type TransactionClient,
} from '@rocketshop/service-defaults';
import { buyerAccount, ledgerTransactionId, SHOP_ACCOUNT } from '../domain/ledger.js';
import { giveBackBalance, takeBalance } from './statements.js';

/** What one order takes from its buyer's balance. */
export interface OrderBalance {
  readonly orderId: string;
  readonly userId: string;
  /** Minor units, positive. */
  readonly amount: bigint;
  readonly currency: string;
}

/** Balance and both ledger entries. Refuses NOT_ENOUGH where the account is not there or would be overdrawn. */
export const takeFromBuyer = (taken: OrderBalance): BoundStatement =>
  move(takeBalance, taken, -taken.amount, ledgerTransactionId.deduct(taken.orderId));

/** The way back. False, and nothing changed, where the account is not there any more. */
export async function giveBackToBuyer(client: TransactionClient, taken: OrderBalance): Promise<boolean> {
  const statement = move(giveBackBalance, taken, taken.amount, ledgerTransactionId.return(taken.orderId));
  const entries = await boundStatement(client, statement);
  return entries.rowCount === 2;
}

function move(statement: ColumnarStatement, { userId, currency }: OrderBalance, amount: bigint, transactionId: string) {
  return bindLine(statement, [userId, amount, currency, transactionId, buyerAccount(userId), SHOP_ACCOUNT.orders]);
}
