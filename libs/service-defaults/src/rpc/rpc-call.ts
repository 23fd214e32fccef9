import { msUntil } from '@rocketshop/pg';
import type { DeadlineInstant } from '@rocketshop/pg';
import { RpcFaultError, RpcTimeoutError, RpcUnavailableError } from '../errors.js';
import type { Replica } from './replica.js';
import { ConnectTimeoutError } from './rpc-connection.js';
import type { Answer, RpcConnection } from './rpc-connection.js';
import { MS_LEFT_MAX } from './rpc-peer.js';
import { outcomeOf } from './call-outcome.js';

/** A question is asked again elsewhere after this; it changes nothing, and most answers take a few milliseconds. */
const SLOW_READ_MS = 250;
/** A command that takes something may have to wait for a lock. It still leaves the other replica enough time. */
const SLOW_EFFECT_MS = 800;
const SLOW_EFFECT_PART = 0.4;
/** How often a call is sent at most. */
const SENDS_MAX = { read: 3, effect: 2 };

export interface CallToMake {
  /** For error messages. */
  readonly what: string;
  readonly pattern: string;
  readonly data: unknown;
  readonly isRead: boolean;
  readonly deadline: DeadlineInstant;
  /** In the order of this call alone. */
  readonly replicas: readonly Replica[];
  /** Whether one more call may be repeated because a replica is slow. */
  readonly mayRepeatSlow: () => boolean;
}

interface OpenTry {
  readonly replica: Replica;
  readonly connection: RpcConnection;
  readonly id: number;
}

/*
 * A call has one or more tries, each at another replica where there is one:
 *   not connected   nothing was sent: the next replica has its turn
 *   broken          sent, and the connection broke: repeated once, also at the same replica if it is the only one. A call that
 *                   kills its replica does not go round and kill all of them
 *   slow            sent, and not answered in a part of the time: sent to another replica too, and the first answer counts
 *   answered        the first answer ends the call; later ones are dropped
 * All commands are idempotent by order id, so that a repeated one takes nothing twice: it gets the first one's answer.
 */

/** One call and its tries. */
export class RpcCall {
  private readonly open = new Set<OpenTry>();
  private readonly failures = new Set<string>();
  private next = 0;
  private sends = 0;
  private connecting = 0;
  private isBreakRepeated = false;
  private isSettled = false;
  private hasTimedOutConnecting = false;
  private timer: NodeJS.Timeout | undefined;
  private resolve!: (answer: Exclude<Answer, 'broken'>) => void;
  private reject!: (error: Error) => void;

  constructor(private readonly call: CallToMake) {}

