import { setTimeout as pause } from 'node:timers/promises';
import { msUntil } from '../deadline.js';
import type { DeadlineInstant } from '../deadline.js';
import { LockTimeoutError } from '../errors.js';
import { Turns } from './turns.js';

const LOOK_AGAIN_MS = 100;

/** Transactions in each state at most. The pool needs as many connections, and further ones for whoever waits for no lock. */
export interface LockTurnsOptions {
  readonly looking: number;
  readonly waiting: number;
  readonly lookingAgain: number;
}

export interface Attempt {
  /** When the caller stops waiting. */
  readonly giveUpAt: DeadlineInstant;
  /** Longest wait for one lock during a look, in milliseconds. */
  readonly lookMs: number;
}

/*
 * A transaction that may meet a lock is in one of three states. Each has connections of its own, so that transactions in one state
 * do not hold up another.
 *   looking        its locks must be granted within a few milliseconds
 *   waiting        in PostgreSQL's queue for the lock, until its deadline. A few do so at a time
 *   looking again  so many wait already, and may wait long: it looks every 100 ms, and waits when there is room
 */

/**
 * Keeps transactions that wait for a lock from taking all connections of a pool: whatever row they wait for and however many there
 * are, others go on.
 */
export class LockTurns {
  private readonly toLook: Turns;
  private readonly toWait: Turns;
  private readonly toLookAgain: Turns;
  private waiters = 0;

  constructor({ looking, waiting, lookingAgain }: LockTurnsOptions) {
    this.toLook = new Turns(looking);
    this.toWait = new Turns(waiting);
    this.toLookAgain = new Turns(lookingAgain);
  }

  /** Whether a transaction would look at once. */
  get canLook(): boolean {
    return this.toLook.isFree;
  }

  /** Transactions that found a row locked, and have not given up. */
  get waiterCount(): number {
    return this.waiters;
  }

  /**
   * Runs `attempt` until its locks are granted. Each attempt is a transaction of its own, and one that throws `LockTimeoutError` has
   * changed nothing.
   * @param attempt gets the longest wait for one lock; without one it waits until the deadline
   * @throws {LockTimeoutError} when a lock was not granted before the deadline; nothing was changed
   */
  async run<T>(attempt: (lockWaitMaxMs?: number) => Promise<T>, { giveUpAt, lookMs }: Attempt): Promise<T> {
    const inTime = async (lockWaitMaxMs?: number): Promise<T> => {
      // The turn may have come late. The caller has given up by then, and others wait for the connection.
      if (msUntil(giveUpAt) <= 0) throw new LockTimeoutError('the deadline passed; nothing was changed');
      return attempt(lockWaitMaxMs);
    };
    try {
      return await this.toLook.run(() => inTime(lookMs));
    } catch (error) {
      if (!(error instanceof LockTimeoutError) || msUntil(giveUpAt) <= 0) throw error;
    }
    this.waiters++;
    try {
      return await this.wait(inTime, giveUpAt, lookMs);
    } finally {
      this.waiters--;
    }
  }

  private async wait<T>(
    inTime: (lockWaitMaxMs?: number) => Promise<T>,
    giveUpAt: DeadlineInstant,
    lookMs: number,
  ): Promise<T> {
    for (;;) {
      if (!this.toWait.isFree) await pause(Math.min(LOOK_AGAIN_MS, Math.max(1, msUntil(giveUpAt))));
      try {
        if (this.toWait.isFree) return await this.toWait.run(() => inTime());
        return await this.toLookAgain.run(() => inTime(lookMs));
      } catch (error) {
        if (!(error instanceof LockTimeoutError) || msUntil(giveUpAt) <= 0) throw error;
      }
    }
  }
}
