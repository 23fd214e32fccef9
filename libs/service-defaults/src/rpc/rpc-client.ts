import type { OnApplicationShutdown } from '@nestjs/common';
import { checkDurations, deadlineIn, msUntil } from '@rocketshop/pg';
import type { HostPort } from '../config/fields.js';
import { RpcFaultError, RpcTimeoutError } from '../errors.js';
import type { RpcIdentity } from './handshake.js';
import type { CallAnswer, CallData, CallOptions, RemoteCommand } from './remote-command.js';
import { Replica } from './replica.js';
import { RpcCall } from './rpc-call.js';
import { NO_METRICS } from './rpc-metrics.js';
import type { RpcClientMetrics } from './rpc-metrics.js';

export interface RpcClientOptions extends Partial<RpcIdentity> {
  readonly metrics?: RpcClientMetrics | undefined;
}

/** Calls that may be repeated because a replica is slow: a share of all calls, so that an overloaded shop is not asked twice. */
const SLOW_REPEATS = { max: 50, perCall: 0.1 };

/**
 * Calls another service. Several addresses are replicas, which get the calls in turn. A replica that does not answer is set aside
 * and looked for in the background; see `Replica`. How a call is repeated: see `RpcCall`.
 */
export class RpcClient implements OnApplicationShutdown {
  private readonly replicas: readonly Replica[];
  private turn = 0;
  private slowRepeats = SLOW_REPEATS.max;

  constructor(
    /** Name of the remote service. A server that says another name gets no call. */
    readonly service: string,
    addresses: HostPort | readonly HostPort[],
    options: RpcClientOptions = {},
  ) {
    const list = 'host' in addresses ? [addresses] : addresses;
    const identity = { name: options.name ?? 'caller', secrets: options.secrets };
    this.replicas = list.map((address) => {
      const metrics = options.metrics?.of(service, `${address.host}:${address.port}`) ?? NO_METRICS;
      return new Replica(service, address, identity, metrics);
    });
  }

  /**
   * @throws {RpcUnavailableError | RpcTimeoutError | RpcFaultError} a refusal is an answer and is not thrown
   * @throws {InvalidLimitsError} when no timer waits for the time-out
   */
  async call<C extends RemoteCommand>(command: C, data: CallData<C>, options: CallOptions): Promise<CallAnswer<C>> {
    checkDurations(options);
    const what = `${this.service} ${command.pattern}`;
    const msLeft = Math.min(options.timeoutMs, options.deadline === undefined ? Infinity : msUntil(options.deadline));
    if (msLeft <= 0) throw new RpcTimeoutError(`${what}: the deadline passed before it was sent`);
    this.slowRepeats = Math.min(SLOW_REPEATS.max, this.slowRepeats + SLOW_REPEATS.perCall);
    const answer = await new RpcCall({
      what,
      pattern: command.pattern,
      data,
      isRead: command.isRead ?? false,
      deadline: deadlineIn(msLeft),
      replicas: this.inOrder(),
      mayRepeatSlow: this.mayRepeatSlow,
    }).run();
    if ('err' in answer) throw new RpcFaultError(`${what}: ${faultText(answer.err)}`, { cause: answer.err });
    const parsed = command.answer.safeParse(answer.response);
    if (parsed.success) return parsed.data as CallAnswer<C>;
    throw new RpcFaultError(`${what}: the answer breaks its contract`, { cause: parsed.error });
  }

  onApplicationShutdown(): void {
    this.close();
  }

  close(): void {
    for (const replica of this.replicas) replica.close();
  }

  /** This call's own order: the replica whose turn it is, the others after it, and those that are set aside last. */
  private inOrder(): readonly Replica[] {
    const { replicas } = this;
    if (replicas.length === 1) return replicas;
    const turn = this.turn++;
    // A suspicion is no reason to refuse: when all are set aside, they are tried nevertheless.
    return [false, true].flatMap((aside) =>
      rotated(
        replicas.filter(({ isSetAside }) => isSetAside === aside),
        turn,
      ),
    );
  }

  private readonly mayRepeatSlow = (): boolean => {
    if (this.slowRepeats < 1) return false;
    this.slowRepeats--;
    return true;
  };
}

function rotated<T>(list: readonly T[], by: number): readonly T[] {
  const first = by % list.length;
  return [...list.slice(first), ...list.slice(0, first)];
}

function faultText(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return String(error);
}
