import { Inject, Injectable } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { bind } from '@rocketshop/pg';
import { Database, LOGGER, Metrics, RepeatingTask } from '@rocketshop/service-defaults';
import type { Logger } from '@rocketshop/service-defaults';
import type { RefundEntity } from '../database/entities/refund.entity.js';
import { CLAIM_DUE_REFUNDS, FINISH_REFUND } from '../database/statements.js';
import type { PayConfig } from '../pay.config.js';
import { PAY_CONFIG } from '../pay.tokens.js';
import { ProviderClient } from '../provider/provider-client.js';

/** Refunds of one claim, and so the number of open calls. */
const CLAIM_MAX = 20;
/** Claims of one round. With more due, the next round goes on. */
const CLAIMS_PER_ROUND_MAX = 64;

/** Requests every refund from the provider until it is final. Any replica may: the provider recognizes a refund by its id. */
@Injectable()
export class RefundsSweeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly rounds: RepeatingTask;
  private readonly refunded;

  constructor(
    private readonly database: Database,
    private readonly provider: ProviderClient,
    @Inject(PAY_CONFIG) config: PayConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.refunded = metrics.counter({ name: 'pay_refunded_total', help: 'Refunds that the provider has confirmed' });
    this.rounds = new RepeatingTask(
      config.refundIntervalMs,
      () => this.sweep(),
      (error) => logger.error({ err: error }, 'a round of refunds failed; the next one tries again'),
    );
  }

  onApplicationBootstrap(): void {
    this.rounds.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.rounds.stop();
  }

  /** One round over the refunds that are due. They are requested at the same time, since the provider may hang at some of them. */
  async sweep(): Promise<void> {
    for (let claims = 0; claims < CLAIMS_PER_ROUND_MAX && !this.rounds.isStopping; claims++) {
      const { rows } = await this.database.query(bind<RefundEntity>(CLAIM_DUE_REFUNDS, [CLAIM_MAX]));
      await Promise.all(rows.map((refund) => this.refund(refund)));
      if (rows.length < CLAIM_MAX) return;
    }
  }

  private async refund(refund: RefundEntity): Promise<void> {
    const { refundId, orderId, providerTxnId, currency, attempts } = refund;
    try {
      await this.provider.createRefund({
        refundId,
        providerTxnId,
        amount: refund.amount.toString(),
        currency,
      });
      await this.database.pipeline([bind(FINISH_REFUND, [refundId])]);
      this.refunded.inc();
      this.logger.info({ orderId, refundId }, 'the payment is refunded');
    } catch (error) {
      this.logger.warn({ err: error, orderId, refundId, attempts }, 'the provider did not refund yet');
    }
  }
}
