import { Injectable } from '@nestjs/common';
import { BuyerTokens, Database, notFound } from '@rocketshop/service-defaults';
import { AccountEntity } from '../database/entities/account.entity.js';
import type { IssuedToken } from './issue-token.dto.js';

const LIFETIME_SECONDS = 15 * 60;

/** Replaces a login in the demo: any caller gets the token of any buyer. The module has it with DEMO_DATA only. */
@Injectable()
export class IssueTokenService {
  constructor(
    private readonly database: Database,
    private readonly tokens: BuyerTokens,
  ) {}

  /** @throws {ProblemError} 404 USER_NOT_FOUND */
  async issueFor(userId: string): Promise<IssuedToken> {
    const isKnown = await this.database.dataSource.getRepository(AccountEntity).existsBy({ userId });
    if (!isKnown) throw notFound('user');
    return { token: this.tokens.sign(userId, LIFETIME_SECONDS * 1000), expiresInSeconds: LIFETIME_SECONDS };
  }
}
