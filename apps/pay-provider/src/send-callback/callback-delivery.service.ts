import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { isSuccess, LOGGER, type Logger } from '@rocketshop/service-defaults';
import type { Callback } from '../domain/charge.js';
import { LedgerStore } from '../ledger/ledger-store.js';
import { PAY_PROVIDER_CONFIG, type PayProviderConfig } from '../pay-provider.config.js';
import { CallbackSender } from './callback-sender.js';
import { waitBeforeNextAttemptMs } from './callback-timetable.js';

/**
 * Sees every callback through its timetable: at least once, in no promised order. What was not through when the process
 * ended begins again with the next start. A forgery is tried once: an attacker gets no timetable.
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

  /** Begins after `delayMs` real milliseconds, and does not wait for the end. */
  deliver(callback: Callback, delayMs = 0): void {
    this.run(this.deliverUntilSettled(callback, delayMs));
  }

  /** One more copy of what is being delivered, at the same time; its answer changes nothing. */
  duplicate(callback: Callback, delayMs = 0): void {
    this.run(this.attemptLater(callback, delayMs));
  }

  /** Sends now, once, and tells the status of the answer. Settles what is answered 2xx. */
  async sendNow(callback: Callback): Promise<number | undefined> {
    const status = await this.attempt(callback);
    if (isAccepted(status) && callback.state !== 'DELIVERED') this.settle(callback, 'DELIVERED');
    return status;
  }

  private run(work: Promise<unknown>): void {
    const job = work.then(
      () => undefined,
      (error: unknown) => this.logger.error({ err: error }, 'a callback could not be seen through'),
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
      // It may have been asked for and accepted while this waited.
      if (this.store.ledger.callback(callback.eventId)?.state === 'DELIVERED') return;
    }
  }

  private async attemptLater(callback: Callback, delayMs: number): Promise<void> {
    await this.wait(delayMs);
    await this.attempt(callback);
  }

  private async attempt(callback: Callback): Promise<number | undefined> {
    if (this.stopping.signal.aborted) return undefined;
    const status = await this.sender.send(callback);
    // An accepted one is in the ledger, and a line for each would cost more than sending it.
    const level = isAccepted(status) ? 'debug' : 'info';
    if (this.logger.isLevelEnabled(level)) {
      const { eventId, body } = callback;
      const { type, orderId } = body;
      this.logger[level]({ eventId, type, orderId, status: status ?? 'no answer' }, 'callback sent');
    }
    return status;
  }

  /** Not waited for: where a crash takes the record away, the callback is sent once more, which it may be at any time. */
  private settle(callback: Callback, state: 'DELIVERED' | 'GIVEN_UP'): void {
    // An attempt that was cut off by the shutdown says nothing about the receiver.
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

  /** Ends early when the application stops. */
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
