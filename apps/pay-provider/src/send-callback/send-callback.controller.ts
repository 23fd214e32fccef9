import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { LedgerStore } from '../ledger/ledger-store.js';
import { accountOf } from '../read-charge/charge.view.js';
import { CallbackDelivery } from './callback-delivery.service.js';

/** `status`: of the receiver's answer, null where there was none. */
export interface CallbackAnswer {
  readonly eventId: string;
  readonly status: number | null;
}

@ApiTags('callbacks')
@Controller('provider/charges')
export class SendCallbackController {
  constructor(
    private readonly store: LedgerStore,
    private readonly delivery: CallbackDelivery,
  ) {}

  @Post(':chargeId/callbacks')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Send all callbacks of a charge once more, also those that were held, and tell how they were answered',
  })
  async send(@Param('chargeId') chargeId: string): Promise<{ callbacks: CallbackAnswer[] }> {
    const account = accountOf(this.store.ledger, chargeId);
    const callbacks: CallbackAnswer[] = [];
    for (const callback of account.callbacks.slice()) {
      const status = await this.delivery.sendNow(callback);
      callbacks.push({ eventId: callback.eventId, status: status ?? null });
    }
    return { callbacks };
  }
}
