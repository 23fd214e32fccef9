import type { OnApplicationShutdown } from '@nestjs/common';
import { deadlineIn, msUntil } from '@rocketshop/pg';
import type { DeadlineInstant } from '@rocketshop/pg';
import type { HostPort } from '../config/fields.js';
import { RpcFaultError, RpcTimeoutError, RpcUnavailableError } from '../errors.js';
import type { CallAnswer, CallData, CallOptions, RemoteCommand } from './remote-command.js';
import { RpcConnection } from './rpc-connection.js';

interface Replica {
  readonly address: string;
  readonly connection: RpcConnection;
  /** Calls in a row that were not answered in time. */
  timeouts: number;
}

/** A machine that vanished sends no reset. After this many unanswered calls in a row the client connects anew. */
const TIMEOUTS_TO_RECONNECT = 3;

/** The error of Nest's TCP client for pending calls whose socket closes. */
const CONNECTION_CLOSED = 'Connection closed';

/**
 * Calls another service over Nest TCP. Several addresses are replicas, which get the calls in turn. The client skips a
 * replica that it cannot connect to: this is safe, because nothing was sent. It never sends a call twice.
 */
export class RpcClient implements OnApplicationShutdown {
  private readonly replicas: readonly Replica[];
  private next = 0;

  constructor(
    /** Name of the remote service, for error messages. */
    readonly service: string,
    addresses: HostPort | readonly HostPort[],
  ) {
    const list = 'host' in addresses ? [addresses] : addresses;
    this.replicas = list.map(({ host, port }) => ({
      address: `${host}:${port}`,
      connection: new RpcConnection(host, port),
      timeouts: 0,
    }));
  }

  /** @throws {RpcUnavailableError | RpcTimeoutError | RpcFaultError} a refusal is an answer and is not thrown */
  async call<C extends RemoteCommand>(command: C, data: CallData<C>, options: CallOptions): Promise<CallAnswer<C>> {
    const msLeft = Math.min(options.timeoutMs, options.deadline === undefined ? Infinity : msUntil(options.deadline));
    const deadline = deadlineIn(msLeft);
    if (msLeft <= 0) throw new RpcTimeoutError(`${this.describe(command)}: the deadline passed before it was sent`);
    const replica = this.nextOpen() ?? (await this.connected(command, deadline));
    return this.send(replica, command, data as object, Math.max(1, Math.round(msUntil(deadline))));
  }

  onApplicationShutdown(): void {
    this.close();
  }

  close(): void {
    for (const { connection } of this.replicas) connection.close();
  }

  /** The replica whose turn it is, or undefined if it is not connected yet. */
  private nextOpen(): Replica | undefined {
    const replica = this.replicas[this.next % this.replicas.length];
    if (!replica?.connection.isOpen) return undefined;
    this.next++;
    return replica;
  }

  private async connected(command: RemoteCommand, deadline: DeadlineInstant): Promise<Replica> {
    const failures: string[] = [];
    let cause: unknown;
    for (let attempt = 0; attempt < this.replicas.length; attempt++) {
      const replica = this.replicas[this.next++ % this.replicas.length];
      if (!replica) break;
      try {
        await within(replica.connection.connect(), msUntil(deadline));
        return replica;
      } catch (error) {
        cause = error;
        failures.push(`${replica.address} ${error instanceof Error ? error.message : String(error)}`);
        // Otherwise the next call would wait for this failed or hanging attempt.
        replica.connection.close();
      }
    }
    throw new RpcUnavailableError(`${this.describe(command)}: no replica reached (${failures.join('; ')})`, { cause });
  }

  private async send<C extends RemoteCommand>(
    replica: Replica,
    command: C,
    payload: object,
    waitMs: number,
  ): Promise<CallAnswer<C>> {
    const answer = await replica.connection.ask(command.pattern, payload, waitMs);
    if (!answer) {
      countTimeout(replica);
      throw new RpcTimeoutError(`${this.describe(command)}: no answer in ${waitMs} ms`);
    }
    replica.timeouts = 0;
    if (answer.err) throw this.toRpcError(command, answer.err);
    const parsed = command.answer.safeParse(answer.response);
    if (parsed.success) return parsed.data as CallAnswer<C>;
    throw new RpcFaultError(`${this.describe(command)}: the answer breaks its contract`, { cause: parsed.error });
  }

  private toRpcError(command: RemoteCommand, error: unknown): Error {
    const what = this.describe(command);
    if (error instanceof Error && error.message === CONNECTION_CLOSED) {
      return new RpcTimeoutError(`${what}: the connection broke before the answer`, { cause: error });
    }
    return new RpcFaultError(`${what}: ${faultText(error)}`, { cause: error });
  }

  private describe(command: RemoteCommand): string {
    return `${this.service} ${command.pattern}`;
  }
}

function countTimeout(replica: Replica): void {
  if (++replica.timeouts < TIMEOUTS_TO_RECONNECT) return;
  replica.timeouts = 0;
  replica.connection.close();
}

function faultText(error: unknown): string {
  if (error instanceof Error) return error.message;
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return String(error);
}

async function within<T>(promise: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('connecting took too long')), Math.max(1, limitMs));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
