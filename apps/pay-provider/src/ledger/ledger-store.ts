import type { OnApplicationShutdown } from '@nestjs/common';
import { notFound, ProblemError } from '@rocketshop/service-defaults';
import { Ledger } from '../domain/ledger.js';
import type { Account } from '../domain/ledger.js';
import type { ProviderEvent } from '../domain/provider-event.js';
import { Journal } from './journal.js';

/**
 * The ledger and its file. An event changes the memory at once, so that two requests cannot both find no charge. It is
 * confirmed after the sync. After a failed write the memory is ahead of the file, and every request is refused until a
 * restart.
 */
export class LedgerStore implements OnApplicationShutdown {
  private constructor(
    private readonly state: Ledger,
    private readonly journal: Journal<ProviderEvent>,
  ) {}

  static async open(path: string): Promise<LedgerStore> {
    const { journal, entries } = await Journal.open<ProviderEvent>(path);
    const ledger = new Ledger();
    for (const event of entries) ledger.apply(event);
    return new LedgerStore(ledger, journal);
  }

  /** @throws {ProblemError} 503 after a failed write */
  get ledger(): Ledger {
    if (this.journal.failed !== undefined)
      throw new ProblemError({
        status: 503,
        code: 'LEDGER_UNAVAILABLE',
        title: 'The provider cannot write its records.',
        cause: this.journal.failed,
      });
    return this.state;
  }

  /** @throws {ProblemError} 404, or 503 after a failed write */
  accountOf(chargeId: string): Account {
    const account = this.ledger.account(chargeId);
    if (account === undefined) throw notFound('charge');
    return account;
  }

  /** Resolves when the event is on the disk. */
  async record(event: ProviderEvent): Promise<void> {
    this.ledger.apply(event);
    await this.journal.append(event);
  }

  /**
   * For an event that no answer confirms and that a crash may lose. It reaches the disk with the next write, or soon.
   */
  recordLater(event: ProviderEvent): void {
    this.ledger.apply(event);
    this.journal.appendLater(event);
  }

  /** Waits for the events of other requests, before an answer tells of them. */
  async settled(): Promise<void> {
    await this.journal.settled();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.journal.close();
  }
}
