import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import type { HealthCheckResult } from '@nestjs/terminus';
import { Metrics } from './metrics.js';
import { Readiness } from './readiness.js';
import type { NamedCheck } from './readiness.js';

const CHECK_TIMEOUT_MS = 2_000;

@ApiExcludeController()
@Controller()
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly readiness: Readiness,
    private readonly metrics: Metrics,
  ) {}

  /** The process answers. Dependencies do not count here, since a restart of this process cannot heal them. */
  @Get('health/live')
  live(): { readonly status: 'ok' } {
    return { status: 'ok' };
  }

  /** 200 when every required check passes; 503 otherwise, and during a shutdown. */
  @Get('health/ready')
  ready(): Promise<HealthCheckResult> {
    return this.health.check([
      () => {
        const session = this.indicators.check('accepting');
        return this.readiness.draining ? session.down('shutting down') : session.up();
      },
      ...this.readiness.checks.map((named) => () => this.run(named)),
    ]);
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  text(): Promise<string> {
    return this.metrics.text();
  }

  private async run({ name, check, required }: NamedCheck) {
    const session = this.indicators.check(name);
    const result = await session.attempt(async () => (await check()) ?? {}).withTimeout(CHECK_TIMEOUT_MS);
    if (required || result[name]?.status !== 'down') return result;
    return session.degraded('not usable; served without it');
  }
}
