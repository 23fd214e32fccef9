import type { Callback, Charge, ChargeState, Refund, Transaction } from './charge.js';
import type { ProviderEvent } from './provider-event.js';

/** A charge with its transactions, refunds and callbacks. */
export interface Account {
  readonly charge: Charge;
  readonly transactions: readonly Transaction[];
  readonly refunds: readonly Refund[];
  readonly callbacks: readonly Callback[];
  readonly isVoid: boolean;
}

/** The merchant's own id of a charge. */
export interface PaymentName {
  readonly merchantId: string;
  readonly paymentId: string;
}

interface MutableAccount extends Account {
  readonly transactions: Transaction[];
  readonly refunds: Refund[];
  readonly callbacks: Callback[];
  isVoid: boolean;
}

/** The state of the provider, in memory. Only events change it, so that replaying them gives the same state. */
export class Ledger {
  private readonly accounts = new Map<string, MutableAccount>();
  private readonly byPayment = new Map<string, MutableAccount>();
  private readonly byTransaction = new Map<string, MutableAccount>();
  private readonly byEvent = new Map<string, MutableAccount>();
  private readonly refunds = new Map<string, Refund>();
  private readonly voids = new Set<string>();

  apply(event: ProviderEvent): void {
    switch (event.kind) {
      case 'charge-created':
        this.open(event.charge);
        return;
      case 'charge-paid':
        for (const transaction of event.transactions) {
          const account = this.existing(transaction.chargeId);
          account.transactions.push(transaction);
          this.byTransaction.set(transaction.providerTxnId, account);
        }
        for (const callback of event.callbacks) this.addCallback(callback);
        return;
      case 'charge-voided': {
        this.voids.add(paymentKey(event));
        const account = this.byPayment.get(paymentKey(event));
        if (account !== undefined) account.isVoid = true;
        return;
      }
      case 'reset':
        for (const all of [this.accounts, this.byPayment, this.byTransaction, this.byEvent, this.refunds, this.voids])
          all.clear();
        return;
      case 'refunded':
        this.existing(event.refund.chargeId).refunds.push(event.refund);
        this.refunds.set(event.refund.refundId, event.refund);
        this.addCallback(event.callback);
        return;
      case 'callback-settled': {
        const callbacks = this.byEvent.get(event.eventId)?.callbacks ?? [];
        const index = callbacks.findIndex(({ eventId }) => eventId === event.eventId);
        const callback = callbacks[index];
        if (callback !== undefined) callbacks[index] = { ...callback, state: event.state };
      }
    }
  }

  account(chargeId: string): Account | undefined {
    return this.accounts.get(chargeId);
  }

  /** The payment id of a merchant names one charge for ever. */
  accountOfPayment(payment: PaymentName): Account | undefined {
    return this.byPayment.get(paymentKey(payment));
  }

  /** Whether the merchant has made the payment void, with or without a charge. */
  isVoid(payment: PaymentName): boolean {
    return this.voids.has(paymentKey(payment));
  }

  accountOfTransaction(providerTxnId: string): Account | undefined {
    return this.byTransaction.get(providerTxnId);
  }

  refund(refundId: string): Refund | undefined {
    return this.refunds.get(refundId);
  }

  callback(eventId: string): Callback | undefined {
    return this.byEvent.get(eventId)?.callbacks.find((callback) => callback.eventId === eventId);
  }

  pendingCallbacks(): Callback[] {
    return this.all().flatMap(({ callbacks }) => callbacks.filter(({ state }) => state === 'PENDING'));
  }

  all(): Account[] {
    return [...this.accounts.values()];
  }

  private open(charge: Charge): void {
    const account: MutableAccount = { charge, transactions: [], refunds: [], callbacks: [], isVoid: false };
    this.accounts.set(charge.chargeId, account);
    this.byPayment.set(paymentKey(charge), account);
  }

  private addCallback(callback: Callback): void {
    const account = this.existing(callback.chargeId);
    account.callbacks.push(callback);
    this.byEvent.set(callback.eventId, account);
  }

  private existing(chargeId: string): MutableAccount {
    const account = this.accounts.get(chargeId);
    if (account === undefined) throw new RangeError(`an event names charge ${chargeId}, which no event has created`);
    return account;
  }
}

export const stateOf = ({ transactions, isVoid }: Account): ChargeState =>
  transactions.length > 0 ? 'PAID' : isVoid ? 'VOID' : 'WAITING';

/** The part of a transaction that can still be refunded, in minor units. */
export function refundable(account: Account, { providerTxnId, amount }: Transaction): bigint {
  return account.refunds
    .filter((refund) => refund.providerTxnId === providerTxnId)
    .reduce((rest, refund) => rest - BigInt(refund.amount), BigInt(amount));
}

function paymentKey({ merchantId, paymentId }: PaymentName): string {
  return `${merchantId} ${paymentId}`;
}
