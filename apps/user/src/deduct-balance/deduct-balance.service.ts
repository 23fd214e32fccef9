import { Injectable } from '@nestjs/common';
import type { AnswerOf, CallOf, deductBalance } from '@rocketshop/contracts';
import { deduct } from '@rocketshop/participant';
import type { DeadlineInstant } from '@rocketshop/pg';
import { Database, deadlinePassed } from '@rocketshop/service-defaults';
import { balanceLog } from '../database/balance-log.js';
import { AccountEntity } from '../database/entities/account.entity.js';
import { takeFromBuyer } from '../database/move-balance.js';
import { balanceTooSmall, refuseTaking, userNotFound } from '../domain/account.js';

type Call = CallOf<typeof deductBalance>;
type Answer = AnswerOf<typeof deductBalance>;

/** Takes money for one order from the buyer's balance, and writes the ledger entries. */
@Injectable()
export class DeductBalanceService {
  constructor(private readonly database: Database) {}

  async deduct(call: Call, deadline: DeadlineInstant): Promise<Answer> {
    const { orderId } = call;
    const taken = { user_id: call.userId, amount: BigInt(call.amount), currency: call.currency };
    const outcome = await deduct(this.database, balanceLog, {
      orderId,
      rows: [taken],
      // An amount of zero moves nothing, and the ledger refuses entries of zero.
      take: taken.amount > 0n ? [takeFromBuyer(orderId, taken)] : [],
      refusals: ['NOT_ENOUGH'],
      deadline,
    });
    switch (outcome) {
      case 'DEDUCTED':
        return { ok: true };
      case 'FENCED':
        return { ok: false, code: 'ORDER_FENCED', detail: 'This order is cancelled.' };
      case 'TOO_LATE':
        return deadlinePassed();
      case 'NOT_ENOUGH':
        return this.explain(call);
    }
  }

  /** Tells the reason of a refusal. It stays a refusal when there is enough by now, since another order was cancelled. */
  private async explain({ userId, currency, ...call }: Call): Promise<Answer> {
    const account = await this.database.dataSource.getRepository(AccountEntity).findOneBy({ userId });
    if (!account) return userNotFound();
    const amount = BigInt(call.amount);
    return refuseTaking(account, amount, currency) ?? balanceTooSmall(amount, currency);
  }
}
