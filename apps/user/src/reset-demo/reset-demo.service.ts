import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import type { AnswerOf, resetUserDemo } from '@rocketshop/contracts';
import { deadlineIn } from '@rocketshop/pg';
import type { Deadline, PgClient } from '@rocketshop/pg';
import { Database } from '@rocketshop/service-defaults';
import { buyerAccount, ledgerTransactionId, SHOP_ACCOUNT } from '../domain/ledger.js';
import type { UserConfig } from '../user.config.js';
import { USER_CONFIG } from '../user.tokens.js';
import { SEED_USERS } from './demo-users.js';
import type { DemoUser } from './demo-users.js';

const SEED_WAIT_MS = 10_000;

/** Demo data. The first start with DEMO_DATA inserts it, and one call resets it. */
@Injectable()
export class ResetDemoService implements OnModuleInit {
  constructor(
    private readonly database: Database,
    @Inject(USER_CONFIG) private readonly config: Pick<UserConfig, 'demoData'>,
  ) {}

  async onModuleInit(): Promise<void> {
    if (this.config.demoData) await this.seed();
  }

  /** Buyers that exist already are not changed, since a restart must not reset them. */
  async seed(): Promise<void> {
    const seed = async (client: PgClient): Promise<void> => {
      for (const user of SEED_USERS) await openAccount(client, user);
    };
    // Replicas that start together wait for each other.
    await this.database.transaction(seed, { deadline: deadlineIn(SEED_WAIT_MS) });
  }

  /**
   * Deletes the logs and resets the accounts. The log is locked first, since an order that takes money in between would get it
   * back and keep its row in the log.
   */
  async reset(options: Deadline = {}): Promise<AnswerOf<typeof resetUserDemo>> {
    if (!this.config.demoData) return { ok: false, code: 'DEMO_DATA_OFF', detail: 'user runs without DEMO_DATA' };
    await this.database.transaction(async (client) => {
      await client.query('LOCK TABLE balance_success_log IN EXCLUSIVE MODE');
      await client.query('DELETE FROM balance_success_log');
      await client.query('DELETE FROM balance_compensation_log');
      await client.query('DELETE FROM consumed_messages');
      await client.query('DELETE FROM ledger_entries');
      for (const user of SEED_USERS) {
        await openAccount(client, user);
        await client.query(
          'UPDATE accounts SET balance = $2, currency = $3, version = version + 1 WHERE user_id = $1',
          [user.userId, user.balance, user.currency],
        );
      }
    }, options);
    return { ok: true };
  }
}

/** Inserts a buyer, the account, and the ledger entries of its opening balance. Rows that exist already are not changed. */
async function openAccount(client: PgClient, { userId, name, balance, currency }: DemoUser): Promise<void> {
  await client.query('INSERT INTO users (user_id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING', [userId, name]);
  await client.query('INSERT INTO accounts (user_id, currency, balance) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
    userId,
    currency,
    balance,
  ]);
  if (balance === 0n) return;
  await client.query(
    `INSERT INTO ledger_entries (transaction_id, account, amount, currency)
     VALUES ($1, $2, $4::bigint, $5), ($1, $3, -$4::bigint, $5)
     ON CONFLICT DO NOTHING`,
    [ledgerTransactionId.opening(userId), buyerAccount(userId), SHOP_ACCOUNT.opening, balance, currency],
  );
}
