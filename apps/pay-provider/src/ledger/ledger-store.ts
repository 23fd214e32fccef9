import type { OnApplicationShutdown } from '@nestjs/common';
import { ProblemError } from '@rocketshop/service-defaults';
import { Ledger } from '../domain/ledger.js';
import type { ProviderEvent } from '../domain/provider-event.js';
import { Journal } from './journal.js';

/**
 * The ledger and its file. An event changes memory at once, so that two requests cannot both find "not there yet", and is
 * confirmed after the sync. When the file fails, memory is ahead of it: everything is refused until a restart.
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

  /** @throws {ProblemError} 503 after the file failed */
  get ledger(): Ledger {
    if (this.journal.failed !== undefined)
      throw new ProblemError({
        status: 503,
        code: 'LEDGER_UNAVAILABLE',
        title: 'The provider cannot keep what it is told.',
        cause: this.journal.failed,
      });
    return this.state;
  }

  /** Resolves when the event is on the disk. */
  async record(event: ProviderEvent): Promise<void> {
    this.ledger.apply(event);
    await this.journal.append(event);
  }

  /** For what nobody is told and a restart can do without: it reaches the disk with what comes next, or soon. */
  recordLater(event: ProviderEvent): void {
    this.ledger.apply(event);
    this.journal.appendLater(event);
  }

  /** Waits for what others recorded, before their news is told. */
  async settled(): Promise<void> {
    await this.journal.settled();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.journal.close();
  }
}
