import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { Readiness } from '@rocketshop/service-defaults';
import { CreateChargeController } from './create-charge/create-charge.controller.js';
import { CreateChargeService } from './create-charge/create-charge.service.js';
import { LedgerStore } from './ledger/ledger-store.js';
import type { PayProviderConfig } from './pay-provider.config.js';
import { PAY_PROVIDER_CONFIG } from './pay-provider.tokens.js';
import { PayChargeController } from './pay-charge/pay-charge.controller.js';
import { PayChargeService } from './pay-charge/pay-charge.service.js';
import { ReadChargeController } from './read-charge/read-charge.controller.js';
import { RefundPaymentController } from './refund-payment/refund-payment.controller.js';
import { RefundPaymentService } from './refund-payment/refund-payment.service.js';
import { ResetDemoController } from './reset-demo/reset-demo.controller.js';
import { CallbackDelivery } from './send-callback/callback-delivery.service.js';
import { SendCallbackController } from './send-callback/send-callback.controller.js';
import { VoidChargeController } from './void-charge/void-charge.controller.js';
import { VoidChargeService } from './void-charge/void-charge.service.js';

@Module({})
export class PayProviderModule {
  static forRoot(config: PayProviderConfig): DynamicModule {
    return {
      module: PayProviderModule,
      controllers: [
        CreateChargeController,
        PayChargeController,
        ReadChargeController,
        SendCallbackController,
        RefundPaymentController,
        VoidChargeController,
        ResetDemoController,
      ],
      providers: [
        { provide: PAY_PROVIDER_CONFIG, useValue: config },
        {
          provide: LedgerStore,
          inject: [Readiness],
          useFactory: (readiness: Readiness) => openLedger(config.dataFile, readiness),
        },
        CallbackDelivery,
        CreateChargeService,
        PayChargeService,
        RefundPaymentService,
        VoidChargeService,
      ],
    };
  }
}

/** The provider is ready as long as the file can be written. */
async function openLedger(path: string, readiness: Readiness): Promise<LedgerStore> {
  const store = await LedgerStore.open(path);
  readiness.add('ledger', () => store.settled());
  return store;
}
