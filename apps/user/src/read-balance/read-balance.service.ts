import { Injectable } from '@nestjs/common';
import { Database, notFound } from '@rocketshop/service-defaults';
import { AccountEntity } from '../database/entities/account.entity.js';
import type { Balance } from './read-balance.dto.js';

@Injectable()
export class ReadBalanceService {
  constructor(private readonly database: Database) {}

  /** @throws {ProblemError} 404 ACCOUNT_NOT_FOUND */
  async readOf(userId: string): Promise<Balance> {
    const account = await this.database.dataSource.getRepository(AccountEntity).findOneBy({ userId });
    if (!account) throw notFound('account');
    return { userId, balance: account.balance.toString(), currency: account.currency };
  }
}
