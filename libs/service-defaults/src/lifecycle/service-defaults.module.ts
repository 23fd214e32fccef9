import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { BuyerGuard } from '../auth/buyer.guard.js';
import { BuyerTokens } from '../auth/buyer-tokens.js';
import type { Secret } from '../config/secret.js';
import { Metrics } from '../health/metrics.js';
import { Readiness } from '../health/readiness.js';
import type { Logger } from '../logging/create-logger.js';
import { RPC_CLIENT_OPTIONS } from '../rpc/provide-rpc-client.js';
import type { RpcClientOptions } from '../rpc/rpc-client.js';

/** Injection token of the service's pino logger. */
export const LOGGER = Symbol('LOGGER');

export interface ServiceDefaultsModuleOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  readonly tokenSecret?: Secret | undefined;
  readonly rpc: RpcClientOptions;
}

/** Provides LOGGER, Metrics and Readiness globally, and with a token secret also BuyerTokens and BuyerGuard. */
@Module({})
export class ServiceDefaultsModule {
  static forRoot(options: ServiceDefaultsModuleOptions): DynamicModule {
    const { tokenSecret } = options;
    const tokens = tokenSecret ? [{ provide: BuyerTokens, useValue: new BuyerTokens(tokenSecret) }, BuyerGuard] : [];
    const shared = [
      { provide: LOGGER, useValue: options.logger },
      { provide: Metrics, useValue: options.metrics },
      { provide: Readiness, useValue: options.readiness },
      { provide: RPC_CLIENT_OPTIONS, useValue: options.rpc },
      ...tokens,
    ];
    return {
      module: ServiceDefaultsModule,
      global: true,
      providers: shared,
      exports: [LOGGER, Metrics, Readiness, RPC_CLIENT_OPTIONS, ...(tokenSecret ? [BuyerTokens, BuyerGuard] : [])],
    };
  }
}
