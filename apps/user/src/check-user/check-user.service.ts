import { Injectable } from '@nestjs/common';
import type { AnswerOf, CallOf, checkUser } from '@rocketshop/contracts';
import { Database } from '@rocketshop/service-defaults';
import { toAccount, type AccountRow } from '../database/account-row.js';
import { readAccount } from '../database/statements.js';
import { refuseTaking, userNotFound } from '../domain/account.js';

/** May this buyer order? The check takes nothing and promises nothing: the deduct decides. */
@Injectable()
export class CheckUserService {
  constructor(private readonly database: Database) {}

  async check(call: CallOf<typeof checkUser>): Promise<AnswerOf<typeof checkUser>> {
    const [row] = await this.database.read<AccountRow>(readAccount, [[call.userId]]);
    if (!row) return userNotFound();
    return refuseTaking(toAccount(row), BigInt(call.balanceToUse), call.currency) ?? { ok: true };
  }
}
