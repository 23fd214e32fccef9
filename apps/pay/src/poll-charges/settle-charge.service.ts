import { Inject, Injectable } from '@nestjs/common';
import type { ChargeReading } from '@rocketshop/contracts';
import { bind } from '@rocketshop/pg';
import type { Deadline } from '@rocketshop/pg';
import { Database, LOGGER } from '@rocketshop/service-defaults';
import type { Logger } from '@rocketshop/service-defaults';
import { FINISH_CHARGE, SET_CHARGE_STATE } from '../database/charge-statements.js';
import type { PaymentEntity } from '../database/entities/payment.entity.js';
import { isAccepted } from '../domain/callback-outcome.js';
import type { ChargeState } from '../domain/payment-status.js';
import type { PayConfig } from '../pay.config.js';
import { PAY_CONFIG } from '../pay.tokens.js';
import { ProviderClient } from '../provider/provider-client.js';
import type { ChargeName } from '../provider/provider-client.js';
import { ProviderError } from '../provider/provider-error.js';
import { ReceiveCallbackService } from '../receive-callback/receive-callback.service.js';
import { eventsOf } from './charge-events.js';

/** What is needed of a payment to ask for its charge. */
export type AskedPayment = Pick<
  PaymentEntity,
  'paymentId' | 'orderId' | 'status' | 'merchantId' | 'providerTxnId' | 'chargeState'
>;

/** A limit for the read itself, and one for what follows from it. */
interface LookOptions extends Deadline {
  readonly timeoutMs?: number;
}

/**
 * Asks the provider about one charge, and does what the answer demands:
 *
 *   payment           the provider says   what happens
 *   CREATED, PAYING   paid                recorded as the callback would be
 *                     unpaid, absent      nothing: the buyer has time left
 *   CLOSED            unpaid, absent      the charge is made void; then it is final
 *                     paid                recorded, which refunds it; then it is final
 *   PAID              paid                a second transaction is recorded, which refunds it; then it is final
 */
@Injectable()
export class SettleChargeService {
  constructor(
    private readonly database: Database,
    private readonly provider: ProviderClient,
    private readonly receiver: ReceiveCallbackService,
    @Inject(PAY_CONFIG) private readonly config: Pick<PayConfig, 'merchantId'>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws {ProviderError} when the provider did not answer, or contradicts itself */
  async settle(payment: AskedPayment): Promise<void> {
    if (payment.status !== 'CLOSED') return this.settleUnclosed(payment);
    if ((await this.provider.voidCharge(this.nameOf(payment))) === 'VOID') return this.finish(payment, 'VOID');
    // The buyer was faster than the void, so the money is there.
    const { state, isRecorded } = await this.look(payment);
    // A reading may be older than the answer to the void. Money that does not show yet is looked for again.
    if (state !== 'PAID') throw new ProviderError(`the charge is paid for the void, and ${state} for the reading`);
    if (isRecorded) await this.finish(payment, 'PAID');
  }

  /**
   * Reads a charge and records its money as the callback would.
   * @returns the charge's state, and whether all of its money is recorded
   * @throws {ProviderError} when the provider did not answer
   */
  async look(payment: AskedPayment, options: LookOptions = {}): Promise<{ state: ChargeState; isRecorded: boolean }> {
    const reading = await this.provider.readCharge(this.nameOf(payment), options.timeoutMs);
    if (reading === undefined) return { state: 'ABSENT', isRecorded: true };
    return { state: reading.state, isRecorded: await this.record(reading, payment, options) };
  }

  private async settleUnclosed(payment: AskedPayment): Promise<void> {
    const { state, isRecorded } = await this.look(payment);
    if (payment.status === 'PAID') {
      const { paymentId, orderId } = payment;
      if (state !== 'PAID')
        this.logger.error({ paymentId, orderId, state }, 'a PAID payment is not paid at the provider');
      if (isRecorded) await this.finish(payment, state);
      return;
    }
    // A payment that is PAID by now has left its status, and then nothing is written here.
    if (state === 'VOID') await this.finish(payment, state);
    else if (state !== payment.chargeState)
      await this.database.pipeline([bind(SET_CHARGE_STATE, [payment.paymentId, payment.status, state])]);
  }

  private async record(reading: ChargeReading, payment: AskedPayment, options: Deadline): Promise<boolean> {
    let isRecorded = true;
    for (const event of eventsOf(reading)) {
      if (event.providerTxnId === payment.providerTxnId) continue;
      const outcome = await this.receiver.receive(event, options);
      this.logger.info({ paymentId: event.paymentId, orderId: event.orderId, outcome }, 'the provider was asked');
      isRecorded = isRecorded && isAccepted(outcome);
    }
    return isRecorded;
  }

  private async finish({ paymentId, status }: AskedPayment, state: ChargeState): Promise<void> {
    await this.database.pipeline([bind(FINISH_CHARGE, [paymentId, status, state])]);
  }

  private nameOf({ paymentId, merchantId }: AskedPayment): ChargeName {
    return { paymentId, merchantId: merchantId ?? this.config.merchantId };
  }
}
