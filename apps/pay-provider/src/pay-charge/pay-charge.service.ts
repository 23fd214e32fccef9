import { Injectable } from '@nestjs/common';
import type { Callback, Charge, Transaction } from '../domain/charge.js';
import { stateOf } from '../domain/ledger.js';
import { newCallback } from '../domain/new-callback.js';
import { newId } from '../domain/new-id.js';
import { LedgerStore } from '../ledger/ledger-store.js';
import { viewCharge } from '../read-charge/charge-view.js';
import type { ChargeView } from '../read-charge/read-charge.dto.js';
import { CallbackDelivery } from '../send-callback/callback-delivery.service.js';
import { chargeVoid } from '../void-charge/charge-void.js';
import type { PayModes } from './pay-charge.dto.js';

/** Pause between two callbacks in reversed order, so that the second one does not overtake the first. */
const REVERSED_GAP_MS = 50;

@Injectable()
export class PayChargeService {
  constructor(
    private readonly store: LedgerStore,
    private readonly delivery: CallbackDelivery,
  ) {}

  /** The buyer pays. A second payment changes nothing. @throws {ProblemError} 404, or 409 for a charge that is void */
  async pay(chargeId: string, modes: PayModes): Promise<ChargeView> {
    const account = this.store.accountOf(chargeId);
    const { charge } = account;
    if (stateOf(account) === 'PAID') {
      await this.store.settled();
      return viewCharge(account);
    }
    if (stateOf(account) === 'VOID') {
      await this.store.settled();
      throw chargeVoid();
    }
    const transactions = Array.from({ length: modes.chargeTwice ? 2 : 1 }, () => transactionOf(charge));
    const callbacks = transactions.map((transaction) => callbackOf(charge, transaction, modes));
    await this.store.record({ kind: 'charge-paid', transactions, callbacks });
    if (!modes.silent) this.send(modes.reversed ? callbacks.toReversed() : callbacks, modes);
    return viewCharge(account);
  }

  private send(callbacks: readonly Callback[], { delayMs, duplicates, reversed }: PayModes): void {
    for (const [index, callback] of callbacks.entries()) {
      const startMs = delayMs + (reversed ? index * REVERSED_GAP_MS : 0);
      this.delivery.deliver(callback, startMs);
      for (let copy = 0; copy < duplicates; copy++) this.delivery.duplicate(callback, startMs);
    }
  }
}

function transactionOf({ chargeId, amount, currency }: Charge): Transaction {
  return { providerTxnId: newId('txn'), chargeId, amount, currency, occurredAt: new Date().toISOString() };
}

function callbackOf(charge: Charge, transaction: Transaction, modes: PayModes): Callback {
  const { badSignature, signatureAgeSeconds, claim } = modes;
  const isForged = badSignature || signatureAgeSeconds > 0 || Object.keys(claim).length > 0;
  return {
    ...newCallback('payment.succeeded', charge, transaction, claim),
    forgery: isForged ? { badSignature, signatureAgeSeconds } : undefined,
    state: modes.silent ? 'HELD' : 'PENDING',
  };
}
