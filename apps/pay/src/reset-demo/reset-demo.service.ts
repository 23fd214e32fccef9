import { Inject, Injectable } from '@nestjs/common';
import type { AnswerOf, resetPayDemo } from '@rocketshop/contracts';
import { Database } from '@rocketshop/service-defaults';
import type { PayConfig } from '../pay.config.js';
import { PAY_CONFIG } from '../pay.tokens.js';

/** Pay has no seed data, so a reset deletes every payment. A callback for a deleted payment is refused. */
@Injectable()
export class ResetDemoService {
  constructor(
    private readonly database: Database,
    @Inject(PAY_CONFIG) private readonly config: Pick<PayConfig, 'demoData'>,
  ) {}

  async reset(): Promise<AnswerOf<typeof resetPayDemo>> {
    if (!this.config.demoData) return { ok: false, code: 'DEMO_DATA_OFF', detail: 'pay runs without DEMO_DATA' };
    await this.database.pool.query('TRUNCATE refunds, payment_events, payments, payment_orders, idempotency_keys');
    return { ok: true };
  }
}
