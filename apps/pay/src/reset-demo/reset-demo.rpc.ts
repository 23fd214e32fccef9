import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { resetPayDemo, type AnswerOf } from '@rocketshop/contracts';
import { Database } from '@rocketshop/service-defaults';
import type { PayConfig } from '../pay.config.js';
import { PAY_CONFIG } from '../pay.tokens.js';

/** pay has no seed: a reset forgets every payment. A charge that is paid later is unknown here, and refused. */
@Controller()
export class ResetDemoRpc {
  constructor(
    private readonly database: Database,
    @Inject(PAY_CONFIG) private readonly config: PayConfig,
  ) {}

  @MessagePattern(resetPayDemo.pattern)
  async reset(): Promise<AnswerOf<typeof resetPayDemo>> {
    if (!this.config.demoData) return { ok: false, code: 'DEMO_DATA_OFF', detail: 'pay runs without DEMO_DATA.' };
    await this.database.pool.query('TRUNCATE refunds, payment_events, payments, payment_orders, idempotency_keys');
    return { ok: true };
  }
}
