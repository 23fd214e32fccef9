import { bindLine, run } from '@rocketshop/pg';
import type { BoundStatement, ColumnarStatement, PgClient } from '@rocketshop/pg';
import { buyerAccount, ledgerTransactionId, SHOP_ACCOUNT } from '../domain/ledger.js';
import type { BalanceTaken } from './balance-log.js';
import { GIVE_BACK_BALANCE, TAKE_BALANCE } from './statements.js';

/** Changes the balance and writes both ledger entries. Refuses NOT_ENOUGH without an account or without enough money. */
export const takeFromBuyer = (orderId: string, taken: BalanceTaken): BoundStatement =>
  move(TAKE_BALANCE, taken, -taken.amount, ledgerTransactionId.deduct(orderId));

/** @throws when the account no longer exists */
export async function giveBackToBuyer(client: PgClient, orderId: string, taken: BalanceTaken): Promise<void> {
  const { rowCount } = await run(
    client,
    move(GIVE_BACK_BALANCE, taken, taken.amount, ledgerTransactionId.return(orderId)),
  );
  if (rowCount !== 2) throw new Error(`the account that order ${orderId} took money from no longer exists`);
}

function move(statement: ColumnarStatement, taken: BalanceTaken, amount: bigint, transactionId: string) {
  const { user_id: userId, currency } = taken;
  return bindLine(statement, [userId, amount, currency, transactionId, buyerAccount(userId), SHOP_ACCOUNT.orders]);
}
