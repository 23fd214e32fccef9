import type { Pool } from 'pg';
import { StatementRefusedError, StatementsNotSentError } from '../errors.js';
import { inOneRoundTrip } from './in-one-round-trip.js';
import type { ResultsOf } from './in-one-round-trip.js';
import { mergeStatements } from './merge-statements.js';
import { isAnsweredByServer } from './outcome.js';
import type { BoundStatement, StatementResult } from './statement.js';

export interface SharedTripsOptions {
  /**
   * How long whoever comes waits for the trip that is under way. One that takes longer waits for a lock or is slow, and
   * the next ones go without it, on another connection. @default 25
   */
  readonly patienceMs?: number;
  /** Of one trip. @default 64 */
  readonly passengersMax?: number;
}

interface Passenger {
  readonly statements: readonly BoundStatement[];
  readonly resolve: (results: readonly StatementResult[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: what comes in one turn of the event loop, or while a round trip is under way, goes with the next one, all
 * of it as one transaction. Alone nobody waits; under load a commit, its fsync and a round trip are shared by many requests,
 * and so are the executions of their columnar statements: see {@link mergeStatements}.
 *
 * For reads, for transactions that touch the rows of their own request only, and for those whose one statement locks
 * the rows of all in sorted order: a statement that waits for a lock holds up those it travels with, and they keep their
 * locks until it has got its own. Where one fails, all are rolled back, and each goes again alone: it fails, or takes
 * effect, by itself.
 */
export class SharedTrips {
  private readonly patienceMs: number;
  private readonly passengersMax: number;
  private waiting: Passenger[] = [];
  /** Who travels on the trip that is still worth waiting for. */
  private awaited: readonly Passenger[] | undefined;
  private isDeparting = false;

  constructor(
    private readonly pool: Pool,
    { patienceMs = 25, passengersMax = 64 }: SharedTripsOptions = {},
  ) {
    this.patienceMs = patienceMs;
    this.passengersMax = passengersMax;
  }

  /** As {@link inOneRoundTrip}, errors included. */
  run<const Statements extends readonly BoundStatement[]>(statements: Statements): Promise<ResultsOf<Statements>> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ statements, resolve: (results) => resolve(results as ResultsOf<Statements>), reject });
      this.departSoon();
    });
  }

  /** When the event loop's turn is over: what many wait for comes to all of them in one turn, and so does what they want next. */
  private departSoon(): void {
    if (this.awaited || this.isDeparting) return;
    this.isDeparting = true;
    setImmediate(() => {
      this.isDeparting = false;
      if (!this.awaited) this.depart();
    });
  }

  private depart(): void {
    const passengers = this.waiting.splice(0, this.passengersMax);
    if (passengers.length === 0) return;
    this.awaited = passengers;
    const letOthersGo = (): void => {
      if (this.awaited !== passengers) return;
      this.awaited = undefined;
      this.departSoon();
    };
    const patience = setTimeout(letOthersGo, this.patienceMs);
    void this.travel(passengers).then(() => {
      clearTimeout(patience);
      letOthersGo();
    });
  }

  /** Never rejects: what goes wrong is told to those it concerns. */
  private async travel(passengers: readonly Passenger[]): Promise<void> {
    try {
      const { statements, deal } = mergeStatements(passengers.map((passenger) => passenger.statements));
      const dealt = deal(await inOneRoundTrip(this.pool, statements));
      for (const [index, { resolve }] of passengers.entries()) resolve(dealt[index] ?? []);
    } catch (error) {
      if (passengers.length > 1 && didNotHappen(error)) {
        await Promise.all(passengers.map((passenger) => this.travel([passenger])));
      } else {
        for (const { reject } of passengers) reject(error);
      }
    }
  }
}

/** For certain, and for a reason that may be one passenger's own. */
const didNotHappen = (error: unknown): boolean =>
  error instanceof StatementRefusedError || error instanceof StatementsNotSentError || isAnsweredByServer(error);
