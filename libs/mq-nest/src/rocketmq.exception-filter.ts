import 'reflect-metadata';
import { Catch } from '@nestjs/common';
import type { ArgumentsHost } from '@nestjs/common';
import { EXCEPTION_FILTERS_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner } from '@nestjs/core';
import type { ModulesContainer } from '@nestjs/core';
import { BaseRpcExceptionFilter } from '@nestjs/microservices';
import { PATTERN_EXTRAS_METADATA } from '@nestjs/microservices/constants.js';
import { isThrown } from '@rocketshop/mq-client';
import { throwError } from 'rxjs';
import type { Observable } from 'rxjs';
import { RocketmqContext } from './rocketmq.context.js';

/**
 * Passes the error of a RocketMQ delivery on unchanged. Nest's default filter replaces it by `{ status: 'error',
 * message: 'Internal server error' }`, so the message in the DLQ would not say why it failed. RocketmqModule puts this
 * filter on the event handlers of the application. Without the module: `@UseFilters(RocketmqExceptionFilter)`.
 */
@Catch()
export class RocketmqExceptionFilter extends BaseRpcExceptionFilter {
  override catch(exception: Error, host: ArgumentsHost): Observable<unknown> {
    if (host.switchToRpc().getContext<unknown>() instanceof RocketmqContext) return throwError(() => exception);
    return super.catch(exception, host); // oxlint-disable-line promise/valid-params -- a filter's catch, not a promise's
  }
}

export function isMaskedByDefaultFilter(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || isThrown(error, Error)) return false;
  try {
    return 'message' in error && error.message === 'Internal server error';
  } catch {
    return false;
  }
}

/**
 * Puts the filter on every event handler, behind the filters of its method and its class: Nest asks these first.
 * An APP_FILTER does not work here, because Nest gives a connected microservice its own configuration without the
 * application's filters.
 */
export function installExceptionFilter(modules: ModulesContainer): void {
  const scanner = new MetadataScanner();
  const filter = new RocketmqExceptionFilter();
  for (const module of modules.values())
    for (const { metatype } of module.controllers.values()) {
      if (typeof metatype !== 'function') continue;
      const prototype = metatype.prototype as Record<string, unknown>;
      const ofClass = filtersOf(metatype);
      for (const name of scanner.getAllMethodNames(prototype)) {
        const method = prototype[name];
        if (typeof method !== 'function' || !Reflect.hasMetadata(PATTERN_EXTRAS_METADATA, method)) continue;
        const ofMethod = filtersOf(method);
        if (ofMethod.some((installed) => installed instanceof RocketmqExceptionFilter)) continue;
        // Nest asks the last one first.
        Reflect.defineMetadata(EXCEPTION_FILTERS_METADATA, [filter, ...ofClass, ...ofMethod], method);
      }
    }
}

function filtersOf(target: object): unknown[] {
  return (Reflect.getMetadata(EXCEPTION_FILTERS_METADATA, target) as unknown[] | undefined) ?? [];
}