  /** @throws {RpcUnavailableError | RpcTimeoutError} */
  run(): Promise<Exclude<Answer, 'broken'>> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      this.wait();
      this.tryNext();
    });
  }

  private get sendsMax(): number {
    return this.call.isRead ? SENDS_MAX.read : SENDS_MAX.effect;
  }

  /** Until the call is slow, or its time is over. */
  private wait(): void {
    const msLeft = msUntil(this.call.deadline);
    const slowMs = this.call.isRead ? SLOW_READ_MS : Math.min(SLOW_EFFECT_MS, msLeft * SLOW_EFFECT_PART);
    const canGoElsewhere = this.call.replicas.length > 1 && this.sends < this.sendsMax;
    if (canGoElsewhere && slowMs < msLeft) this.timer = setTimeout(() => this.slow(), slowMs);
    else this.timer = setTimeout(() => this.timeOut(), Math.max(1, msLeft));
  }

  private slow(): void {
    for (const { replica } of this.open) replica.suspect();
    if (this.sends < this.sendsMax && this.open.size > 0 && this.call.mayRepeatSlow()) {
      for (const { replica } of this.open) replica.metrics.repeated('slow');
      this.tryNext();
    }
    this.wait();
  }

  private tryNext(): void {
    // A process that was busy or frozen reads what came meanwhile before its timers are called.
    if (msUntil(this.call.deadline) <= 0) return;
    const replica = this.nextReplica();
    if (!replica) {
      this.failIfOver();
      return;
    }
    const connection = replica.open;
    if (connection) {
      this.send(replica, connection);
      return;
    }
    this.connecting++;
    replica.connect().then(
      (opened) => {
        this.connecting--;
        if (!this.isSettled) this.send(replica, opened);
      },
      (error: unknown) => {
        this.connecting--;
        if (!this.isSettled) this.notConnected(replica, error);
      },
    );
  }

  /** The next one in this call's order that has no try of this call open. */
  private nextReplica(): Replica | undefined {
    const { replicas } = this.call;
    while (this.next < replicas.length) {
      const replica = replicas[this.next++];
      if (replica && ![...this.open].some((one) => one.replica === replica)) return replica;
    }
    return undefined;
  }

  private notConnected(replica: Replica, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.failures.add(`${replica.address} ${text}`);
    this.hasTimedOutConnecting ||= error instanceof ConnectTimeoutError;
    replica.metrics.ended('unavailable');
    this.tryNext();
  }

  private send(replica: Replica, connection: RpcConnection): void {
    if (!connection.isOpen || connection.isFull) {
      this.failures.add(`${replica.address} ${connection.isOpen ? 'reads too slowly' : 'was closed'}`);
      replica.metrics.ended('unavailable');
      if (connection.isOpen) replica.suspect();
      this.tryNext();
      return;
    }
    const { pattern, data, deadline } = this.call;
    const msLeft = Math.min(MS_LEFT_MAX, Math.max(1, Math.round(msUntil(deadline))));
    this.sends++;
    try {
      const id = connection.ask(pattern, data, msLeft, (answer) => this.answered(one, answer));
      const one: OpenTry = { replica, connection, id };
      this.open.add(one);
    } catch (error) {
      this.settle();
      this.reject(new RpcFaultError(`${this.call.what}: the call cannot be sent`, { cause: error }));
    }
  }

  private answered(one: OpenTry, answer: Answer): void {
    this.open.delete(one);
    one.replica.metrics.ended(outcomeOf(answer));
    if (answer !== 'broken') {
      this.settle();
      this.resolve(answer);
      return;
    }
    this.failures.add(`${one.replica.address} broke the connection`);
    if (this.sends < this.sendsMax && !this.isBreakRepeated) {
      this.isBreakRepeated = true;
      one.replica.metrics.repeated('broken');
      // The only replica has its turn again.
      if (this.next >= this.call.replicas.length) this.next = 0;
      this.tryNext();
    } else this.failIfOver();
  }

  /** When no try is open and there is no replica left. */
  private failIfOver(): void {
    if (this.isSettled || this.open.size > 0 || this.connecting > 0) return;
    const tried = [...this.failures].join('; ');
    if (this.sends === 0 && this.hasTimedOutConnecting && msUntil(this.call.deadline) > 0) {
      // Any other failure is final. A replica that is slow to accept may do so within the call's time.
      this.hasTimedOutConnecting = false;
      this.next = 0;
      this.tryNext();
      return;
    }
    this.settle();
    if (this.sends === 0) this.reject(new RpcUnavailableError(`${this.call.what}: no replica reached (${tried})`));
    else this.reject(new RpcTimeoutError(`${this.call.what}: the connection broke before the answer (${tried})`));
  }

  private timeOut(): void {
    const tried = [...this.failures, ...[...this.open].map(({ replica }) => `${replica.address} did not answer`)];
    for (const { replica } of this.open) {
      replica.metrics.ended('timeout');
      replica.suspect();
    }
    this.settle(false);
    const text = `${this.call.what}: no answer in time (${tried.join('; ')})`;
    this.reject(this.sends === 0 ? new RpcUnavailableError(text) : new RpcTimeoutError(text));
  }

  /** Drops what other tries may still answer. */
  private settle(isCounted = true): void {
    this.isSettled = true;
    clearTimeout(this.timer);
    for (const { connection, id, replica } of this.open) {
      if (isCounted) replica.metrics.ended('dropped');
      connection.forget(id);
    }
    this.open.clear();
  }
}
