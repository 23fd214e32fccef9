import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { MerchantOnly } from '../admit-merchant/merchant.guard.js';
import { LedgerStore } from '../ledger/ledger-store.js';
import { CallbackDelivery } from './callback-delivery.service.js';
import { callbackAnswersSchema } from './send-callback.dto.js';
import type { CallbackAnswers } from './send-callback.dto.js';

@ApiTags('callbacks')
@MerchantOnly()
@Controller('provider/charges')
export class SendCallbackController {
  constructor(
    private readonly store: LedgerStore,
    private readonly delivery: CallbackDelivery,
  ) {}

  @Post(':chargeId/callbacks')
  @HttpCode(200)
  @ApiOperation({ summary: 'Send all callbacks of a charge once more, also the held ones, and return their answers' })
  @ApiOkResponse({ standardSchema: callbackAnswersSchema })
  async send(@Param('chargeId') chargeId: string): Promise<CallbackAnswers> {
    const callbacks: CallbackAnswers['callbacks'] = [];
    for (const callback of this.store.accountOf(chargeId).callbacks.slice()) {
      const status = await this.delivery.sendNow(callback);
      callbacks.push({ eventId: callback.eventId, status: status ?? null });
    }
    return { callbacks };
  }
}
