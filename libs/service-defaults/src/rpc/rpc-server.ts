import { Server } from '@nestjs/microservices';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { deadlineIn } from '@rocketshop/pg';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { isObservable, lastValueFrom } from 'rxjs';
import { listenOn } from '../lifecycle/listen-on.js';
import { isError, messageOf } from '../logging/describe-thrown.js';
import { continueTrace, noteOrder, runWithTrace } from '../trace/trace-context.js';
import { BrokenProtocolError } from './frame-reader.js';
import { PING } from './handshake.js';
import type { RpcIdentity } from './handshake.js';
import { RpcCallContext } from './rpc-call.context.js';
import { RpcPeer } from './rpc-peer.js';
import type { ReceivedCall } from './rpc-peer.js';
import { RpcServerMetrics } from './rpc-metrics.js';
import type { Metrics } from '../health/metrics.js';

/** Connections of callers. A shop of five services with two replicas each has eight at one port. */
const CALLERS_MAX = 1_000;
/** Connections that have not said who they are. One more, and the oldest of them is closed. */
const STRANGERS_MAX = 200;
/** Calls that are being handled. A call waits in a handler for two seconds at most, so a shop has some hundreds. */
const CALLS_MAX = 5_000;
/** Longest time for which a stop waits for calls that have begun. */
const DRAIN_LIMIT_MS = 5_000;
/** A caller that was told `bye` and has no call open ends its connection at once. One that is frozen is not waited for. */
const BYE_LIMIT_MS = 1_000;

export interface RpcServerOptions extends Partial<RpcIdentity> {
  readonly host: string;
  /** 0 lets the system choose; `listeningPort` tells which. */
  readonly port: number;
  readonly metrics?: Metrics;
}

/**
 * Nest's transport for remote commands over TCP: handlers are `@MessagePattern`. It continues the caller's trace, counts the time
 * left from the arrival of a call, and lets only callers in that prove to be a service of the shop, where it has secrets.
 */
export class RpcServer extends Server implements CustomTransportStrategy {
  private readonly server = createServer((socket) => this.accept(socket));
  private readonly strangers = new Set<RpcPeer>();
  private readonly callers = new Set<RpcPeer>();
  private readonly metrics: RpcServerMetrics | undefined;
  private readonly identity: RpcIdentity;
  private inFlight = 0;
  private onQuiet: (() => void) | undefined;

  constructor(private readonly options: RpcServerOptions) {
    super();
    this.identity = { name: options.name ?? 'server', secrets: options.secrets };
    const callers = (): number => this.callers.size;
    this.metrics = options.metrics && new RpcServerMetrics(options.metrics, callers);
  }

  /** The port that the server listens on. */
  get listeningPort(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Nest rejects the start of the service when the callback gets an error. */
  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      const { host, port } = this.options;
      await listenOn(this.server, { host, port, variables: ['RPC_PORT', 'BIND_ADDRESS'] });
    } catch (error) {
      callback(error);
      return;
    }
    this.server.on('error', (error) => this.logger.error(error));
    callback();
  }

  /**
   * Says `bye` to all callers and answers what they have sent until they know. Callers send nothing more then, so that a stop costs
   * not even a repeated call.
   */
  // oxlint-disable-next-line typescript/no-misused-promises -- Nest awaits close(), although its type is void
  async close(): Promise<void> {
    this.server.close();
    for (const stranger of this.strangers) stranger.destroy();
    for (const caller of this.callers) caller.bye();
    await this.quiet(BYE_LIMIT_MS, () => this.callers.size === 0);
    await this.quiet(DRAIN_LIMIT_MS, () => this.inFlight === 0);
    // An answer is written when the turn of the event loop ends in which it was sent.
    await new Promise((resolve) => setImmediate(resolve));
    for (const caller of this.callers) caller.end();
    await this.quiet(BYE_LIMIT_MS, () => this.callers.size === 0);
    for (const caller of this.callers) caller.destroy();
  }

  on(): never {
    throw new Error('an RPC server has no events for others');
  }

  unwrap<T>(): T {
    return this.server as T;
  }

  private accept(socket: Socket): void {
    const peer = new RpcPeer(socket, this.identity, {
      onGreeted: () => this.welcome(peer),
      onCall: (call) => void this.answer(peer, call),
      onReplay: () => this.metrics?.refused('CALL_REPLAYED'),
      onClose: (error) => {
        this.strangers.delete(peer);
        this.callers.delete(peer);
        if (error instanceof BrokenProtocolError) this.metrics?.refused(error.code);
        this.lookIfQuiet();
      },
    });
    this.strangers.add(peer);
    const [oldest] = this.strangers;
    if (this.strangers.size > STRANGERS_MAX) oldest?.destroy(new BrokenProtocolError('STRANGERS_FULL'));
  }

  private welcome(peer: RpcPeer): void {
    this.strangers.delete(peer);
    if (this.callers.size >= CALLERS_MAX) throw new BrokenProtocolError('CALLERS_FULL');
    this.callers.add(peer);
  }

  private async answer(peer: RpcPeer, { id, pattern, msLeft, trace, data }: ReceivedCall): Promise<void> {
    if (pattern === PING) {
      peer.send({ id, response: Date.now() });
      return;
    }
    if (this.inFlight >= CALLS_MAX) {
      this.metrics?.refused('CALLS_FULL');
      peer.send({ id, err: { message: 'this replica has too many calls at once' } });
      return;
    }
    const context = new RpcCallContext(pattern, peer.from, deadlineIn(msLeft));
    this.inFlight++;
    try {
      const response = await runWithTrace(noteOrder(continueTrace(trace), data), () =>
        this.handle(pattern, data, context),
      );
      peer.send({ id, response });
    } catch (error) {
      peer.send({ id, err: this.toFault(pattern, error) });
    } finally {
      this.inFlight--;
      this.lookIfQuiet();
    }
  }

  private async handle(pattern: string, data: unknown, context: RpcCallContext): Promise<unknown> {
    const handler = this.messageHandlers.get(pattern);
    if (!handler || handler.isEventHandler) throw new Error(`no handler for ${pattern}`);
    const result: unknown = await handler(data, context);
    return isObservable(result) ? lastValueFrom(result) : result;
  }

  /** Nest's filter has logged a handler's error and made it an object without internals. Any other error is logged here. */
  private toFault(pattern: string, error: unknown): { readonly message: string } {
    const fault = filteredFault(error);
    if (fault !== undefined) return { message: fault };
    this.logger.error(`${pattern}: ${messageOf(error)}`);
    return { message: 'Internal server error' };
  }

  private lookIfQuiet(): void {
    this.onQuiet?.();
  }

  private quiet(limitMs: number, isQuiet: () => boolean): Promise<void> {
    if (isQuiet()) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(limit);
        this.onQuiet = undefined;
        resolve();
      };
      const limit = setTimeout(done, limitMs);
      this.onQuiet = () => {
        if (isQuiet()) done();
      };
    });
  }
}

/** The message of what Nest's filter has made of a handler's error. Any other value may be anything, and must not end the call. */
function filteredFault(error: unknown): string | undefined {
  try {
    if (typeof error !== 'object' || error === null || isError(error) || !('message' in error)) return undefined;
    return messageOf(error.message);
  } catch {
    return undefined;
  }
}
