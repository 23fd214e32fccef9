import { Injectable } from '@nestjs/common';
import type { CreateCharge } from '@rocketshop/contracts';
import { ProblemError } from '@rocketshop/service-defaults';
import type { Charge } from '../domain/charge.js';
import { newId } from '../domain/new-id.js';
import type { Account } from '../domain/ledger.js';
import { LedgerStore } from '../ledger/ledger-store.js';

@Injectable()
export class CreateChargeService {
  constructor(private readonly store: LedgerStore) {}

  /**
   * Returns the charge of this payment, which may be new.
   * @throws {ProblemError} 409 when a charge of this payment exists with other contents
   */
  async create(request: CreateCharge): Promise<{ account: Account; created: boolean }> {
    const existing = this.store.ledger.accountOfPayment(request);
    if (existing !== undefined) {
      refuseOtherContents(existing.charge, request);
      await this.store.settled();
      return { account: existing, created: false };
    }
    const charge: Charge = { ...request, chargeId: newId('ch'), createdAt: new Date().toISOString() };
    await this.store.record({ kind: 'charge-created', charge });
    return { account: this.store.accountOf(charge.chargeId), created: true };
  }
}

function refuseOtherContents(charge: Charge, request: CreateCharge): void {
  const fields = ['orderId', 'amount', 'currency', 'callbackUrl'] as const;
  const different = fields.filter((field) => charge[field] !== request[field]);
  if (different.length === 0) return;
  throw new ProblemError({
    status: 409,
    code: 'PAYMENT_ID_REUSED',
    title: 'This payment id names another charge.',
    detail: `different: ${different.join(', ')}`,
  });
}
