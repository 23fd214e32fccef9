import { Inject, Injectable } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { isSuccess, LOGGER } from '@rocketshop/service-defaults';
import type { Logger } from '@rocketshop/service-defaults';
import type { Callback } from '../domain/charge.js';
import { LedgerStore } from '../ledger/ledger-store.js';
import type { PayProviderConfig } from '../pay-provider.config.js';
import { PAY_PROVIDER_CONFIG } from '../pay-provider.tokens.js';
import { CallbackSender } from './callback-sender.js';
import { waitBeforeNextAttemptMs } from './callback-timetable.js';

/**
 * Delivers every callback by its timetable: at least once, in no guaranteed order. A callback that was not settled when
 * the process ended begins again at the next start. A forgery is sent once, as an attacker would send it.
 */
@Injectable()
export class CallbackDelivery implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly sender: CallbackSender;
  private readonly stopping = new AbortController();
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly store: LedgerStore,
    @Inject(PAY_PROVIDER_CONFIG) private readonly config: PayProviderConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.sender = new CallbackSender({
      secrets: config.callbackSecrets.map((secret) => secret.reveal()),
      timeoutMs: config.callbackTimeoutMs,
      allowedOrigins: config.callbackAllow,
    });
  }

  onApplicationBootstrap(): void {
    for (const callback of this.store.ledger.pendingCallbacks()) this.deliver(callback);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.sender.close();
    await Promise.all(this.running);
  }

  /** Begins the delivery after `delayMs` real milliseconds. It returns at once. */
  deliver(callback: Callback, delayMs = 0): void {
    this.run(this.deliverUntilSettled(callback, delayMs));
  }

  /** Sends one more copy at the same time as the delivery. Its answer changes nothing. */
  duplicate(callback: Callback, delayMs = 0): void {
    this.run(this.attemptLater(callback, delayMs));
  }

  /** Sends once, now, and settles the callback on 2xx. @returns the status of the answer */
  async sendNow(callback: Callback): Promise<number | undefined> {
    const status = await this.attempt(callback);
    if (isAccepted(status) && callback.state !== 'DELIVERED') this.settle(callback, 'DELIVERED');
    return status;
  }

  private run(work: Promise<unknown>): void {
    const job = work.then(
      () => undefined,
      (error: unknown) => this.logger.error({ err: error }, 'the delivery of a callback failed'),
    );
    this.running.add(job);
    void job.then(() => this.running.delete(job));
  }

  private async deliverUntilSettled(callback: Callback, delayMs: number): Promise<void> {
    await this.wait(delayMs);
    for (let attempts = 1; !this.stopping.signal.aborted; attempts++) {
      if (isAccepted(await this.attempt(callback))) return this.settle(callback, 'DELIVERED');
      const waitMs = callback.forgery === undefined ? this.waitAfter(attempts) : undefined;
      if (waitMs === undefined) return this.settle(callback, 'GIVEN_UP');
      await this.wait(waitMs);
      // During the wait, sendNow may have delivered it, or a reset may have forgotten it.
      const current = this.store.ledger.callback(callback.eventId);
      if (current === undefined || current.state === 'DELIVERED') return;
    }
  }

  private async attemptLater(callback: Callback, delayMs: number): Promise<void> {
    await this.wait(delayMs);
    await this.attempt(callback);
  }

  private async attempt(callback: Callback): Promise<number | undefined> {
    if (this.stopping.signal.aborted) return undefined;
    const status = await this.sender.send(callback);
    // The ledger records an accepted callback, and a log line for each would cost more than the sending.
    const level = isAccepted(status) ? 'debug' : 'info';
    if (this.logger.isLevelEnabled(level)) {
      const { eventId, body } = callback;
      const { type, orderId } = body;
      this.logger[level]({ eventId, type, orderId, status: status ?? 'no answer' }, 'callback sent');
    }
    return status;
  }

  /** Does not wait for the disk: if a crash loses the record, the callback is only sent once more. */
  private settle(callback: Callback, state: 'DELIVERED' | 'GIVEN_UP'): void {
    // An attempt that the shutdown has aborted tells nothing about the receiver.
    if (state === 'GIVEN_UP' && this.stopping.signal.aborted) return;
    this.store.recordLater({ kind: 'callback-settled', eventId: callback.eventId, state });
  }

  private waitAfter(failedAttempts: number): number | undefined {
    return waitBeforeNextAttemptMs(failedAttempts, {
      firstRetryMs: this.config.callbackFirstRetryMs,
      attemptsMax: this.config.callbackAttemptsMax,
      timeScale: this.config.timeScale,
    });
  }

  /** The wait ends early when the application stops. */
  private wait(delayMs: number): Promise<void> {
    if (delayMs <= 0 || this.stopping.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.stopping.signal.removeEventListener('abort', finish);
        resolve();
      };
      const timer = setTimeout(finish, delayMs);
      this.stopping.signal.addEventListener('abort', finish, { once: true });
    });
  }
}

function isAccepted(status: number | undefined): boolean {
  return status !== undefined && isSuccess(status);
}
