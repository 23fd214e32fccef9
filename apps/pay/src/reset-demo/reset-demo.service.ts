import { Inject, Injectable } from '@nestjs/common';
import type { AnswerOf, resetPayDemo } from '@rocketshop/contracts';
import { RedisHints } from '@rocketshop/idempotency';
import type { Deadline } from '@rocketshop/pg';
import { Database } from '@rocketshop/service-defaults';
import type { PayConfig } from '../pay.config.js';
import { PAY_CONFIG } from '../pay.tokens.js';
import { ProviderClient } from '../provider/provider-client.js';

/** A table comes before those that it refers to. */
const TABLES = [
  'refunds',
  'payment_events',
  'payment_event_conflicts',
  'rejected_callbacks',
  'payments',
  'payment_orders',
  'idempotency_keys',
];

/** Pay has no seed data, so a reset deletes every payment. A callback for a deleted payment is refused. */
@Injectable()
export class ResetDemoService {
  constructor(
    private readonly database: Database,
    private readonly provider: ProviderClient,
    private readonly hints: RedisHints,
    @Inject(PAY_CONFIG) private readonly config: Pick<PayConfig, 'demoData'>,
  ) {}

  async reset(options: Deadline = {}): Promise<AnswerOf<typeof resetPayDemo>> {
    if (!this.config.demoData) return { ok: false, code: 'DEMO_DATA_OFF', detail: 'pay runs without DEMO_DATA' };
    // The service's role may not truncate. A row that is written in between could refer to one that is deleted here.
    await this.database.transaction(async (client) => {
      await client.query(`LOCK TABLE ${TABLES.join(', ')} IN EXCLUSIVE MODE`);
      for (const table of TABLES) await client.query(`DELETE FROM ${table}`);
      await this.hints.forgetAll(client);
    }, options);
    // The bill begins again with our records. Otherwise it would tell of money that no order has.
    await this.provider.reset();
    return { ok: true };
  }
}
