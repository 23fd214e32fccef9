import { Injectable } from '@nestjs/common';
import type { AnswerOf, CallOf, deductBalance } from '@rocketshop/contracts';
import {
  bindLine,
  Database,
  deadlinePassed,
  isPastDeadline,
  refusalOf,
  refusePastDeadline,
} from '@rocketshop/service-defaults';
import { toAccount, type AccountRow } from '../database/account-row.js';
import { takeFromBuyer } from '../database/move-balance.js';
import { logDeduct, readAccount, readOrderLog } from '../database/statements.js';
import { balanceTooSmall, refuseTaking, userNotFound } from '../domain/account.js';
import { outcomeOfRepeat, type BalanceLogRow } from '../domain/balance-log.js';

type Call = CallOf<typeof deductBalance>;
type Answer = AnswerOf<typeof deductBalance>;

const REFUSALS = ['SEEN_BEFORE', 'NOT_ENOUGH', 'TOO_LATE'] as const;
const DEDUCTED: Answer = { ok: true };
const ORDER_FENCED: Answer = { ok: false, code: 'ORDER_FENCED', detail: 'This order is cancelled.' };

/**
 * Takes money of one order from the buyer's balance: the log's key, the balance and the ledger together or none, so
 * that a refusal leaves no trace and a cancel of this order finds exactly what was done.
 */
@Injectable()
export class DeductBalanceService {
  constructor(private readonly database: Database) {}

  async deduct(call: Call): Promise<Answer> {
    if (isPastDeadline(call.deadline)) return deadlinePassed();
    const refusal = await refusalOf(this.take(call), REFUSALS);
    switch (refusal) {
      case undefined:
        return DEDUCTED;
      case 'SEEN_BEFORE':
        return this.answerRepeat(call);
      case 'NOT_ENOUGH':
        return this.explain(call);
      case 'TOO_LATE':
        return deadlinePassed();
    }
  }

  private async take({ orderId, userId, currency, deadline, ...call }: Call): Promise<void> {
    const amount = BigInt(call.amount);
    await this.database.inSharedRoundTrip([
      bindLine(logDeduct, [orderId, userId, amount, currency]),
      // The ledger knows no entry of nothing.
      ...(amount > 0n ? [takeFromBuyer({ orderId, userId, amount, currency })] : []),
      refusePastDeadline(deadline),
    ]);
  }

  private async answerRepeat(call: Call): Promise<Answer> {
    const [row] = (await this.database.query<LogRow>(readOrderLog, [call.orderId])).rows;
    if (!row) throw new Error(`the log row of order ${call.orderId} is gone`);
    const outcome = outcomeOfRepeat({ ...call, amount: BigInt(call.amount) }, { ...row, userId: row.user_id });
    if (outcome === 'OTHER_AMOUNT') throw new Error(`order ${call.orderId} took another amount`);
    return outcome === 'DEDUCTED' ? DEDUCTED : ORDER_FENCED;
  }

  private async explain(call: Call): Promise<Answer> {
    const [row] = (await this.database.query<AccountRow>(readAccount, [[call.userId]])).rows;
    if (!row) return userNotFound();
    const amount = BigInt(call.amount);
    // Enough again by now: an order of this buyer was cancelled in between. The answer stays what it was.
    return refuseTaking(toAccount(row), amount, call.currency) ?? balanceTooSmall(amount, call.currency);
  }
}

type LogRow = Omit<BalanceLogRow, 'userId'> & { readonly user_id: string };
