import { Inject, Injectable } from '@nestjs/common';
import { BuyerTokens, Database, notFound } from '@rocketshop/service-defaults';
import { AccountEntity } from '../database/entities/account.entity.js';
import type { UserConfig } from '../user.config.js';
import { USER_CONFIG } from '../user.tokens.js';
import type { IssuedToken } from './issue-token.dto.js';

const LIFETIME_SECONDS = 15 * 60;

/** Replaces a login in the demo: any caller gets the token of any buyer. It works with DEMO_DATA only. */
@Injectable()
export class IssueTokenService {
  constructor(
    private readonly database: Database,
    private readonly tokens: BuyerTokens,
    @Inject(USER_CONFIG) private readonly config: Pick<UserConfig, 'demoData'>,
  ) {}

  /** @throws {ProblemError} 404 DEMO_DATA_OFF or USER_NOT_FOUND */
  async issueFor(userId: string): Promise<IssuedToken> {
    if (!this.config.demoData) throw notFound('page', 'DEMO_DATA_OFF');
    const isKnown = await this.database.dataSource.getRepository(AccountEntity).existsBy({ userId });
    if (!isKnown) throw notFound('user');
    return { token: this.tokens.sign(userId, LIFETIME_SECONDS * 1000), expiresInSeconds: LIFETIME_SECONDS };
  }
}
