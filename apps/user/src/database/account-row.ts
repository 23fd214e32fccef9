import type { Account } from '../domain/account.js';

/** A row as the statements select it. */
export interface AccountRow {
  readonly user_id: string;
  readonly balance: bigint;
  readonly currency: string;
}

export const toAccount = (row: AccountRow): Account => ({
  userId: row.user_id,
  balance: row.balance,
  currency: row.currency,
});
