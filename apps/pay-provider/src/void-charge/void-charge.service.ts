import { Injectable } from '@nestjs/common';
import { CHARGE_PAID } from '@rocketshop/contracts';
import { ProblemError } from '@rocketshop/service-defaults';
import { stateOf } from '../domain/ledger.js';
import type { PaymentName } from '../domain/ledger.js';
import { LedgerStore } from '../ledger/ledger-store.js';

@Injectable()
export class VoidChargeService {
  constructor(private readonly store: LedgerStore) {}

  /**
   * Makes a payment void: its charge cannot be paid any more. Without a charge, none is created any more, so that a request that is still
   * under way cannot open one after the merchant has given up. Voiding again changes nothing.
   * @throws {ProblemError} 409 when the charge was paid before
   */
  async void({ merchantId, paymentId }: PaymentName): Promise<void> {
    const { ledger } = this.store;
    const account = ledger.accountOfPayment({ merchantId, paymentId });
    const isPaid = account !== undefined && stateOf(account) === 'PAID';
    if (!isPaid && !ledger.isVoid({ merchantId, paymentId }))
      await this.store.record({ kind: 'charge-voided', merchantId, paymentId, occurredAt: new Date().toISOString() });
    else await this.store.settled();
    if (isPaid)
      throw new ProblemError({ status: 409, code: CHARGE_PAID, title: 'This charge is paid and must be refunded.' });
  }
}
