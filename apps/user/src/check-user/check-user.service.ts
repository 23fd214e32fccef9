import { Injectable } from '@nestjs/common';
import type { AnswerOf, CallOf, checkUser } from '@rocketshop/contracts';
import { Database } from '@rocketshop/service-defaults';
import type { AccountEntity } from '../database/entities/account.entity.js';
import { READ_ACCOUNT } from '../database/statements.js';
import { refuseTaking, userNotFound } from '../domain/account.js';

/** Answers whether a buyer may order. A check reserves nothing: only the deduct decides whether there is enough money. */
@Injectable()
export class CheckUserService {
  constructor(private readonly database: Database) {}

  async check(call: CallOf<typeof checkUser>): Promise<AnswerOf<typeof checkUser>> {
    const [account] = await this.database.read<AccountEntity>(READ_ACCOUNT, [[call.userId]]);
    if (!account) return userNotFound();
    return refuseTaking(account, BigInt(call.balanceToUse), call.currency) ?? { ok: true };
  }
}
