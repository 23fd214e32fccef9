import { Inject, Injectable } from '@nestjs/common';
import type { CreateCharge } from '@rocketshop/contracts';
import { ProblemError } from '@rocketshop/service-defaults';
import type { Charge } from '../domain/charge.js';
import { newId } from '../domain/new-id.js';
import type { Account } from '../domain/ledger.js';
import { chargeVoid } from '../void-charge/charge-void.js';
import { LedgerStore } from '../ledger/ledger-store.js';
import type { PayProviderConfig } from '../pay-provider.config.js';
import { PAY_PROVIDER_CONFIG } from '../pay-provider.tokens.js';

@Injectable()
export class CreateChargeService {
  constructor(
    private readonly store: LedgerStore,
    @Inject(PAY_PROVIDER_CONFIG) private readonly config: Pick<PayProviderConfig, 'callbackAllow'>,
  ) {}

  /**
   * Returns the charge of this payment, which may be new.
   * @throws {ProblemError} 409 when a charge of this payment exists with other contents, or the payment is void; 422 for a callback address that is
   *   not allowed
   */
  async create(request: CreateCharge): Promise<{ account: Account; created: boolean }> {
    const existing = this.store.ledger.accountOfPayment(request);
    if (existing !== undefined) {
      refuseOtherContents(existing.charge, request);
      await this.store.settled();
      return { account: existing, created: false };
    }
    if (this.store.ledger.isVoid(request)) throw chargeVoid();
    this.refuseForeignAddress(request.callbackUrl);
    const charge: Charge = { ...request, chargeId: newId('ch'), createdAt: new Date().toISOString() };
    await this.store.record({ kind: 'charge-created', charge });
    return { account: this.store.accountOf(charge.chargeId), created: true };
  }

  /** Without the list, a merchant's key would make this host send requests to any address that it can reach. */
  private refuseForeignAddress(callbackUrl: string): void {
    if (this.config.callbackAllow.includes(new URL(callbackUrl).origin)) return;
    throw new ProblemError({
      status: 422,
      code: 'CALLBACK_NOT_ALLOWED',
      title: 'Callbacks do not go to this address.',
    });
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
