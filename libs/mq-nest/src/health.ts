import type { OnApplicationShutdown } from '@nestjs/common';
import type { HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import type { Driver, DriverAdminClient } from './driver.js';
import { messageOf } from '@rocketshop/mq-client';
import { MessagingConfigurationError, NotConnectedError } from './errors.js';
import { clientOptions } from './rocketmq.config.js';
import type { RocketmqConnectionOptions } from './rocketmq.config.js';
import { rocketmqDriver } from './rocketmq.driver.js';
import type { RocketmqServer } from './rocketmq.server.js';

export interface RocketmqHealthOptions {
  /**
   * Whether the service can do nothing without its broker. With `false` a broker that is away counts as `degraded`
   * instead of `down`, which fits a service with an outbox: its messages wait in the database. @default true
   */
  readonly critical?: boolean;
  /** @default 2000 */
  readonly timeoutMs?: number;
}

/** Nobody waits longer for a health check. */
const TIMEOUT_MAX_MS = 60_000;

/** `health.check([() => rocketmq.isHealthy()])` with terminus 12. */
export class RocketmqHealthIndicator implements OnApplicationShutdown {
  private readonly admin: DriverAdminClient;
  private starting: Promise<void> | undefined;

  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly server: RocketmqServer,
    options: RocketmqConnectionOptions,
    driver: Driver = rocketmqDriver,
  ) {
    this.admin = driver.createAdminClient(clientOptions(options));
  }

  /**
   * Up when a name server answers and knows a broker. A server that is draining or closed is down.
   * @throws {MessagingConfigurationError} when the time-out is none
   */
  async isHealthy<const Key extends string = 'rocketmq'>(
    key: Key = 'rocketmq' as Key,
    { critical = true, timeoutMs = 2000 }: RocketmqHealthOptions = {},
  ): Promise<HealthIndicatorResult> {
    if (!(timeoutMs >= 1 && timeoutMs <= TIMEOUT_MAX_MS))
      throw new MessagingConfigurationError([`timeoutMs must be from 1 to ${TIMEOUT_MAX_MS}, not ${timeoutMs}`]);
    const indicator = this.indicators.check(key);
    const consuming = this.server.statusNow();
    if (consuming === 'draining' || consuming === 'closed') return indicator.down({ consuming });
    const state: Record<string, string> = consuming === undefined ? {} : { consuming };
    try {
      const brokers = await withinTime(this.brokerNames(), timeoutMs);
      if (brokers.length > 0) return indicator.up({ brokers, ...state });
      throw new Error('the name server knows no broker');
    } catch (error) {
      const problem: Record<string, unknown> = {
        message: messageOf(error),
        ...state,
      };
      return critical ? indicator.down(problem) : indicator.degraded(problem);
    }
  }

  /**
   * The same check for health checks other than terminus's. @returns what is known of the brokers
   * @throws {NotConnectedError} when no broker can be used
   */
  async reach(): Promise<Readonly<Record<string, unknown>>> {
    const { status, ...details } = (await this.isHealthy()).rocketmq ?? { status: 'down' };
    if (status === 'up') return details;
    throw new NotConnectedError(`the broker is not usable: ${JSON.stringify(details)}`);
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.starting === undefined) return;
    await this.starting.catch(() => undefined);
    await this.admin.shutdown();
  }

  private async brokerNames(): Promise<string[]> {
    this.starting ??= this.admin.start();
    try {
      await this.starting;
    } catch (error) {
      this.starting = undefined;
      throw error;
    }
    return [...(await this.admin.fetchClusterInfo()).brokerAddrTable.keys()];
  }
}

async function withinTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
