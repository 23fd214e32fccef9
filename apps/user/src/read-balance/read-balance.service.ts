import { Injectable } from '@nestjs/common';
import { Database, notFound } from '@rocketshop/service-defaults';
import type { AccountRow } from '../database/account-row.js';
import { readAccount } from '../database/statements.js';
import type { Balance } from './read-balance.dto.js';

@Injectable()
export class ReadBalanceService {
  constructor(private readonly database: Database) {}

  /** @throws {ProblemError} 404 ACCOUNT_NOT_FOUND */
  async readOf(userId: string): Promise<Balance> {
    const [row] = (await this.database.query<AccountRow>(readAccount, [[userId]])).rows;
    if (!row) throw notFound('account');
    return { userId, balance: row.balance.toString(), currency: row.currency };
  }
}
