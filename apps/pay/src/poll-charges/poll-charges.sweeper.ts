import { Inject, Injectable } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { bind } from '@rocketshop/pg';
import type { Statement } from '@rocketshop/pg';
import { Database, LOGGER, RepeatingTask, scaledMs } from '@rocketshop/service-defaults';
import type { Logger } from '@rocketshop/service-defaults';
import { CLAIM_DUE_CHARGES, CLAIM_LAST_LOOKS } from '../database/charge-statements.js';
import type { PaymentEntity } from '../database/entities/payment.entity.js';
import type { PayConfig } from '../pay.config.js';
import { PAY_CONFIG } from '../pay.tokens.js';
import { SettleChargeService } from './settle-charge.service.js';

/** Charges of one claim. They are asked for at the same time, so this is also the number of open calls. */
const CLAIM_MAX = 16;
/** Claims of one round. With more due, the next round goes on. */
const CLAIMS_PER_ROUND_MAX = 64;
/** Waits for a provider that does not make a charge void. They are not scaled: they spare the provider, and are no business time. */
const VOID_FIRST_RETRY_MS = 1_000;
const VOID_LONGEST_RETRY_MS = 60_000;

/**
 * Asks the provider about every charge that is due, until it is final: nobody may have told us that a buyer has paid, and a closed payment's
 * charge must be made void. Any replica may. A payment whose callback comes in time is only looked at once, hours later.
 */
@Injectable()
export class PollChargesSweeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly rounds: RepeatingTask;
  private readonly waits: readonly number[];

  constructor(
    private readonly database: Database,
    private readonly service: SettleChargeService,
    @Inject(PAY_CONFIG) config: PayConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    const { chargeFirstPollMs, chargeLongestPollMs, timeScale } = config;
    this.waits = [
      scaledMs(chargeFirstPollMs, timeScale),
      scaledMs(chargeLongestPollMs, timeScale),
      VOID_FIRST_RETRY_MS,
      VOID_LONGEST_RETRY_MS,
    ];
    this.rounds = new RepeatingTask(
      config.chargeIntervalMs,
      () => this.sweep(),
      (error) => logger.error({ err: error }, 'a round of questions to the provider failed; the next one tries again'),
    );
  }

  onApplicationBootstrap(): void {
    this.rounds.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.rounds.stop();
  }

  /** One round over the charges that are due. */
  async sweep(): Promise<void> {
    await this.sweepDue(CLAIM_DUE_CHARGES);
    await this.sweepDue(CLAIM_LAST_LOOKS);
  }

  /** Ends early when not one charge of a claim could be settled, since the provider is away then. A single one holds up no other. */
  private async sweepDue(claim: Statement): Promise<void> {
    for (let claims = 0; claims < CLAIMS_PER_ROUND_MAX && !this.rounds.isStopping; claims++) {
      const { rows } = await this.database.query(bind<PaymentEntity>(claim, [CLAIM_MAX, ...this.waits]));
      const settled = await Promise.all(rows.map((payment) => this.settle(payment)));
      if (rows.length < CLAIM_MAX || !settled.includes(true)) return;
    }
  }

  private async settle(payment: PaymentEntity): Promise<boolean> {
    try {
      await this.service.settle(payment);
      return true;
    } catch (error) {
      const { orderId, paymentId, status, pollAttempts } = payment;
      this.logger.warn({ err: error, orderId, paymentId, status, pollAttempts }, 'a charge could not be settled yet');
      return false;
    }
  }
}
