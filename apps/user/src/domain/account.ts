import type { AccountEntity } from '../database/entities/account.entity.js';

/** A buyer's account with the shop, as far as the rules need it. */
export type Account = Pick<AccountEntity, 'userId' | 'balance' | 'currency'>;

export interface AccountRefusal {
  readonly ok: false;
  readonly code: 'USER_NOT_FOUND' | 'BALANCE_TOO_SMALL' | 'BALANCE_WRONG_CURRENCY';
  readonly detail: string;
}

export const userNotFound = () => refused('USER_NOT_FOUND', 'There is no such buyer.');

export const balanceTooSmall = (amount: bigint, currency: string) =>
  refused('BALANCE_TOO_SMALL', `The balance does not cover ${amount} minor units of ${currency}.`);

/** @returns why `amount` cannot be taken from this account, or undefined. Taking nothing needs no money and no currency. */
export function refuseTaking(account: Account, amount: bigint, currency: string): AccountRefusal | undefined {
  if (amount === 0n) return undefined;
  if (account.currency !== currency) {
    return refused('BALANCE_WRONG_CURRENCY', `The balance is in ${account.currency}.`);
  }
  return account.balance < amount ? balanceTooSmall(amount, currency) : undefined;
}

function refused(code: AccountRefusal['code'], detail: string): AccountRefusal {
  return { ok: false, code, detail };
}
